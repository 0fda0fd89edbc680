//! Settings that are right and stand where nobody reads them.
//!
//! VS Code takes a dot in a key of the file for a path, and none within the `gopls` object: `"gopls.ui.semanticTokens"` arrives
//! at gopls as an object `ui`, which it does not know, `"gopls": {"ui.semanticTokens": …}` as it is meant. The Go extension reads
//! its settings without a language, so what stands below `[go]` does not reach it.

use std::collections::BTreeMap;

use super::Facts;
use super::document::{Document, Member, Value};
use super::layers::{Setting, place, shown};
use super::server::Server;
use crate::finding::{Confidence, Finding};
use crate::place::FileEdit;

pub(super) fn examine(facts: &Facts, findings: &mut Vec<Finding>) {
    for document in facts.layers.documents() {
        language_blocks(document, findings);
        written_twice(document, findings);
        if let Some(member) = document.setting("gopls")
            && !matches!(member.node.value, Value::Object(_))
        {
            let setting = Setting { document, member, inside: "" };
            findings.push(
                setting.finding("gopls-no-object", Confidence::Certain).edit("remove", removed(setting)),
            );
        }
    }
    if let Some(server) = &facts.server {
        for setting in facts.layers.section("gopls") {
            groups(server, setting, findings);
        }
        named_twice(facts, findings);
    }
}

/// Whether gopls sees an object of this name and no option: `"gopls.ui.…"` in the file, `"ui": {…}` within `gopls`.
pub(super) fn is_group(server: &Server, setting: Setting) -> bool {
    let name = &setting.member.name;
    if setting.inside.is_empty() {
        return name.matches('.').count() > 1;
    }
    let is_object = matches!(setting.node().value, Value::Object(_));
    is_object && !server.options.contains_key(setting.name()) && has_group(server, name)
}

fn has_group(server: &Server, name: &str) -> bool {
    server
        .options
        .values()
        .any(|option| option.hierarchy == name || option.hierarchy.starts_with(&format!("{name}.")))
}

fn groups(server: &Server, setting: Setting, findings: &mut Vec<Finding>) {
    let document = setting.document;
    let whole = document.setting("gopls");
    if !setting.inside.is_empty() {
        if is_group(server, setting) {
            let finding = setting.finding("gopls-setting-nested", Confidence::Certain);
            findings.push(match flattened(server, setting) {
                Some(edits) => finding.edit("flatten", edits),
                None => finding,
            });
        }
        return;
    }
    if setting.reaches_gopls() {
        return;
    }
    let id = if is_group(server, setting) { "gopls-setting-dotted" } else { "gopls-setting-overwritten" };
    let finding = setting.finding(id, Confidence::Certain).with("name", shown(setting.name()));
    let fix =
        whole.map_or_else(|| renamed(setting), |whole| moved(setting, whole).map(|edits| ("move", edits)));
    let (fix, edits) = fix.unwrap_or_else(|| ("remove", removed(setting)));
    findings.push(finding.edit(fix, edits));
}

/// The one dot that gopls needs, unless the file says that already.
fn renamed(setting: Setting) -> Option<(&'static str, Vec<FileEdit>)> {
    let name = format!("gopls.{}", setting.name());
    let is_free = setting.document.settings().iter().all(|member| member.name != name);
    is_free.then(|| ("rename", setting.document.rename(setting.member, &name)))
}

/// Puts a setting into the `gopls` object of the same file, unless it says the same already.
fn moved(setting: Setting, whole: &Member) -> Option<Vec<FileEdit>> {
    let Value::Object(members) = &whole.node.value else { return None };
    let name = setting.member.name.strip_prefix("gopls.")?;
    if members.iter().any(|member| member.name == name) {
        return None;
    }
    let value = setting.document.written(&setting.node().span);
    let mut edits = setting.document.insert(&whole.node.span, members.first(), name, value);
    edits.extend(removed(setting));
    Some(edits)
}

/// One key with dots for each member of a group. Not where comments would be lost.
fn flattened(server: &Server, setting: Setting) -> Option<Vec<FileEdit>> {
    let span = setting.member.span();
    let written = setting.document.written(&setting.node().span);
    if written.contains("//") || written.contains("/*") {
        return None;
    }
    let mut leaves = Vec::new();
    leaves_of(server, setting.document, &setting.member.name, setting.member, &mut leaves);
    if leaves.is_empty() {
        return Some(removed(setting));
    }
    Some(vec![setting.document.replace(&span, leaves.join(", "))])
}

fn leaves_of(server: &Server, document: &Document, path: &str, member: &Member, leaves: &mut Vec<String>) {
    match &member.node.value {
        // Analyses and the like are below the groups, and stay objects.
        Value::Object(members) if has_group(server, path) => {
            for member in members {
                leaves_of(server, document, &format!("{path}.{}", member.name), member, leaves);
            }
        }
        _ => {
            let key = serde_json::Value::from(path);
            leaves.push(format!("{key}: {}", document.written(&member.node.span)));
        }
    }
}

fn language_blocks(document: &Document, findings: &mut Vec<Finding>) {
    let is_block = |member: &&Member| member.name.starts_with('[') && member.name.ends_with(']');
    for block in document.settings().iter().filter(is_block) {
        let is_ours = |member: &&Member| {
            member.name == "gopls" || member.name.starts_with("go.") || member.name.starts_with("gopls.")
        };
        for member in block.node.members().iter().filter(is_ours) {
            let key = format!("{}.{}", block.name, member.name);
            let finding = Finding::new(
                "setting-in-language-block",
                Confidence::Likely,
                place(document, key, &member.span()),
            );
            let finding = finding
                .with("key", shown(&member.name))
                .with("block", shown(&block.name))
                .seen(shown(document.written(&member.span())));
            let is_free = document.settings().iter().all(|other| other.name != member.name);
            let mut edits = document.remove(&member.span());
            let value = document.written(&member.node.span);
            edits.push(document.before(block, &member.name, value));
            findings.push(if is_free { finding.edit("move", edits) } else { finding });
        }
    }
}

/// Of one key twice in a file only the last counts.
fn written_twice(document: &Document, findings: &mut Vec<Finding>) {
    let ours = |name: &str| name == "gopls" || name.starts_with("go.") || name.starts_with("gopls.");
    let mut last: BTreeMap<&str, usize> = BTreeMap::new();
    for (index, member) in document.settings().iter().enumerate() {
        last.insert(&member.name, index);
    }
    for (index, member) in document.settings().iter().enumerate() {
        if ours(&member.name) && last.get(member.name.as_str()) != Some(&index) {
            let setting = Setting { document, member, inside: "" };
            findings.push(
                setting
                    .finding("setting-written-twice", Confidence::Certain)
                    .edit("remove", removed(setting)),
            );
        }
    }
}

/// gopls goes by the last name alone: two keys that end in the same one are two values for one option.
fn named_twice(facts: &Facts, findings: &mut Vec<Finding>) {
    let mut first: BTreeMap<&str, String> = BTreeMap::new();
    for setting in facts.layers.section("gopls") {
        let key = format!("gopls.{}", setting.member.name.trim_start_matches("gopls."));
        match first.get(setting.name()) {
            Some(other) if *other != key => {
                let finding = setting.finding("gopls-setting-named-twice", Confidence::Certain);
                let finding = finding.with("other", shown(other)).with("name", shown(setting.name()));
                findings.push(finding.edit("remove", removed(setting)));
            }
            Some(_) => {}
            None => {
                first.insert(setting.name(), key);
            }
        }
    }
}

fn removed(setting: Setting) -> Vec<FileEdit> {
    setting.document.remove(&setting.member.span())
}
