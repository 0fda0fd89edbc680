//! Whether a program has done anything since it was looked at: what it has not touched meanwhile need not be copied while it stands
//! still.
//!
//! What changes in a heap, a goroutine has done, and the runtime counts how often each has run. One that is in a system call leaves it
//! without being counted; its thread then no longer sleeps. A thread has slept on when the kernel has not had it run since, or only to
//! stop it: then it is still at the same place of the same call.

use std::time::Duration;

use crate::capture::plan::Piece;
use crate::image::ThreadState;
use crate::runtime::goroutines::stack_of;
use crate::runtime::layout::Layout;
use crate::runtime::runs::{Ran, Runs};

use super::pause::place;
use super::process::{Stat, text};
use super::target::Target;

/// Between two looks at a program that is copied, or waited for.
pub const LOOK: Duration = Duration::from_millis(20);

/// A thread that sleeps in a system call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Sleeper {
    tid: u32,
    /// How often it has gone to sleep so far.
    sleeps: u64,
    sp: u64,
    pc: u64,
}

/// A program in which no goroutine runs.
pub struct Asleep {
    runs: Runs,
    sleepers: Vec<Sleeper>,
}

impl Asleep {
    /// None when one of its goroutines runs, may at once, or that cannot be told.
    pub fn look(target: &Target) -> Option<Self> {
        let runs = Runs::read(&target.reader, &target.layout, target.bias)?;
        let sleepers: Option<_> = runs.in_calls.iter().map(|tid| sleeper(target.process.pid, *tid)).collect();
        Some(Self { sleepers: sleepers?, runs })
    }

    /// Whether none has run since, but to keep house.
    pub fn sleeps_on(&self, target: &Target) -> bool {
        let now = Self::look(target);
        now.is_some_and(|now| now.sleepers == self.sleepers && self.kept_house(&now.runs, target).is_some())
    }

    /// The same of a program that has been stopped, which wakes each of its threads: they stand still without having left their call.
    /// What those that kept house may have changed: pieces of memory.
    pub fn slept_on(&self, target: &Target, threads: &[ThreadState]) -> Option<Vec<Piece>> {
        let Target { reader, layout, bias, .. } = target;
        let in_call = |sleeper: &Sleeper| {
            let now = threads.iter().find(|thread| thread.tid == sleeper.tid)?;
            let sleeps = sleeps(target.process.pid, sleeper.tid)?;
            let stays = !now.computing && now.sp == sleeper.sp && is_same_call(sleeper.pc, now.pc);
            (stays && sleeps <= sleeper.sleeps + 1).then_some(())
        };
        self.sleepers.iter().try_for_each(in_call)?;
        let ran = self.kept_house(&Runs::read(reader, layout, *bias)?, target)?;
        let mut changed = Vec::new();
        for Ran { address, .. } in ran {
            let (low, high) = stack_of(reader, layout, address)?;
            changed.extend([(address, u64::from(layout.goroutine.size)), (low, high - low)]);
        }
        Some(changed)
    }

    /// Those that have run since, if they do nothing but that.
    fn kept_house(&self, now: &Runs, target: &Target) -> Option<Vec<Ran>> {
        let Target { layout: Layout { counts, .. }, bias, .. } = target;
        let housekeeping = counts.as_ref()?.housekeeping;
        let ran = now.since(&self.runs)?;
        let keeps_house = |ran: &Ran| housekeeping.contains(&Some(ran.start_pc.wrapping_sub(*bias)));
        ran.iter().all(keeps_house).then_some(ran)
    }
}

/// On 64-bit ARM a call that is to be made again once the thread goes on begins with its instruction.
fn is_same_call(before: u64, now: u64) -> bool {
    const INSTRUCTION_BYTES: u64 = 4;
    now == before || (cfg!(target_arch = "aarch64") && now == before.wrapping_sub(INSTRUCTION_BYTES))
}

fn sleeper(pid: u32, tid: u32) -> Option<Sleeper> {
    let before = sleeps(pid, tid)?;
    let told = text(&format!("/proc/{pid}/task/{tid}/syscall")).ok()?;
    let (sp, pc) = place(&told)?;
    let stat = Stat::of(&format!("{pid}/task/{tid}")).ok()?;
    // What was told belongs together only when it has not run in between.
    let is_one_sleep = stat.state == 'S' && sleeps(pid, tid)? == before;
    (is_one_sleep && !told.starts_with('-')).then_some(Sleeper { tid, sleeps: before, sp, pc })
}

/// How often a thread has let go of its processor by itself.
fn sleeps(pid: u32, tid: u32) -> Option<u64> {
    let status = text(&format!("/proc/{pid}/task/{tid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:"))?;
    line.trim().parse().ok()
}
