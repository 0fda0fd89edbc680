//! A judgement as text for people and as JSON for scripts.

use std::io::{self, Write};

use serde::Serialize;
use stallscope_core::patterns::{Confidence, Finding, Judgement, Measured, Missing, Rules, Severity, Unit};
use stallscope_core::rule_file::ENGLISH;

use crate::print::{percent, value};

/// The published JSON: others parse it, so it has a shape of its own which changes on purpose only.
#[derive(Serialize)]
struct Json<'a> {
    findings: Vec<JsonFinding<'a>>,
    not_judged: Vec<JsonNotJudged<'a>>,
    clear: &'a [String],
}

#[derive(Serialize)]
struct JsonFinding<'a> {
    rule: &'a str,
    severity: &'static str,
    confidence: &'static str,
    title: &'a str,
    why: &'a str,
    what_to_do: &'a str,
    references: Vec<&'a str>,
    measured: Vec<JsonMeasured<'a>>,
    functions: Vec<JsonFunction<'a>>,
}

#[derive(Serialize)]
struct JsonMeasured<'a> {
    name: &'a str,
    value: f64,
    unit: &'static str,
}

#[derive(Serialize)]
struct JsonFunction<'a> {
    function: &'a str,
    flat: i64,
    cum: i64,
}

#[derive(Serialize)]
struct JsonNotJudged<'a> {
    rule: &'a str,
    needs: Vec<JsonNeed<'a>>,
}

#[derive(Serialize)]
struct JsonNeed<'a> {
    what: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    more: Option<u64>,
}

/// One object.
pub fn json(rules: &Rules, judgement: &Judgement, out: &mut impl Write) -> io::Result<()> {
    let findings = judgement.findings.iter().filter_map(|finding| json_finding(rules, finding)).collect();
    let not_judged = judgement.not_judged.iter();
    let not_judged = not_judged
        .map(|rule| JsonNotJudged { rule: &rule.rule, needs: rule.missing.iter().map(json_need).collect() })
        .collect();
    serde_json::to_writer(&mut *out, &Json { findings, not_judged, clear: &judgement.clear })?;
    writeln!(out)
}

fn json_finding<'a>(rules: &'a Rules, finding: &'a Finding) -> Option<JsonFinding<'a>> {
    let rule = rules.get(&finding.rule)?;
    let measured = finding.measured.iter();
    let functions = finding.functions.iter();
    Some(JsonFinding {
        rule: &finding.rule,
        severity: severity(finding.severity),
        confidence: confidence(finding.confidence),
        title: rule.title.text(ENGLISH),
        why: rule.why.text(ENGLISH),
        what_to_do: rule.what_to_do.text(ENGLISH),
        references: rule.references.iter().map(|reference| reference.url.as_str()).collect(),
        measured: measured
            .map(|m| JsonMeasured { name: &m.name, value: m.value, unit: unit(m.unit) })
            .collect(),
        functions: functions
            .map(|f| JsonFunction { function: &f.function, flat: f.flat_bytes, cum: f.cum_bytes })
            .collect(),
    })
}

fn json_need(missing: &Missing) -> JsonNeed<'_> {
    match missing {
        Missing::Profile => JsonNeed { what: "profile", name: None, more: None },
        Missing::GcCycles { more } => JsonNeed { what: "gc_cycles", name: None, more: Some(*more) },
        Missing::Points { counter, more } => {
            JsonNeed { what: "points", name: Some(counter), more: Some(*more) }
        }
        Missing::Fact { fact } => JsonNeed { what: "fact", name: Some(fact), more: None },
    }
}

/// Findings with all that is known of them, then what is missing for others, then the rest in one line.
pub fn text(rules: &Rules, judgement: &Judgement, out: &mut impl Write) -> io::Result<()> {
    if judgement.findings.is_empty() {
        writeln!(out, "No pattern was found.")?;
    }
    for finding in &judgement.findings {
        let Some(rule) = rules.get(&finding.rule) else { continue };
        let (severity, confidence) = (severity(finding.severity), confidence(finding.confidence));
        writeln!(out, "{}", rule.title.text(ENGLISH))?;
        writeln!(out, "  {} (severity {severity}, confidence {confidence})", rule.id)?;
        let measured: Vec<String> = finding.measured.iter().map(words).collect();
        writeln!(out, "  measured: {}", measured.join(", "))?;
        for by in &finding.functions {
            let (flat, cum) = (value(by.flat_bytes, "bytes"), value(by.cum_bytes, "bytes"));
            writeln!(out, "  {flat:>10} flat {cum:>10} cum  {}", by.function)?;
        }
        writeln!(out, "  why: {}", rule.why.text(ENGLISH))?;
        writeln!(out, "  what to do: {}", rule.what_to_do.text(ENGLISH))?;
        for reference in &rule.references {
            writeln!(out, "  see: {} <{}>", reference.title, reference.url)?;
        }
        writeln!(out)?;
    }
    if !judgement.not_judged.is_empty() {
        writeln!(out, "Not judged:")?;
    }
    for rule in &judgement.not_judged {
        let needs: Vec<String> = rule.missing.iter().map(need).collect();
        writeln!(out, "  {} needs {}", rule.rule, needs.join(" and "))?;
    }
    if !judgement.clear.is_empty() {
        writeln!(out, "Judged and not found: {}", judgement.clear.join(", "))?;
    }
    Ok(())
}

fn words(measured: &Measured) -> String {
    let number = measured.value;
    let text = match measured.unit {
        Unit::Bytes => value(number as i64, "bytes"),
        Unit::Share => percent((number * 1e6) as i64, 1_000_000).trim().to_owned(),
        Unit::Count => format!("{number}"),
        Unit::Times => format!("{number:.1} times"),
    };
    format!("{} {text}", measured.name)
}

fn need(missing: &Missing) -> String {
    match missing {
        Missing::Profile => "a heap profile".into(),
        Missing::GcCycles { more: 1 } => "a profile of 1 more GC cycle".into(),
        Missing::GcCycles { more } => format!("profiles of {more} more GC cycles"),
        Missing::Points { counter, more } => format!("{counter} at {more} more GC cycles"),
        Missing::Fact { fact } => format!("the fact {fact}"),
    }
}

fn severity(severity: Severity) -> &'static str {
    match severity {
        Severity::Low => "low",
        Severity::Medium => "medium",
        Severity::High => "high",
    }
}

fn confidence(confidence: Confidence) -> &'static str {
    match confidence {
        Confidence::Low => "low",
        Confidence::Medium => "medium",
        Confidence::High => "high",
    }
}

fn unit(unit: Unit) -> &'static str {
    match unit {
        Unit::Bytes => "bytes",
        Unit::Share => "share",
        Unit::Count => "count",
        Unit::Times => "times",
    }
}
