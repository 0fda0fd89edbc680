//! What advice rests on, of one gopls process.

use serde::{Deserialize, Serialize};

use super::{GcCpu, GcSettings};
use crate::model::{Bytes, Ns};

/// Measured since this gopls was found. `null` is what is not known.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
pub struct GcMeasured {
    /// Of which gopls.
    pub pid: u32,
    /// When the statistics were read.
    pub at_ns: Ns,
    /// A workspace is being loaded: what is live is not all of it yet.
    pub loading: bool,
    /// GC cycles whose live heap was seen, since the workspace was loaded.
    pub cycles: u32,
    /// The middle of the live heaps, without gopls's ballast.
    pub live_median_bytes: Option<Bytes>,
    /// The largest of them.
    pub live_most_bytes: Option<Bytes>,
    /// Whether the live heap is known to grow from cycle to cycle.
    pub growing: bool,
    /// gopls's ballast: reserved on purpose, counted by Go's limit and by its goal for the heap, mostly not resident.
    pub ballast_bytes: Bytes,
    /// What Go has beside objects: stacks, its own tables, room between objects.
    pub beside_heap_bytes: Bytes,
    /// All memory that Go has from the system and has not given back: what its limit limits.
    pub go_bytes: Bytes,
    /// Resident pages of files; not counted by Go's limit.
    pub file_bytes: Option<Bytes>,
    /// RSS at that reading.
    pub rss_bytes: Bytes,
    /// The most RSS that was seen.
    pub peak_rss_bytes: Bytes,
    /// All CPU time that was recorded, and the collector's part.
    pub cpu: Option<GcCpu>,
    /// In how many recordings.
    pub recordings: u32,
    /// What it was started with.
    pub settings: Option<GcSettings>,
    /// Its version.
    pub gopls_version: Option<String>,
    /// The Go that built it.
    pub go_version: Option<String>,
}
