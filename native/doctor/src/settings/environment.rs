//! What is passed on: `go.toolsEnvVars` becomes the environment of gopls itself, `env` of gopls only that of the `go` commands
//! that it runs, `buildFlags` their arguments.

use stallscope_core::gc::byte_count;

use super::Facts;
use super::layers::{Setting, place, shown};
use crate::finding::{Confidence, Finding};

/// What the Go runtime reads at its start: set in `env` of gopls, it reaches `go` and not gopls.
pub const RUNTIME: [&str; 4] = ["GOMEMLIMIT", "GOGC", "GOMAXPROCS", "GODEBUG"];
/// gopls without any workspace needs 200 MB beside its ballast of 100 MB, which counts.
const LOW_LIMIT_BYTES: u64 = 512 << 20;
const TOOLS: &str = "go.toolsEnvVars";

pub(super) fn examine(facts: &Facts, findings: &mut Vec<Finding>) {
    for setting in facts.layers.section("gopls").filter(|setting| setting.name() == "env") {
        not_for_gopls(setting, findings);
    }
    let limit = facts.layers.counts_within(TOOLS, "GOMEMLIMIT");
    if let Some(setting) = limit {
        memory_limit(setting, findings);
    }
    let collects = facts.layers.counts_within(TOOLS, "GOGC");
    let is_off = |text: &str| text == "off" || text.parse::<i32>().is_ok_and(|percent| percent < 0);
    if let Some(setting) = collects.filter(|setting| setting.text().is_some_and(is_off) && limit.is_none()) {
        let remove = setting.document.remove(&setting.member.span());
        findings.push(setting.finding("tools-gc-off", Confidence::Likely).edit("remove", remove));
    }
    let flags = facts.layers.section("gopls").filter(|setting| setting.name() == "buildFlags");
    let flags = flags.chain(facts.layers.section("go").filter(|setting| setting.key() == "go.buildFlags"));
    for setting in flags {
        build_flags(setting, findings);
    }
    gopath_twice(facts, findings);
    linted_twice(facts, findings);
}

fn not_for_gopls(setting: Setting, findings: &mut Vec<Finding>) {
    let ours = |name: &str| RUNTIME.contains(&name);
    for member in setting.node().members().iter().filter(|member| ours(&member.name)) {
        let span = member.span();
        let key = format!("{}.{}", setting.key(), member.name);
        let finding = Finding::new(
            "runtime-variable-not-for-gopls",
            Confidence::Certain,
            place(setting.document, key, &span),
        )
        .with("name", &member.name)
        .with("key", shown(&setting.key()))
        .seen(shown(setting.document.written(&span)));
        findings.push(finding.edit("remove", setting.document.remove(&span)));
    }
}

fn memory_limit(setting: Setting, findings: &mut Vec<Finding>) {
    let Some(text) = setting.text() else { return };
    let remove = || setting.document.remove(&setting.member.span());
    match byte_count(text) {
        _ if text.is_empty() || text == "off" => {}
        None => {
            let finding = setting.finding("memory-limit-malformed", Confidence::Certain);
            let meant = meant_limit(text);
            let finding = match meant {
                Some(meant) => finding.edit("correct", setting.document.set(setting.member, &meant.into())),
                None => finding,
            };
            findings.push(finding.edit("remove", remove()));
        }
        Some(bytes) if bytes < LOW_LIMIT_BYTES => {
            let finding = setting.finding("tools-memory-limit-low", Confidence::Likely);
            findings.push(finding.with("megabytes", bytes / 1_000_000).edit("remove", remove()));
        }
        Some(_) => {}
    }
}

/// `2GB`, `2 GiB`, `2g`: a number and the letter of a unit.
fn meant_limit(text: &str) -> Option<String> {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (digits, unit) = text.split_at(digits);
    let unit = match unit.trim().to_ascii_lowercase().as_str() {
        "k" | "kb" | "kib" => "KiB",
        "m" | "mb" | "mib" => "MiB",
        "g" | "gb" | "gib" => "GiB",
        "t" | "tb" | "tib" => "TiB",
        _ => return None,
    };
    let limit = format!("{digits}{unit}");
    byte_count(&limit).filter(|_| !digits.is_empty()).map(|_| limit)
}

/// `-tags a b` in one: `go` takes all of it for the name of a flag. Behind `=` a space is part of the value.
fn build_flags(setting: Setting, findings: &mut Vec<Finding>) {
    for node in setting.node().list() {
        let Some(text) = node.text().filter(|text| text.starts_with('-')) else { continue };
        let Some((name, value)) = text.split_once(' ').filter(|(name, _)| !name.contains('=')) else {
            continue;
        };
        let document = setting.document;
        let place = place(document, setting.key(), &node.span);
        let corrected = serde_json::Value::from(format!("{name}={}", value.trim())).to_string();
        let finding = Finding::new("build-flag-with-space", Confidence::Certain, place)
            .with("part", shown(document.written(&node.span)))
            .seen(shown(document.written(&setting.member.span())));
        findings.push(finding.edit("correct", vec![document.replace(&node.span, corrected)]));
    }
}

/// The extension sets GOPATH to `go.gopath` after it has copied the variables.
fn gopath_twice(facts: &Facts, findings: &mut Vec<Finding>) {
    let Some(one) = facts.layers.counts("go.gopath", &facts.extension) else { return };
    let Some(other) = facts.layers.counts_within(TOOLS, "GOPATH") else { return };
    // What is expanded may be the same in the end.
    let is_plain = |text: &str| !text.is_empty() && !text.contains(['~', '$']);
    let same = |a: &str, b: &str| a.trim_end_matches(['/', '\\']) == b.trim_end_matches(['/', '\\']);
    if let (Some(one), Some(text)) = (one.text(), other.text())
        && is_plain(one)
        && is_plain(text)
        && !same(one, text)
    {
        let remove = other.document.remove(&other.member.span());
        let finding = other.finding("gopath-twice", Confidence::Certain).with("gopath", shown(one));
        findings.push(finding.edit("remove", remove));
    }
}

fn linted_twice(facts: &Facts, findings: &mut Vec<Finding>) {
    let Some(tool) = facts.layers.counts("go.lintTool", &facts.extension) else { return };
    let checks = facts.layers.counts_for_gopls("staticcheck").is_some_and(|setting| setting.is_true());
    if tool.text() == Some("staticcheck") && checks {
        let remove = tool.document.remove(&tool.member.span());
        findings.push(tool.finding("staticcheck-twice", Confidence::Certain).edit("remove", remove));
    }
}
