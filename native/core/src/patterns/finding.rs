//! What evaluation says: names and numbers, no sentences. The sentences are the rule's own texts. In TypeScript the
//! types begin with `Pattern`, because all of the model shares one file there.

use serde::Serialize;

use super::rule::{RuleCard, Severity};

/// What became of every rule.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[cfg_attr(
    feature = "ts",
    derive(ts_rs::TS),
    ts(export, export_to = "model.ts", rename = "PatternJudgement")
)]
pub struct Judgement {
    /// Rules that were found, the most severe first.
    pub findings: Vec<Finding>,
    /// Rules for which something is missing, and nothing speaks against them.
    pub not_judged: Vec<NotJudged>,
    /// Rules that do not hold, by id.
    pub clear: Vec<String>,
}

/// A judgement with what each rule says to people.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
pub struct Patterns {
    /// What became of every rule.
    pub judgement: Judgement,
    /// The texts of all rules.
    pub cards: Vec<RuleCard>,
}

/// A rule all of whose conditions hold.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts", rename = "PatternFinding"))]
pub struct Finding {
    /// The rule's id.
    pub rule: String,
    /// The rule's severity.
    pub severity: Severity,
    /// How sure it is.
    pub confidence: Confidence,
    /// What was measured, in the order of the rule's conditions.
    pub measured: Vec<Measured>,
    /// The functions that hold most of it, by what they allocated themselves.
    pub functions: Vec<FunctionBytes>,
}

/// How sure a finding is. Of several conditions the least sure counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(
    feature = "ts",
    derive(ts_rs::TS),
    ts(export, export_to = "model.ts", rename = "PatternConfidence")
)]
#[serde(rename_all = "snake_case")]
pub enum Confidence {
    /// Seen in one profile: it is there, and whether it stays is not known.
    Low,
    /// Growth over as many GC cycles as the rule asks for.
    Medium,
    /// A fact, or growth over twice as many.
    High,
}

/// One value.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts", rename = "PatternMeasured"))]
pub struct Measured {
    /// What it is: `held`, `held_share`, `largest_object`, `growth`, `growth_per_cycle`, `growth_per_save`,
    /// `growth_share`, `cycles`, a counter's name with `_growth`, or a fact's name.
    pub name: String,
    /// How much.
    pub value: f64,
    /// Of what.
    pub unit: Unit,
}

/// In what a value is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts", rename = "PatternUnit"))]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Bytes.
    Bytes,
    /// A share, 0 to 1; of growth it can be more, when something else shrank.
    Share,
    /// A number of things.
    Count,
    /// How many times as much.
    Times,
}

/// A function and what it holds, within the stacks the rule names.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts", rename = "PatternFunction"))]
pub struct FunctionBytes {
    /// Its full name, as `go tool pprof` prints it.
    pub function: String,
    /// Bytes it allocated itself.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub flat_bytes: i64,
    /// Bytes it and its callees allocated.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub cum_bytes: i64,
}

/// A rule that needs more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(
    feature = "ts",
    derive(ts_rs::TS),
    ts(export, export_to = "model.ts", rename = "PatternNotJudged")
)]
pub struct NotJudged {
    /// The rule's id.
    pub rule: String,
    /// What is missing, each thing once.
    pub missing: Vec<Missing>,
}

/// Something a rule needs and there is not.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts", rename = "PatternMissing"))]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Missing {
    /// A heap profile.
    Profile,
    /// Heap profiles, or one and a series, of more GC cycles.
    GcCycles {
        /// How many more.
        #[cfg_attr(feature = "ts", ts(type = "number"))]
        more: u64,
    },
    /// A counter (`goroutines`, `views_recreated`) in more points of the series.
    Points {
        /// Which.
        counter: String,
        /// How many more.
        #[cfg_attr(feature = "ts", ts(type = "number"))]
        more: u64,
    },
    /// A fact about the workspace.
    Fact {
        /// Which.
        fact: String,
    },
}
