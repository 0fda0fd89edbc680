//! Whether gopls starts, which one, and with which flags.

use super::Facts;
use super::document::Value;
use super::flags::{self, Argument, Trouble};
use super::layers::{Setting, place, shown};
use super::server::Server;
use crate::finding::{Confidence, Finding};
use crate::lines::Span;

/// A log that is larger is said to be.
const LARGE_LOG_BYTES: u64 = 100 << 20;
const MAX_ARGUMENTS: usize = 1_000;

pub(super) fn examine(facts: &Facts, findings: &mut Vec<Finding>) {
    if let Some(setting) = facts.layers.counts("go.useLanguageServer", &facts.extension) {
        server_off(setting, findings);
    }
    if facts.alternate_is_missing
        && let Some(setting) = facts.layers.counts_within("go.alternateTools", "gopls")
    {
        let remove = setting.document.remove(&setting.member.span());
        findings.push(setting.finding("alternate-gopls-missing", Confidence::Certain).edit("remove", remove));
    }
    if let (Some(setting), Some(server)) =
        (facts.layers.counts("go.languageServerFlags", &facts.extension), &facts.server)
    {
        arguments(facts, server, setting, findings);
    }
}

/// The extension compares it with `true`: a text that says so switches gopls off as well, and so does `null`.
fn server_off(setting: Setting, findings: &mut Vec<Finding>) {
    let remove = setting.document.remove(&setting.member.span());
    match &setting.node().value {
        Value::Bool(true) => {}
        Value::Bool(false) => {
            findings.push(setting.finding("language-server-off", Confidence::Certain).edit("remove", remove));
        }
        _ => {
            let set = setting.document.set(setting.member, &true.into());
            let finding = setting.finding("language-server-no-boolean", Confidence::Certain);
            findings.push(finding.edit("correct", set).edit("remove", remove));
        }
    }
}

fn arguments(facts: &Facts, server: &Server, setting: Setting, findings: &mut Vec<Finding>) {
    let nodes = setting.node().list();
    let texts: Vec<&str> = nodes.iter().take(MAX_ARGUMENTS).map_while(|node| node.text()).collect();
    for argument in flags::read(server, &texts) {
        let (Some(first), Some(last)) = (nodes.get(argument.first), nodes.get(argument.end - 1)) else {
            continue;
        };
        let span = first.span.start..last.span.end;
        match &argument.trouble {
            Some(trouble) => findings.push(refused(server, setting, &argument, trouble, &span)),
            None => taken(facts, setting, &argument, &span, findings),
        }
    }
}

fn refused(
    server: &Server,
    setting: Setting,
    argument: &Argument,
    trouble: &Trouble,
    span: &Span,
) -> Finding {
    let id = match trouble {
        Trouble::Unknown(Some(_)) => "gopls-flag-misspelt",
        Trouble::Unknown(None) => match argument.name.as_str() {
            "memory-limit" | "memorylimit" | "memory_limit" | "max-memory" => "gopls-flag-memory-limit",
            "trace-file" | "trace" | "tracefile" => "gopls-flag-trace-file",
            "pprof" | "memstats" | "memprofile" => "gopls-flag-pprof",
            _ => "gopls-flag-unknown",
        },
        Trouble::NoValue => "gopls-flag-without-value",
        Trouble::Value => "gopls-flag-wrong-value",
        Trouble::Command => "gopls-flag-command",
    };
    let document = setting.document;
    let finding = Finding::new(id, Confidence::Certain, place(document, setting.key(), span))
        .with("flag", shown(&argument.name))
        .with("value", shown(argument.value.as_deref().unwrap_or_default()))
        .with("version", server.version.as_deref().unwrap_or("gopls"))
        .seen(shown(document.written(span)));
    let finding = match trouble {
        Trouble::Unknown(Some(near)) => {
            let value = argument.value.as_deref();
            let takes_value =
                server.flags.get(near).or(server.serve_flags.get(near)).is_some_and(Option::is_some);
            let finding = finding.with("near", shown(near));
            // With a value where none is taken it would be wrong again.
            if value.is_some() == takes_value {
                let flag = value.map_or(format!("-{near}"), |value| format!("-{near}={value}"));
                let edit = document.replace(span, serde_json::Value::from(flag).to_string());
                finding.edit("rename", vec![edit])
            } else {
                finding
            }
        }
        _ => finding,
    };
    finding.edit("remove", document.remove(span))
}

fn taken(facts: &Facts, setting: Setting, argument: &Argument, span: &Span, findings: &mut Vec<Finding>) {
    let document = setting.document;
    let value = argument.value.as_deref().unwrap_or_default();
    let finding = |id| {
        Finding::new(id, Confidence::Certain, place(document, setting.key(), span))
            .with("flag", shown(&argument.name))
            .with("value", shown(value))
            .seen(shown(document.written(span)))
    };
    let remove = || document.remove(span);
    match argument.name.as_str() {
        "debug" | "remote.debug" if flags::listens_everywhere(value) => {
            let local = serde_json::Value::from(format!("-{}=localhost:0", argument.name)).to_string();
            let edit = document.replace(span, local);
            findings.push(finding("debug-everywhere").edit("localhost", vec![edit]).edit("remove", remove()));
        }
        "logfile" | "remote.logfile" if !value.is_empty() => {
            let mut grows = finding("logfile-grows");
            if let Some(bytes) = facts.log_bytes.get(value) {
                grows = grows.seen(format!("{}: {} MB", shown(value), bytes / 1_000_000));
                if *bytes >= LARGE_LOG_BYTES {
                    grows.id = "logfile-large";
                    grows = grows.with("megabytes", bytes / 1_000_000);
                }
            }
            findings.push(grows.edit("remove", remove()));
        }
        "mode" => findings.push(finding("gopls-flag-no-effect").edit("remove", remove())),
        _ => {}
    }
}
