//! Settings of gopls, held against what the user's gopls says that it has and takes.

use super::Facts;
use super::document::Value;
use super::extension::Former;
use super::layers::{Setting, place, shown};
use super::server::{Server, ServerOption};
use super::value::{check, nearest};
use crate::finding::{Confidence, Finding};

/// Experimental too, and judged with what they cost, in `costly`.
const ELSEWHERE: [&str; 3] = ["staticcheck", "semanticTokens", "expandWorkspaceToModule"];

pub(super) fn examine(facts: &Facts, findings: &mut Vec<Finding>) {
    let Some(server) = &facts.server else { return };
    for setting in facts.layers.section("gopls") {
        // A setting of several names is one object for gopls: see `misplaced`.
        if super::misplaced::is_group(server, setting) {
            continue;
        }
        match server.options.get(setting.name()) {
            Some(option) => known(facts, server, setting, option, findings),
            None if facts.lore.hidden.contains(setting.name()) => {}
            None => findings.extend(unknown(facts, server, setting)),
        }
    }
}

fn known(
    facts: &Facts,
    server: &Server,
    setting: Setting,
    option: &ServerOption,
    findings: &mut Vec<Finding>,
) {
    let remove = || setting.document.remove(&setting.member.span());
    let gone = facts.lore.gone.get(setting.name());
    let is_gone =
        |former: &&Former| former.since.as_deref().is_some_and(|since| server.is_from(since) == Some(true));
    if let Some(former) = gone.filter(is_gone) {
        findings.push(without_effect(setting, former).edit("remove", remove()));
        return;
    }
    if let Err(wrong) = check(setting.name(), option, setting.node()) {
        let id = if wrong.span == setting.node().span {
            "gopls-setting-wrong-value"
        } else {
            "gopls-setting-wrong-part"
        };
        let mut finding = setting.finding(id, Confidence::Certain).with("wants", &wrong.wants);
        finding = finding.with("part", shown(setting.document.written(&wrong.span)));
        finding.place = place(setting.document, setting.key(), &wrong.span);
        if let Some(instead) = wrong.instead {
            finding =
                finding.edit("correct", vec![setting.document.replace(&wrong.span, instead.to_string())]);
        }
        findings.push(finding.edit("remove", remove()));
        return;
    }
    if let Some(deprecation) = &option.deprecation {
        let finding = setting.finding("gopls-setting-deprecated", Confidence::Certain);
        findings.push(finding.with("says", shown(deprecation)).edit("remove", remove()));
    } else if option.status == "experimental"
        && !is_default(option, setting)
        && !ELSEWHERE.contains(&setting.name())
    {
        findings.push(
            setting.finding("gopls-setting-experimental", Confidence::Certain).edit("remove", remove()),
        );
    }
    if !option.keys.is_empty()
        && let Value::Object(members) = &setting.node().value
    {
        for member in members.iter().filter(|member| !option.keys.contains_key(&member.name)) {
            let names = option.keys.keys().map(String::as_str);
            let near = nearest(&member.name, names);
            let span = member.span();
            let key = format!("{}.{}", setting.key(), member.name);
            let (id, sure) = match near {
                _ if facts.lore.gone_analyses.contains_key(&member.name) => {
                    ("gopls-name-gone", Confidence::Certain)
                }
                Some(_) => ("gopls-name-misspelt", Confidence::Likely),
                None => ("gopls-name-unknown", Confidence::Likely),
            };
            let mut finding = Finding::new(id, sure, place(setting.document, key, &span))
                .with("key", shown(&setting.key()))
                .with("name", shown(&member.name))
                .seen(shown(setting.document.written(&span)));
            if let (Some(near), "gopls-name-misspelt") = (near, id) {
                finding = finding.with("near", near);
                let is_free = members.iter().all(|other| other.name != near);
                if is_free {
                    finding = finding.edit("rename", setting.document.rename(member, near));
                }
            }
            findings.push(finding.edit("remove", setting.document.remove(&span)));
        }
    }
}

fn unknown(facts: &Facts, server: &Server, setting: Setting) -> Option<Finding> {
    let name = setting.name();
    let remove = |finding: Finding| finding.edit("remove", setting.document.remove(&setting.member.span()));
    if let Some(later) = facts.lore.later.get(name) {
        let finding = setting.finding("gopls-setting-too-new", Confidence::Certain);
        let finding = finding.with("since", later.since.clone().unwrap_or_default());
        return Some(remove(finding.with("version", server.version.as_deref().unwrap_or("?"))));
    }
    if let Some(former) = facts.lore.gone.get(name) {
        // Some were taken and not listed before they went.
        let was_there = former.since.as_deref().is_some_and(|since| server.is_from(since) == Some(false));
        return (!was_there).then(|| remove(without_effect(setting, former)));
    }
    let finding = match nearest(name, server.options.keys().map(String::as_str)) {
        Some(near) => {
            let finding = setting.finding("gopls-setting-misspelt", Confidence::Likely).with("near", near);
            if facts.layers.counts_for_gopls(near).is_none() {
                finding.edit("rename", setting.document.rename(setting.member, &in_place_of(setting, near)))
            } else {
                finding
            }
        }
        None => setting.finding("gopls-setting-unknown", Confidence::Likely),
    };
    Some(remove(finding.with("version", server.version.as_deref().unwrap_or("gopls"))))
}

fn without_effect(setting: Setting, former: &Former) -> Finding {
    let id = if former.instead.is_some() { "gopls-setting-replaced" } else { "gopls-setting-gone" };
    let finding =
        setting.finding(id, Confidence::Certain).with("since", former.since.clone().unwrap_or_default());
    match &former.instead {
        Some(instead) => finding.with("instead", instead),
        None => finding,
    }
}

/// The same key with another last name.
fn in_place_of(setting: Setting, name: &str) -> String {
    let key = &setting.member.name;
    match key.rsplit_once('.') {
        Some((group, _)) => format!("{group}.{name}"),
        None => name.to_owned(),
    }
}

fn is_default(option: &ServerOption, setting: Setting) -> bool {
    let value = setting.node().json();
    value == option.default || value.as_f64().is_some_and(|number| option.default.as_f64() == Some(number))
}
