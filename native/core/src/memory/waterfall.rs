//! How gopls's parts add up to its RSS.
//!
//! The runtime counts what it has mapped, the system what is resident. The two differ by what was mapped and never
//! touched: above all gopls's ballast, 100 MB that are in every figure of the heap and in no RSS. Taken off, they agree
//! to within some 20 MB: mostly the untouched ends of spans. If the parts are more than RSS, so much of them cannot be
//! resident; if they are less, there is something that neither side names. Either is shown as such.

use serde::{Deserialize, Serialize};

use super::stats::MemStats;
use crate::model::{Bytes, Ns};

/// `make([]byte, 100e6)` in gopls's `cache` package, rounded up to whole pages by the allocator.
pub const BALLAST_BYTES: Bytes = 100_007_936;

/// What the system says of the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
pub struct Resident {
    /// Resident set size.
    pub rss_bytes: Bytes,
    /// The part of it that is pages of files, mostly gopls's own executable. Absent where the system does not tell.
    pub file_bytes: Option<Bytes>,
    /// Swapped out, in addition to RSS. Absent where the system does not tell.
    pub swap_bytes: Option<Bytes>,
}

/// The live heap: what was reachable at a GC cycle, by a heap profile or by what was left right after.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LiveHeap {
    /// Without gopls's ballast.
    pub live_bytes: Bytes,
    /// The ballast beside it, when a profile shows it.
    pub ballast_bytes: Option<Bytes>,
    /// How far apart profile and statistics were taken.
    pub apart_ns: Ns,
}

/// Everything a waterfall is made from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct WaterfallInput {
    /// The statistics.
    pub stats: MemStats,
    /// The process at the same moment.
    pub resident: Resident,
    /// The live heap of about then.
    pub live: Option<LiveHeap>,
}

/// One step from nothing to RSS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
pub struct MemoryPart {
    /// What it is.
    pub kind: MemoryPartKind,
    /// How much. Negative: taken off again (mapped but not resident, swapped out).
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub bytes: i64,
}

/// The steps, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
#[serde(rename_all = "kebab-case")]
pub enum MemoryPartKind {
    /// Reachable at the last completed GC cycle that is known of.
    LiveHeap,
    /// Allocated since then. How much of it is garbage shows at the next GC cycle.
    SinceGc,
    /// Objects, where nothing tells the two apart.
    HeapObjects,
    /// Room between objects.
    Slack,
    /// Freed, and kept for the next allocations.
    FreeKept,
    /// Stacks.
    Stacks,
    /// GC metadata and other structures of the runtime.
    Runtime,
    /// The executable and other mapped files.
    Files,
    /// Swapped out: in the parts above, not in RSS.
    Swapped,
    /// Negative: counted by the runtime, and not resident, because nobody has touched it yet.
    Untouched,
    /// What the parts do not explain.
    Rest,
}

/// See the module's text. The parts add up to `rss_bytes` exactly.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
pub struct Waterfall {
    /// RSS.
    pub rss_bytes: Bytes,
    /// The steps; those that are 0 are left out.
    pub parts: Vec<MemoryPart>,
    /// gopls's ballast: virtual, in none of the parts.
    pub ballast_bytes: Bytes,
    /// Whether the ballast was seen in a profile; else that it is there like in every known gopls is taken for granted.
    pub ballast_seen: bool,
    /// Given back to the system, and not in RSS.
    pub released_bytes: Bytes,
    /// Swapped out, and not in RSS. Absent where the system does not tell.
    pub swap_bytes: Option<Bytes>,
    /// The heap (ballast included) at which the next GC cycle begins. Absent when neither it nor the live heap is known.
    pub next_gc_bytes: Option<Bytes>,
    /// Whether that is only what Go's default (`GOGC=100`) makes of the live heap.
    pub next_gc_estimated: bool,
    /// How far apart the live heap and the statistics were taken; absent without a live heap that fits.
    pub live_apart_ns: Option<Ns>,
}

impl Waterfall {
    /// Adds them up.
    pub fn new(input: &WaterfallInput) -> Self {
        let WaterfallInput { stats, resident, live } = input;
        let seen = live.and_then(|live| live.ballast_bytes);
        let ballast_bytes =
            seen.unwrap_or(if stats.heap_alloc_bytes >= BALLAST_BYTES { BALLAST_BYTES } else { 0 });
        let objects = signed(stats.heap_alloc_bytes) - signed(ballast_bytes);
        // An earlier cycle with a larger heap says nothing about this one.
        let live = live.filter(|live| signed(live.live_bytes) <= objects);

        let heap = match live {
            Some(live) => {
                let reachable = signed(live.live_bytes);
                [(MemoryPartKind::LiveHeap, reachable), (MemoryPartKind::SinceGc, objects - reachable)]
            }
            None => [(MemoryPartKind::HeapObjects, objects), (MemoryPartKind::SinceGc, 0)],
        };
        let mut parts: Vec<_> = heap
            .into_iter()
            .chain([
                (MemoryPartKind::Slack, signed(stats.heap_inuse_bytes - stats.heap_alloc_bytes)),
                (MemoryPartKind::FreeKept, signed(stats.free_kept_bytes())),
                (MemoryPartKind::Stacks, signed(stats.stack_sys_bytes)),
                (MemoryPartKind::Runtime, signed(stats.runtime_bytes())),
                (MemoryPartKind::Files, signed(resident.file_bytes.unwrap_or(0))),
                (MemoryPartKind::Swapped, -signed(resident.swap_bytes.unwrap_or(0))),
            ])
            .map(|(kind, bytes)| MemoryPart { kind, bytes })
            .collect();
        let known: i64 = parts.iter().map(|part| part.bytes).sum();
        let bytes = signed(resident.rss_bytes) - known;
        let kind = if bytes < 0 { MemoryPartKind::Untouched } else { MemoryPartKind::Rest };
        parts.push(MemoryPart { kind, bytes });
        parts.retain(|part| part.bytes != 0);
        Self {
            rss_bytes: resident.rss_bytes,
            parts,
            ballast_bytes,
            ballast_seen: seen.is_some(),
            released_bytes: stats.heap_released_bytes,
            swap_bytes: resident.swap_bytes,
            next_gc_bytes: stats
                .next_gc_bytes
                .or_else(|| live.map(|live| 2 * live.live_bytes.saturating_add(ballast_bytes))),
            next_gc_estimated: stats.next_gc_bytes.is_none() && live.is_some(),
            live_apart_ns: live.map(|live| live.apart_ns),
        }
    }

    /// A step, 0 when it is left out.
    pub fn bytes(&self, kind: MemoryPartKind) -> i64 {
        self.parts.iter().find(|part| part.kind == kind).map_or(0, |part| part.bytes)
    }
}

/// Sizes of memory are far below 2^63.
fn signed(bytes: Bytes) -> i64 {
    i64::try_from(bytes).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{MB, SECOND};

    /// 600 MB of heap in use, 500 of them objects, 100 of these ballast.
    fn stats() -> MemStats {
        MemStats {
            heap_alloc_bytes: 400 * MB + BALLAST_BYTES,
            heap_inuse_bytes: 500 * MB + BALLAST_BYTES,
            heap_idle_bytes: 300 * MB,
            heap_released_bytes: 50 * MB,
            heap_sys_bytes: 800 * MB + BALLAST_BYTES,
            stack_sys_bytes: 2 * MB,
            sys_bytes: 822 * MB + BALLAST_BYTES,
            total_alloc_bytes: 900 * MB,
            mallocs: 9,
            frees: 5,
            next_gc_bytes: None,
            gc: None,
        }
    }

    const RESIDENT: Resident =
        Resident { rss_bytes: 795 * MB, file_bytes: Some(27 * MB), swap_bytes: Some(0) };
    const LIVE: LiveHeap =
        LiveHeap { live_bytes: 300 * MB, ballast_bytes: Some(BALLAST_BYTES), apart_ns: SECOND };

    fn in_mb(waterfall: &Waterfall) -> Vec<(MemoryPartKind, i64)> {
        waterfall.parts.iter().map(|part| (part.kind, part.bytes / 1_000_000)).collect()
    }

    #[test]
    fn the_parts_add_up_and_the_ballast_is_in_none() {
        use MemoryPartKind::*;
        let waterfall =
            Waterfall::new(&WaterfallInput { stats: stats(), resident: RESIDENT, live: Some(LIVE) });
        let expected = [
            (LiveHeap, 300),
            (SinceGc, 100),
            (Slack, 100),
            (FreeKept, 250),
            (Stacks, 2),
            (Runtime, 20),
            (Files, 27),
            (Untouched, -4),
        ];
        assert_eq!(in_mb(&waterfall), expected);
        assert_eq!(waterfall.parts.iter().map(|part| part.bytes).sum::<i64>(), 795_000_000);
        assert_eq!((waterfall.ballast_bytes, waterfall.ballast_seen), (BALLAST_BYTES, true));
        assert_eq!((waterfall.released_bytes, waterfall.live_apart_ns), (50 * MB, Some(SECOND)));
        let next_gc = (waterfall.next_gc_bytes, waterfall.next_gc_estimated);
        assert_eq!(next_gc, (Some(2 * (300 * MB + BALLAST_BYTES)), true));
    }

    #[test]
    fn without_a_profile_that_fits_live_and_new_are_not_told_apart() {
        let older = LiveHeap { live_bytes: 700 * MB, ballast_bytes: None, ..LIVE };
        for live in [None, Some(older)] {
            let waterfall = Waterfall::new(&WaterfallInput { stats: stats(), resident: RESIDENT, live });
            assert_eq!(in_mb(&waterfall)[0], (MemoryPartKind::HeapObjects, 400));
            assert_eq!((waterfall.live_apart_ns, waterfall.ballast_seen), (None, false));
            assert_eq!(waterfall.ballast_bytes, BALLAST_BYTES);
            assert_eq!((waterfall.next_gc_bytes, waterfall.next_gc_estimated), (None, false));
        }
        let told = MemStats { next_gc_bytes: Some(900 * MB), ..stats() };
        let waterfall = Waterfall::new(&WaterfallInput { stats: told, resident: RESIDENT, live: Some(LIVE) });
        assert_eq!((waterfall.next_gc_bytes, waterfall.next_gc_estimated), (Some(900 * MB), false));
    }

    #[test]
    fn what_nobody_names_is_the_rest() {
        let resident = Resident { rss_bytes: 899 * MB, ..RESIDENT };
        let waterfall = Waterfall::new(&WaterfallInput { stats: stats(), resident, live: Some(LIVE) });
        assert_eq!(in_mb(&waterfall).last(), Some(&(MemoryPartKind::Rest, 100)));
    }

    #[test]
    fn what_is_swapped_out_is_taken_off_again() {
        let resident = Resident { rss_bytes: 595 * MB, swap_bytes: Some(200 * MB), ..RESIDENT };
        let waterfall = Waterfall::new(&WaterfallInput { stats: stats(), resident, live: Some(LIVE) });
        assert_eq!(waterfall.bytes(MemoryPartKind::Swapped), -200_000_000);
        assert_eq!(waterfall.bytes(MemoryPartKind::Untouched), -4_000_000);
    }

    #[test]
    fn a_heap_too_small_for_it_has_no_ballast() {
        let small = MemStats { heap_alloc_bytes: 50 * MB, ..stats() };
        let waterfall = Waterfall::new(&WaterfallInput { stats: small, resident: RESIDENT, live: None });
        assert_eq!(waterfall.ballast_bytes, 0);
        assert_eq!(waterfall.bytes(MemoryPartKind::HeapObjects), 50_000_000);
    }
}
