//! The live heap from one GC cycle to the next, out of readings of the runtime's statistics.
//!
//! gopls does not say when it collects garbage, but `frees` grows only when it has: between two readings with different
//! `frees` at least one cycle was completed. What is in the heap at the later one is what that cycle left, plus what was
//! allocated since, at most everything allocated between the two. So each cycle gives a live heap with its uncertainty,
//! from gopls's natural cycles alone: none is ever forced for it.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::stats::MemStats;
use super::waterfall::{BALLAST_BYTES, Resident};
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
    /// How many goroutines there were, when that was read too.
    pub goroutines: Option<u32>,
    /// How many documents the editor has open, when gopls's counters tell.
    pub open_documents: Option<u64>,
    /// Whether a workspace was being loaded.
    pub loading: bool,
}

/// A completed GC cycle, or several between two readings.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
pub struct GcCycle {
    /// Of the reading that showed it; it was completed after the reading before.
    pub at_ns: Ns,
    /// What it left at most, without gopls's ballast.
    pub live_bytes: Bytes,
    /// It may have been less by this: allocated between the two readings.
    pub uncertain_bytes: Bytes,
    /// Allocated since the start of the process.
    pub total_alloc_bytes: Bytes,
    /// How many goroutines there were.
    pub goroutines: Option<u32>,
    /// How many documents were open.
    #[cfg_attr(feature = "ts", ts(type = "number | null"))]
    pub open_documents: Option<u64>,
}

impl GcCycle {
    /// What it left at least.
    pub fn least_bytes(&self) -> Bytes {
        self.live_bytes.saturating_sub(self.uncertain_bytes)
    }
}

/// The cycles of one gopls since its workspace was loaded.
#[derive(Debug, Default)]
pub struct HeapTrend {
    last: Option<MemoryReading>,
    cycles: VecDeque<GcCycle>,
}

impl HeapTrend {
    /// Takes the next reading of the same process.
    pub fn feed(&mut self, reading: MemoryReading) {
        let before = self.last.replace(reading);
        if reading.loading {
            // A heap that is being filled for the first time grows, and tells nothing about later.
            self.cycles.clear();
            return;
        }
        let Some(before) = before.filter(|before| before.stats.frees < reading.stats.frees) else { return };
        if self.cycles.len() == MOST_CYCLES {
            self.cycles.pop_front();
        }
        let stats = reading.stats;
        self.cycles.push_back(GcCycle {
            at_ns: reading.at_ns,
            live_bytes: without_ballast(stats.heap_alloc_bytes),
            uncertain_bytes: stats.total_alloc_bytes.saturating_sub(before.stats.total_alloc_bytes),
            total_alloc_bytes: stats.total_alloc_bytes,
            goroutines: reading.goroutines,
            open_documents: reading.open_documents,
        });
    }

    /// The latest reading.
    pub fn last(&self) -> Option<&MemoryReading> {
        self.last.as_ref()
    }

    /// The cycles, oldest first.
    pub fn cycles(&self) -> impl DoubleEndedIterator<Item = &GcCycle> + ExactSizeIterator {
        self.cycles.iter()
    }
}

/// gopls's ballast is in every figure of the heap and says nothing.
fn without_ballast(heap_bytes: Bytes) -> Bytes {
    if heap_bytes >= BALLAST_BYTES { heap_bytes - BALLAST_BYTES } else { heap_bytes }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::model::{MB, SECOND};

    /// A reading of a gopls with `live_mb` in its heap beside the ballast, after `allocated_mb` and `frees` in all.
    pub(crate) fn reading(at_s: u64, live_mb: u64, allocated_mb: u64, frees: u64) -> MemoryReading {
        let heap_alloc_bytes = live_mb * MB + BALLAST_BYTES;
        let stats = MemStats {
            heap_alloc_bytes,
            heap_inuse_bytes: heap_alloc_bytes,
            heap_idle_bytes: 0,
            heap_released_bytes: 0,
            heap_sys_bytes: heap_alloc_bytes,
            stack_sys_bytes: MB,
            sys_bytes: heap_alloc_bytes + 20 * MB,
            total_alloc_bytes: allocated_mb * MB + BALLAST_BYTES,
            mallocs: frees + 1_000,
            frees,
            next_gc_bytes: None,
            gc_cycles: None,
        };
        let resident = Resident { rss_bytes: live_mb * MB, file_bytes: None, swap_bytes: None };
        MemoryReading {
            at_ns: at_s * SECOND,
            stats,
            resident,
            goroutines: Some(20),
            open_documents: Some(1),
            loading: false,
        }
    }

    #[test]
    fn a_cycle_is_seen_by_its_frees_with_what_was_allocated_since_as_its_uncertainty() {
        let mut trend = HeapTrend::default();
        trend.feed(reading(0, 300, 1_000, 10));
        trend.feed(reading(10, 340, 1_040, 10));
        assert_eq!(trend.cycles().len(), 0, "it grew, and nothing was freed");
        trend.feed(reading(20, 310, 1_060, 99));
        let cycle = trend.cycles().next().copied();
        let found = cycle.map(|c| (c.at_ns, c.live_bytes / MB, c.least_bytes() / MB));
        assert_eq!(found, Some((20 * SECOND, 310, 290)));
    }

    #[test]
    fn what_happens_during_a_load_is_no_evidence() {
        let mut trend = HeapTrend::default();
        for (at_s, frees) in [(0, 1), (5, 2), (10, 3)] {
            trend.feed(MemoryReading { loading: true, ..reading(at_s, 100 * at_s, 2_000, frees) });
        }
        trend.feed(reading(20, 500, 2_000, 3));
        assert_eq!(trend.cycles().len(), 0);
        trend.feed(reading(30, 400, 2_001, 4));
        assert_eq!(trend.cycles().len(), 1);
    }

    #[test]
    fn it_is_bounded() {
        let mut trend = HeapTrend::default();
        for at in 0..=(MOST_CYCLES as u64 + 9) {
            trend.feed(reading(at, 300, 1_000, at));
        }
        assert_eq!(trend.cycles().len(), MOST_CYCLES);
        assert_eq!(trend.cycles().next_back().map(|c| c.at_ns), Some((MOST_CYCLES as u64 + 9) * SECOND));
    }
}
