//! The live heap from one GC cycle to the next.
//!
//! A heap profile shows the heap as the last completed GC cycle left it, and stays the same until the next one: that is
//! the live heap, of gopls's natural cycles alone, and none is ever forced for it. When somebody forces one by hand for a
//! capture, the cycle that a profile shows first after that is left out: it came before its time, so it is not at the
//! same point of gopls's own rhythm as the others. That may cost a natural cycle that ended since; none is invented. The runtime's statistics are cheaper
//! and cannot replace it: what they count includes garbage that the next cycle will find.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::stats::MemStats;
use super::waterfall::Resident;
use crate::model::{Bytes, Ns};

/// Cycles kept: at one in two minutes, which is what an idle gopls makes, sixteen hours.
const MOST_CYCLES: usize = 500;

/// One reading and the conditions it was taken under.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct MemoryReading {
    /// When.
    pub at_ns: Ns,
    /// The runtime's statistics.
    pub stats: MemStats,
    /// The process.
    pub resident: Resident,
    /// The sums of a heap profile, when one was taken with it.
    pub heap: Option<HeapTotals>,
    /// How many goroutines there were, when that was read too.
    pub goroutines: Option<u32>,
    /// How many documents the editor has open, when gopls's counters tell.
    pub open_documents: Option<u64>,
    /// Whether a workspace was being loaded.
    pub loading: bool,
}

/// The sums of a heap profile: all of them as of the last completed GC cycle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeapTotals {
    /// `inuse_space`.
    pub inuse_bytes: Bytes,
    /// gopls's ballast in it.
    pub ballast_bytes: Bytes,
    /// `alloc_space`: allocated since the start of the process. Another cycle, another sum.
    pub allocated_bytes: Bytes,
}

/// A completed GC cycle, the latest of those between two profiles.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
pub struct GcCycle {
    /// Of the profile that shows it first.
    pub at_ns: Ns,
    /// What it left, without gopls's ballast. The runtime samples allocations: good to a few per cent.
    pub live_bytes: Bytes,
    /// Allocated until then since the start of the process.
    pub allocated_bytes: Bytes,
    /// How many goroutines there were.
    pub goroutines: Option<u32>,
    /// How many documents were open.
    #[cfg_attr(feature = "ts", ts(type = "number | null"))]
    pub open_documents: Option<u64>,
}

/// The cycles of one gopls since its workspace was loaded.
#[derive(Debug, Default)]
pub struct HeapTrend {
    last: Option<MemoryReading>,
    cycles: VecDeque<GcCycle>,
    /// A collection was forced, and no profile has shown it yet.
    forced: bool,
    /// Of the last profile: the same cycle has the same sum.
    allocated_bytes: Option<Bytes>,
    last_profile: Option<(Ns, HeapTotals)>,
}

impl HeapTrend {
    /// Takes the next reading of the same process.
    pub fn feed(&mut self, reading: MemoryReading) {
        self.last = Some(reading);
        if reading.loading {
            // A heap that is being filled for the first time grows, and tells nothing about later.
            self.cycles.clear();
            self.allocated_bytes = None;
            return;
        }
        let Some(heap) = reading.heap else { return };
        self.last_profile = Some((reading.at_ns, heap));
        let seen = self.allocated_bytes.replace(heap.allocated_bytes) == Some(heap.allocated_bytes);
        // The first new sum after it is that of the forced cycle, or of a natural one that has ended since.
        if seen || std::mem::take(&mut self.forced) {
            return;
        }
        if self.cycles.len() == MOST_CYCLES {
            self.cycles.pop_front();
        }
        self.cycles.push_back(GcCycle {
            at_ns: reading.at_ns,
            live_bytes: heap.inuse_bytes.saturating_sub(heap.ballast_bytes),
            allocated_bytes: heap.allocated_bytes,
            goroutines: reading.goroutines,
            open_documents: reading.open_documents,
        });
    }

    /// gopls is being made to collect: what that leaves is no natural cycle.
    pub fn gc_forced(&mut self) {
        self.forced = true;
    }

    /// The latest reading.
    pub fn last(&self) -> Option<&MemoryReading> {
        self.last.as_ref()
    }

    /// When the latest heap profile came, and its sums.
    pub fn last_profile(&self) -> Option<(Ns, HeapTotals)> {
        self.last_profile
    }

    /// The latest `most` cycles under the conditions of now, oldest first: who opens files has more in memory, and no leak.
    pub fn comparable(&self, most: usize) -> Vec<GcCycle> {
        let Some(now) = self.last() else { return Vec::new() };
        let same = self.cycles.iter().rev().filter(|cycle| cycle.open_documents == now.open_documents);
        let mut compared: Vec<_> = same.take(most).copied().collect();
        compared.reverse();
        compared
    }

    /// The cycles, oldest first.
    pub fn cycles(&self) -> impl DoubleEndedIterator<Item = &GcCycle> + ExactSizeIterator {
        self.cycles.iter()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::super::BALLAST_BYTES;
    use super::*;
    use crate::model::{MB, SECOND};

    /// A reading of a gopls with `live_mb` in its heap beside the ballast, after `allocated_mb` in all.
    pub(crate) fn reading(at_s: u64, live_mb: u64, allocated_mb: u64) -> MemoryReading {
        let heap_alloc_bytes = live_mb * MB + BALLAST_BYTES;
        let allocated_bytes = allocated_mb * MB + BALLAST_BYTES;
        let stats = MemStats {
            heap_alloc_bytes,
            heap_inuse_bytes: heap_alloc_bytes,
            heap_idle_bytes: 0,
            heap_released_bytes: 0,
            heap_sys_bytes: heap_alloc_bytes,
            stack_sys_bytes: MB,
            sys_bytes: heap_alloc_bytes + 20 * MB,
            total_alloc_bytes: allocated_bytes,
            mallocs: 1_000,
            frees: 0,
            next_gc_bytes: None,
            gc: None,
        };
        let heap =
            HeapTotals { inuse_bytes: heap_alloc_bytes, ballast_bytes: BALLAST_BYTES, allocated_bytes };
        MemoryReading {
            at_ns: at_s * SECOND,
            stats,
            resident: Resident { rss_bytes: live_mb * MB, file_bytes: None, swap_bytes: None },
            heap: Some(heap),
            goroutines: Some(20),
            open_documents: Some(1),
            loading: false,
        }
    }

    #[test]
    fn a_cycle_is_one_however_often_it_is_looked_at() {
        let mut trend = HeapTrend::default();
        trend.feed(reading(0, 300, 1_000));
        trend.feed(MemoryReading { at_ns: 10 * SECOND, ..reading(0, 300, 1_000) });
        trend.feed(MemoryReading { heap: None, ..reading(20, 340, 1_040) });
        assert_eq!(trend.cycles().len(), 1);
        trend.feed(reading(30, 310, 1_400));
        let found: Vec<_> = trend.cycles().map(|c| (c.at_ns / SECOND, c.live_bytes / MB)).collect();
        assert_eq!(found, [(0, 300), (30, 310)]);
    }

    #[test]
    fn a_forced_cycle_is_no_natural_one() {
        let mut trend = HeapTrend::default();
        trend.feed(reading(0, 300, 1_000));
        trend.gc_forced();
        // The profile of before, once more: it is not the forced one.
        trend.feed(reading(10, 300, 1_000));
        trend.feed(reading(20, 200, 1_100));
        trend.feed(reading(30, 200, 1_100));
        trend.feed(reading(40, 310, 1_500));
        let found: Vec<_> = trend.cycles().map(|c| (c.at_ns / SECOND, c.live_bytes / MB)).collect();
        assert_eq!(found, [(0, 300), (40, 310)]);
    }

    #[test]
    fn what_happens_during_a_load_is_no_evidence() {
        let mut trend = HeapTrend::default();
        for at_s in [0, 5, 10] {
            trend.feed(MemoryReading { loading: true, ..reading(at_s, 100 * at_s, 2_000 + at_s) });
        }
        assert_eq!(trend.cycles().len(), 0);
        trend.feed(reading(30, 400, 2_100));
        assert_eq!(trend.cycles().len(), 1);
    }

    #[test]
    fn it_is_bounded() {
        let mut trend = HeapTrend::default();
        for at in 0..=(MOST_CYCLES as u64 + 9) {
            trend.feed(reading(at, 300, 1_000 + at));
        }
        assert_eq!(trend.cycles().len(), MOST_CYCLES);
        assert_eq!(trend.cycles().next_back().map(|c| c.at_ns), Some((MOST_CYCLES as u64 + 9) * SECOND));
    }
}
