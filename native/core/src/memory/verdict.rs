//! Leak or churn: what the live heap does from GC cycle to GC cycle.
//!
//! RSS that has risen says nothing here. A heap is called growing when its live part grew over many cycles, under the
//! same conditions, by more than chance, by enough to matter, and does so still: the long test of [`crate::growth`].

use serde::{Deserialize, Serialize};

use super::trend::{GcCycle, HeapTrend};
use crate::growth::{rises_beyond_chance, sen_slope};
use crate::model::{Bytes, MB, Ns, SECOND};

/// Fewer cycles than this prove nothing.
const LEAST_CYCLES: usize = 8;
/// The latest ones are judged: what grew an hour ago and has stopped is no leak.
const MOST_COMPARED: usize = 24;
/// Growth over all compared cycles that matters: this much …
const LEAST_GROWTH: f64 = 10.0 * MB as f64;
/// … and this share of the live heap.
const LEAST_GROWTH_SHARE: f64 = 0.03;
/// Goroutines: this many more …
const LEAST_GOROUTINES: f64 = 50.0;
/// … and this share of the first.
const LEAST_GOROUTINES_SHARE: f64 = 0.5;
/// Allocated and dropped at this rate, garbage is what a user sees of it in RSS.
const CHURN_BYTES_PER_S: f64 = 10.0 * MB as f64;

/// What can be said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
#[serde(rename_all = "kebab-case")]
pub enum MemoryVerdictKind {
    /// A workspace is being loaded: growth is what that is.
    WorkspaceLoad,
    /// Too few GC cycles under the same conditions.
    NotEnoughEvidence,
    /// The live heap does not grow, and little is allocated.
    Steady,
    /// The live heap does not grow; much is allocated and dropped again.
    Churn,
    /// The live heap grows.
    LiveHeapGrowing,
    /// The live heap does not grow (yet); the goroutines do.
    GoroutineGrowth,
}

/// See the module's text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
pub struct MemoryVerdict {
    /// What.
    pub kind: MemoryVerdictKind,
    /// GC cycles that were compared: the latest ones with as many documents open as now.
    pub cycles: u32,
    /// How many more it takes before anything is said.
    pub needed_cycles: u32,
    /// From the first of them to the last.
    pub over_ns: Ns,
    /// Live heap after the first of them, without gopls's ballast.
    pub first_live_bytes: Bytes,
    /// After the last.
    pub last_live_bytes: Bytes,
    /// Growth of the live heap per cycle (Sen's slope), with the limits of its 95 % interval. Absent without enough cycles.
    pub growth: Option<Growth>,
    /// Allocated per second over the compared cycles, freed or not.
    pub allocated_bytes_per_s: f64,
    /// Goroutines at the first and the last of them that had them counted.
    pub goroutines: Option<(u32, u32)>,
}

/// Bytes per GC cycle.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
pub struct Growth {
    /// The middle of all slopes between two cycles.
    pub per_cycle_bytes: f64,
    /// With 95 % confidence at least this.
    pub low_bytes: f64,
    /// And at most this.
    pub high_bytes: f64,
}

impl MemoryVerdict {
    /// What can be said now.
    pub fn of(trend: &HeapTrend) -> Self {
        let compared = trend.comparable(MOST_COMPARED);
        let verdict = Self::without_kind(&compared);
        let kind = if trend.last().is_some_and(|last| last.loading) {
            MemoryVerdictKind::WorkspaceLoad
        } else if compared.len() < LEAST_CYCLES {
            MemoryVerdictKind::NotEnoughEvidence
        } else if live_heap_grows(&compared) {
            MemoryVerdictKind::LiveHeapGrowing
        } else if goroutines_grow(&compared) {
            MemoryVerdictKind::GoroutineGrowth
        } else if verdict.allocated_bytes_per_s >= CHURN_BYTES_PER_S {
            MemoryVerdictKind::Churn
        } else {
            MemoryVerdictKind::Steady
        };
        Self { kind, ..verdict }
    }

    fn without_kind(compared: &[GcCycle]) -> Self {
        let (first, last) = (compared.first(), compared.last());
        let between = |of: fn(&GcCycle) -> u64| {
            first.zip(last).map_or(0, |(first, last)| of(last).saturating_sub(of(first)))
        };
        let over_ns = between(|cycle| cycle.at_ns);
        let allocated = between(|cycle| cycle.allocated_bytes) as f64;
        let mut goroutines = compared.iter().filter_map(|cycle| cycle.goroutines);
        let first_goroutines = goroutines.next();
        Self {
            kind: MemoryVerdictKind::NotEnoughEvidence,
            cycles: compared.len() as u32,
            needed_cycles: LEAST_CYCLES.saturating_sub(compared.len()) as u32,
            over_ns,
            first_live_bytes: first.map_or(0, |cycle| cycle.live_bytes),
            last_live_bytes: last.map_or(0, |cycle| cycle.live_bytes),
            growth: if compared.len() >= LEAST_CYCLES { growth(compared) } else { None },
            allocated_bytes_per_s: if over_ns == 0 {
                0.0
            } else {
                allocated * SECOND as f64 / over_ns as f64
            },
            goroutines: first_goroutines.map(|first| (first, goroutines.next_back().unwrap_or(first))),
        }
    }
}

fn live_heap_grows(compared: &[GcCycle]) -> bool {
    let live_bytes = compared.first().map_or(0, |cycle| cycle.live_bytes) as f64;
    rises_beyond_chance(&live(compared), LEAST_GROWTH.max(LEAST_GROWTH_SHARE * live_bytes))
}

fn goroutines_grow(compared: &[GcCycle]) -> bool {
    let values: Vec<_> = compared.iter().filter_map(|cycle| cycle.goroutines.map(f64::from)).collect();
    values.len() >= LEAST_CYCLES
        && rises_beyond_chance(&values, LEAST_GOROUTINES.max(LEAST_GOROUTINES_SHARE * values[0]))
}

/// Sen's slope of the live heap; `None` of a single cycle.
fn growth(compared: &[GcCycle]) -> Option<Growth> {
    let slope = sen_slope(&live(compared))?;
    Some(Growth { per_cycle_bytes: slope.per_step, low_bytes: slope.low, high_bytes: slope.high })
}

fn live(compared: &[GcCycle]) -> Vec<f64> {
    compared.iter().map(|cycle| cycle.live_bytes as f64).collect()
}

#[cfg(test)]
mod tests {
    use super::super::trend::tests::reading;
    use super::super::trend::{HeapTotals, MemoryReading};
    use super::*;

    /// One cycle a minute with these live heaps in MB, 100 MB allocated from one to the next.
    fn cycles(live_mb: impl IntoIterator<Item = u64>) -> HeapTrend {
        told(live_mb, |_, reading| reading)
    }

    fn told(
        live_mb: impl IntoIterator<Item = u64>,
        change: impl Fn(u64, MemoryReading) -> MemoryReading,
    ) -> HeapTrend {
        let mut trend = HeapTrend::default();
        for (minute, live) in (1..).zip(live_mb) {
            trend.feed(change(minute, reading(60 * minute, live, 2_000 + 100 * minute)));
        }
        trend
    }

    fn kind(trend: &HeapTrend) -> MemoryVerdictKind {
        MemoryVerdict::of(trend).kind
    }

    #[test]
    fn few_cycles_prove_nothing_however_steep() {
        let verdict = MemoryVerdict::of(&cycles([300, 500, 700, 900, 1_100]));
        assert_eq!(verdict.kind, MemoryVerdictKind::NotEnoughEvidence);
        assert_eq!((verdict.cycles, verdict.needed_cycles), (5, 3));
        assert_eq!(verdict.growth, None);
        assert_eq!(kind(&HeapTrend::default()), MemoryVerdictKind::NotEnoughEvidence);
    }

    #[test]
    fn a_heap_that_grows_cycle_by_cycle_is_growing() {
        let verdict = MemoryVerdict::of(&cycles((0..10).map(|n| 300 + 20 * n)));
        assert_eq!(verdict.kind, MemoryVerdictKind::LiveHeapGrowing);
        let growth = verdict.growth.map(|g| [g.low_bytes, g.per_cycle_bytes, g.high_bytes].map(|b| b / 1e6));
        assert_eq!(growth, Some([20.0, 20.0, 20.0]));
        assert_eq!((verdict.cycles, verdict.over_ns), (10, 540 * SECOND));
        assert_eq!((verdict.first_live_bytes / MB, verdict.last_live_bytes / MB), (300, 480));
    }

    #[test]
    fn growth_with_noise_has_an_interval_around_it() {
        let noise = [0, 9, 3, 14, 5, 11, 2, 8, 13, 1, 7, 4];
        let verdict = MemoryVerdict::of(&cycles((0..12).map(|n| 300 + 10 * n + noise[n as usize])));
        assert_eq!(verdict.kind, MemoryVerdictKind::LiveHeapGrowing);
        let growth =
            verdict.growth.unwrap_or(Growth { per_cycle_bytes: 0.0, low_bytes: 0.0, high_bytes: 0.0 });
        assert!(growth.low_bytes < growth.per_cycle_bytes && growth.per_cycle_bytes < growth.high_bytes);
        assert!((8e6..12e6).contains(&growth.per_cycle_bytes), "{growth:?}");
    }

    #[test]
    fn up_and_down_is_steady_and_so_is_a_cache_that_has_filled_up() {
        assert_eq!(
            kind(&cycles([300, 340, 310, 330, 290, 335, 305, 320, 300, 325])),
            MemoryVerdictKind::Steady
        );
        let filling = [300, 350, 380, 395, 400, 402, 401, 403, 402, 401, 403, 402];
        assert_eq!(kind(&cycles(filling)), MemoryVerdictKind::Steady);
        // Always up, and by nothing that matters.
        assert_eq!(kind(&cycles((0..10).map(|n| 900 + n))), MemoryVerdictKind::Steady);
    }

    #[test]
    fn much_allocated_and_dropped_is_churn() {
        let busy = |minute: u64, mut reading: MemoryReading| {
            reading.heap = reading.heap.map(|heap| HeapTotals {
                allocated_bytes: heap.allocated_bytes + 2_000 * MB * minute,
                ..heap
            });
            reading
        };
        let verdict = MemoryVerdict::of(&told([300, 310, 305, 300, 312, 304, 309, 303], busy));
        assert_eq!(verdict.kind, MemoryVerdictKind::Churn);
        assert!((verdict.allocated_bytes_per_s / 1e6 - 35.0).abs() < 1.0, "{verdict:?}");
    }

    #[test]
    fn only_cycles_under_the_conditions_of_now_are_compared() {
        let opening = |minute: u64, reading| MemoryReading { open_documents: Some(minute), ..reading };
        let verdict = MemoryVerdict::of(&told((0..12).map(|n| 300 + 20 * n), opening));
        assert_eq!(verdict.kind, MemoryVerdictKind::NotEnoughEvidence);
        assert_eq!((verdict.cycles, verdict.needed_cycles), (1, 7));
    }

    #[test]
    fn goroutines_that_pile_up_are_told_while_the_heap_is_steady() {
        let piling =
            |minute: u64, reading| MemoryReading { goroutines: Some(20 + 30 * minute as u32), ..reading };
        let verdict = MemoryVerdict::of(&told([300, 310, 305, 300, 312, 304, 309, 303], piling));
        assert_eq!(verdict.kind, MemoryVerdictKind::GoroutineGrowth);
        assert_eq!(verdict.goroutines, Some((50, 260)));
        // A few more are nothing.
        let few = |minute: u64, reading| MemoryReading { goroutines: Some(20 + minute as u32), ..reading };
        assert_eq!(kind(&told([300, 310, 305, 300, 312, 304, 309, 303], few)), MemoryVerdictKind::Steady);
    }

    #[test]
    fn during_a_load_it_is_a_load() {
        let loading = |_, reading| MemoryReading { loading: true, ..reading };
        let verdict = MemoryVerdict::of(&told((0..12).map(|n| 300 + 80 * n), loading));
        assert_eq!((verdict.kind, verdict.cycles), (MemoryVerdictKind::WorkspaceLoad, 0));
    }
}
