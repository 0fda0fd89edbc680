//! Where gopls's memory is: the Go runtime's own statistics, how they add up to RSS, and what the live heap does from one
//! GC cycle to the next.

mod stats;
mod trend;
mod verdict;
mod waterfall;

pub use stats::{MemStats, NotMemStats};
pub use trend::{GcCycle, HeapTrend, MemoryReading};
pub use verdict::{Growth, MemoryVerdict, MemoryVerdictKind};
pub use waterfall::{
    BALLAST_BYTES, LiveHeap, MemoryPart, MemoryPartKind, Resident, Waterfall, WaterfallInput,
};
