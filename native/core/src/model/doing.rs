//! What gopls is doing now, as far as it is seen: `go` commands, and a load with its steps.

use serde::{Deserialize, Serialize};

use super::Ns;

/// A `go` command that gopls runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
pub struct RunningGo {
    /// Its command line, long words cut, `~` for the home folder.
    pub line: String,
    /// For how long it runs; since it was first seen where the kernel does not tell more.
    pub age_ns: Ns,
    /// Share of one core that it used over its last two seconds at most, without its own children; `null` before two looks.
    pub cpu_share: Option<f64>,
    /// That is next to nothing: it waits itself, for the network, a disk, a lock or a child of its own.
    pub waits: bool,
}

/// The first load of a workspace while it goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
pub struct LoadStatus {
    /// For how long it goes on: since gopls's start.
    pub age_ns: Ns,
    /// Where it is; `null` when nothing tells.
    pub step: Option<LoadStep>,
    /// How many earlier loads of this workspace are known, ten at most.
    pub earlier: u32,
    /// How long these took: the median.
    pub usual_ns: Option<Ns>,
    /// The longest of them.
    pub longest_ns: Option<Ns>,
}

/// A step of a load, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
#[serde(rename_all = "kebab-case")]
pub enum LoadStep {
    /// A `go` command runs: seen as a process, or by a goroutine that waits for it.
    Listing,
    /// Its answer is read, and the graph of packages built: by a goroutine profile.
    Graph,
    /// The packages of what is open are parsed and type checked: by a goroutine profile, or because gopls has counted that it is
    /// done with `initialized`.
    Checking,
}
