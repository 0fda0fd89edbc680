//! How much of the CPU time of a profile went into garbage collection, by what the stacks say.

use serde::{Deserialize, Serialize};

use crate::heap::{HeapError, HeapIndex};
use crate::model::Ns;
use crate::wait::sampling_error;

/// CPU time of gopls that was recorded, and the parts of it that were the collector's.
///
/// The profiler looks at each running thread 100 times a second, so all of this is an estimate from samples.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
pub struct GcCpu {
    /// All CPU time that was recorded.
    pub cpu_ns: Ns,
    /// How many samples that are.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub samples: u64,
    /// Marking by workers that take a processor for it (`runtime.gcBgMarkWorker`): time that gopls's own work did not get.
    pub background_ns: Ns,
    /// Marking by the same workers on processors that nobody in gopls wanted: it cost the machine something, not the wait.
    pub idle_ns: Ns,
    /// Help that whoever allocated during a cycle had to give (`runtime.gcAssistAlloc`).
    pub assist_ns: Ns,
    /// Sweeping (`runtime.bgsweep`, and by who allocates).
    pub sweep_ns: Ns,
    /// Stopping and starting the program, write barriers.
    pub other_ns: Ns,
    /// All of these but the idle one, of all CPU time, 0 to 1.
    pub share: f64,
    /// How far that may be off either way by the sampling (95 %).
    pub error_share: f64,
}

/// By number: the classes that [`class_of`] tells.
const BACKGROUND: usize = 0;
const IDLE: usize = 1;
const ASSIST: usize = 2;
const SWEEP: usize = 3;
const OTHER: usize = 4;
const CLASSES: usize = 5;

/// What a function of the runtime says of a stack. The innermost one that says something counts: an idle worker is one of
/// `gcBgMarkWorker`, too.
fn class_of(function: &str) -> Option<usize> {
    let name = function.strip_prefix("runtime.")?;
    // Closures and the halves of a function that runs on the system's stack.
    let name = name.split(".func").next().unwrap_or(name);
    Some(match name {
        "gcDrainMarkWorkerIdle" => IDLE,
        "gcBgMarkWorker" => BACKGROUND,
        "gcAssistAlloc" | "gcAssistAlloc1" => ASSIST,
        "bgsweep" | "sweepone" | "deductSweepCredit" | "(*sweepLocked).sweep" => SWEEP,
        "gcStart" | "gcMarkDone" | "gcMarkTermination" | "gcSweep" | "gcWriteBarrier" | "wbBufFlush"
        | "_GC" => OTHER,
        _ => return None,
    })
}

impl GcCpu {
    /// Of a CPU profile.
    ///
    /// # Errors
    /// It is none.
    pub fn of(profile: &HeapIndex) -> Result<Self, HeapError> {
        let (parts, cpu) = profile.sums_by_class::<CLASSES>("cpu", class_of)?;
        let samples = profile.total(Some("samples"))?;
        let ns = |value: i64| Ns::try_from(value).unwrap_or(0);
        let whole = Self {
            cpu_ns: ns(cpu),
            samples: u64::try_from(samples).unwrap_or(0),
            background_ns: ns(parts[BACKGROUND]),
            idle_ns: ns(parts[IDLE]),
            assist_ns: ns(parts[ASSIST]),
            sweep_ns: ns(parts[SWEEP]),
            other_ns: ns(parts[OTHER]),
            ..Self::default()
        };
        Ok(whole.with_share())
    }

    /// Both recordings together.
    pub fn plus(&self, other: &Self) -> Self {
        let sum = |part: fn(&Self) -> u64| part(self).saturating_add(part(other));
        let whole = Self {
            cpu_ns: sum(|cpu| cpu.cpu_ns),
            samples: sum(|cpu| cpu.samples),
            background_ns: sum(|cpu| cpu.background_ns),
            idle_ns: sum(|cpu| cpu.idle_ns),
            assist_ns: sum(|cpu| cpu.assist_ns),
            sweep_ns: sum(|cpu| cpu.sweep_ns),
            other_ns: sum(|cpu| cpu.other_ns),
            ..Self::default()
        };
        whole.with_share()
    }

    /// What the collector took from gopls.
    pub fn gc_ns(&self) -> Ns {
        [self.background_ns, self.assist_ns, self.sweep_ns, self.other_ns].iter().sum()
    }

    fn with_share(self) -> Self {
        let share = self.part(self.gc_ns());
        let samples = usize::try_from(self.samples).unwrap_or(usize::MAX);
        Self { share, error_share: sampling_error(share, samples), ..self }
    }

    /// A part of the CPU time, 0 to 1.
    pub fn part(&self, part_ns: Ns) -> f64 {
        if self.cpu_ns == 0 { 0.0 } else { (part_ns as f64 / self.cpu_ns as f64).min(1.0) }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Recorded CPU time with this share of it in background marking, from `samples` samples of 10 ms.
    pub fn cpu(share: f64, samples: u64) -> GcCpu {
        let cpu_ns = samples * 10_000_000;
        let whole =
            GcCpu { cpu_ns, samples, background_ns: (cpu_ns as f64 * share) as Ns, ..GcCpu::default() };
        whole.with_share()
    }

    #[test]
    fn the_innermost_function_that_says_something_tells_what_a_stack_is() {
        let of = |stack: &[&str]| stack.iter().find_map(|function| class_of(function));
        let worker = ["runtime.scanobject", "runtime.gcDrain"];
        let tail = ["runtime.gcBgMarkWorker.func2", "runtime.systemstack", "runtime.gcBgMarkWorker"];
        let with = |mode: &'static str| [&worker[..], &[mode], &tail[..]].concat();
        assert_eq!(of(&with("runtime.gcDrainMarkWorkerDedicated")), Some(BACKGROUND));
        assert_eq!(of(&with("runtime.gcDrainMarkWorkerIdle")), Some(IDLE));
        let assist = ["runtime.gcDrainN", "runtime.gcAssistAlloc1", "runtime.gcAssistAlloc.func2"];
        assert_eq!(of(&[&assist[..], &["runtime.mallocgc", "go/types.New"]].concat()), Some(ASSIST));
        assert_eq!(of(&["runtime.(*sweepLocked).sweep", "runtime.mallocgc"]), Some(SWEEP));
        assert_eq!(of(&["runtime.mallocgc", "go/parser.ParseFile"]), None, "allocating is no collecting");
        assert_eq!(of(&["example.test/runtime.gcStart"]), None);
    }

    #[test]
    fn recordings_add_up_and_more_of_them_are_surer() {
        let one = cpu(0.3, 100);
        let both = one.plus(&cpu(0.1, 100));
        assert!((both.share - 0.2).abs() < 1e-9 && both.samples == 200);
        assert!(both.error_share < one.error_share && both.error_share > 0.01);
        assert_eq!(GcCpu::default().plus(&GcCpu::default()).share, 0.0);
    }
}
