//! Switches of the `go` command that change what gopls gets to see: `GOFLAGS`, `GOWORK`, `GO111MODULE`, cgo.

use super::facts::EnvironmentFacts;
use crate::finding::{Confidence, Finding};

pub(super) fn findings(facts: &EnvironmentFacts) -> Vec<Finding> {
    let mut found = goflags(facts);
    if facts.value("GOWORK") == Some("off")
        && let Some(go_work) = &facts.go_work
    {
        found.push(facts.about("GOWORK", "gowork-off", Confidence::Certain).with("file", go_work));
    }
    if facts.value("GO111MODULE") == Some("off")
        && let Some(module) = &facts.module
    {
        found.push(
            facts.about("GO111MODULE", "modules-off", Confidence::Certain).with("file", &module.go_mod),
        );
    }
    if facts.value("CGO_ENABLED") == Some("1")
        && let Some(compiler) = &facts.missing_compiler
    {
        found.push(facts.about("CC", "cgo-without-compiler", Confidence::Certain).with("compiler", compiler));
    }
    found
}

fn goflags(facts: &EnvironmentFacts) -> Vec<Finding> {
    let Some(value) = facts.value("GOFLAGS") else { return Vec::new() };
    let mut found = Vec::new();
    for flag in value.split_whitespace() {
        let about = |id, sure| facts.about("GOFLAGS", id, sure).with("flag", flag);
        let bare = flag.strip_prefix("--").or_else(|| flag.strip_prefix('-'));
        let Some(bare) = bare.filter(|bare| !bare.is_empty() && !bare.starts_with('-')) else {
            found.push(about("goflags-no-flag", Confidence::Certain));
            continue;
        };
        match bare {
            "mod=mod" if facts.is_in_workspace() => {
                found.push(about("goflags-mod-in-workspace", Confidence::Certain));
            }
            "mod=mod" => found.push(about("goflags-mod-mod", Confidence::Certain)),
            "mod=vendor"
                if facts.module.as_ref().is_some_and(|it| !it.is_vendored && !it.requires.is_empty()) =>
            {
                found.push(about("goflags-vendor-missing", Confidence::Certain));
            }
            _ if bare.starts_with("modfile=") && facts.is_in_workspace() => {
                found.push(about("goflags-modfile-in-workspace", Confidence::Certain));
            }
            _ => {}
        }
    }
    found
}
