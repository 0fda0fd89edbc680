//! A report as SARIF 2.1.0, which code hosts show beside the lines concerned.
//!
//! Files below the examined folder are named relative to it (`%SRCROOT%`), others by their whole address. What is in no file
//! has a logical location.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::place::{FileEdit, Place, Range};
use crate::report::{Report, ToldFinding, ToldFix};
use crate::{Confidence, Severity};

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";
const ROOT: &str = "%SRCROOT%";

/// The report as a SARIF log. `version` is ours.
pub fn sarif(report: &Report, version: &str) -> Value {
    let mut rules: Vec<Value> = Vec::new();
    let mut numbers = BTreeMap::new();
    for finding in &report.findings {
        numbers.entry(&*finding.id).or_insert_with(|| {
            rules.push(rule(finding));
            rules.len() - 1
        });
    }
    let root = &*report.folder;
    let results: Vec<Value> = report.findings.iter().map(|f| result(f, numbers[&*f.id], root)).collect();
    let notes = report.not_examined.iter().map(|not| {
        json!({ "level": "note", "message": { "text": format!("Not examined: {}: {}", not.what, not.why) } })
    });
    json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": { "name": "Stallscope", "version": version, "rules": rules } },
            "columnKind": "utf16CodeUnits",
            "originalUriBaseIds": { ROOT: { "uri": format!("{}/", address(root).trim_end_matches('/')) } },
            "results": results,
            "invocations": [{ "executionSuccessful": true, "toolExecutionNotifications": notes.collect::<Vec<_>>() }],
        }],
    })
}

fn rule(finding: &ToldFinding) -> Value {
    let mut rule = json!({
        "id": finding.id,
        "shortDescription": { "text": finding.title },
        "defaultConfiguration": { "level": level(finding.severity) },
        "properties": { "tags": [finding.area] },
    });
    if let Some(page) = finding.references.first() {
        rule["helpUri"] = json!(page.url);
    }
    rule
}

fn result(finding: &ToldFinding, rule: usize, root: &str) -> Value {
    let evidence = finding.evidence.iter().map(|line| format!("\n> {line}"));
    let text = format!("{}\n{}{}", finding.title, finding.why, evidence.collect::<String>());
    let mut result = json!({
        "ruleId": finding.id,
        "ruleIndex": rule,
        "level": level(finding.severity),
        "message": { "text": text },
        "locations": [location(&finding.place, root)],
        "properties": { "confidence": match finding.confidence {
            Confidence::Certain => "certain",
            Confidence::Likely => "likely",
            Confidence::Possible => "possible",
        } },
    });
    let fixes: Vec<Value> =
        finding.fixes.iter().filter(|fix| !fix.edits.is_empty()).map(|fix| changes(fix, root)).collect();
    if !fixes.is_empty() {
        result["fixes"] = json!(fixes);
    }
    // A fix of SARIF is changes of files; what is to be run has no place but here.
    let commands: Vec<Value> =
        finding.fixes.iter().filter(|fix| !fix.command.is_empty()).map(|fix| command(fix, root)).collect();
    if !commands.is_empty() {
        result["properties"]["commands"] = json!(commands);
    }
    result
}

/// With the names that an invocation has in SARIF.
fn command(fix: &ToldFix, root: &str) -> Value {
    let mut command = json!({ "description": { "text": fix.title }, "arguments": fix.command });
    if let Some(folder) = &fix.folder {
        command["workingDirectory"] = artifact(folder, root);
    }
    command
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Information => "note",
    }
}

fn location(place: &Place, root: &str) -> Value {
    let physical = |path: &str, range: Option<Range>| {
        let mut physical = json!({ "artifactLocation": artifact(path, root) });
        if let Some(range) = range {
            physical["region"] = region(range);
        }
        json!({ "physicalLocation": physical })
    };
    let logical = |name: String, kind: &str| json!({ "logicalLocations": [{ "fullyQualifiedName": name, "kind": kind }] });
    match place {
        Place::File { path, range } => physical(path, *range),
        Place::Folder { path } => physical(path, None),
        Place::Setting { path: Some(path), range, .. } => physical(path, *range),
        Place::Setting { key, path: None, .. } => logical(key.clone(), "property"),
        Place::Environment { name } => logical(name.clone(), "variable"),
        Place::Process { pid } => logical(format!("process {pid}"), "process"),
    }
}

fn changes(fix: &ToldFix, root: &str) -> Value {
    let mut files: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
    for FileEdit { path, range, new_text } in &fix.edits {
        files.entry(path).or_default().push(json!({
            "deletedRegion": region(*range),
            "insertedContent": { "text": new_text },
        }));
    }
    let changes = files.into_iter().map(|(path, replacements)| {
        json!({ "artifactLocation": artifact(path, root), "replacements": replacements })
    });
    json!({ "description": { "text": fix.title }, "artifactChanges": changes.collect::<Vec<_>>() })
}

fn artifact(path: &str, root: &str) -> Value {
    match path.strip_prefix(root).and_then(|below| below.strip_prefix(['/', '\\'])) {
        Some(below) => json!({ "uri": encoded(below), "uriBaseId": ROOT }),
        None if path == root => json!({ "uri": ".", "uriBaseId": ROOT }),
        None => json!({ "uri": address(path) }),
    }
}

/// SARIF counts lines and columns from 1.
fn region(range: Range) -> Value {
    json!({
        "startLine": range.start.line + 1, "startColumn": range.start.column + 1,
        "endLine": range.end.line + 1, "endColumn": range.end.column + 1,
    })
}

/// The whole address of a file. `C:\w` is a path below no host, `\\host\share` names its host.
fn address(path: &str) -> String {
    let drive =
        path.get(..2).filter(|drive| drive.ends_with(':') && drive.as_bytes()[0].is_ascii_alphabetic());
    match drive {
        Some(drive) => format!("file:///{drive}{}", encoded(&path[2..])),
        None => match encoded(path) {
            host if host.starts_with("//") => format!("file:{host}"),
            path => format!("file://{path}"),
        },
    }
}

/// A path as it stands in a URI.
fn encoded(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'-' | b'_' | b'.' | b'~' => {
                out.push(byte.into())
            }
            b'\\' => out.push('/'),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::place::Position;

    fn finding(place: Place) -> ToldFinding {
        ToldFinding {
            id: "go-work-use-missing".into(),
            area: "workspace".into(),
            severity: Severity::Warning,
            confidence: Confidence::Certain,
            place,
            title: "title".into(),
            why: "why".into(),
            undo: None,
            evidence: vec!["use ./gone".into()],
            fixes: Vec::new(),
            fits: Vec::new(),
            references: Vec::new(),
        }
    }

    #[test]
    fn every_system_s_paths_have_an_address() {
        for (path, expected) in [
            ("/w s/a:b", "file:///w%20s/a%3Ab"),
            (r"C:\w s\go.work", "file:///C:/w%20s/go.work"),
            ("d:/w", "file:///d:/w"),
            (r"\\host\share\go.mod", "file://host/share/go.mod"),
            ("/", "file:///"),
        ] {
            assert_eq!(address(path), expected);
        }
        let below = artifact(r"C:\w\a\go.mod", r"C:\w");
        assert_eq!(below, json!({ "uri": "a/go.mod", "uriBaseId": ROOT }));
    }

    #[test]
    fn places_are_relative_to_the_folder_and_count_from_one() {
        let at = |line, column| Position { line, column };
        let range = Range { start: at(2, 1), end: at(2, 7) };
        let mut first = finding(Place::File { path: "/w s/go.work".into(), range: Some(range) });
        let edit = FileEdit { path: "/w s/go.work".into(), range, new_text: String::new() };
        first.fixes.push(ToldFix {
            id: "remove".into(),
            title: "Remove it".into(),
            edits: vec![edit],
            command: vec![],
            folder: None,
        });
        first.fixes.push(ToldFix {
            id: "init".into(),
            title: "Make one".into(),
            edits: vec![],
            command: vec!["go".into(), "work".into(), "init".into()],
            folder: Some("/w s/a".into()),
        });
        let elsewhere = finding(Place::Setting {
            key: "gopls".into(),
            scope: crate::Scope::User,
            path: Some("/h/a b.json".into()),
            range: None,
        });
        let variable = finding(Place::Environment { name: "GOPROXY".into() });
        let report = Report {
            folder: "/w s".into(),
            findings: vec![first, elsewhere, variable],
            lifecycle: crate::lifecycle::Lifecycle::default(),
            settings: Vec::new(),
            proxies: crate::environment::ProxyTable::default(),
            not_examined: Vec::new(),
        };
        let log = sarif(&report, "1");
        let run = &log["runs"][0];
        assert_eq!(run["tool"]["driver"]["rules"].as_array().map(Vec::len), Some(1));
        assert_eq!(run["originalUriBaseIds"][ROOT]["uri"], "file:///w%20s/");
        let place = |number: usize| &run["results"][number]["locations"][0];
        let physical = &place(0)["physicalLocation"];
        assert_eq!(physical["artifactLocation"], json!({ "uri": "go.work", "uriBaseId": ROOT }));
        let region = json!({ "startLine": 3, "startColumn": 2, "endLine": 3, "endColumn": 8 });
        assert_eq!(physical["region"], region);
        assert_eq!(
            run["results"][0]["fixes"][0]["artifactChanges"][0]["replacements"][0]["deletedRegion"],
            region
        );
        assert_eq!(run["results"][0]["fixes"].as_array().map(Vec::len), Some(1));
        let command = &run["results"][0]["properties"]["commands"][0];
        assert_eq!(command["arguments"], json!(["go", "work", "init"]));
        assert_eq!(command["workingDirectory"], json!({ "uri": "a", "uriBaseId": ROOT }));
        assert_eq!(
            place(1)["physicalLocation"]["artifactLocation"],
            json!({ "uri": "file:///h/a%20b.json" })
        );
        assert_eq!(place(2)["logicalLocations"][0]["fullyQualifiedName"], "GOPROXY");
        assert_eq!(run["results"][0]["message"]["text"], "title\nwhy\n> use ./gone");
    }
}
