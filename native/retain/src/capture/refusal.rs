//! Why the heap of a program cannot be read, and what to do about it.

use serde::{Deserialize, Serialize};

/// Why the heap of a program is not read. All of this is known before anything is done to the program, except for
/// [`Refusal::OutOfTime`], [`Refusal::NotStopped`], [`Refusal::Disturbed`] and [`Refusal::WatchdogLost`]: it goes on by then.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(tag = "why", rename_all = "kebab-case", rename_all_fields = "snake_case")]
pub enum Refusal {
    /// Another operating system.
    #[error("the memory of another process can be read on Linux only; this is {system}")]
    NotLinux {
        /// Which one, as Rust calls it: `macos`, `windows`.
        system: String,
    },
    /// No such process any more.
    #[error("process {pid} has ended")]
    Gone {
        /// Its number.
        pid: u32,
    },
    /// The number belongs to another process by now.
    #[error("process {pid} is another one by now: the one that was meant has ended")]
    AnotherProcess {
        /// Its number.
        pid: u32,
    },
    /// Not one that this process has started.
    #[error("process {pid} was not started from here")]
    NotOurs {
        /// Its number.
        pid: u32,
    },
    /// Belongs to another user.
    #[error("process {pid} belongs to another user")]
    OtherUser {
        /// Its number.
        pid: u32,
    },
    /// `/proc` does not say what it has to.
    #[error("what the system says of process {pid} cannot be read: {error}")]
    Unreadable {
        /// Its number.
        pid: u32,
        /// What the system said.
        error: String,
    },
    /// Not an ELF file, or one without the signs of Go.
    #[error("it is not a Go program")]
    NotGo,
    /// Without debug information.
    #[error("the executable has no debug information")]
    Stripped,
    /// Debug information that cannot be read.
    #[error("the executable's debug information cannot be read: {error}")]
    DamagedSymbols {
        /// What is wrong with it.
        error: String,
    },
    /// A processor that is not understood, or another one than this program was built for.
    #[error("it is built for {architecture}")]
    Architecture {
        /// Which one.
        architecture: String,
    },
    /// The runtime of this Go version is not known.
    #[error("{missing}")]
    UnknownLayout {
        /// The first name that was looked for in vain, in a sentence.
        missing: String,
    },
    /// Somebody else has stopped it.
    #[error("it is stopped already, by somebody else")]
    AlreadyStopped,
    /// A debugger holds it.
    #[error("process {tracer} is debugging it")]
    Debugged {
        /// The debugger.
        tracer: u32,
    },
    /// The security module Yama does not allow it.
    #[error("the system allows nobody but {allowed} to read it (Yama scope {scope})", allowed = allowed_by(*.scope))]
    Yama {
        /// `/proc/sys/kernel/yama/ptrace_scope`.
        scope: u8,
    },
    /// Something else does not: a container's profile, missing capabilities, a program that does not want to be read.
    #[error("the system does not allow reading its memory: {error}")]
    Forbidden {
        /// What the system said.
        error: String,
    },
    /// The program's own wish, or that of whoever installed it.
    #[error(
        "process {pid} keeps its memory from its own user: its file may not be read, or it has asked for that"
    )]
    Undumpable {
        /// Its number.
        pid: u32,
    },
    /// A kernel without the calls for this, or a container's profile that is older than they are.
    #[error("the kernel is too old: {call} is missing")]
    OldKernel {
        /// Which call.
        call: String,
    },
    /// Not enough memory for the copy and the analysis.
    #[error("this needs {} MB of memory, and {} MB are free {place}", megabytes(*.needed_bytes), megabytes(*.free_bytes))]
    Memory {
        /// What the copy and its analysis need together at most.
        needed_bytes: u64,
        /// What may be used.
        free_bytes: u64,
        /// Who sets the limit.
        place: Limit,
    },
    /// The system gives no memory for a copy, however much there is.
    #[error("no memory can be had for the copy: {error}")]
    NoRoom {
        /// What the system said.
        error: String,
    },
    /// The heap is too large for the bound on the pause.
    #[error(
        "its heap is too large to be copied within {} ms: {} of {} MB were copied, all would have taken about {} ms",
        .bound_ns / 1_000_000, megabytes(*.copied_bytes), megabytes(*.planned_bytes), .estimated_ns / 1_000_000
    )]
    OutOfTime {
        /// The bound.
        bound_ns: u64,
        /// How long it was stopped.
        pause_ns: u64,
        /// What was copied.
        copied_bytes: u64,
        /// What was to be copied.
        planned_bytes: u64,
        /// How long all of it would have taken, at the same speed.
        estimated_ns: u64,
    },
    /// Not all of its threads stopped in time: one waits for a disk, for example, or for a processor.
    #[error("not all of its threads stopped within {} ms", .bound_ns / 1_000_000)]
    NotStopped {
        /// The bound.
        bound_ns: u64,
    },
    /// Somebody let it go on while it was copied.
    #[error("it was let go on by somebody else while it was copied")]
    Disturbed,
    /// The watchdog does not start, or has ended.
    #[error("the process that would let it go on in an emergency is not there: {error}")]
    WatchdogLost {
        /// What is known of it.
        error: String,
    },
}

/// Who sets a limit on memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Limit {
    /// The memory of the machine.
    Machine,
    /// The cgroup: a container, a user's slice, a service.
    Cgroup,
    /// The limits of this process.
    Process,
    /// The setting.
    Setting,
}

impl std::fmt::Display for Limit {
    fn fmt(&self, to: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        to.write_str(match self {
            Self::Machine => "on this machine",
            Self::Cgroup => "in this container or control group",
            Self::Process => "within the limits of this process",
            Self::Setting => "by the setting for it",
        })
    }
}

impl Refusal {
    /// What to do about it, as a sentence or two.
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::NotLinux { .. } => {
                "Do this where gopls runs on Linux: in a container, in WSL, or over a remote connection."
            }
            Self::Gone { .. } | Self::AnotherProcess { .. } => "Try again with the process that runs now.",
            Self::NotOurs { .. } => {
                "Only a gopls that this window has started is read. For another one, use `stallscope retain --pid` in a terminal."
            }
            Self::OtherUser { .. } => "Run the command as that user, or as root.",
            Self::Unreadable { .. } => {
                "Look whether /proc is mounted, and without `hidepid`; or run the command as root."
            }
            Self::NotGo => "Give the number of the Go program itself, not that of a script that started it.",
            Self::Stripped => {
                "It was built with `-ldflags=-w` or `-s`, or stripped afterwards. Install it without that: \
                 `go install golang.org/x/tools/gopls@latest`."
            }
            Self::DamagedSymbols { .. } => "Install the program again.",
            Self::Architecture { .. } => {
                "Only 64-bit x86 and ARM are understood, and only by a build for the same processor."
            }
            Self::UnknownLayout { .. } => {
                "Build it with a Go version that is known here (1.22 and later), or use a newer version of this tool."
            }
            Self::AlreadyStopped => "Let it go on first: `kill -CONT` and its number.",
            Self::Debugged { .. } => "End the debugger first.",
            Self::Yama { scope: ..=1 } => {
                "Ask from the editor that started it, run the command as root, or set `kernel.yama.ptrace_scope` to 0 with sysctl."
            }
            Self::Yama { scope: 2 } => {
                "Run the command as root, or have an administrator set `kernel.yama.ptrace_scope` to 1."
            }
            Self::Yama { .. } => {
                "An administrator can change this only by restarting the machine with another setting of Yama."
            }
            Self::Forbidden { .. } => {
                "In a container, allow `SYS_PTRACE` (docker run --cap-add=SYS_PTRACE), or run the command outside of it as root."
            }
            Self::Undumpable { .. } => "Run the command as root.",
            Self::OldKernel { .. } => {
                "Linux 5.3 or later is needed, and in a container a profile (seccomp) that is no older."
            }
            Self::Memory { place: Limit::Machine, .. } => {
                "End other programs, or try again when gopls has less in memory."
            }
            Self::Memory { place: Limit::Cgroup, .. } => "Give the container or control group more memory.",
            Self::Memory { place: Limit::Process, .. } => {
                "Raise them: `ulimit -v` and `ulimit -f` tell what they are."
            }
            Self::Memory { place: Limit::Setting, .. } => {
                "Raise the setting if the machine has more to give."
            }
            Self::NoRoom { .. } => {
                "In a container, have its profile (seccomp) allow `memfd_create`; elsewhere raise the limits of this process \
                 (`ulimit -v`)."
            }
            Self::OutOfTime { .. } => "Raise the bound on the pause if gopls may stand still for that long.",
            Self::NotStopped { .. } => "Try again when the machine, or the disk it reads from, is less busy.",
            Self::Disturbed => "Try again.",
            Self::WatchdogLost { .. } => {
                "Try again; if that does not help, install Stallscope again, where programs may be executed and started."
            }
        }
    }
}

fn allowed_by(scope: u8) -> &'static str {
    match scope {
        0 | 1 => "a process it descends from",
        2 => "an administrator",
        _ => "the kernel itself",
    }
}

fn megabytes(bytes: u64) -> u64 {
    bytes.div_ceil(1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_data_and_a_sentence() {
        let refusal =
            Refusal::Memory { needed_bytes: 2_100_000_000, free_bytes: 900_000_000, place: Limit::Cgroup };
        assert_eq!(
            refusal.to_string(),
            "this needs 2100 MB of memory, and 900 MB are free in this container or control group"
        );
        let json = serde_json::to_value(&refusal).expect("plain data");
        assert_eq!(json["why"], "memory");
        assert_eq!(json["needed_bytes"], 2_100_000_000_u64);
        assert_eq!(json["place"], "cgroup");
        assert_eq!(serde_json::from_value::<Refusal>(json).expect("what was written"), refusal);
    }

    #[test]
    fn how_far_it_came_is_said() {
        let refusal = Refusal::OutOfTime {
            bound_ns: 500_000_000,
            pause_ns: 503_000_000,
            copied_bytes: 1_000_000_000,
            planned_bytes: 3_000_000_000,
            estimated_ns: 1_500_000_000,
        };
        assert_eq!(
            refusal.to_string(),
            "its heap is too large to be copied within 500 ms: 1000 of 3000 MB were copied, all would have taken about 1500 ms"
        );
    }

    #[test]
    fn each_scope_of_yama_says_who_may() {
        let said: Vec<_> = (1..=3).map(|scope| Refusal::Yama { scope }.to_string()).collect();
        assert!(said[0].contains("descends"), "{said:?}");
        assert!(said[1].contains("administrator"), "{said:?}");
        assert!(said[2].contains("kernel itself"), "{said:?}");
        assert_ne!(Refusal::Yama { scope: 1 }.remedy(), Refusal::Yama { scope: 2 }.remedy());
        assert_ne!(Refusal::Yama { scope: 2 }.remedy(), Refusal::Yama { scope: 3 }.remedy());
    }
}
