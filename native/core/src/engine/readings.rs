//! Readings of the runtime's statistics between incidents: when one is taken, and what they tell together.
//!
//! They are what leak and churn are told apart by, so they go on for as long as gopls lives; and they cost gopls a few
//! milliseconds each, with a heap profile some fifty, so they are rare, and nobody who waits pays for them.

use std::collections::VecDeque;

use super::{Action, Engine};
use crate::gc::{GcBefore, GcReading};
use crate::heap::AllocationSites;
use crate::memory::{
    Allocations, GcCycle, HeapTotals, HeapTrend, LiveHeap, MemStats, MemoryReading, MemoryVerdict,
    MemoryVerdictKind, MemoryView, Resident, Waterfall, WaterfallInput,
};
use crate::model::{MS, Ns, SECOND};
use crate::patterns::{Facts, Point, WorkspaceFacts};

/// Time between two readings while gopls works …
const EVERY_NS: Ns = 30 * SECOND;
/// … which is what it does when it has used this much CPU time since the last one.
const WORKED_NS: Ns = 200 * MS;
/// A heap profile comes with a reading when gopls has worked so much since the last one that there may have been a GC
/// cycle …
const WORKED_FOR_HEAP_NS: Ns = 2 * SECOND;
/// … and not more often than this, or than this while somebody looks. At every fifteen seconds all the time a warm hover
/// was 0.05 ms slower.
const HEAP_EVERY_NS: Ns = 60 * SECOND;
const HEAP_EVERY_WATCHED_NS: Ns = 15 * SECOND;
/// Time between two readings while somebody looks at them.
const EVERY_WATCHED_NS: Ns = 5 * SECOND;
/// What gopls said of its workspace longer ago than this may not be so any more.
const WORKSPACE_LIFE_NS: Ns = 1_800 * SECOND;
/// Readings of the workspace kept: an hour of one every three minutes.
const MOST_WORKSPACES: usize = 20;
/// Somebody who has looked this long ago still does.
const LOOKING_NS: Ns = 8 * SECOND;
/// A gopls at rest: Go collects garbage every two minutes by itself, and that is to be seen.
const EVERY_AT_REST_NS: Ns = 125 * SECOND;

/// What came of a reading.
#[derive(Debug, Clone, PartialEq)]
pub struct MemoryRead {
    /// The runtime's statistics.
    pub stats: MemStats,
    /// The process at that moment.
    pub resident: Resident,
    /// The sums of the heap profile, when one was asked for and came.
    pub heap: Option<HeapTotals>,
    /// Who allocated what it counts.
    pub sites: Option<AllocationSites>,
    /// How many goroutines there were.
    pub goroutines: Option<u32>,
}

/// What has been read of one gopls.
#[derive(Debug, Default)]
pub(super) struct Readings {
    pub trend: HeapTrend,
    allocations: Allocations,
    /// When the last one was asked for, and gopls's CPU time then.
    asked: Option<(Ns, Ns)>,
    /// The same for the last one with a heap profile.
    asked_for_heap: Option<(Ns, Ns)>,
    pub running: bool,
    looked_at_ns: Option<Ns>,
    /// As of the last counters.
    pub open_documents: Option<u64>,
    /// What it said of its workspace, oldest first.
    workspaces: VecDeque<WorkspaceFacts>,
}

impl Readings {
    /// What it said of its workspace last.
    pub fn workspace(&self) -> Option<WorkspaceFacts> {
        self.workspaces.back().copied()
    }

    /// How many views had been created again, by what was said after the point before and not after this one: each answer
    /// belongs to one point only, or a number that nobody has read again would look steady.
    fn views_recreated(&self, after_ns: Option<Ns>, until_ns: Ns) -> Option<u64> {
        let said = self.workspaces.iter().rev().find(|said| said.at_ns <= until_ns)?;
        after_ns.is_none_or(|after_ns| said.at_ns > after_ns).then_some(said.facts.views_recreated)?
    }

    fn is_due(&self, now: Ns, cpu_ns: Ns) -> bool {
        let Some((asked_ns, cpu_then_ns)) = self.asked else { return true };
        let passed = now.saturating_sub(asked_ns);
        let looking = self.is_looked_at(now);
        let worked = cpu_ns.saturating_sub(cpu_then_ns) >= WORKED_NS;
        !self.running
            && (passed >= EVERY_AT_REST_NS
                || passed >= EVERY_NS && worked
                || passed >= EVERY_WATCHED_NS && looking)
    }

    fn is_looked_at(&self, now: Ns) -> bool {
        self.looked_at_ns.is_some_and(|at| now.saturating_sub(at) < LOOKING_NS)
    }

    fn heap_is_due(&self, now: Ns, cpu_ns: Ns) -> bool {
        let every_ns = if self.is_looked_at(now) { HEAP_EVERY_WATCHED_NS } else { HEAP_EVERY_NS };
        self.asked_for_heap.is_none_or(|(asked_ns, cpu_then_ns)| {
            let passed = now.saturating_sub(asked_ns);
            let worked = cpu_ns.saturating_sub(cpu_then_ns) >= WORKED_FOR_HEAP_NS;
            passed >= EVERY_AT_REST_NS || passed >= every_ns && worked
        })
    }
}

impl Engine {
    pub(super) fn consider_reading(&mut self, now: Ns, cpu_ns: Ns, actions: &mut Vec<Action>) {
        let waited_for = self.stall.is_some() || self.tracker.in_flight().any(|r| r.interactive);
        // gopls is asked for one heap at a time, whatever it is for.
        let capturing = self.baseline_running || self.is_fetching();
        if !self.debug || !self.settings.capture_enabled || waited_for || capturing {
            return;
        }
        // The heap of a load is no evidence, see `HeapTrend`.
        let loading = self.loading();
        let Some(readings) = self.gopls.as_mut().map(|gopls| &mut gopls.readings) else { return };
        if !readings.is_due(now, cpu_ns) {
            return;
        }
        readings.asked = Some((now, cpu_ns));
        readings.running = true;
        let heap = !loading && readings.heap_is_due(now, cpu_ns);
        if heap {
            readings.asked_for_heap = Some((now, cpu_ns));
        }
        actions.push(Action::ReadMemory { heap });
    }

    /// Whether captures of an incident that is being closed are on their way. A recording does not count: readings go
    /// on beside it.
    pub(super) fn is_fetching(&self) -> bool {
        self.closing.iter().any(|stall| !stall.is_only_recording())
    }

    /// The heap shows a collection next which gopls would not have made.
    pub(super) fn gc_forced(&mut self) {
        if let Some(gopls) = &mut self.gopls {
            gopls.readings.trend.gc_forced();
        }
    }

    pub(super) fn memory_read(&mut self, now: Ns, read: Option<MemoryRead>) {
        let loading = self.loading();
        let Some(gopls) = &mut self.gopls else { return };
        gopls.readings.running = false;
        let Some(MemoryRead { stats, resident, heap, sites, goroutines }) = read else { return };
        if loading {
            gopls.readings.allocations.clear();
        } else if let Some(sites) = sites {
            gopls.readings.allocations.feed(now, sites);
        }
        let open_documents = gopls.readings.open_documents;
        gopls.readings.trend.feed(MemoryReading {
            at_ns: now,
            stats,
            resident,
            heap,
            goroutines,
            open_documents,
            loading,
        });
    }

    /// Documents that the editor has open, by gopls's own counters.
    pub(super) fn count_documents(&mut self, counters: &super::requests::Counters) {
        let started = |method: &str| counters.get(method).map(|counters| counters.started);
        let opened = started("textDocument/didOpen");
        let closed = started("textDocument/didClose").unwrap_or(0);
        if let Some(gopls) = &mut self.gopls {
            gopls.readings.open_documents = opened.map(|opened| opened.saturating_sub(closed));
        }
    }

    /// During a load what it says is true of that moment only.
    pub(super) fn workspace_told(&mut self, now: Ns, facts: Facts) {
        let loading = self.loading();
        let Some(gopls) = self.gopls.as_mut().filter(|_| !loading) else { return };
        let workspaces = &mut gopls.readings.workspaces;
        if workspaces.len() == MOST_WORKSPACES {
            workspaces.pop_front();
        }
        workspaces.push_back(WorkspaceFacts { at_ns: now, facts });
    }

    /// What the watched gopls last said of its workspace; `None` when it was not asked, or that is long ago.
    pub fn workspace_facts(&self, now: Ns) -> Option<WorkspaceFacts> {
        let said = self.gopls.as_ref()?.readings.workspace()?;
        (now.saturating_sub(said.at_ns) <= WORKSPACE_LIFE_NS).then_some(said)
    }

    /// What the live heap has done from GC cycle to GC cycle so far; `None` when nothing was read yet. A load is one even
    /// then: it is seen by other signs.
    pub(super) fn memory_verdict(&self) -> Option<MemoryVerdict> {
        let trend = &self.gopls.as_ref()?.readings.trend;
        if self.loading() {
            return Some(MemoryVerdict {
                kind: MemoryVerdictKind::WorkspaceLoad,
                ..MemoryVerdict::of(trend)
            });
        }
        trend.last().map(|_| MemoryVerdict::of(trend))
    }

    /// What is known of the heap before a stall.
    pub(super) fn gc_before(&self) -> GcBefore {
        let Some(gopls) = &self.gopls else { return GcBefore::default() };
        let trend = &gopls.readings.trend;
        GcBefore {
            reading: trend.last().map(|last| GcReading::of(&last.stats, last.at_ns)),
            profile: trend.last_profile(),
            settings: gopls.gc_settings,
        }
    }

    /// The GC cycles under the conditions of now, oldest first, as leak patterns are judged on them.
    pub fn series(&self) -> Vec<Point> {
        let Some(gopls) = &self.gopls else { return Vec::new() };
        let mut before_ns = None;
        let point = |cycle: GcCycle| Point {
            at_ns: cycle.at_ns,
            live_heap_bytes: cycle.live_bytes,
            goroutines: cycle.goroutines.map(u64::from),
            views_recreated: gopls.readings.views_recreated(before_ns.replace(cycle.at_ns), cycle.at_ns),
            ..Point::default()
        };
        gopls.readings.trend.comparable(usize::MAX).into_iter().map(point).collect()
    }

    /// Where the memory of the watched gopls is and what can be said of it; `None` before the first reading. Being asked
    /// makes readings more frequent for a while.
    pub fn memory(&mut self, now: Ns) -> Option<MemoryView> {
        let gopls = self.gopls.as_mut()?;
        let (pid, readings) = (gopls.identity.pid, &mut gopls.readings);
        readings.looked_at_ns = Some(now);
        let last = readings.trend.last()?;
        let cycle = readings.trend.cycles().next_back();
        let live = cycle.map(|cycle| LiveHeap {
            live_bytes: cycle.live_bytes,
            ballast_bytes: None,
            apart_ns: last.at_ns.saturating_sub(cycle.at_ns),
        });
        let input = WaterfallInput { stats: last.stats, resident: last.resident, live };
        Some(MemoryView {
            pid,
            at_ns: last.at_ns,
            waterfall: Waterfall::new(&input),
            verdict: MemoryVerdict::of(&readings.trend),
            cycles: readings.trend.cycles().copied().collect(),
            allocation: readings.allocations.rate(),
            workspace_at_ns: readings.workspace().map(|said| said.at_ns),
        })
    }
}
