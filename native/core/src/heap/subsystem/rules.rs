//! The data file that says which function belongs to which part of gopls, and the door it is checked at.

use std::collections::{BTreeMap, HashSet};
use std::sync::LazyLock;

use serde::Deserialize;

use crate::heap::pattern::{Patterns, Refused};

/// The id of what no rule names.
pub const UNASSIGNED: &str = "unassigned";
/// The id of the subsystem that is known by the size of its object, not by rules.
pub const BALLAST: &str = "ballast";

/// Ids of what is below every function and what is above all of them: neither says whose job it is.
const RUNTIME: &str = "runtime";
const STARTUP: &str = "startup";

const FORMAT: u32 = 1;
const EMBEDDED: &str = include_str!("../../../rules/subsystems.json");
/// So many that nobody could tell them apart; an id fits into a byte.
const MOST_SUBSYSTEMS: usize = 64;

/// Why a rule file is not used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RulesError {
    /// Not JSON, or not of the documented shape.
    #[error("the subsystem rules cannot be read: {0}: docs/subsystems.md shows the format")]
    Shape(String),
    /// Of another format.
    #[error("the subsystem rules have format {found}, this version reads format {FORMAT}")]
    Format {
        /// What the file says.
        found: u32,
    },
    /// Something in it contradicts itself or says nothing.
    #[error("the subsystem rules: {at:?} {problem}")]
    Content {
        /// The id or the pattern.
        at: String,
        /// What is wrong with it, and what would be right.
        problem: &'static str,
    },
}

/// The file as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    format: u32,
    subsystems: Vec<Entry>,
    helpers: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    id: String,
    note: String,
    #[serde(default)]
    decides: Vec<String>,
    #[serde(default)]
    yields: Vec<String>,
    #[serde(default)]
    not_in_fixtures: BTreeMap<String, String>,
}

/// What a function says about the sample it is in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Say {
    /// Nothing: no rule names it, or it is a helper. Its caller is asked.
    #[default]
    Nothing,
    /// The sample belongs to this subsystem.
    Decides(u8),
    /// It belongs to this one unless a caller decides.
    Yields(u8),
}

#[derive(Debug)]
struct Rule {
    pattern: String,
    say: Say,
    not_in_fixtures: bool,
}

/// Rules that have been checked.
#[derive(Debug, Default)]
pub struct SubsystemRules {
    ids: Vec<String>,
    rules: Vec<Rule>,
    by_function: Patterns<usize>,
}

impl SubsystemRules {
    /// The rules this program was built with.
    pub fn embedded() -> &'static Self {
        // A test reads the same text; without any rules all would be unassigned, which is still the truth.
        static RULES: LazyLock<SubsystemRules> =
            LazyLock::new(|| SubsystemRules::parse(EMBEDDED).unwrap_or_default());
        &RULES
    }

    /// Reads and checks a rule file.
    ///
    /// # Errors
    /// When it is not of the format, or not consistent; the text names the entry.
    pub fn parse(json: &str) -> Result<Self, RulesError> {
        let file: File = serde_json::from_str(json).map_err(|error| RulesError::Shape(error.to_string()))?;
        if file.format != FORMAT {
            return Err(RulesError::Format { found: file.format });
        }
        let mut rules = Self::default();
        if file.subsystems.len() > MOST_SUBSYSTEMS {
            return Err(content("subsystems", "has more than 64 entries"));
        }
        for (number, entry) in file.subsystems.iter().enumerate() {
            rules.add(number as u8, entry)?;
        }
        for pattern in &file.helpers {
            rules.name(pattern, Say::Nothing, false)?;
        }
        if !rules.ids.iter().any(|id| id == BALLAST) {
            return Err(content(BALLAST, "is missing among the subsystems"));
        }
        Ok(rules)
    }

    /// The subsystems, in the order of the file; what no rule names is not among them.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.ids.iter().map(String::as_str)
    }

    /// The pattern of the rule that names a function, a helper's included; `None` when no rule does.
    pub fn pattern_of(&self, function: &str) -> Option<&str> {
        self.by_function.of(function).map(|rule| self.rules[*rule].pattern.as_str())
    }

    /// Every pattern, and whether the file says that no profile of the fixtures holds such a function.
    pub fn patterns(&self) -> impl Iterator<Item = (&str, bool)> {
        self.rules.iter().map(|rule| (rule.pattern.as_str(), rule.not_in_fixtures))
    }

    pub(crate) fn say(&self, function: &str) -> Say {
        self.by_function.of(function).map_or(Say::Nothing, |rule| self.rules[*rule].say)
    }

    /// Whether a function does a job of its own: it is named for a part of gopls other than the runtime, which like a helper
    /// works for whoever called it.
    pub(crate) fn is_job(&self, function: &str) -> bool {
        match self.say(function) {
            Say::Decides(_) => true,
            Say::Yields(number) => !matches!(self.id(number), RUNTIME | STARTUP),
            Say::Nothing => false,
        }
    }

    /// The id of a subsystem by its number; that of the unassigned for any other number.
    pub(crate) fn id(&self, number: u8) -> &str {
        self.ids.get(usize::from(number)).map_or(UNASSIGNED, String::as_str)
    }

    /// How many subsystems there are, the unassigned, which comes last, included.
    pub(crate) fn count(&self) -> usize {
        self.ids.len() + 1
    }

    /// The number of what no rule names.
    pub(crate) fn unassigned(&self) -> u8 {
        self.ids.len() as u8
    }

    pub(crate) fn ballast(&self) -> u8 {
        self.ids.iter().position(|id| id == BALLAST).map_or(self.unassigned(), |number| number as u8)
    }

    fn add(&mut self, number: u8, entry: &Entry) -> Result<(), RulesError> {
        let id = &entry.id;
        let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte == b'-';
        if id.is_empty() || !id.bytes().all(is_plain) {
            return Err(content(id, "is no id: lower-case letters and hyphens"));
        }
        if id == UNASSIGNED || self.ids.contains(id) {
            return Err(content(id, "is taken already"));
        }
        if entry.note.trim().is_empty() {
            return Err(content(id, "has no note: one sentence for whoever looks for the right place"));
        }
        if (id == BALLAST) != (entry.decides.is_empty() && entry.yields.is_empty()) {
            return Err(content(id, "must have rules, unless it is the ballast, which has none"));
        }
        self.ids.push(id.clone());
        let named: HashSet<&String> = entry.decides.iter().chain(&entry.yields).collect();
        for (pattern, reason) in &entry.not_in_fixtures {
            if !named.contains(pattern) || reason.trim().is_empty() {
                return Err(content(pattern, "in not_in_fixtures must be a rule beside it, with a reason"));
            }
        }
        for (patterns, say) in [(&entry.decides, Say::Decides(number)), (&entry.yields, Say::Yields(number))]
        {
            for pattern in patterns {
                self.name(pattern, say, entry.not_in_fixtures.contains_key(pattern))?;
            }
        }
        Ok(())
    }

    fn name(&mut self, pattern: &str, say: Say, not_in_fixtures: bool) -> Result<(), RulesError> {
        self.by_function.insert(pattern, self.rules.len()).map_err(|refused| match refused {
            Refused::Malformed => content(pattern, "is no pattern: docs/subsystems.md lists the forms"),
            Refused::Twice => content(pattern, "is there twice: a function belongs to one subsystem"),
        })?;
        self.rules.push(Rule { pattern: pattern.to_owned(), say, not_in_fixtures });
        Ok(())
    }
}

fn content(at: &str, problem: &'static str) -> RulesError {
    RulesError::Content { at: at.to_owned(), problem }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_embedded_rules_are_in_order() {
        let rules = SubsystemRules::parse(EMBEDDED).unwrap();
        assert_eq!(rules.ids().next(), Some(BALLAST));
        assert_eq!(SubsystemRules::embedded().ids().collect::<Vec<_>>(), rules.ids().collect::<Vec<_>>());
        let reading = "golang.org/x/tools/gopls/internal/cache.readFile";
        assert_eq!(rules.pattern_of(&format!("{reading}.func1")), Some(reading));
    }

    #[test]
    fn a_file_that_is_wrong_is_refused_by_name() {
        let file = |subsystems: &str, helpers: &str| {
            let ballast = r#"{"id":"ballast","note":"n"}"#;
            format!(r#"{{"format":1,"subsystems":[{ballast}{subsystems}],"helpers":[{helpers}]}}"#)
        };
        let entry = |rest: &str| format!(r#",{{"id":"parsing","note":"n",{rest}}}"#);
        assert!(SubsystemRules::parse(&file(&entry(r#""decides":["go/ast"]"#), r#""sync""#)).is_ok());
        for (json, expected) in [
            ("{".to_owned(), "docs/subsystems.md"),
            (file("", "").replace("\"format\":1", "\"format\":2"), "format 2"),
            (file(&entry(r#""decides":["go/ast"],"extra":1"#), ""), "unknown field `extra`"),
            (file(&entry(r#""decides":[]"#), ""), r#""parsing" must have rules"#),
            (file(&entry(r#""decides":["*"]"#), ""), r#""*" is no pattern"#),
            (file(&entry(r#""decides":["go/ast"],"yields":["go/ast"]"#), ""), "is there twice"),
            (file(&entry(r#""decides":["go/ast"]"#), r#""go/ast""#), "is there twice"),
            (
                file(&entry(r#""decides":["a"],"not_in_fixtures":{"b":"why"}"#), ""),
                r#""b" in not_in_fixtures"#,
            ),
            (file(&entry(r#""decides":["a"],"not_in_fixtures":{"a":" "}"#), ""), "with a reason"),
            (file(r#",{"id":"unassigned","note":"n","decides":["a"]}"#, ""), "taken"),
            (file(r#",{"id":"Two words","note":"n","decides":["a"]}"#, ""), "is no id"),
            (r#"{"format":1,"subsystems":[],"helpers":[]}"#.to_owned(), r#""ballast" is missing"#),
        ] {
            let message = SubsystemRules::parse(&json).unwrap_err().to_string();
            assert!(message.contains(expected), "{message}\nof {json}");
        }
    }
}
