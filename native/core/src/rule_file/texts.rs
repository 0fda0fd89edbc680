//! What the entries of rule files have in common: ids, texts by language, pages to read.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use super::fields::{Fields, RuleError, problem, text};

const MAX_REFERENCE_CHARS: usize = 300;

/// The language every text of a rule exists in.
pub const ENGLISH: &str = "en";

/// A text by language (`en`, `zh-cn`).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Texts(BTreeMap<String, String>);

impl Texts {
    /// The text in a language; in English where there is none.
    pub fn text(&self, language: &str) -> &str {
        self.exact(language).or_else(|| self.exact(ENGLISH)).unwrap_or_default()
    }

    /// The text in a language, if there is one.
    pub fn exact(&self, language: &str) -> Option<&str> {
        self.0.get(&language.to_lowercase()).map(String::as_str)
    }
}

/// A page to read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(
    feature = "ts",
    derive(ts_rs::TS),
    ts(export, export_to = "model.ts", rename = "PatternReference")
)]
pub struct Reference {
    /// What it is.
    pub title: String,
    /// Where; https.
    pub url: String,
}

/// Whether a name can be an id: lower-case letters, digits and hyphens, 64 at most.
pub fn is_id(id: &str) -> bool {
    (1..=64).contains(&id.len())
        && id.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

/// The field `id`, a text of at most `max` characters that can be one.
pub fn id(fields: &mut Fields, max: usize) -> Result<String, RuleError> {
    let id = fields.text("id", max)?;
    if !is_id(&id) {
        return fields.wrong("id", "must be lower-case letters, digits and hyphens, 64 at most");
    }
    Ok(id)
}

/// A text by language. English must be there; languages are compared in lower case.
pub fn texts(fields: &mut Fields, name: &'static str, max: usize) -> Result<Texts, RuleError> {
    let value = fields.value(name)?;
    let place = fields.place(name);
    let Value::Object(languages) = value else {
        return Err(problem(place, "must be an object of texts by language: {\"en\": …}".into()));
    };
    if languages.len() > 20 {
        return Err(problem(place, "has more than 20 languages".into()));
    }
    let mut texts = Texts::default();
    for (language, value) in languages {
        let is_tag = language.len() <= 20 && language.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        if !is_tag {
            return Err(problem(place, "a language is named as editors do: en, zh-cn".into()));
        }
        let text = text(format!("{place}.{language}"), value, max)?;
        texts.0.insert(language.to_lowercase(), text);
    }
    if texts.exact(ENGLISH).is_none() {
        return Err(problem(format!("{place}.{ENGLISH}"), "is missing".into()));
    }
    Ok(texts)
}

/// A page to read: its title, and an https address, because it becomes a link that people click.
pub fn reference(at: String, value: Value) -> Result<Reference, RuleError> {
    let mut fields = Fields::new(at, value)?;
    let title = fields.text("title", MAX_REFERENCE_CHARS)?;
    let url = fields.text("url", MAX_REFERENCE_CHARS)?;
    if !url.starts_with("https://") || url.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return fields.wrong("url", "must be an https address");
    }
    fields.end()?;
    Ok(Reference { title, url })
}
