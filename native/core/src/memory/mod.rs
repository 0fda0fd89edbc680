//! Where gopls's memory is: the Go runtime's own statistics, how they add up to RSS, and what the live heap does from one
//! GC cycle to the next.

mod allocation;
mod stats;
mod trend;
mod verdict;
mod waterfall;

use serde::{Deserialize, Serialize};

use crate::model::Ns;

pub(crate) use allocation::Allocations;
pub use allocation::{AllocationRate, MOST_SITES, SiteRate};
pub use stats::{MemStats, NotMemStats};
pub use trend::{GcCycle, HeapTotals, HeapTrend, MemoryReading};
pub use verdict::{Growth, MemoryVerdict, MemoryVerdictKind};
pub use waterfall::{
    BALLAST_BYTES, LiveHeap, MemoryPart, MemoryPartKind, Resident, Waterfall, WaterfallInput,
};

#[cfg(test)]
pub(crate) use trend::tests;

/// Where the memory was at a capture of an incident.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
pub struct CapturedMemory {
    /// Number of the capture of the statistics.
    pub capture: u32,
    /// When they came.
    pub at_ns: Ns,
    /// Number of the heap capture which says what of it was live; absent when there is none.
    pub heap: Option<u32>,
    /// How it adds up to RSS; absent when the statistics cannot be read.
    pub waterfall: Option<Waterfall>,
    /// Why not.
    pub problem: Option<String>,
}

/// Where the memory of a living gopls is, and what can be said of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
pub struct MemoryView {
    /// Of which gopls, by its pid.
    pub pid: u32,
    /// When it was read.
    pub at_ns: Ns,
    /// How it adds up to RSS.
    pub waterfall: Waterfall,
    /// Leak or churn.
    pub verdict: MemoryVerdict,
    /// The live heap after each GC cycle since the workspace was loaded, oldest first.
    pub cycles: Vec<GcCycle>,
    /// Who allocates, over the last minutes; absent until there are two profiles to compare.
    pub allocation: Option<AllocationRate>,
    /// When gopls last said what is in its workspace; absent when it was not asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub workspace_at_ns: Option<Ns>,
}
