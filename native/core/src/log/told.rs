//! The texts gopls told somebody: each once, how often, and what it means.

use std::collections::HashMap;

use serde::Serialize;

use super::entry::Level;
use super::rules::{MessageMeaning, MessageRules};

/// Different texts kept.
const MAX_TEXTS: usize = 300;
const MAX_TEXT_CHARS: usize = 1_000;

/// A text of gopls.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
pub struct LogText {
    /// How grave gopls takes it to be.
    pub level: Level,
    /// Whether it was shown to the user, not only logged.
    pub shown: bool,
    /// The text, without its date; of texts that differ in their numbers only the latest.
    pub text: String,
    /// How often it was told.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub count: u64,
    /// When it was told first, milliseconds of the log; absent where nothing tells the time.
    #[cfg_attr(feature = "ts", ts(type = "number | null"))]
    pub first_ms: Option<u64>,
    /// What it means, as far as it is known.
    pub meanings: Vec<MessageMeaning>,
}

#[derive(Debug)]
struct Kept {
    level: Level,
    shown: bool,
    text: String,
    count: u64,
    first_ms: Option<u64>,
    rules: Vec<usize>,
}

/// Collects the texts that say something: errors, warnings, what was shown, and what a rule knows.
#[derive(Debug)]
pub(super) struct Told {
    rules: MessageRules,
    kept: Vec<Kept>,
    by_key: HashMap<String, usize>,
    /// Texts that were none of these, or too many.
    pub passed_over: u64,
}

impl Told {
    pub fn new(rules: MessageRules) -> Self {
        Self { rules, kept: Vec::new(), by_key: HashMap::new(), passed_over: 0 }
    }

    pub fn text(&mut self, level: Level, shown: bool, text: &str, at_ms: Option<u64>) {
        let text: String = text.trim_end().chars().take(MAX_TEXT_CHARS).collect();
        let rules = self.rules.knowing(&text);
        if text.is_empty() || (rules.is_empty() && !shown && level > Level::Warning) {
            self.passed_over += 1;
            return;
        }
        // News of one kind is one line; errors differ in what they say.
        let key =
            if level > Level::Warning && !rules.is_empty() { format!("{rules:?}") } else { text.clone() };
        if let Some(kept) = self.by_key.get(&key).and_then(|at| self.kept.get_mut(*at)) {
            kept.count += 1;
            kept.shown |= shown;
            kept.level = kept.level.min(level);
            kept.text = text;
        } else if self.kept.len() == MAX_TEXTS {
            self.passed_over += 1;
        } else {
            self.by_key.insert(key, self.kept.len());
            self.kept.push(Kept { level, shown, text, count: 1, first_ms: at_ms, rules });
        }
    }

    /// A line of nobody, which only counts if a rule knows it.
    pub fn line(&mut self, line: &str, at_ms: Option<u64>) {
        if !self.rules.knowing(line).is_empty() {
            self.text(Level::Log, false, line, at_ms);
        }
    }

    pub fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }

    /// The gravest first, then as they came.
    pub fn texts(&self, language: &str) -> Vec<LogText> {
        let meanings =
            |rules: &[usize]| rules.iter().filter_map(|rule| self.rules.meaning(*rule, language)).collect();
        let mut texts: Vec<LogText> = self
            .kept
            .iter()
            .map(|kept| LogText {
                level: kept.level,
                shown: kept.shown,
                text: kept.text.clone(),
                count: kept.count,
                first_ms: kept.first_ms,
                meanings: meanings(&kept.rules),
            })
            .collect();
        texts.sort_by_key(|text| text.level);
        texts
    }
}
