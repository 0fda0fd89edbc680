//! The pause: a program stands still, and goes on whatever happens.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::capture::refusal::Refusal;
use crate::image::ThreadState;

use super::process::{Process, Stat, gone_or, text};
use super::raw;
use super::watchdog::Watchdog;

/// How much longer than the bound it stands still when only the watchdog is left.
pub const GRACE: Duration = Duration::from_millis(250);
/// Between two looks at whether all threads have stopped.
const LOOK: Duration = Duration::from_micros(100);
/// What registers are worth of the pause, as a part of the longest: some tens of microseconds were seen for a thread.
const REGISTERS_PART: u32 = 25;

/// `svc #0` of 64-bit ARM, which system calls are made with.
const SUPERVISOR_CALL: [u8; 4] = [0x01, 0x00, 0x00, 0xd4];

/// A watchdog that is ready.
pub struct Ready<'a> {
    process: &'a Process,
    watchdog: Watchdog,
    bound: Duration,
}

/// A program that stands still. It goes on when this is dropped.
pub struct Pause<'a> {
    process: &'a Process,
    watchdog: Option<Watchdog>,
    began: Instant,
    bound: Duration,
}

impl<'a> Ready<'a> {
    /// Starts the watchdog.
    pub fn new(helper: &Path, process: &'a Process, bound: Duration) -> Result<Self, Refusal> {
        let watchdog = Watchdog::start(helper, process, bound + GRACE)?;
        Ok(Self { process, watchdog, bound })
    }

    /// Tells the watchdog and stops the program. Its threads still have to come to rest: [`Pause::rest`].
    pub fn stop(mut self) -> Result<Pause<'a>, Refusal> {
        self.watchdog.announce()?;
        let began = Instant::now();
        let pause = Pause { process: self.process, watchdog: Some(self.watchdog), began, bound: self.bound };
        self.process.stop().map_err(|error| match error {
            rustix::io::Errno::SRCH => Refusal::Gone { pid: self.process.pid },
            error => Refusal::Forbidden { error: error.to_string() },
        })?;
        Ok(pause)
    }
}

impl Pause<'_> {
    /// Waits until all threads stand still, and says where, and what those that computed have in their registers.
    pub fn rest(&mut self) -> Result<Vec<ThreadState>, Refusal> {
        let threads = self.all_still()?;
        let mut threads: Vec<ThreadState> = threads.into_iter().map(|tid| self.thread(tid)).collect();
        let computing: Vec<u32> =
            threads.iter().filter(|thread| thread.computing).map(|thread| thread.tid).collect();
        if let Some(watchdog) = self.watchdog.as_mut().filter(|_| !computing.is_empty()) {
            let left = self.bound.saturating_sub(self.began.elapsed());
            let mut registers = watchdog.registers(&computing, left.min(self.bound / REGISTERS_PART));
            for thread in &mut threads {
                thread.registers = registers.remove(&thread.tid).unwrap_or_default();
            }
            // They were held for a moment.
            self.all_still()?;
        }
        Ok(threads)
    }

    fn all_still(&self) -> Result<Vec<u32>, Refusal> {
        let pid = self.process.pid;
        loop {
            let threads = self.process.threads().map_err(|error| gone_or(pid, &error))?;
            let moving = threads.iter().any(|tid| match Stat::of(&format!("{pid}/task/{tid}")) {
                Ok(stat) => stat.state != 'T' && !stat.has_ended(),
                // It has ended meanwhile.
                Err(_) => false,
            });
            if !moving {
                return Ok(threads);
            }
            if self.process.is_ending() {
                return Err(Refusal::Gone { pid });
            }
            if self.began.elapsed() > self.bound {
                return Err(Refusal::NotStopped { bound_ns: nanoseconds(self.bound) });
            }
            std::thread::sleep(LOOK);
        }
    }

    fn thread(&self, tid: u32) -> ThreadState {
        let told = text(&format!("/proc/{}/task/{tid}/syscall", self.process.pid)).unwrap_or_default();
        let (sp, pc) = place(&told).unwrap_or((0, 0));
        let computing = told.starts_with("-1 ") && !self.calls(pc);
        ThreadState { tid, sp, pc, computing, registers: Vec::new() }
    }

    /// Whether a thread is in a system call though the kernel says that it is in none: on 64-bit ARM, where the number is forgotten as the
    /// thread is stopped. The instruction is still there: behind it, or before it when the call is to be made again.
    fn calls(&self, pc: u64) -> bool {
        if !cfg!(target_arch = "aarch64") {
            return false;
        }
        let mut code = [0; 8];
        let around = [(pc.wrapping_sub(4), code.len() as u64)];
        let read = i32::try_from(self.process.pid).map(|pid| raw::read_process(pid, &around, &mut code));
        matches!(read, Ok(Ok(8))) && code.chunks_exact(4).any(|instruction| instruction == SUPERVISOR_CALL)
    }

    /// Whether there is time left, and the watchdog is there. To be asked again and again.
    pub fn check(&self) -> Result<(), Over> {
        if self.began.elapsed() > self.bound {
            return Err(Over::Time);
        }
        if !self.watchdog.as_ref().is_some_and(Watchdog::is_there) {
            return Err(Over::Watchdog);
        }
        Ok(())
    }

    /// How long it has lasted.
    pub fn so_far(&self) -> Duration {
        self.began.elapsed()
    }

    /// Lets the program go on; how long it stood still. Fails when it has not stood still all the time.
    pub fn end(mut self) -> Result<Duration, Refusal> {
        let state = self.process.stat().map(|stat| stat.state);
        let went_on = self.process.go_on();
        let lasted = self.began.elapsed();
        if let Some(watchdog) = self.watchdog.take() {
            watchdog.dismiss();
        }
        match (state, went_on) {
            (Ok('T'), Ok(())) => Ok(lasted),
            _ if self.process.is_ending() => Err(Refusal::Gone { pid: self.process.pid }),
            _ => Err(Refusal::Disturbed),
        }
    }
}

impl Drop for Pause<'_> {
    fn drop(&mut self) {
        if self.watchdog.is_some() {
            let _ = self.process.go_on();
        }
    }
}

/// Why a pause has to end early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Over {
    /// It has lasted as long as it may.
    Time,
    /// Nobody would let the program go on if this process ended now.
    Watchdog,
}

/// Where a thread's stack ends and what it executes next, from `/proc/PID/task/TID/syscall`: the last two numbers, whether
/// it is in a system call or in its own code.
pub fn place(told: &str) -> Option<(u64, u64)> {
    let mut words = told.split_ascii_whitespace().rev();
    let mut number = || u64::from_str_radix(words.next()?.strip_prefix("0x")?, 16).ok();
    let pc = number()?;
    Some((number()?, pc))
}

/// As a number.
pub fn nanoseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_is_found_in_a_call_and_outside_of_one() {
        let call = "202 0x1bc6a60 0x80 0x0 0x0 0x0 0x0 0x7fff2a58a4f8 0x47f4a3\n";
        assert_eq!(place(call), Some((0x7fff_2a58_a4f8, 0x47_f4a3)));
        assert_eq!(place("-1 0xc000012ab8 0x46e2d1\n"), Some((0xc0_0001_2ab8, 0x46_e2d1)));
        assert_eq!(place("running\n"), None);
        assert_eq!(place(""), None);
    }
}
