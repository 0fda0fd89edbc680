//! Leak patterns: rules of what to look for in gopls, judged on profiles, a series of GC cycles and workspace facts.
//!
//! The rules are data: `rules/leak-patterns.json` beside this crate's sources, and a file of the user's; their format
//! is in `docs/leak-patterns.md`. [`Rules::built_in`] loads them, [`evaluate`] judges.
//!
//! A rise of RSS is never evidence here, and a rise of the live heap only when it goes on from GC cycle to GC cycle.

mod evidence;
mod facts;
mod file;
mod finding;
mod judge;
mod rule;

#[cfg(test)]
mod tests;

pub use evidence::{Evidence, Facts, Point, WorkspaceFacts};
pub use facts::{MAX_ANSWER_BYTES, NotFacts};
pub use file::{MAX_FILE_BYTES, Rules};
pub use finding::{
    Confidence, Finding, FunctionBytes, Judgement, Measured, Missing, NotJudged, Patterns, Unit,
};
pub use judge::{EvidenceError, evaluate};
pub use rule::{Condition, Counter, FactName, Rule, RuleCard, Severity};
