//! Advice about gopls that circulates, whether it is true, and what to do instead; and which settings give which symptom.
//!
//! Both are data: `rules/folklore.json` has `entries` (`advice`, `verdict`, `what_happens`, `instead`, `references`),
//! `rules/matrix.json` has `rows` (`settings` as somebody writes them, the `symptom`, the `finding` of the doctor that names it,
//! and in `seen` what a test on a real gopls sees of it), both the version of gopls that they were `tried_on`. No entry is here that no test has seen: test/doctor.

use serde::Serialize;
use serde_json::Value;
use stallscope_core::rule_file::{Fields, Reference, RuleError, Texts, id, problem, reference, texts};

use crate::report::Page;

const FOLKLORE: &[u8] = include_bytes!("../rules/folklore.json");
const MATRIX: &[u8] = include_bytes!("../rules/matrix.json");
const FORMAT: u64 = 1;
const MAX_ENTRIES: usize = 200;
const MAX_REFERENCES: usize = 8;
const MAX_ID_CHARS: usize = 64;
const MAX_TEXT_CHARS: usize = 1_500;

/// Whether a piece of advice is true.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(
    feature = "ts",
    derive(ts_rs::TS),
    ts(export, export_to = "doctor.ts", rename = "FolkloreVerdict")
)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It does what is said.
    True,
    /// It does, and not only that.
    Partly,
    /// It did once.
    Obsolete,
    /// It does nothing of what is said.
    Wrong,
    /// It breaks something.
    Harmful,
}

/// All of it, in all languages.
#[derive(Debug, Clone, PartialEq)]
pub struct Folklore {
    tried_on: String,
    entries: Vec<Entry>,
    rows: Vec<Row>,
}

#[derive(Debug, Clone, PartialEq)]
struct Entry {
    id: String,
    verdict: Verdict,
    advice: Texts,
    what_happens: Texts,
    instead: Texts,
    references: Vec<Reference>,
}

#[derive(Debug, Clone, PartialEq)]
struct Row {
    id: String,
    settings: Value,
    symptom: Texts,
    finding: Option<String>,
}

/// All of it, in one language.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "doctor.ts", rename = "Folklore"))]
pub struct ToldFolklore {
    /// The version of gopls that all of it was tried on.
    pub tried_on: String,
    /// Advice.
    pub entries: Vec<ToldAdvice>,
    /// Settings and their symptoms.
    pub rows: Vec<ToldSymptom>,
}

/// A piece of advice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "doctor.ts", rename = "Advice"))]
pub struct ToldAdvice {
    /// Which.
    pub id: String,
    /// Whether it is true.
    pub verdict: Verdict,
    /// What is said.
    pub advice: String,
    /// What happens.
    pub what_happens: String,
    /// What helps.
    pub instead: String,
    /// Where it can be read up.
    pub references: Vec<Page>,
}

/// Settings that give a symptom.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(
    feature = "ts",
    derive(ts_rs::TS),
    ts(export, export_to = "doctor.ts", rename = "Misconfiguration")
)]
pub struct ToldSymptom {
    /// Which.
    pub id: String,
    /// As they stand in a settings file.
    pub settings: String,
    /// What is seen of it.
    pub symptom: String,
    /// The finding that names it.
    pub finding: Option<String>,
}

impl Folklore {
    /// What comes with Stallscope.
    pub fn built_in() -> Result<Self, RuleError> {
        let (tried_on, entries) = list(FOLKLORE, "folklore", "entries", entry)?;
        let (_, rows) = list(MATRIX, "matrix", "rows", row)?;
        Ok(Self { tried_on, entries, rows })
    }

    /// In words of a language.
    pub fn told(&self, language: &str) -> ToldFolklore {
        let page =
            |reference: &Reference| Page { title: reference.title.clone(), url: reference.url.clone() };
        let entries = self.entries.iter().map(|entry| ToldAdvice {
            id: entry.id.clone(),
            verdict: entry.verdict,
            advice: entry.advice.text(language).into(),
            what_happens: entry.what_happens.text(language).into(),
            instead: entry.instead.text(language).into(),
            references: entry.references.iter().map(page).collect(),
        });
        let rows = self.rows.iter().map(|row| ToldSymptom {
            id: row.id.clone(),
            settings: row.settings.to_string(),
            symptom: row.symptom.text(language).into(),
            finding: row.finding.clone(),
        });
        ToldFolklore { tried_on: self.tried_on.clone(), entries: entries.collect(), rows: rows.collect() }
    }
}

impl ToldFolklore {
    /// As a page; docs/folklore.md is it in English.
    pub fn markdown(&self) -> String {
        let mut page = format!(
            "# What is said about gopls\n\n\
             Advice that circulates, what happens when it is followed, and what helps instead. All of it was tried on gopls {}, \
             and is tried again by the tests in `test/doctor`. This page is what `stallscope doctor --folklore` prints.\n",
            self.tried_on
        );
        for entry in &self.entries {
            let verdict = match entry.verdict {
                Verdict::True => "True",
                Verdict::Partly => "Partly true",
                Verdict::Obsolete => "Obsolete",
                Verdict::Wrong => "Wrong",
                Verdict::Harmful => "Harmful",
            };
            page += &format!(
                "\n## {}\n\n**{verdict}.** {}\n\nInstead: {}\n",
                entry.advice, entry.what_happens, entry.instead
            );
            for Page { title, url } in &entry.references {
                page += &format!("\n- [{title}]({url})\n");
            }
        }
        page += "\n## Settings and their symptoms\n\n| settings | what is seen | finding |\n| --- | --- | --- |\n";
        for row in &self.rows {
            let settings = row.settings.replace('|', "\\|");
            let finding = row.finding.as_ref().map(|id| format!("`{id}`")).unwrap_or_default();
            page += &format!("| `{settings}` | {} | {finding} |\n", row.symptom);
        }
        page
    }
}

fn list<T>(
    file: &[u8],
    name: &str,
    field: &'static str,
    read: impl Fn(Fields) -> Result<T, RuleError>,
) -> Result<(String, Vec<T>), RuleError> {
    let value: Value = serde_json::from_slice(file)
        .map_err(|error| problem(name.into(), format!("is not JSON: {error}")))?;
    let mut fields = Fields::new(name.into(), value)?;
    fields.whole("format", FORMAT..=FORMAT)?;
    let list = fields.list(field, MAX_ENTRIES)?.into_iter();
    let list = list.map(|(at, value)| read(Fields::new(at, value)?)).collect::<Result<_, _>>()?;
    let tried_on = fields.text("tried_on", MAX_ID_CHARS)?;
    fields.end()?;
    Ok((tried_on, list))
}

fn entry(mut fields: Fields) -> Result<Entry, RuleError> {
    let verdicts = [
        ("true", Verdict::True),
        ("partly", Verdict::Partly),
        ("obsolete", Verdict::Obsolete),
        ("wrong", Verdict::Wrong),
        ("harmful", Verdict::Harmful),
    ];
    let references = fields.list("references", MAX_REFERENCES)?.into_iter();
    let entry = Entry {
        id: id(&mut fields, MAX_ID_CHARS)?,
        verdict: fields.choice("verdict", &verdicts)?,
        advice: texts(&mut fields, "advice", MAX_TEXT_CHARS)?,
        what_happens: texts(&mut fields, "what_happens", MAX_TEXT_CHARS)?,
        instead: texts(&mut fields, "instead", MAX_TEXT_CHARS)?,
        references: references.map(|(at, value)| reference(at, value)).collect::<Result<_, _>>()?,
    };
    fields.end()?;
    Ok(entry)
}

fn row(mut fields: Fields) -> Result<Row, RuleError> {
    let row = Row {
        id: id(&mut fields, MAX_ID_CHARS)?,
        settings: fields.value("settings")?,
        symptom: texts(&mut fields, "symptom", MAX_TEXT_CHARS)?,
        finding: fields.optional("finding").and_then(|id| id.as_str().map(Into::into)),
    };
    // What the tests look at.
    fields.value("seen")?;
    fields.end()?;
    Ok(row)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::texts::Book;

    #[test]
    fn everything_is_said_in_every_language_and_once() {
        let folklore = Folklore::built_in().expect("our own files are valid");
        let mut ids = BTreeSet::new();
        for entry in &folklore.entries {
            assert!(ids.insert(&entry.id), "{} is there twice", entry.id);
            for texts in [&entry.advice, &entry.what_happens, &entry.instead] {
                assert!(texts.exact("zh-cn").is_some(), "{}", entry.id);
            }
        }
        for row in &folklore.rows {
            assert!(ids.insert(&row.id), "{} is there twice", row.id);
            assert!(row.symptom.exact("zh-cn").is_some(), "{}", row.id);
        }
    }

    #[test]
    fn a_row_names_a_finding_that_there_is() {
        let book = Book::built_in().expect("texts are valid");
        let known: BTreeSet<&str> = book.ids().collect();
        for row in Folklore::built_in().expect("valid").rows {
            assert!(
                row.finding.as_ref().is_none_or(|id| known.contains(id.as_str())),
                "{}: {:?}",
                row.id,
                row.finding
            );
        }
    }
}
