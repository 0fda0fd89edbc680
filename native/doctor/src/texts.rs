//! What findings say to people: the data files below `rules/`, one per area, and the door they are checked at.
//!
//! An entry of `findings` has `id`, `severity` (`error`, `warning`, `information`), `fits` (phases and causes of a wait that
//! it explains; may be missing), the texts `title`, `why`, `undo` (may be missing where no fix changes anything) and
//! `fixes`: a list of `id` and `title`. A text is an object by language (`en`, `zh-cn`) and may have `{placeholders}`.

use std::collections::BTreeMap;

use serde_json::Value;
use stallscope_core::rule_file::{
    Fields, Reference, RuleError, Texts, id, is_id, problem, reference, text, texts,
};

use crate::finding::{Finding, Fix, Severity};
use crate::report::{Page, ToldFinding, ToldFix};

const FORMAT: u64 = 1;
const MAX_FINDINGS: usize = 200;
const MAX_FIXES: usize = 8;
const MAX_FITS: usize = 16;
const MAX_REFERENCES: usize = 8;
const MAX_ID_CHARS: usize = 64;
const MAX_TITLE_CHARS: usize = 200;
const MAX_TEXT_CHARS: usize = 1_500;

/// The areas of what is examined, and what each says.
const BUILT_IN: &[(&str, &[u8])] = &[
    ("workspace", include_bytes!("../rules/workspace.json")),
    ("environment", include_bytes!("../rules/environment.json")),
    ("settings", include_bytes!("../rules/settings.json")),
    ("lifecycle", include_bytes!("../rules/lifecycle.json")),
    ("cache", include_bytes!("../rules/cache.json")),
];

/// What a finding says, in all languages.
#[derive(Debug, Clone, PartialEq)]
struct FindingTexts {
    area: String,
    severity: Severity,
    fits: Vec<String>,
    title: Texts,
    why: Texts,
    undo: Option<Texts>,
    fixes: BTreeMap<String, Texts>,
    references: Vec<Reference>,
}

/// The texts of all findings, each id once.
#[derive(Debug, Clone, PartialEq)]
pub struct Book(BTreeMap<String, FindingTexts>);

impl Book {
    /// The texts that come with Stallscope.
    pub fn built_in() -> Result<Self, RuleError> {
        let mut book = BTreeMap::new();
        for (area, file) in BUILT_IN {
            read(area, file, &mut book)?;
        }
        Ok(Self(book))
    }

    /// The ids of all findings there are.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// Those of an area.
    pub fn ids_of<'book>(&'book self, area: &'book str) -> impl Iterator<Item = &'book str> {
        self.0.iter().filter(move |(_, texts)| texts.area == area).map(|(id, _)| id.as_str())
    }

    /// A finding in words of a language (`zh-cn`), in English where there are none. None for an id without texts, which
    /// the tests of each area rule out.
    pub fn tell(&self, finding: Finding, language: &str) -> Option<ToldFinding> {
        let texts = self.0.get(finding.id)?;
        let say = |texts: &Texts| filled(texts.text(language), &finding.values);
        let fixes = finding.fixes.iter().map(|fix| {
            let title = texts.fixes.get(fix.id).map_or_else(|| fix.id.to_owned(), say);
            let Fix { id, edits, command, folder } = fix.clone();
            ToldFix { id: id.into(), title, edits, command, folder }
        });
        Some(ToldFinding {
            area: texts.area.clone(),
            severity: texts.severity,
            fits: texts.fits.clone(),
            title: say(&texts.title),
            why: say(&texts.why),
            // Without a fix there is nothing to undo.
            undo: texts.undo.as_ref().filter(|_| !finding.fixes.is_empty()).map(say),
            references: texts.references.iter().map(page).collect(),
            fixes: fixes.collect(),
            id: finding.id.into(),
            confidence: finding.confidence,
            place: finding.place,
            evidence: finding.evidence,
        })
    }
}

fn page(reference: &Reference) -> Page {
    Page { title: reference.title.clone(), url: reference.url.clone() }
}

/// A text with its `{placeholders}` filled; one without a value stays as it is, so that it is seen.
fn filled(text: &str, values: &BTreeMap<&'static str, String>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, from)) = rest.split_once('{') {
        out.push_str(before);
        let value = from.split_once('}').and_then(|(name, after)| Some((values.get(name)?, after)));
        match value {
            Some((value, after)) => {
                out.push_str(value);
                rest = after;
            }
            None => {
                out.push('{');
                rest = from;
            }
        }
    }
    out.push_str(rest);
    out
}

fn read(area: &str, file: &[u8], into: &mut BTreeMap<String, FindingTexts>) -> Result<(), RuleError> {
    let at = || format!("findings of {area}");
    let value: Value =
        serde_json::from_slice(file).map_err(|error| problem(at(), format!("is not JSON: {error}")))?;
    let mut fields = Fields::new(at(), value)?;
    fields.whole("format", FORMAT..=FORMAT)?;
    for (place, value) in fields.list("findings", MAX_FINDINGS)? {
        let (id, texts) = finding(area, &place, value)?;
        if into.insert(id.clone(), texts).is_some() {
            return Err(problem(place, format!("there is another finding {id:?}")));
        }
    }
    fields.end()
}

fn finding(area: &str, place: &str, value: Value) -> Result<(String, FindingTexts), RuleError> {
    let named = value.get("id").and_then(Value::as_str).filter(|id| is_id(id));
    let at = named.map_or_else(|| format!("finding ({place})"), |id| format!("finding \"{id}\""));
    let mut fields = Fields::new(at, value)?;
    let id = id(&mut fields, MAX_ID_CHARS)?;
    let severities =
        [("error", Severity::Error), ("warning", Severity::Warning), ("information", Severity::Information)];
    let severity = fields.choice("severity", &severities)?;
    let fits = fields.list("fits", MAX_FITS)?.into_iter().map(|(at, value)| text(at, value, MAX_ID_CHARS));
    let fits = fits.collect::<Result<_, _>>()?;
    let title = texts(&mut fields, "title", MAX_TITLE_CHARS)?;
    let why = texts(&mut fields, "why", MAX_TEXT_CHARS)?;
    let undo = match fields.optional("undo") {
        None => None,
        Some(value) => {
            let mut alone = Fields::new(fields.place("undo"), serde_json::json!({ "undo": value }))?;
            Some(texts(&mut alone, "undo", MAX_TEXT_CHARS)?)
        }
    };
    let mut fixes = BTreeMap::new();
    for (at, value) in fields.list("fixes", MAX_FIXES)? {
        let mut fields = Fields::new(at, value)?;
        fixes.insert(self::id(&mut fields, MAX_ID_CHARS)?, texts(&mut fields, "title", MAX_TITLE_CHARS)?);
        fields.end()?;
    }
    let references = fields.list("references", MAX_REFERENCES)?;
    let references =
        references.into_iter().map(|(at, value)| reference(at, value)).collect::<Result<_, _>>()?;
    fields.end()?;
    Ok((id, FindingTexts { area: area.into(), severity, fits, title, why, undo, fixes, references }))
}

#[cfg(test)]
mod tests {
    use stallscope_core::wait::{CauseKind, Phase};

    use super::*;

    #[test]
    fn every_finding_speaks_every_language_with_the_same_placeholders() {
        let book = Book::built_in().expect("rules are valid");
        let placeholders = |text: &str| {
            let mut names: Vec<String> = text
                .split('{')
                .skip(1)
                .filter_map(|from| from.split_once('}').map(|(name, _)| name.to_owned()))
                .collect();
            names.sort();
            names.dedup();
            names
        };
        for (id, finding) in &book.0 {
            let all = [Some(&finding.title), Some(&finding.why), finding.undo.as_ref()];
            for texts in all.into_iter().flatten().chain(finding.fixes.values()) {
                let english = texts.exact("en").expect("English is required");
                let chinese =
                    texts.exact("zh-cn").unwrap_or_else(|| panic!("{id}: no zh-cn for {english:?}"));
                assert_eq!(placeholders(english), placeholders(chinese), "{id}: {english:?}");
            }
        }
    }

    #[test]
    fn what_a_finding_explains_are_causes_and_phases_of_a_wait() {
        let is_known = |name: &str| {
            let name = Value::from(name);
            serde_json::from_value::<CauseKind>(name.clone()).is_ok()
                || serde_json::from_value::<Phase>(name).is_ok()
        };
        for (id, finding) in &Book::built_in().expect("rules are valid").0 {
            for name in &finding.fits {
                assert!(is_known(name), "{id} fits {name}, which no wait has");
            }
        }
    }

    #[test]
    fn placeholders_are_filled_and_unknown_ones_stay() {
        let values = BTreeMap::from([("module", "example.com/{path}".to_owned())]);
        assert_eq!(filled("a {module} of {path} {", &values), "a example.com/{path} of {path} {");
    }
}
