//! Before and after an upgrade.
//!
//! An upgrade is seen by its version. What differs before and after it may be its doing, or that of anything else that changed
//! meanwhile: the source, the habits, the machine. So a difference is told only when no day of one side lies among those of
//! the other, and with the chance of that.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Buckets;
use super::query::HistoryQuery;
use super::rows::{Hour, MemoryRow, Rows, Setup};
use super::view::average_rss;
use crate::apart::{Told, chance};
use crate::model::{Bytes, MB, MS, Ns};

/// Days that are compared on each side, at most.
const MOST_DAYS: usize = 30;
/// With fewer days a side says nothing: two sides of two are apart by chance one time in three.
const LEAST_DAYS: usize = 3;
/// A version that was in use within so long is none that is new: two windows may have two.
const IN_USE_MS: f64 = 7.0 * 24.0 * 3_600_000.0;
/// A day with fewer waits has no percentile worth comparing.
const LEAST_WAITS: u64 = 20;
/// Smaller differences matter to nobody.
const LEAST_NS: f64 = (20 * MS) as f64;
const LEAST_BYTES: f64 = (20 * MB) as f64;
/// The latest are told.
const MOST_CHANGES: usize = 50;

/// What was upgraded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
#[serde(rename_all = "kebab-case")]
pub enum ChangedPart {
    /// gopls.
    Gopls,
    /// The `go` that it runs.
    Go,
    /// Stallscope.
    Stallscope,
    /// The Go extension.
    GoExtension,
}

const PARTS: [ChangedPart; 4] =
    [ChangedPart::Gopls, ChangedPart::Go, ChangedPart::Stallscope, ChangedPart::GoExtension];

impl ChangedPart {
    fn version(self, setup: &Setup) -> Option<&String> {
        match self {
            Self::Gopls => setup.gopls.as_ref(),
            Self::Go => setup.go.as_ref(),
            Self::Stallscope => setup.stallscope.as_ref(),
            Self::GoExtension => setup.go_extension.as_ref(),
        }
    }
}

/// An upgrade, or the way back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
pub struct HistoryChange {
    /// The hour in which the new version was first seen, Unix milliseconds.
    pub at_unix_ms: f64,
    /// Of what.
    pub part: ChangedPart,
    /// As it was.
    pub from: String,
    /// As it was from then on.
    pub to: String,
    /// The days until then, at most 30, back to the change before.
    pub before: HistorySide,
    /// The days from then on, at most 30, to the next change. The day of the change is on neither side.
    pub after: HistorySide,
    /// How the 95 % of waits compare, a value per day with 20 waits or more.
    pub waits: Told,
    /// How RSS compares, an average per day.
    pub memory: Told,
    /// How often two such sides are apart by chance alone, at most.
    pub chance: f64,
}

/// One side of a change.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
pub struct HistorySide {
    /// Days that have something.
    pub days: u32,
    /// Answers that somebody waited for.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub waits: u64,
    /// Half of them came within this, to 3 %.
    pub p50_ns: Option<Ns>,
    /// 19 of 20 did.
    pub p95_ns: Option<Ns>,
    /// Waits that became incidents.
    pub stalls: u32,
    /// RSS on average.
    pub rss_average_bytes: Option<Bytes>,
}

/// What a day says.
#[derive(Default)]
struct Day<'a> {
    buckets: Buckets,
    memory: Vec<&'a MemoryRow>,
    stalls: u32,
}

pub(super) fn changes(rows: &Rows, query: &HistoryQuery) -> Vec<HistoryChange> {
    let mut seen: Vec<(Hour, usize)> = rows.memory.iter().map(|row| (row.hour, row.setup)).collect();
    seen.extend(rows.waits.iter().map(|row| (row.hour, row.setup)));
    seen.sort_unstable();
    seen.dedup();
    let seen: Vec<_> =
        seen.into_iter().filter_map(|(hour, setup)| Some((hour, rows.setups.get(setup)?))).collect();
    let mut found: Vec<_> = PARTS.into_iter().flat_map(|part| changes_of(part, &seen)).collect();
    found.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.cmp(&b.1)));
    found.drain(..found.len().saturating_sub(MOST_CHANGES));
    let days = days(rows, query);
    let at: Vec<Option<usize>> = found.iter().map(|(hour, ..)| query.day(hour.unix_ms())).collect();
    let told = found.iter().zip(&at).filter_map(|((hour, part, from, to), day)| {
        let day = (*day)?;
        let previous = at.iter().flatten().filter(|other| **other < day).max().copied();
        let next = at.iter().flatten().filter(|other| **other > day).min().copied();
        let before: Vec<_> =
            days.range(previous.map_or(0, |day| day + 1)..day).rev().take(MOST_DAYS).collect();
        let after: Vec<_> = days.range(day + 1..next.unwrap_or(usize::MAX)).take(MOST_DAYS).collect();
        let sides = [&before, &after].map(|side| side.iter().map(|(_, day)| *day).collect::<Vec<_>>());
        Some(compared(*hour, *part, from, to, &sides[0], &sides[1]))
    });
    told.collect()
}

/// The hours in which a version came that was not in use lately.
fn changes_of(part: ChangedPart, seen: &[(Hour, &Setup)]) -> Vec<(Hour, ChangedPart, String, String)> {
    let mut last_seen = BTreeMap::<&String, Hour>::new();
    let mut current: Option<&String> = None;
    let mut found = Vec::new();
    for (hour, setup) in seen {
        let Some(version) = part.version(setup) else { continue };
        let lately = last_seen.insert(version, *hour);
        let is_new = lately.is_none_or(|last| hour.unix_ms() - last.unix_ms() > IN_USE_MS);
        if let Some(from) = current.filter(|from| is_new && *from != version) {
            found.push((*hour, part, from.clone(), version.clone()));
        }
        if is_new || current.is_none() {
            current = Some(version);
        }
    }
    found
}

fn days<'a>(rows: &'a Rows, query: &HistoryQuery) -> BTreeMap<usize, Day<'a>> {
    let mut days = BTreeMap::<usize, Day>::new();
    for row in &rows.waits {
        if let Some(day) = query.day(row.hour.unix_ms()) {
            days.entry(day).or_default().buckets.merge(&row.buckets);
        }
    }
    for row in &rows.memory {
        if let Some(day) = query.day(row.hour.unix_ms()) {
            days.entry(day).or_default().memory.push(row);
        }
    }
    for row in &rows.stalls {
        if let Some(day) = query.day(row.at_unix_ms) {
            days.entry(day).or_default().stalls += 1;
        }
    }
    days
}

fn compared(
    hour: Hour,
    part: ChangedPart,
    from: &str,
    to: &str,
    before: &[&Day],
    after: &[&Day],
) -> HistoryChange {
    let waits = [before, after].map(|days| {
        let known = days.iter().filter(|day| day.buckets.len() >= LEAST_WAITS);
        known.filter_map(|day| Some(day.buckets.percentile_ns(95)? as f64)).collect::<Vec<_>>()
    });
    let memory = [before, after].map(|days| {
        let known = days.iter().filter_map(|day| average_rss(day.memory.iter().copied()));
        known.map(|bytes| bytes as f64).collect::<Vec<_>>()
    });
    let told = |[before, after]: &[Vec<f64>; 2], least| {
        if before.len() < LEAST_DAYS || after.len() < LEAST_DAYS {
            return Told::Unknown;
        }
        Told::of(before, after, least)
    };
    let fewest = |side: usize| waits[side].len().min(memory[side].len());
    HistoryChange {
        at_unix_ms: hour.unix_ms(),
        part,
        from: from.to_owned(),
        to: to.to_owned(),
        before: side(before),
        after: side(after),
        waits: told(&waits, LEAST_NS),
        memory: told(&memory, LEAST_BYTES),
        chance: chance(fewest(0), fewest(1)),
    }
}

fn side(days: &[&Day]) -> HistorySide {
    let mut buckets = Buckets::default();
    days.iter().for_each(|day| buckets.merge(&day.buckets));
    HistorySide {
        days: days.len() as u32,
        waits: buckets.len(),
        p50_ns: buckets.percentile_ns(50),
        p95_ns: buckets.percentile_ns(95),
        stalls: days.iter().map(|day| day.stalls).sum(),
        rss_average_bytes: average_rss(days.iter().flat_map(|day| day.memory.iter().copied())),
    }
}
