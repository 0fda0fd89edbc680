//! Two traces against each other: how long what both have took in each.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{ReadTrace, Skipped, Slice, Trace};
use crate::model::Ns;
use crate::wait::WaitSum;

/// Rows of a comparison; those with the smallest difference are counted.
const MOST_ROWS: usize = 1_000;

/// With what a trace is compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
#[serde(rename_all = "kebab-case")]
pub enum TraceOther {
    /// An incident, by its id.
    Incident(String),
    /// A file that has a trace, a log or an `incident.json`, by its whole path.
    File(String),
}

/// What two traces have of each name, the largest difference first.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
pub struct TraceComparison {
    /// The one that is looked at.
    pub this: ComparedTrace,
    /// The one it is compared with.
    pub other: ComparedTrace,
    /// By group and name.
    pub rows: Vec<ComparedRow>,
    /// Rows that are too many.
    pub left_out_rows: u64,
}

/// One of the two.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
pub struct ComparedTrace {
    /// An incident, or a file.
    pub title: String,
    /// Slices in it, those within others included.
    pub slices: u64,
    /// What of a file was not read; absent of what was not read from a trace.
    pub skipped: Option<Skipped>,
}

/// Slices of one name.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
pub struct ComparedRow {
    /// `Requests of the editor`, `Captures`, … of a trace by somebody else its category.
    pub group: String,
    /// A method, a phase, … as the traces have it.
    pub name: String,
    /// Whether it lies within a slice of the group, as the phases of a request do.
    pub is_part: bool,
    /// In the one that is looked at; absent where it has none.
    pub this: Option<Lengths>,
    /// In the other.
    pub other: Option<Lengths>,
    /// The total of this one minus that of the other.
    pub difference_ns: i64,
}

/// How long several slices took. The figures are of those that came to their end; percentiles by nearest rank.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts", rename = "TraceLengths"))]
pub struct Lengths {
    /// How many.
    pub count: u64,
    /// How many more were cancelled, or went on where the trace ends.
    pub unfinished: u64,
    /// Added up.
    pub total_ns: Ns,
    /// Half of them took no longer.
    pub median_ns: Ns,
    /// 95 % of them.
    pub p95_ns: Ns,
}

/// One of the two, with what of it was not read.
type Side<'a> = (&'a Trace, Option<Skipped>);

impl TraceComparison {
    /// Compares a trace that is looked at with another one.
    pub fn of(this: Side<'_>, other: Side<'_>) -> Self {
        let mut all: BTreeMap<Key<'_>, [Collected; 2]> = BTreeMap::new();
        for (number, (trace, _)) in [this, other].into_iter().enumerate() {
            for group in &trace.groups {
                for slice in &group.slices {
                    collect(slice, &group.name, &mut Vec::new(), &mut |key, slice| {
                        all.entry(key).or_default()[number].add(slice);
                    });
                }
            }
        }
        let mut rows: Vec<_> = all
            .into_iter()
            .map(|((group, is_part, name), [this, other])| {
                let (this, other) = (this.lengths(), other.lengths());
                let total = |side: Option<Lengths>| {
                    side.map_or(0, |side| i64::try_from(side.total_ns).unwrap_or(i64::MAX))
                };
                let difference_ns = total(this).saturating_sub(total(other));
                ComparedRow {
                    group: group.to_owned(),
                    name: name.to_owned(),
                    is_part,
                    this,
                    other,
                    difference_ns,
                }
            })
            .collect();
        // A stable sort: equal ones stay in the order of their names.
        rows.sort_by_key(|row| Reverse(row.difference_ns.unsigned_abs()));
        let left_out_rows = rows.len().saturating_sub(MOST_ROWS) as u64;
        rows.truncate(MOST_ROWS);
        Self { this: side(this), other: side(other), rows, left_out_rows }
    }
}

impl ReadTrace {
    /// As a side of a comparison.
    pub fn side(&self) -> Side<'_> {
        (&self.trace, Some(self.skipped))
    }
}

/// Group, whether within a slice of it, name.
type Key<'a> = (&'a str, bool, &'a str);

/// A slice, and those in it. What lies within one of its own name is a part of that one's time already.
fn collect<'a>(
    slice: &'a Slice,
    group: &'a str,
    around: &mut Vec<&'a str>,
    take: &mut impl FnMut(Key<'a>, &Slice),
) {
    if !around.contains(&&*slice.name) {
        take((group, !around.is_empty(), &slice.name), slice);
    }
    around.push(&slice.name);
    for inner in &slice.inside {
        collect(inner, group, around, take);
    }
    around.pop();
}

/// Lengths before they are summed up.
#[derive(Debug, Default)]
struct Collected {
    finished_ns: Vec<Ns>,
    unfinished: u64,
}

impl Collected {
    fn add(&mut self, slice: &Slice) {
        if slice.is_finished() {
            self.finished_ns.push(slice.end_ns.saturating_sub(slice.start_ns));
        } else {
            self.unfinished += 1;
        }
    }

    /// `None` when there was nothing.
    fn lengths(self) -> Option<Lengths> {
        let Self { finished_ns, unfinished } = self;
        let lengths = match WaitSum::of(finished_ns) {
            Some(WaitSum { count, total_ns, p50_ns, p95_ns }) => {
                Lengths { count: count.into(), unfinished, total_ns, median_ns: p50_ns, p95_ns }
            }
            None => Lengths { unfinished, ..Lengths::default() },
        };
        (lengths.count + lengths.unfinished > 0).then_some(lengths)
    }
}

fn side((trace, skipped): Side<'_>) -> ComparedTrace {
    ComparedTrace { title: trace.title.clone(), slices: trace.slice_count() as u64, skipped }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::MS;
    use crate::trace::{CANCELLED, Facts, Group, STATE};

    fn slice(name: &str, begin_ms: u64, end_ms: u64, inside: Vec<Slice>) -> Slice {
        Slice { inside, ..Slice::new(name, begin_ms * MS, end_ms * MS, []) }
    }

    fn trace(title: &str, slices: Vec<Slice>) -> Trace {
        Trace {
            title: title.to_owned(),
            pid: 1,
            process: String::new(),
            groups: vec![Group { name: "Requests".into(), slices }],
            counters: Vec::new(),
            marks: Vec::new(),
        }
    }

    /// Name, whether a part, totals in ms, difference in ms.
    type Told<'a> = (&'a str, bool, Option<u64>, Option<u64>, i64);

    fn told(comparison: &TraceComparison) -> Vec<Told<'_>> {
        let total = |side: Option<Lengths>| side.map(|side| side.total_ns / MS);
        let mut told: Vec<Told<'_>> = Vec::new();
        for row in &comparison.rows {
            let difference_ms = row.difference_ns / MS as i64;
            told.push((&row.name, row.is_part, total(row.this), total(row.other), difference_ms));
        }
        told
    }

    #[test]
    fn the_largest_difference_is_first_whichever_way() {
        let slow = slice(
            "hover",
            0,
            900,
            vec![slice("go command", 0, 100, vec![]), slice("type checking", 100, 900, vec![])],
        );
        let fast = slice("hover", 0, 150, vec![slice("go command", 0, 120, vec![])]);
        let this = trace("slow", vec![slow]);
        let other = trace("fast", vec![fast, slice("rename", 200, 2_200, vec![])]);
        let compared = TraceComparison::of((&this, None), (&other, None));
        assert_eq!(
            told(&compared),
            [
                ("rename", false, None, Some(2_000), -2_000),
                ("type checking", true, Some(800), None, 800),
                ("hover", false, Some(900), Some(150), 750),
                ("go command", true, Some(100), Some(120), -20),
            ]
        );
        assert_eq!((compared.this.slices, &*compared.other.title, compared.left_out_rows), (3, "fast", 0));
    }

    #[test]
    fn percentiles_are_of_what_ended_and_the_rest_is_counted() {
        let mut slices: Vec<_> = (1..=20).map(|ms| slice("hover", 100 * ms, 100 * ms + ms, vec![])).collect();
        let facts = Facts::from([(STATE.to_owned(), CANCELLED.into())]);
        slices.push(Slice { facts, ..slice("hover", 9_000, 99_000, vec![]) });
        let this = trace("", slices);
        let lengths = TraceComparison::of((&this, None), (&trace("", vec![]), None)).rows[0].this;
        let expected =
            Lengths { count: 20, unfinished: 1, total_ns: 210 * MS, median_ns: 10 * MS, p95_ns: 19 * MS };
        assert_eq!(lengths, Some(expected));
    }

    #[test]
    fn what_calls_itself_counts_once() {
        let recursive =
            slice("walk", 0, 100, vec![slice("visit", 0, 80, vec![slice("walk", 10, 70, vec![])])]);
        let compared = TraceComparison::of((&trace("", vec![recursive]), None), (&trace("", vec![]), None));
        assert_eq!(
            told(&compared),
            [("walk", false, Some(100), None, 100), ("visit", true, Some(80), None, 80)]
        );
    }
}
