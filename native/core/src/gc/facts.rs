//! What garbage collection cost during a wait, from what was captured around it.

use serde::{Deserialize, Serialize};

use super::{GcCounters, GcCpu, GcSettings};
use crate::machine::MachineFacts;
use crate::memory::{HeapTotals, MemStats};
use crate::model::{Bytes, Capture, CaptureKind, CaptureState, Ns, RequestRecord};

/// From this share of the time of all its CPUs on gopls had none to spare.
const ALL_CPUS_SHARE: f64 = 0.85;

/// The heap at one moment, by the runtime's statistics.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
pub struct GcReading {
    /// When.
    pub at_ns: Ns,
    /// Objects in the heap, garbage and gopls's ballast included.
    pub heap_bytes: Bytes,
    /// Allocated since the start of the process, freed or not.
    pub allocated_bytes: Bytes,
    /// Cycles and pauses; only the text form of a heap has them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub counters: Option<GcCounters>,
}

impl GcReading {
    /// What statistics say that came at `at_ns`.
    pub fn of(stats: &MemStats, at_ns: Ns) -> Self {
        Self {
            at_ns,
            heap_bytes: stats.heap_alloc_bytes,
            allocated_bytes: stats.total_alloc_bytes,
            counters: stats.gc,
        }
    }
}

/// What happened between two readings.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
pub struct GcInterval {
    /// Allocated meanwhile.
    pub allocated_bytes: Bytes,
    /// Garbage that was found and freed meanwhile. More than 0 only when a cycle was completed, or being swept.
    pub freed_bytes: Bytes,
    /// Cycles completed; `null` where the readings do not count them.
    pub cycles: Option<u64>,
    /// Share of the available CPU time (`GOMAXPROCS` × time) that went into them; `null` likewise.
    pub cpu_share: Option<f64>,
}

impl GcInterval {
    /// Between two readings of a process that began at `started_unix_ms`; `None` when they are not of one process in this
    /// order.
    pub fn between(from: &GcReading, to: &GcReading, started_unix_ms: f64) -> Option<Self> {
        if to.at_ns <= from.at_ns {
            return None;
        }
        let allocated_bytes = to.allocated_bytes.checked_sub(from.allocated_bytes)?;
        let counted = from.counters.zip(to.counters);
        Some(Self {
            allocated_bytes,
            freed_bytes: from.heap_bytes.saturating_add(allocated_bytes).saturating_sub(to.heap_bytes),
            cycles: counted.map(|(before, after)| after.cycles.saturating_sub(before.cycles)),
            cpu_share: counted.and_then(|(before, after)| after.cpu_share_since(&before, started_unix_ms)),
        })
    }
}

/// Cycles that heap profiles tell apart: each has another sum of all that was allocated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
pub struct CyclesSeen {
    /// At least so many were completed …
    pub least: u32,
    /// … from the first profile on …
    pub from_ns: Ns,
    /// … until the last.
    pub to_ns: Ns,
}

/// Background marking in a gopls that had no CPU to spare: what it took, the work that somebody waited for did not get.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
pub struct GcBeside {
    /// Its share of the CPU time that was recorded, 0 to 1.
    pub share: f64,
    /// How much of the wait that may have been at most. Possible, not known: other work may have been on the way of it.
    pub at_most_ns: Ns,
}

/// What was known before a wait.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct GcBefore {
    /// The latest reading.
    pub reading: Option<GcReading>,
    /// When the latest heap profile came, and its sums.
    pub profile: Option<(Ns, HeapTotals)>,
    /// What gopls was started with; `None` where that cannot be read.
    pub settings: Option<GcSettings>,
}

/// Garbage collection around the wait of an incident. Each figure is of its own moments, because nothing more is asked of
/// gopls for it while somebody waits. `null` is what is not known.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
pub struct GcFacts {
    /// The reading nearest to the beginning of the wait.
    pub begin: Option<GcReading>,
    /// Of the later ones the nearest to its end.
    pub end: Option<GcReading>,
    /// What happened between these two.
    pub between: Option<GcInterval>,
    /// What heap profiles tell of cycles.
    pub cycles_seen: Option<CyclesSeen>,
    /// The collector's share of CPU time, in the seconds of the wait that were recorded.
    pub cpu: Option<GcCpu>,
    /// How many recordings that are.
    pub recordings: u32,
    /// What of it may have made the wait longer without showing in what gopls did for the request.
    pub beside: Option<GcBeside>,
    /// What gopls was started with.
    pub settings: Option<GcSettings>,
}

impl GcFacts {
    /// Of a wait for `request`, with what was captured for it; `None` when nothing tells.
    pub fn of(
        before: &GcBefore,
        captures: &[Capture],
        request: &RequestRecord,
        machine: Option<&MachineFacts>,
        started_unix_ms: f64,
    ) -> Option<Self> {
        let complete = || captures.iter().filter(|capture| capture.state == CaptureState::Complete);
        let readings = before.reading.into_iter().chain(complete().filter_map(|capture| capture.statistics));
        let readings: Vec<_> = readings.collect();
        let nearest = |to_ns: Ns, from_ns: Option<Ns>| {
            let later = readings.iter().filter(|reading| from_ns.is_none_or(|from| reading.at_ns > from));
            later.min_by_key(|reading| reading.at_ns.abs_diff(to_ns)).copied()
        };
        let begin = nearest(request.start_ns, None);
        let end = begin.and_then(|begin| nearest(request.end_ns.unwrap_or(Ns::MAX), Some(begin.at_ns)));
        let recorded: Vec<_> = complete().filter_map(|capture| capture.gc_cpu).collect();
        let cpu = recorded.iter().copied().reduce(|sum, one| sum.plus(&one));
        let facts = Self {
            between: begin
                .zip(end)
                .and_then(|(begin, end)| GcInterval::between(&begin, &end, started_unix_ms)),
            cycles_seen: cycles_seen(before, complete()),
            beside: cpu.and_then(|cpu| beside(&cpu, request, machine?)),
            recordings: recorded.len() as u32,
            settings: before.settings,
            begin,
            end,
            cpu,
        };
        (facts.begin.is_some() || facts.cpu.is_some()).then_some(facts)
    }
}

fn cycles_seen<'a>(before: &GcBefore, captures: impl Iterator<Item = &'a Capture>) -> Option<CyclesSeen> {
    let of_capture = |capture: &Capture| {
        let natural = capture.kind == CaptureKind::Heap && !capture.after_gc;
        Some((capture.received_ns?, capture.allocated_bytes.filter(|_| natural)?))
    };
    let first = before.profile.map(|(at_ns, totals)| (at_ns, totals.allocated_bytes));
    let profiles: Vec<_> = first.into_iter().chain(captures.filter_map(of_capture)).collect();
    let (from, to) = (profiles.first()?, profiles.last()?);
    let changed = profiles.windows(2).filter(|pair| pair[1].1 > pair[0].1).count();
    (profiles.len() > 1).then_some(CyclesSeen { least: changed as u32, from_ns: from.0, to_ns: to.0 })
}

fn beside(cpu: &GcCpu, request: &RequestRecord, machine: &MachineFacts) -> Option<GcBeside> {
    let looked_ns = machine.to_ns.saturating_sub(machine.from_ns);
    let cpus = machine.cgroup.cpu_limit.unwrap_or(f64::INFINITY).min(f64::from(machine.cpus?));
    let available_ns = looked_ns as f64 * cpus;
    if available_ns <= 0.0 || (machine.on_cpu_ns? as f64) < ALL_CPUS_SHARE * available_ns {
        return None;
    }
    let share = cpu.part(cpu.background_ns);
    Some(GcBeside { share, at_most_ns: (request.duration_ns? as f64 * share) as Ns })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::super::cpu::tests::cpu;
    use super::*;
    use crate::model::{MB, MS, SECOND};

    const STARTED_UNIX_MS: f64 = 1_795_500_000_000.0;

    /// A whole capture that came at `at_ns`.
    fn capture(kind: CaptureKind, at_ns: Ns) -> Capture {
        let mut fields = serde_json::json!({
            "number": 1, "kind": kind, "state": "complete", "file": "x", "size_bytes": 1, "trigger": "light-evidence",
            "trigger_ns": at_ns, "received_ns": at_ns,
        });
        for unknown in
            ["sent_ns", "first_byte_ns", "on_disk_ns", "during_request", "inuse_space_bytes", "error"]
        {
            fields[unknown] = serde_json::Value::Null;
        }
        serde_json::from_value(fields).unwrap()
    }

    fn request(start_ns: Ns, end_ns: Ns) -> RequestRecord {
        RequestRecord {
            method: "textDocument/hover".into(),
            start_ns,
            end_ns: Some(end_ns),
            duration_ns: Some(end_ns - start_ns),
            start_source: crate::model::TimingSource::Observer,
            end_source: None,
            uncertainty_ns: 0,
            interactive: true,
            uri: None,
            line: None,
        }
    }

    fn reading(at_ms: u64, heap_mb: u64, allocated_mb: u64) -> GcReading {
        GcReading {
            at_ns: at_ms * MS,
            heap_bytes: heap_mb * MB,
            allocated_bytes: allocated_mb * MB,
            counters: None,
        }
    }

    fn page(at_ms: u64, heap_mb: u64, allocated_mb: u64) -> Capture {
        let statistics = Some(reading(at_ms, heap_mb, allocated_mb));
        Capture { statistics, ..capture(CaptureKind::Memory, at_ms * MS) }
    }

    fn heap(at_ms: u64, allocated_mb: u64) -> Capture {
        Capture { allocated_bytes: Some(allocated_mb * MB), ..capture(CaptureKind::Heap, at_ms * MS) }
    }

    fn recording(at_ms: u64, cpu: GcCpu) -> Capture {
        Capture { gc_cpu: Some(cpu), ..capture(CaptureKind::Cpu, at_ms * MS) }
    }

    fn busy(cpus: u32, on_cpu_ns: Ns) -> MachineFacts {
        MachineFacts {
            from_ns: 10 * SECOND,
            to_ns: 14 * SECOND,
            looks: 16,
            cpus: Some(cpus),
            load_average: None,
            on_cpu_ns: Some(on_cpu_ns),
            run_delay_ns: None,
            stopped_ns: None,
            major_faults: None,
            swap_bytes: None,
            pressure: crate::machine::Pressure::default(),
            cgroup: crate::machine::CgroupLimits::default(),
            commands: Vec::new(),
        }
    }

    /// A hover from 10 s to 14 s.
    fn facts(before: &GcBefore, captures: &[Capture], machine: Option<&MachineFacts>) -> Option<GcFacts> {
        GcFacts::of(before, captures, &request(10 * SECOND, 14 * SECOND), machine, STARTED_UNIX_MS)
    }

    #[test]
    fn the_readings_nearest_to_both_ends_count_and_say_when_they_are_of() {
        let before = GcBefore { reading: Some(reading(9_000, 300, 1_000)), ..GcBefore::default() };
        let captures = [page(11_500, 450, 1_400), page(14_300, 500, 2_000)];
        let found = facts(&before, &captures, None).unwrap();
        assert_eq!((found.begin.unwrap().at_ns, found.end.unwrap().at_ns), (9_000 * MS, 14_300 * MS));
        let between = found.between.unwrap();
        assert_eq!((between.allocated_bytes / MB, between.freed_bytes / MB), (1_000, 800));
        assert_eq!((between.cycles, between.cpu_share), (None, None), "the page does not tell them");
        // One of long ago says less of the beginning than one soon after it.
        let long_ago = GcBefore { reading: Some(reading(2_000, 300, 900)), ..GcBefore::default() };
        let found = facts(&long_ago, &[page(10_300, 320, 1_010), page(14_300, 500, 2_000)], None).unwrap();
        assert_eq!(found.begin.unwrap().at_ns, 10_300 * MS);
    }

    #[test]
    fn one_reading_is_no_interval_and_none_is_nothing() {
        let found = facts(&GcBefore::default(), &[page(11_500, 450, 1_400)], None).unwrap();
        assert!(found.begin.is_some() && found.end.is_none() && found.between.is_none());
        assert_eq!(facts(&GcBefore::default(), &[], None), None);
        let failed = Capture { state: CaptureState::Failed, ..page(11_500, 450, 1_400) };
        assert_eq!(facts(&GcBefore::default(), &[failed], None), None);
    }

    #[test]
    fn cycles_are_those_that_the_profiles_tell_apart() {
        let totals = HeapTotals { inuse_bytes: 0, ballast_bytes: 0, allocated_bytes: 900 * MB };
        let before = GcBefore { profile: Some((8 * SECOND, totals)), ..GcBefore::default() };
        let forced = Capture { after_gc: true, ..heap(13_500, 1_900) };
        let captures =
            [page(10_300, 300, 1_000), heap(10_500, 900), heap(11_500, 1_300), heap(13_000, 1_800), forced];
        let seen = facts(&before, &captures, None).unwrap().cycles_seen;
        assert_eq!(seen, Some(CyclesSeen { least: 2, from_ns: 8 * SECOND, to_ns: 13 * SECOND }));
        let one = [page(10_300, 300, 1_000), heap(10_500, 900)];
        assert_eq!(facts(&GcBefore::default(), &one, None).unwrap().cycles_seen, None);
    }

    #[test]
    fn marking_beside_the_work_is_held_against_the_wait_only_when_no_cpu_was_to_spare() {
        let captures = [recording(12_000, cpu(0.3, 100)), recording(13_000, cpu(0.2, 100))];
        let all = facts(&GcBefore::default(), &captures, Some(&busy(2, 8 * SECOND))).unwrap();
        assert_eq!(all.recordings, 2);
        let beside = all.beside.unwrap();
        assert!((beside.share - 0.25).abs() < 1e-9 && beside.at_most_ns == SECOND, "{beside:?}");
        let half = facts(&GcBefore::default(), &captures, Some(&busy(8, 8 * SECOND))).unwrap();
        assert_eq!(half.beside, None);
        assert!((half.cpu.unwrap().share - 0.25).abs() < 1e-9);
    }

    proptest! {
        /// What is there at the end is what was there, and came, and was not freed.
        #[test]
        fn what_was_allocated_is_there_or_freed(
            heap in 0u64..1 << 40, allocated in 0u64..1 << 40, freed in 0u64..1 << 40, before in 0u64..1 << 40,
        ) {
            let freed = freed.min(heap + allocated);
            let at = |at_ns, heap_bytes, allocated_bytes| {
                GcReading { at_ns, heap_bytes, allocated_bytes, counters: None }
            };
            let end = at(2, heap + allocated - freed, before + allocated);
            let found = GcInterval::between(&at(1, heap, before), &end, STARTED_UNIX_MS).unwrap();
            prop_assert_eq!((found.allocated_bytes, found.freed_bytes), (allocated, freed));
        }
    }
}
