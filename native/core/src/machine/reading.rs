//! One look at the machine.

use crate::model::{Bytes, Ns};

/// What was read at one moment. Counters count since some start of their own: only differences mean something.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct MachineReading {
    /// When.
    pub at_ns: Ns,
    /// CPUs that gopls may run on.
    pub cpus: Option<u32>,
    /// Tasks that ran or wanted to, over the last minute.
    pub load_average: Option<f64>,
    /// Whether a signal (or a debugger) had stopped gopls.
    pub stopped: Option<bool>,
    /// Time on a CPU of all threads of gopls.
    pub on_cpu_ns: Option<Ns>,
    /// The time in which they could have run, but waited for a CPU.
    pub run_delay_ns: Option<Ns>,
    /// The same two of the `go` commands it runs, and has run since the first look.
    pub commands_on_cpu_ns: Option<Ns>,
    /// See above.
    pub commands_run_delay_ns: Option<Ns>,
    /// Page faults of gopls that had to read.
    pub major_faults: Option<u64>,
    /// What of gopls is swapped out.
    pub swap_bytes: Option<Bytes>,
    /// Time in which some task waited for a CPU; of gopls's cgroup if that tells, else of the machine. In both cases, as below.
    pub cpu_pressure_ns: Option<Ns>,
    /// … for memory: for reclaim, or for a page that was swapped out.
    pub memory_pressure_ns: Option<Ns>,
    /// … for a disk.
    pub io_pressure_ns: Option<Ns>,
    /// gopls's cgroup.
    pub cgroup: CgroupReading,
    /// `go` commands that it was running.
    pub commands: Vec<RunningCommand>,
}

/// What a cgroup (version 2) says; nothing where there is none.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct CgroupReading {
    /// The tightest limit on the way up.
    pub memory_max_bytes: Option<Bytes>,
    /// What is used of it.
    pub memory_bytes: Option<Bytes>,
    /// The tightest limit of CPUs on the way up.
    pub cpu_limit: Option<f64>,
    /// How long it was kept from running for that limit.
    pub throttled_ns: Option<Ns>,
}

/// A `go` command that runs.
#[derive(Debug, Clone, PartialEq)]
pub struct RunningCommand {
    /// Process id.
    pub pid: u32,
    /// Its command line, shortened.
    pub line: String,
    /// Time on a CPU so far; absent where the kernel does not tell.
    pub cpu_ns: Option<Ns>,
    /// How long ago it was started, to a clock tick (10 ms); absent where the kernel does not tell.
    pub age_ns: Option<Ns>,
}

/// How often the OOM killer has killed something.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OomKillCounts {
    /// In gopls's cgroup (version 2).
    pub in_cgroup: Option<u64>,
    /// On the machine.
    pub on_machine: Option<u64>,
}

/// How the OOM killer is known to have struck while gopls went away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OomKill {
    /// It killed something in gopls's cgroup.
    InCgroup,
    /// It killed something on this machine; whether that was gopls is not told.
    OnMachine,
}

impl OomKillCounts {
    /// What was killed between two looks, the later one after gopls has ended.
    pub fn since(self, before: Self) -> Option<OomKill> {
        let rose =
            |now: Option<u64>, before: Option<u64>| now.zip(before).is_some_and(|(now, before)| now > before);
        if rose(self.in_cgroup, before.in_cgroup) {
            Some(OomKill::InCgroup)
        } else if rose(self.on_machine, before.on_machine) {
            Some(OomKill::OnMachine)
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_oom_kill_is_told_by_a_count_that_rose() {
        let counts = |in_cgroup, on_machine| OomKillCounts { in_cgroup, on_machine };
        assert_eq!(counts(Some(1), Some(5)).since(counts(Some(0), Some(4))), Some(OomKill::InCgroup));
        assert_eq!(counts(None, Some(5)).since(counts(None, Some(4))), Some(OomKill::OnMachine));
        assert_eq!(counts(Some(0), Some(5)).since(counts(Some(0), Some(5))), None);
        // What was not read before is not known to have risen.
        assert_eq!(counts(Some(1), Some(5)).since(counts(None, None)), None);
    }
}
