//! Traces for other viewers: an incident or a log as slices, counters and marks on one axis of time.
//!
//! [`Trace`] says what there is, [`Trace::write`] writes it as Chrome trace events (Perfetto, chrome://tracing) or as
//! speedscope's own JSON. A trace holds methods, times and figures; no path, no source text, no text of a message.

mod chrome;
mod incident;
mod lanes;
mod log;
mod speedscope;

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;

use std::collections::BTreeMap;
use std::io;

use serde::{Deserialize, Serialize};

use crate::model::{Ns, Value};

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
    pub name: &'static str,
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
    pub name: &'static str,
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

impl Slice {
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
