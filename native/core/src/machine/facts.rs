//! What the looks at the machine come to over one wait, as an incident keeps it.

use serde::{Deserialize, Serialize};

use crate::model::{Bytes, Ns};

/// The machine during the wait of an incident. All times are of `from_ns` to `to_ns`. `null` is what was not told.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
pub struct MachineFacts {
    /// From the first look within the wait …
    pub from_ns: Ns,
    /// … to the last one, or to the end of the wait.
    pub to_ns: Ns,
    /// How often it was looked at.
    pub looks: u32,
    /// CPUs that gopls may run on.
    pub cpus: Option<u32>,
    /// Tasks that ran or wanted to, over a minute, at the last look.
    pub load_average: Option<f64>,
    /// Time on a CPU of all threads of gopls and its `go` commands together.
    pub on_cpu_ns: Option<Ns>,
    /// The time in which they could have run, but waited for a CPU.
    pub run_delay_ns: Option<Ns>,
    /// How long a signal or a debugger had stopped gopls: half of the way to the looks before and after counts.
    pub stopped_ns: Option<Ns>,
    /// Page faults of gopls that had to read.
    pub major_faults: Option<u64>,
    /// What of gopls was swapped out at the last look.
    pub swap_bytes: Option<Bytes>,
    /// For how long some task waited for what.
    pub pressure: Pressure,
    /// gopls's cgroup.
    pub cgroup: CgroupLimits,
    /// `go` commands of gopls, the longest first. Start and end are as exact as the looks are apart.
    pub commands: Vec<GoCommand>,
}

/// How long some task waited: of gopls's cgroup where that tells, else of the whole machine.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
pub struct Pressure {
    /// For a CPU.
    pub cpu_ns: Option<Ns>,
    /// For memory.
    pub memory_ns: Option<Ns>,
    /// For a disk.
    pub io_ns: Option<Ns>,
}

/// What gopls's cgroup (version 2) allows it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
pub struct CgroupLimits {
    /// Most memory; `null` when nothing limits it, or that is not told.
    pub memory_max_bytes: Option<Bytes>,
    /// What was used of it at the last look.
    pub memory_bytes: Option<Bytes>,
    /// Most CPUs.
    pub cpu_limit: Option<f64>,
    /// How long it was kept from running for that limit.
    pub throttled_ns: Option<Ns>,
}

/// A `go` command that gopls ran.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
pub struct GoCommand {
    /// Its command line, long words cut.
    pub line: String,
    /// When it was first seen.
    pub first_seen_ns: Ns,
    /// When it was last seen.
    pub last_seen_ns: Ns,
    /// How long it ran within the wait: half of the way to the looks before and after counts.
    pub duration_ns: Ns,
    /// Time on a CPU as it was last seen; `null` where that is not told.
    pub cpu_ns: Option<Ns>,
}
