//! Whether a program has done anything since it was looked at: what it has not touched meanwhile need not be copied while it stands
//! still.
//!
//! A thread that sleeps in a system call changes nothing. It has slept on when the kernel has not had it run since, or only to stop
//! it: then it is still at the same place of the same call.

use crate::image::ThreadState;

use super::pause::place;
use super::process::{Process, Stat, text};

/// A thread that sleeps in a system call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Sleeper {
    tid: u32,
    /// How often it has gone to sleep so far.
    sleeps: u64,
    sp: u64,
    pc: u64,
}

/// All threads of a program, none of which did anything.
#[derive(Debug, PartialEq, Eq)]
pub struct Asleep(Vec<Sleeper>);

impl Asleep {
    /// None when one of the threads runs, wants to, or cannot be told.
    pub fn look(process: &Process) -> Option<Self> {
        let pid = process.pid;
        let mut threads = process.threads().ok()?;
        threads.sort_unstable();
        let sleepers: Option<Vec<Sleeper>> = threads.into_iter().map(|tid| sleeper(pid, tid)).collect();
        sleepers.filter(|sleepers| !sleepers.is_empty()).map(Self)
    }

    /// Whether all of them have slept on until now.
    pub fn sleeps_on(&self, process: &Process) -> bool {
        Self::look(process).as_ref() == Some(self)
    }

    /// The same once the program has been stopped: that wakes each thread, which then stands still without having left its call.
    pub fn slept_on(&self, process: &Process, threads: &[ThreadState]) -> bool {
        let mut now: Vec<&ThreadState> = threads.iter().collect();
        now.sort_unstable_by_key(|thread| thread.tid);
        now.len() == self.0.len()
            && self.0.iter().zip(now).all(|(before, now)| {
                let sleeps = sleeps(process.pid, before.tid);
                before.tid == now.tid
                    && !now.computing
                    && before.sp == now.sp
                    && is_same_call(before.pc, now.pc)
                    && sleeps.is_some_and(|sleeps| sleeps <= before.sleeps + 1)
            })
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
