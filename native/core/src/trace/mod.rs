//! Traces for other viewers: an incident or a log as slices, counters and marks on one axis of time.
//!
//! [`Trace`] says what there is, [`Trace::write`] writes it as Chrome trace events (Perfetto, chrome://tracing) or as
//! speedscope's own JSON. A trace of ours holds methods, times and figures; no path, no source text, no text of a message.
//!
//! [`ReadTrace::parse`] is the door for such files, whoever wrote them, and [`TraceComparison::of`] holds two traces against
//! each other.

mod chrome;
mod compare;
mod incident;
mod lanes;
mod log;
mod read;
mod speedscope;

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io;

use serde::{Deserialize, Serialize};

use crate::model::{Ns, Value};

pub use compare::{ComparedRow, ComparedTrace, Lengths, TraceComparison, TraceOther};
pub use read::{MOST_FILE_BYTES, NotATrace, ReadTrace, Skipped};

/// Everything a viewer shows. All times count from the same moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Trace {
    /// What it is of.
    pub title: String,
    /// The process it is about; 0 where nobody knows its number.
    pub pid: u32,
    /// Its name, with its version.
    pub process: String,
    /// Slices, by what they are.
    pub groups: Vec<Group>,
    /// Figures over time.
    pub counters: Vec<Counter>,
    /// Moments.
    pub marks: Vec<Mark>,
}

/// Slices of one kind, in any order. Those that overlap are drawn in rows of their own.
#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    /// For example `Requests of the editor`.
    pub name: Cow<'static, str>,
    /// The slices.
    pub slices: Vec<Slice>,
}

/// Something that took time.
#[derive(Debug, Clone, PartialEq)]
pub struct Slice {
    /// For example `textDocument/hover`.
    pub name: String,
    /// When it began.
    pub start_ns: Ns,
    /// When it ended, or the end of the trace, which `facts` then say.
    pub end_ns: Ns,
    /// What else is known of it.
    pub facts: Facts,
    /// What it consists of: slices within it that do not overlap, each of them the same again: the phases of a wait.
    pub inside: Vec<Slice>,
}

/// A figure over time.
#[derive(Debug, Clone, PartialEq)]
pub struct Counter {
    /// For example `RSS`, with its unit.
    pub name: Cow<'static, str>,
    /// When it had which value, in the order of time.
    pub points: Vec<(Ns, f64)>,
}

/// A moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Mark {
    /// What happened.
    pub name: String,
    /// When.
    pub at_ns: Ns,
    /// What else is known of it.
    pub facts: Facts,
}

/// Facts by name, the unit as suffix.
pub type Facts = BTreeMap<String, Value>;

/// For whom a trace is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
#[serde(rename_all = "kebab-case")]
pub enum TraceFormat {
    /// Chrome trace events: Perfetto, chrome://tracing, speedscope.
    Chrome,
    /// speedscope's own file format. It has slices only: no counters and no marks.
    Speedscope,
}

impl Trace {
    /// Writes the trace as JSON.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write(&self, format: TraceFormat, out: &mut impl io::Write) -> io::Result<()> {
        match format {
            TraceFormat::Chrome => chrome::write(self, out),
            TraceFormat::Speedscope => speedscope::write(self, out),
        }
    }

    /// How many slices it has, those within others included.
    pub fn slice_count(&self) -> usize {
        fn count(slices: &[Slice]) -> usize {
            slices.iter().map(|slice| 1 + count(&slice.inside)).sum()
        }
        self.groups.iter().map(|group| count(&group.slices)).sum()
    }
}

/// How it ended, of a slice: `yes` or `no`.
const HAS_ENDED: &str = "has_ended";
/// The same of a request of a log, in words.
const STATE: &str = "state";
/// The states in which its length says nothing of how long an answer takes.
const CANCELLED: &str = "cancelled";
const PENDING: &str = "pending where the log ends";
const NEVER_ANSWERED: &str = "never answered";

impl Slice {
    /// Whether its length is that of something which came to its end, as far as its facts tell.
    pub fn is_finished(&self) -> bool {
        let is = |name: &str, texts: &[&str]| matches!(self.facts.get(name), Some(Value::Text(text)) if texts.contains(&&**text));
        !is(HAS_ENDED, &["no"]) && !is(STATE, &[CANCELLED, PENDING, NEVER_ANSWERED])
    }

    /// A slice with nothing in it; one that would end before it begins has no length.
    fn new<const N: usize>(
        name: impl Into<String>,
        start_ns: Ns,
        end_ns: Ns,
        facts: [(&str, Value); N],
    ) -> Self {
        let facts = crate::model::named(facts);
        Self { name: name.into(), start_ns, end_ns: end_ns.max(start_ns), facts, inside: Vec::new() }
    }
}
