//! What the rules are judged on. Everything is optional; a rule that lacks something is not judged, and says what.

use serde::{Deserialize, Serialize};

use crate::heap::HeapIndex;
use crate::model::Ns;

/// The state after one GC cycle.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Point {
    /// When it was read.
    pub at_ns: Ns,
    /// What the last completed GC cycle found alive, without gopls's ballast.
    pub live_heap_bytes: u64,
    /// Goroutines at that moment, if known.
    #[serde(default)]
    pub goroutines: Option<u64>,
    /// The number of that GC cycle (`NumGC`), if known. Without it two points of different live heap are taken for
    /// two cycles.
    #[serde(default)]
    pub gc_cycle: Option<u64>,
    /// Saves of Go files so far, if known.
    #[serde(default)]
    pub saves: Option<u64>,
    /// Views created so far beyond those there are, if known: see [`Facts::views_recreated`].
    #[serde(default)]
    pub views_recreated: Option<u64>,
}

/// What is known of the workspace, each if known. Numbers only: no folder or module is named.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts", rename = "PatternFacts"))]
#[serde(default)]
pub struct Facts {
    /// Views there are.
    pub views: Option<u64>,
    /// Views created so far beyond those there are: each was replaced or closed.
    pub views_recreated: Option<u64>,
    /// Different files gopls has read.
    pub files: Option<u64>,
    /// Files compiled in all packages of all views; one that is in several counts several times.
    pub compiled_go_files: Option<u64>,
    /// The same for packages.
    pub packages: Option<u64>,
    /// Modules of the workspace itself, over all views.
    pub workspace_modules: Option<u64>,
    /// The size of the largest file.
    pub largest_file_bytes: Option<u64>,
    /// Diagnostics in all views.
    pub diagnostics: Option<u64>,
    /// gopls processes that serve this window, helpers and forwarders not counted.
    pub gopls_processes: Option<u64>,
}

/// The workspace of a living gopls, as it was at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
pub struct WorkspaceFacts {
    /// When gopls answered.
    pub at_ns: Ns,
    /// What it answered.
    pub facts: Facts,
}

/// All there is to judge on.
#[derive(Clone, Copy, Default)]
pub struct Evidence<'a> {
    /// Heap profiles of one process in order of time, a baseline first if there is one. The last one is judged, the
    /// others tell what grew.
    pub profiles: &'a [&'a HeapIndex],
    /// The same process over time, in order.
    pub series: &'a [Point],
    /// Its workspace.
    pub facts: Facts,
}
