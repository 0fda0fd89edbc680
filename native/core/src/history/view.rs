//! The history as it is shown: days, methods, workspaces, upgrades.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Buckets;
use super::changes::{HistoryChange, changes};
use super::query::HistoryQuery;
use super::rows::{MemoryRow, Rows};
use crate::model::{Bytes, Ns};

/// Methods that are told, those with the most stalls first.
const MOST_METHODS: usize = 30;
/// Workspaces that are told, those that were watched longest first.
const MOST_WORKSPACES: usize = 50;

/// What was kept, as figures.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
pub struct HistoryView {
    /// The days on which gopls was watched, or somebody waited for it, in their order. A day without either is not there.
    pub days: Vec<HistoryDay>,
    /// Per method, those with the most stalls first.
    pub methods: Vec<MethodHistory>,
    /// Per workspace that the query is about, those that were watched longest first.
    pub workspaces: Vec<WorkspaceHistory>,
    /// All workspaces of that time, by name: what a query can be about.
    pub known_workspaces: Vec<String>,
    /// Upgrades, oldest first.
    pub changes: Vec<HistoryChange>,
    /// The oldest that is kept, whatever was asked for, Unix milliseconds; `null` when nothing is.
    pub since_unix_ms: Option<f64>,
    /// What it takes on disk.
    pub disk_bytes: Bytes,
}

/// One day.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
pub struct HistoryDay {
    /// Its midnight, as in the query.
    pub from_unix_ms: f64,
    /// For how long gopls was watched, all windows together.
    pub watched_ns: Ns,
    /// Answers that somebody waited for, short ones too. Where gopls has no debug server only those that were late are known.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub waits: u64,
    /// Half of them came within this, to 3 %; `null` without any.
    pub p50_ns: Option<Ns>,
    /// 19 of 20 did.
    pub p95_ns: Option<Ns>,
    /// Waits that became incidents.
    pub stalls: u32,
    /// How long these were together.
    pub stalled_ns: Ns,
}

/// A method over the whole time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
pub struct MethodHistory {
    /// LSP method.
    pub method: String,
    /// Answers that somebody waited for.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub waits: u64,
    /// Half of them came within this, to 3 %; `null` without any.
    pub p50_ns: Option<Ns>,
    /// 19 of 20 did.
    pub p95_ns: Option<Ns>,
    /// Waits that became incidents.
    pub stalls: u32,
}

/// A workspace over the whole time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
pub struct WorkspaceHistory {
    /// Its folders.
    pub workspace: String,
    /// For how long its gopls was watched.
    pub watched_ns: Ns,
    /// The most RSS.
    pub rss_peak_bytes: Bytes,
    /// Its days, in their order.
    pub days: Vec<WorkspaceDay>,
}

/// The memory of a workspace's gopls on a day.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
pub struct WorkspaceDay {
    /// Its midnight, as in the query.
    pub from_unix_ms: f64,
    /// RSS on average, over the time it was watched.
    pub rss_average_bytes: Bytes,
    /// The most.
    pub rss_peak_bytes: Bytes,
    /// The most live heap that was known; `null` when none was.
    pub live_bytes: Option<Bytes>,
}

#[derive(Default)]
struct DaySum {
    watched_ns: Ns,
    buckets: Buckets,
    stalls: u32,
    stalled_ns: Ns,
}

impl HistoryView {
    /// Of what was kept of the time that the query is about.
    pub fn of(rows: Rows, query: &HistoryQuery) -> Self {
        let mut known_workspaces = rows.workspaces.clone();
        known_workspaces.sort_unstable();
        let rows = &rows.about(query);
        Self {
            known_workspaces,
            days: days(rows, query),
            methods: methods(rows),
            workspaces: workspaces(rows, query),
            changes: changes(rows, query),
            since_unix_ms: None,
            disk_bytes: 0,
        }
    }
}

impl Rows {
    /// Only what the query is about.
    fn about(mut self, query: &HistoryQuery) -> Self {
        let picked = |all: &[String], wanted: &Option<String>| {
            wanted.as_ref().map(|wanted| all.iter().position(|one| one == wanted).unwrap_or(usize::MAX))
        };
        let workspace = picked(&self.workspaces, &query.workspace);
        let method = picked(&self.methods, &query.method);
        let is = |wanted: Option<usize>, index: usize| wanted.is_none_or(|wanted| wanted == index);
        self.waits.retain(|row| is(workspace, row.workspace) && is(method, row.method));
        self.stalls.retain(|row| is(workspace, row.workspace) && is(method, row.method));
        self.memory.retain(|row| is(workspace, row.workspace));
        self
    }
}

fn days(rows: &Rows, query: &HistoryQuery) -> Vec<HistoryDay> {
    let mut sums = BTreeMap::<usize, DaySum>::new();
    let mut on = |at_unix_ms: f64, add: &mut dyn FnMut(&mut DaySum)| {
        if let Some(day) = query.day(at_unix_ms) {
            add(sums.entry(day).or_default());
        }
    };
    for row in &rows.waits {
        on(row.hour.unix_ms(), &mut |sum| sum.buckets.merge(&row.buckets));
    }
    for row in &rows.memory {
        on(row.hour.unix_ms(), &mut |sum| sum.watched_ns += row.watched_ns);
    }
    for row in &rows.stalls {
        on(row.at_unix_ms, &mut |sum| {
            sum.stalls += 1;
            sum.stalled_ns = sum.stalled_ns.saturating_add(row.duration_ns);
        });
    }
    let told = sums.into_iter().map(|(day, sum)| HistoryDay {
        from_unix_ms: query.midnights_unix_ms[day],
        watched_ns: sum.watched_ns,
        waits: sum.buckets.len(),
        p50_ns: sum.buckets.percentile_ns(50),
        p95_ns: sum.buckets.percentile_ns(95),
        stalls: sum.stalls,
        stalled_ns: sum.stalled_ns,
    });
    told.collect()
}

fn methods(rows: &Rows) -> Vec<MethodHistory> {
    let mut sums = BTreeMap::<usize, (Buckets, u32)>::new();
    for row in &rows.waits {
        sums.entry(row.method).or_default().0.merge(&row.buckets);
    }
    for row in &rows.stalls {
        sums.entry(row.method).or_default().1 += 1;
    }
    let told = sums.into_iter().filter_map(|(method, (buckets, stalls))| {
        Some(MethodHistory {
            method: rows.methods.get(method)?.clone(),
            waits: buckets.len(),
            p50_ns: buckets.percentile_ns(50),
            p95_ns: buckets.percentile_ns(95),
            stalls,
        })
    });
    let mut told: Vec<_> = told.collect();
    told.sort_by_key(|one| std::cmp::Reverse((one.stalls, one.waits)));
    told.truncate(MOST_METHODS);
    told
}

fn workspaces(rows: &Rows, query: &HistoryQuery) -> Vec<WorkspaceHistory> {
    let mut all = BTreeMap::<usize, BTreeMap<usize, Vec<&MemoryRow>>>::new();
    for row in &rows.memory {
        if let Some(day) = query.day(row.hour.unix_ms()) {
            all.entry(row.workspace).or_default().entry(day).or_default().push(row);
        }
    }
    let told = all.into_iter().filter_map(|(workspace, days)| {
        let each = || days.values().flatten();
        Some(WorkspaceHistory {
            workspace: rows.workspaces.get(workspace)?.clone(),
            watched_ns: each().map(|row| row.watched_ns).sum(),
            rss_peak_bytes: each().map(|row| row.rss_peak_bytes).max()?,
            days: days.iter().filter_map(|(day, rows)| memory(query.midnights_unix_ms[*day], rows)).collect(),
        })
    });
    let mut told: Vec<_> = told.collect();
    told.sort_by_key(|one| std::cmp::Reverse(one.watched_ns));
    told.truncate(MOST_WORKSPACES);
    told
}

fn memory(from_unix_ms: f64, rows: &[&MemoryRow]) -> Option<WorkspaceDay> {
    Some(WorkspaceDay {
        from_unix_ms,
        rss_average_bytes: average_rss(rows.iter().copied())?,
        rss_peak_bytes: rows.iter().map(|row| row.rss_peak_bytes).max()?,
        live_bytes: rows.iter().filter_map(|row| row.live_bytes).max(),
    })
}

/// Of the time that was watched; `None` when none was.
pub(super) fn average_rss<'a>(rows: impl Iterator<Item = &'a MemoryRow>) -> Option<Bytes> {
    let (mut watched, mut sum) = (0.0, 0.0);
    for row in rows {
        watched += row.watched_ns as f64;
        sum += row.watched_ns as f64 * row.rss_average_bytes as f64;
    }
    (watched > 0.0).then(|| (sum / watched) as Bytes)
}
