//! The data file that says what a goroutine does, and what one that stands still waits for; and the door it is checked at.

use std::sync::LazyLock;

use serde::Deserialize;

use super::Phase;
use crate::heap::pattern::{Patterns, Refused};

const FORMAT: u32 = 1;
const EMBEDDED: &str = include_str!("../../rules/wait-phases.json");

/// Why a rule file is not used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WaitRulesError {
    /// Not JSON, or not of the documented shape.
    #[error("the wait rules cannot be read: {0}: docs/waits.md shows the format")]
    Shape(String),
    /// Of another format.
    #[error("the wait rules have format {found}, this version reads format {FORMAT}")]
    Format {
        /// What the file says.
        found: u32,
    },
    /// Something in it contradicts itself or says nothing.
    #[error("the wait rules: {at:?} {problem}")]
    Content {
        /// The entry or the pattern.
        at: String,
        /// What is wrong with it.
        problem: &'static str,
    },
}

/// The file as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    format: u32,
    work: Vec<WorkEntry>,
    unawaited: UnawaitedEntry,
    packages: PackagesEntry,
    waits: Vec<WaitEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PackagesEntry {
    note: String,
    functions: Vec<String>,
    parts: Vec<PartsEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PartsEntry {
    phase: Phase,
    note: String,
    function: String,
    calls: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UnawaitedEntry {
    note: String,
    functions: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WorkEntry {
    phase: Phase,
    note: String,
    functions: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WaitEntry {
    id: String,
    note: String,
    phase: Phase,
    functions: Vec<String>,
    on: Vec<Phase>,
    #[serde(default)]
    by_package: bool,
}

/// What a goroutine that stands in such a function waits for.
#[derive(Debug)]
pub(super) struct Wait {
    pub id: String,
    /// What it is when nobody is seen to do the work.
    pub phase: Phase,
    /// The work of others that ends it.
    pub on: Vec<Phase>,
    /// Each package that is seen to counts, whatever its goroutine stands in, and not each goroutine that works.
    pub by_package: bool,
}

/// A function that has handed parts of its work to others, and waits for them.
#[derive(Debug)]
struct Parts {
    phase: Phase,
    function: String,
    calls: String,
}

/// Rules that have been checked.
#[derive(Debug, Default)]
pub struct WaitRules {
    work: Patterns<Phase>,
    unawaited: Patterns<()>,
    packages: Patterns<()>,
    parts: Vec<Parts>,
    waits: Vec<Wait>,
    wait_at: Patterns<usize>,
}

impl WaitRules {
    /// The rules this program was built with.
    pub fn embedded() -> &'static Self {
        // A test reads the same text; without any rules all would be unknown, which is still the truth.
        static RULES: LazyLock<WaitRules> = LazyLock::new(|| WaitRules::parse(EMBEDDED).unwrap_or_default());
        &RULES
    }

    /// Reads and checks a rule file.
    ///
    /// # Errors
    /// When it is not of the format, or not consistent; the text names the entry.
    pub fn parse(json: &str) -> Result<Self, WaitRulesError> {
        let file: File =
            serde_json::from_str(json).map_err(|error| WaitRulesError::Shape(error.to_string()))?;
        if file.format != FORMAT {
            return Err(WaitRulesError::Format { found: file.format });
        }
        let mut rules = Self::default();
        for entry in file.work {
            described(&format!("{:?}", entry.phase), &entry.note, &entry.functions)?;
            for pattern in &entry.functions {
                rules.work.insert(pattern, entry.phase).map_err(|why| refused(pattern, why))?;
            }
        }
        described("unawaited", &file.unawaited.note, &file.unawaited.functions)?;
        for pattern in &file.unawaited.functions {
            rules.unawaited.insert(pattern, ()).map_err(|why| refused(pattern, why))?;
        }
        described("packages", &file.packages.note, &file.packages.functions)?;
        for pattern in &file.packages.functions {
            rules.packages.insert(pattern, ()).map_err(|why| refused(pattern, why))?;
        }
        for PartsEntry { phase, note, function, calls } in file.packages.parts {
            described(&function, &note, std::slice::from_ref(&calls))?;
            rules.parts.push(Parts { phase, function, calls });
        }
        for entry in file.waits {
            described(&entry.id, &entry.note, &entry.functions)?;
            if rules.waits.iter().any(|wait| wait.id == entry.id) {
                return Err(content(&entry.id, "is there twice"));
            }
            for pattern in &entry.functions {
                let number = rules.waits.len();
                rules.wait_at.insert(pattern, number).map_err(|why| refused(pattern, why))?;
            }
            let WaitEntry { id, phase, on, by_package, .. } = entry;
            rules.waits.push(Wait { id, phase, on, by_package });
        }
        Ok(rules)
    }

    /// What a goroutine works on that is in this function.
    pub(super) fn work(&self, function: &str) -> Option<Phase> {
        self.work.of(function).copied()
    }

    /// Whether nobody waits for a goroutine that is in this function and serves no message.
    pub(super) fn is_unawaited(&self, function: &str) -> bool {
        self.unawaited.of(function).is_some()
    }

    /// Whether a goroutine that is in this function and serves no message sees to one package.
    pub(super) fn sees_to_package(&self, function: &str) -> bool {
        self.packages.of(function).is_some()
    }

    /// What the parts are that this function waits for, by the function it has called.
    pub(super) fn parts(&self, function: &str, calls: &str) -> Option<Phase> {
        let parts = self.parts.iter().find(|parts| parts.function == function && parts.calls == calls);
        parts.map(|parts| parts.phase)
    }

    /// What a goroutine waits for that stands still in this function.
    pub(super) fn wait(&self, function: &str) -> Option<&Wait> {
        self.wait_at.of(function).map(|number| &self.waits[*number])
    }
}

fn described(at: &str, note: &str, functions: &[String]) -> Result<(), WaitRulesError> {
    if note.trim().is_empty() {
        return Err(content(at, "has no note: one sentence for whoever looks for the right place"));
    }
    if functions.is_empty() {
        return Err(content(at, "names no function"));
    }
    Ok(())
}

fn refused(pattern: &str, why: Refused) -> WaitRulesError {
    content(
        pattern,
        match why {
            Refused::Malformed => "is no pattern: docs/subsystems.md lists the forms",
            Refused::Twice => "is there twice",
        },
    )
}

fn content(at: &str, problem: &'static str) -> WaitRulesError {
    WaitRulesError::Content { at: at.to_owned(), problem }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_embedded_rules_are_in_order() {
        let rules = WaitRules::parse(EMBEDDED).unwrap();
        assert_eq!(rules.work("go/parser.(*parser).parseExpr"), Some(Phase::Parsing));
        let wait =
            rules.wait("golang.org/x/tools/gopls/internal/cache.(*Snapshot).AwaitInitialized").unwrap();
        assert_eq!((wait.id.as_str(), wait.phase), ("load", Phase::AwaitingLoad));
        assert_eq!(rules.work("net/http.(*conn).serve"), None);
    }

    #[test]
    fn a_file_that_is_wrong_is_refused_by_name() {
        let unawaited = r#"{"note":"n","functions":["c.d"]}"#;
        let packages = r#"{"note":"n","functions":["e.f"],"parts":[{"phase":"parsing","note":"n","function":"e.g","calls":"h.i"}]}"#;
        let file = |work: &str, waits: &str| {
            format!(
                r#"{{"format":1,"work":[{work}],"unawaited":{unawaited},"packages":{packages},"waits":[{waits}]}}"#
            )
        };
        let work = |rest: &str| format!(r#"{{"phase":"parsing","note":"n",{rest}}}"#);
        let wait = r#"{"id":"load","note":"n","phase":"awaiting-load","functions":["a.b"],"on":[]}"#;
        assert!(WaitRules::parse(&file(&work(r#""functions":["go/ast"]"#), wait)).is_ok());
        for (json, expected) in [
            ("{".to_owned(), "docs/waits.md"),
            (file("", "").replace("\"format\":1", "\"format\":2"), "format 2"),
            (file(&work(r#""functions":["go/ast"],"extra":1"#), ""), "unknown field `extra`"),
            (file(&work(r#""functions":[]"#), ""), "names no function"),
            (file(&work(r#""functions":["*"]"#), ""), r#""*" is no pattern"#),
            (file(&work(r#""functions":["go/ast","go/ast"]"#), ""), "is there twice"),
            (file(&work(r#""functions":["a"]"#).replace(r#""n""#, r#"" ""#), ""), "has no note"),
            (file("", "").replace("c.d", "*"), r#""*" is no pattern"#),
            (file("", "").replace("e.f", "*"), r#""*" is no pattern"#),
            (
                file("", "").replace(r#""note":"n","function":"#, r#""note":"","function":"#),
                r#""e.g" has no note"#,
            ),
            (file("", &format!("{wait},{wait}")), r#""load" is there twice"#),
            (file(&work(r#""functions":["a"]"#).replace("parsing", "dreaming"), ""), "dreaming"),
        ] {
            let message = WaitRules::parse(&json).unwrap_err().to_string();
            assert!(message.contains(expected), "{message}\nof {json}");
        }
    }
}
