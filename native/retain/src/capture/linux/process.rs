//! What Linux says of a process, and which process it is.

use std::fs::File;
use std::io::Read as _;
use std::os::fd::{AsFd as _, OwnedFd};

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, Signal};

use crate::capture::refusal::Refusal;

/// Files in `/proc` that are read here are far shorter, but for `cgroup`.
const MOST_TEXT_BYTES: u64 = 1 << 20;
/// Processes are nested less deep than this.
const MOST_ANCESTORS: usize = 256;

/// A text file of `/proc` or `/sys`, up to a megabyte.
pub fn text(path: &str) -> std::io::Result<String> {
    let mut bytes = Vec::new();
    File::open(path)?.take(MOST_TEXT_BYTES).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// What `/proc/PID/stat` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stat {
    /// One letter: `T` is stopped, `t` stopped by a debugger, `Z` has ended.
    pub state: char,
    /// The process that started it, or took it over.
    pub parent: u32,
    /// What it has used of processors so far, in clock ticks.
    pub cpu_ticks: u64,
    /// When it started, in clock ticks since the machine did.
    pub start_time: u64,
}

impl Stat {
    /// Of a process or, with `PID/task/TID`, of a thread.
    pub fn of(process: &str) -> std::io::Result<Self> {
        let stat = text(&format!("/proc/{process}/stat"))?;
        Self::parse(&stat).ok_or_else(|| std::io::ErrorKind::InvalidData.into())
    }

    fn parse(stat: &str) -> Option<Self> {
        // The name stands in brackets and may have any character in it.
        let mut fields = stat.rsplit_once(')')?.1.split_ascii_whitespace();
        let state = fields.next()?.chars().next()?;
        let parent = fields.next()?.parse().ok()?;
        let ticks: [u64; 2] = [fields.nth(9)?.parse().ok()?, fields.next()?.parse().ok()?];
        let start_time = fields.nth(6)?.parse().ok()?;
        Some(Self { state, parent, cpu_ticks: ticks[0].saturating_add(ticks[1]), start_time })
    }

    /// Whether it has ended, but for its entry.
    pub fn has_ended(self) -> bool {
        matches!(self.state, 'Z' | 'X' | 'x')
    }
}

/// When a process started, in clock ticks since the machine did.
pub fn start_time(pid: u32) -> Result<u64, Refusal> {
    let error = match Stat::of(&pid.to_string()) {
        Ok(stat) => return Ok(stat.start_time),
        Err(error) => error,
    };
    // `/proc` may be missing, or hide what belongs to others (`hidepid`): that it says nothing of a process is not its end.
    let number = i32::try_from(pid).ok().and_then(Pid::from_raw);
    match number.map(|number| rustix::process::pidfd_open(number, PidfdFlags::empty())) {
        Some(Ok(_)) => Err(Refusal::Unreadable { pid, error: error.to_string() }),
        _ => Err(gone_or(pid, &error)),
    }
}

/// A process that cannot be confused with another, whatever its number is used for later.
pub struct Process {
    /// Its number.
    pub pid: u32,
    /// When it started, in clock ticks since the machine did.
    pub start_time: u64,
    handle: OwnedFd,
}

impl Process {
    /// The process of this number that started at this time.
    pub fn open(pid: u32, start_time: u64) -> Result<Self, Refusal> {
        let number = i32::try_from(pid).ok().and_then(Pid::from_raw).ok_or(Refusal::Gone { pid })?;
        let handle =
            rustix::process::pidfd_open(number, PidfdFlags::empty()).map_err(|error| match error {
                Errno::SRCH => Refusal::Gone { pid },
                Errno::NOSYS => Refusal::OldKernel { call: "pidfd_open".to_owned() },
                Errno::PERM => Refusal::Forbidden { error: error.to_string() },
                error => Refusal::Unreadable { pid, error: error.to_string() },
            })?;
        // Looked at after the handle was made: from here on it is the same process or none.
        let process = Self { pid, start_time, handle };
        let stat = process.stat().map_err(|error| gone_or(pid, &error))?;
        if stat.start_time != start_time {
            return Err(Refusal::AnotherProcess { pid });
        }
        if stat.has_ended() || process.has_ended() {
            return Err(Refusal::Gone { pid });
        }
        Ok(process)
    }

    /// What `/proc` says of it now.
    pub fn stat(&self) -> std::io::Result<Stat> {
        Stat::of(&self.pid.to_string())
    }

    /// Whether it has ended.
    pub fn has_ended(&self) -> bool {
        let mut handles = [PollFd::from_borrowed_fd(self.handle.as_fd(), PollFlags::IN)];
        rustix::event::poll(&mut handles, Some(&Timespec::default())).is_ok_and(|ended| ended > 0)
    }

    /// Whether it has ended or is about to: its memory goes before its last thread.
    pub fn is_ending(&self) -> bool {
        self.has_ended() || self.stat().is_ok_and(|stat| stat.has_ended())
    }

    /// Has it stop; its threads do so one after the other.
    pub fn stop(&self) -> rustix::io::Result<()> {
        rustix::process::pidfd_send_signal(&self.handle, Signal::STOP)
    }

    /// Lets it go on. Nothing happens to one that is not stopped, except that a stop that is on its way is called off.
    pub fn go_on(&self) -> rustix::io::Result<()> {
        rustix::process::pidfd_send_signal(&self.handle, Signal::CONT)
    }

    /// The numbers of its threads.
    pub fn threads(&self) -> std::io::Result<Vec<u32>> {
        let entries = std::fs::read_dir(format!("/proc/{}/task", self.pid))?;
        Ok(entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok()).collect())
    }

    /// Whether a process descends from another.
    pub fn descends_from(&self, ancestor: u32) -> bool {
        let mut at = self.pid;
        for _ in 0..MOST_ANCESTORS {
            match Stat::of(&at.to_string()) {
                Ok(Stat { parent, .. }) if parent == ancestor => return true,
                Ok(Stat { parent, .. }) if parent > 1 => at = parent,
                _ => return false,
            }
        }
        false
    }
}

/// What it means that something of `/proc/PID` is not there.
pub fn gone_or(pid: u32, error: &std::io::Error) -> Refusal {
    match error.raw_os_error() {
        Some(libc::ENOENT | libc::ESRCH) => Refusal::Gone { pid },
        _ => Refusal::Unreadable { pid, error: error.to_string() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_may_look_like_anything() {
        let stat = "42 (a) S 1 (x) T 7 1 1 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 99887 1 2 3";
        assert_eq!(Stat::parse(stat), Some(Stat { state: 'T', parent: 7, cpu_ticks: 11, start_time: 99887 }));
        assert_eq!(Stat::parse("42 (a) T 7"), None);
        assert_eq!(Stat::parse(""), None);
    }

    #[test]
    fn only_the_process_that_was_meant_is_opened() {
        let own = std::process::id();
        let stat = Stat::of("self").expect("this is Linux");
        let process = Process::open(own, stat.start_time).expect("this process runs");
        assert!(!process.has_ended());
        assert!(process.descends_from(stat.parent));
        assert!(!process.descends_from(own), "nobody descends from itself");
        assert_eq!(Process::open(own, stat.start_time + 1).err(), Some(Refusal::AnotherProcess { pid: own }));
        assert_eq!(Process::open(u32::MAX, 0).err(), Some(Refusal::Gone { pid: u32::MAX }));
    }

    #[test]
    fn one_that_has_ended_is_not_opened() {
        let mut child = std::process::Command::new("true").spawn().expect("every system has it");
        let pid = child.id();
        let start_time = Stat::of(&pid.to_string()).expect("not waited for yet").start_time;
        assert_eq!(super::start_time(pid), Ok(start_time));
        while !Stat::of(&pid.to_string()).expect("not waited for yet").has_ended() {
            std::thread::yield_now();
        }
        assert_eq!(Process::open(pid, start_time).err(), Some(Refusal::Gone { pid }));
        child.wait().expect("it is ours");
        assert_eq!(super::start_time(pid), Err(Refusal::Gone { pid }));
        assert_eq!(Process::open(pid, start_time).err(), Some(Refusal::Gone { pid }));
    }
}
