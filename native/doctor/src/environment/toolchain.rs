//! Whether the Go and the gopls that are here are new enough for the module, and which of several gopls is meant.

use super::facts::{EnvironmentFacts, ModuleFacts};
use super::proxy::{Entry, ProxyList};
use super::version::GoVersion;
use crate::finding::{Confidence, Finding};
use crate::place::Place;

pub(super) fn findings(facts: &EnvironmentFacts) -> Vec<Finding> {
    let mut found = Vec::new();
    if let Some(module) = &facts.module {
        found.extend(go(facts, module));
        found.extend(gopls(facts, module));
    }
    found.extend(several(facts));
    found
}

/// How `go` chooses its toolchain: `local`, `auto`, `go1.26.8+path`, ….
enum Choice {
    Local,
    Fixed,
    Download,
    Path,
}

fn choice(value: &str) -> Choice {
    match value.rsplit('+').next().unwrap_or(value) {
        "local" => Choice::Local,
        "auto" => Choice::Download,
        "path" => Choice::Path,
        _ => Choice::Fixed,
    }
}

fn go(facts: &EnvironmentFacts, module: &ModuleFacts) -> Option<Finding> {
    let local = facts.toolchain.local.as_ref()?;
    let go_line = module.go_line.as_ref()?;
    let finding = |id| {
        let place = Place::File { path: module.go_line_file.clone(), range: None };
        let finding = Finding::new(id, Confidence::Certain, place).seen(format!("go {go_line}"));
        finding.with("wanted", go_line).with("local", local)
    };
    // Before 1.21 a newer go line was only a wish.
    if local.language() < (1, 21) {
        return (go_line > local).then(|| finding("go-older-than-module"));
    }
    let set = facts.value("GOTOOLCHAIN").unwrap_or("auto");
    match choice(set) {
        Choice::Local => (go_line > local).then(|| finding("go-too-old").seen("GOTOOLCHAIN=local")),
        Choice::Fixed | Choice::Path => None,
        Choice::Download => {
            let wanted =
                module.toolchain_line.iter().chain([go_line]).max().filter(|wanted| *wanted > local)?;
            let toolchain = wanted.toolchain();
            if facts.toolchain.downloaded.contains(&toolchain) {
                return Some(finding("toolchain-switched").with("toolchain", &toolchain));
            }
            let list = ProxyList::parse(facts.value("GOPROXY").unwrap_or_default());
            let is_off = list.asked.first() == Some(&Entry::Off);
            let id = if is_off { "toolchain-not-to-be-had" } else { "toolchain-to-download" };
            Some(finding(id).with("toolchain", &toolchain))
        }
    }
}

/// gopls reads a module with the language of the Go that built it, when the module wants a newer one.
fn gopls(facts: &EnvironmentFacts, module: &ModuleFacts) -> Option<Finding> {
    let gopls = facts.gopls.chosen.as_ref()?;
    let built = GoVersion::parse(gopls.go_version.as_ref()?)?;
    let go_line = module.go_line.as_ref()?;
    (go_line.language() > built.language()).then(|| {
        let sure = if facts.gopls.is_named { Confidence::Certain } else { Confidence::Likely };
        let place = Place::File { path: gopls.path.clone(), range: None };
        Finding::new("gopls-built-too-old", sure, place)
            .with("built", &built)
            .with("wanted", go_line)
            .seen(format!("{}: built with go{built}", gopls.path))
            .seen(format!("{}: go {go_line}", module.go_line_file))
            .command("rebuild", &["go", "install", "golang.org/x/tools/gopls@latest"])
    })
}

/// Copies of one file are one.
fn several(facts: &EnvironmentFacts) -> Option<Finding> {
    let first = facts.gopls.found.first()?;
    if facts.gopls.found.iter().all(|gopls| gopls.sha256 == first.sha256) {
        return None;
    }
    let finding = Finding::new("gopls-several", Confidence::Certain, super::at("PATH"));
    let finding = finding.with("count", facts.gopls.found.len()).with("first", &first.path);
    let lines = facts.gopls.found.iter().map(|gopls| {
        let version = gopls.version.as_deref().unwrap_or("of a work tree");
        format!("{}: {version}, built with {}", gopls.path, gopls.go_version.as_deref().unwrap_or("?"))
    });
    Some(lines.take(8).fold(finding, Finding::seen))
}
