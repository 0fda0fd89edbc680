//! Settings of the Go extension: whether there is such a one, and whether it takes this value.

use super::Facts;
use super::document::Value;
use super::extension::{Extension, Former};
use super::layers::{Setting, shown};
use super::value::nearest;
use crate::finding::{Confidence, Finding};
use crate::place::Scope;

/// Judged with what they do, in `start`.
const ELSEWHERE: [&str; 1] = ["go.useLanguageServer"];

pub(super) fn examine(facts: &Facts, findings: &mut Vec<Finding>) {
    findings.extend(facts.layers.section("go").filter_map(|setting| judge(&facts.extension, setting)));
}

fn judge(extension: &Extension, setting: Setting) -> Option<Finding> {
    let key = setting.key();
    let Some(known) = extension.known.get(&key) else {
        let finding = (!is_within_known(extension, &key)).then(|| unknown(extension, setting, &key))?;
        return Some(removable(finding, setting));
    };
    let certain = |id| setting.finding(id, Confidence::Certain);
    let finding = if setting.document.scope == Scope::Folder && known.is_for_window {
        certain("setting-for-window")
    } else if !ELSEWHERE.contains(&key.as_str()) && !takes(&known.types, &setting.node().value) {
        certain("go-setting-wrong-type").with("wants", known.types.join(" | "))
    } else if known.is_deprecated {
        certain("go-setting-deprecated")
    } else {
        return None;
    };
    Some(removable(finding, setting))
}

fn unknown(extension: &Extension, setting: Setting, key: &str) -> Finding {
    if let Some(former) = extension.gone.get(key) {
        let id = if former.instead.is_some() { "go-setting-replaced" } else { "go-setting-gone" };
        let since = former.since.clone().unwrap_or_default();
        return instead(setting.finding(id, Confidence::Certain).with("since", since), former);
    }
    if let Some(former) = extension.never.get(key) {
        let finding = instead(setting.finding("go-setting-never-was", Confidence::Certain), former);
        return renamed(finding, setting, former.instead.as_deref());
    }
    // A later version of the extension may have it.
    let sure = if extension.is_users_own { Confidence::Certain } else { Confidence::Possible };
    match nearest(key, extension.known.keys().map(String::as_str)) {
        Some(near) => {
            renamed(setting.finding("go-setting-misspelt", sure).with("near", near), setting, Some(near))
        }
        None => setting.finding("go-setting-unknown", sure),
    }
}

fn removable(finding: Finding, setting: Setting) -> Finding {
    finding.edit("remove", setting.document.remove(&setting.member.span()))
}

/// `go.alternateTools.gopls` sets a member of an object, and editors take it.
fn is_within_known(extension: &Extension, key: &str) -> bool {
    let ends = key.match_indices('.').map(|(end, _)| &key[..end]);
    ends.filter_map(|outer| extension.known.get(outer)).any(|outer| outer.types.iter().any(|t| t == "object"))
}

fn instead(finding: Finding, former: &Former) -> Finding {
    match &former.instead {
        Some(instead) => finding.with("instead", shown(instead)),
        None => finding,
    }
}

/// With the other name as a fix, unless that one is set in the same file already.
fn renamed(finding: Finding, setting: Setting, name: Option<&str>) -> Finding {
    let is_free = |name: &&str| setting.document.settings().iter().all(|member| member.name != **name);
    let takes = |name: &&str| **name != *"gopls" || matches!(setting.node().value, Value::Object(_));
    match name.filter(|name| setting.inside.is_empty() && is_free(name) && takes(name)) {
        Some(name) => finding.edit("rename", setting.document.rename(setting.member, name)),
        None => finding,
    }
}

fn takes(types: &[String], value: &Value) -> bool {
    types.is_empty()
        || types.iter().any(|wanted| match wanted.as_str() {
            "boolean" => matches!(value, Value::Bool(_)),
            "string" => matches!(value, Value::Text(_)),
            "number" | "integer" => matches!(value, Value::Number(_)),
            "array" => matches!(value, Value::List(_)),
            "object" => matches!(value, Value::Object(_)),
            "null" => matches!(value, Value::Null),
            // A type we do not know.
            _ => true,
        })
        // People write it for "not set", and the extension mostly takes it so: not worth a finding.
        || matches!(value, Value::Null)
}
