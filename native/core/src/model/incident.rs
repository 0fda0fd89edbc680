//! An incident: one stall, its requests, its memory, its captures. This is `incident.json`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::gc::{GcCpu, GcFacts, GcReading};
use crate::machine::MachineFacts;
use crate::memory::{MemoryVerdict, Resident};
use crate::patterns::WorkspaceFacts;
use crate::wait::{Cause, CauseKind, QueuedBehind, WaitBreakdown};

use super::{Bytes, Decision, LatencySource, MS, Ns, RssPoint, Value};

/// Version of the `incident.json` layout. Readers refuse a larger one by name.
pub const INCIDENT_FORMAT: u32 = 1;

/// The pseudo method of what the user captures by hand, outside of a stall.
pub const ON_REQUEST: &str = "capture-on-request";

/// One stall, from the first sign to the last byte of evidence.
///
/// All `_ns` fields count from `origin_unix_ns`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
pub struct Incident {
    /// Layout version, [`INCIDENT_FORMAT`].
    pub format: u32,
    /// Folder name; sorts by time. `20261124T041900.123Z-hover-4711`.
    pub id: String,
    /// Whether it is still going on.
    pub state: IncidentState,
    /// Unix time of ns 0, in nanoseconds, as decimal text because it does not fit a JavaScript number.
    pub origin_unix_ns: String,
    /// Start of the main request as UTC, RFC 3339 with milliseconds.
    pub started_at: String,
    /// Which gopls.
    pub gopls: GoplsIdentity,
    /// Workspace folders of the window.
    pub workspace: Vec<String>,
    /// The request the user waited for: the longest one that a person waits for.
    pub request: RequestRecord,
    /// Every request that was in flight beside it (the main one included), by start.
    pub requests: Vec<RequestRecord>,
    /// Where the durations come from.
    pub latency_source: LatencySource,
    /// The workspace load that was going on, if one was.
    pub load: Option<LoadContext>,
    /// What the live heap had done from GC cycle to GC cycle when it began; absent when nothing had been read, and in
    /// incidents of earlier versions.
    #[serde(default)]
    pub memory_verdict: Option<MemoryVerdict>,
    /// What the main request was spent on; absent when nothing told, and in incidents of earlier versions.
    #[serde(default)]
    pub wait: Option<WaitBreakdown>,
    /// The same by gopls's own spans, which come some seconds after the incident was closed; absent when there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub wait_by_spans: Option<WaitBreakdown>,
    /// Garbage collection around it; absent when nothing told, and in incidents of earlier versions.
    #[serde(default)]
    pub gc: Option<GcFacts>,
    /// Why that took so long, largest first; empty when nothing is known, and in incidents of earlier versions.
    #[serde(default)]
    pub causes: Vec<Cause>,
    /// The machine meanwhile; absent when nobody looked, and in incidents of earlier versions.
    #[serde(default)]
    pub machine: Option<MachineFacts>,
    /// How long the extension host had been busy right before the main request was seen: somebody who had asked by then waited
    /// for that, too. 0 in incidents of earlier versions.
    #[serde(default)]
    pub held_up_ns: Ns,
    /// How long the extension host was still busy after gopls had answered: nobody could take the answer before. 0 when that was
    /// not seen, and in incidents of earlier versions.
    #[serde(default)]
    pub taken_late_ns: Ns,
    /// What this gopls last said of its workspace, before the incident or soon after; absent when it was not asked, and in
    /// incidents of earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub workspace_facts: Option<WorkspaceFacts>,
    /// RSS from before the stall to its end.
    pub rss: RssSummary,
    /// RSS around the stall, thinned to what a screen shows.
    pub series: Vec<RssPoint>,
    /// What was captured.
    pub captures: Vec<Capture>,
    /// The decision log of this stall.
    pub decisions: Vec<Decision>,
    /// What else a reader must know: gaps, failures, doubts.
    pub notes: Vec<Note>,
    /// What our own looking cost.
    pub cost: Cost,
}

/// Life cycle of an incident.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
#[serde(rename_all = "kebab-case")]
pub enum IncidentState {
    /// The stall goes on or evidence is still arriving.
    Open,
    /// The request has ended, and so have its captures.
    Complete,
    /// gopls ended before the request did.
    GoplsGone,
    /// We stopped looking before the request or a capture had ended: watching was paused, the window closed. After a
    /// crash it is found and marked at the next start.
    Interrupted,
}

/// A gopls process, told apart from a later one with the same pid by its start time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
pub struct GoplsIdentity {
    /// Process id.
    pub pid: u32,
    /// Start of the process, Unix time in milliseconds (resolution: one clock tick, 10 ms on Linux).
    pub started_unix_ms: f64,
    /// Path of the executable, empty where it cannot be read.
    pub exe: String,
    /// gopls's version, e.g. `v0.23.0`, when known.
    pub version: Option<String>,
    /// The Go version that built it, when known.
    pub go_version: Option<String>,
}

impl GoplsIdentity {
    /// Whether both are the same process, whatever is known of its version.
    pub fn is_process_of(&self, other: &Self) -> bool {
        (self.pid, self.started_unix_ms) == (other.pid, other.started_unix_ms)
    }
}

/// A request and when it was in flight.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
pub struct RequestRecord {
    /// LSP method, e.g. `textDocument/hover`; `save` for a save as a whole.
    pub method: String,
    /// When it was asked.
    pub start_ns: Ns,
    /// When it was answered or cancelled; absent while in flight.
    pub end_ns: Option<Ns>,
    /// How long it took; absent while in flight. Exact when `end_source` says so, else as good as `uncertainty_ns`.
    pub duration_ns: Option<Ns>,
    /// Where the start comes from.
    pub start_source: TimingSource,
    /// Where the end comes from.
    pub end_source: Option<TimingSource>,
    /// How far start and end may be off together.
    pub uncertainty_ns: Ns,
    /// Whether a person waits for it (hover) or the editor asks by itself (code lenses).
    pub interactive: bool,
    /// The document, when the observer saw it.
    pub uri: Option<String>,
    /// Zero-based line in it.
    pub line: Option<u32>,
}

/// Where a moment in time comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
#[serde(rename_all = "kebab-case")]
pub enum TimingSource {
    /// The editor asked our own provider at the same moment (±1 ms).
    Observer,
    /// Between two reads of gopls's counters.
    Counters,
    /// gopls's own measured duration (`latency_sum`).
    GoplsLatency,
    /// The answer to the same request, asked again through the editor.
    Echo,
    /// The editor's will-save and did-save events.
    Save,
    /// gopls went away.
    ProcessEnd,
}

/// RSS in figures.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
pub struct RssSummary {
    /// At the start of the main request.
    pub start_bytes: Bytes,
    /// The most during the stall.
    pub peak_bytes: Bytes,
    /// At its end.
    pub end_bytes: Bytes,
    /// The largest rise within the capture window that was seen.
    pub steepest_rise_bytes: Bytes,
}

/// A workspace load that is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
pub struct PastLoad {
    /// How long it took.
    pub duration_ns: Ns,
    /// Most RSS during it.
    pub peak_rss_bytes: Bytes,
}

/// A first load of a workspace, for which slow is normal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
pub struct LoadContext {
    /// Start of the load.
    pub start_ns: Ns,
    /// Its end, when it has ended.
    pub end_ns: Option<Ns>,
    /// Most RSS during it.
    pub peak_rss_bytes: Bytes,
    /// Earlier loads of this workspace, latest last.
    #[serde(default)]
    pub earlier: Vec<PastLoad>,
    /// False when this load is clearly longer than the earlier ones were.
    pub ordinary: bool,
}

/// What kind of evidence a capture is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
#[serde(rename_all = "kebab-case")]
pub enum CaptureKind {
    /// `/debug/pprof/heap`: the heap as of the last completed GC cycle.
    Heap,
    /// The latest calm heap profile from before the stall.
    Baseline,
    /// `/debug/pprof/goroutine?debug=1`.
    Goroutines,
    /// `/memory`: the runtime's memory statistics.
    Memory,
    /// `/debug/pprof/heap?seconds=`: what the heap has gained and lost over some seconds. No heap by itself.
    HeapDelta,
    /// `/debug/pprof/allocs`: everything allocated since gopls's start.
    Allocs,
    /// `/debug/pprof/profile?seconds=`: where CPU time went over some seconds.
    Cpu,
    /// `/debug/pprof/heap?debug=1`: the heap as text.
    HeapText,
}

impl CaptureKind {
    /// Whether gopls records for some seconds before it answers.
    pub fn is_recording(self) -> bool {
        matches!(self, Self::HeapDelta | Self::Cpu)
    }

    /// Whether it is a profile, for the tables and `go tool pprof`.
    pub fn is_profile(self) -> bool {
        matches!(self, Self::Heap | Self::Baseline | Self::HeapDelta | Self::Allocs | Self::Cpu)
    }
}

/// How a capture ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
#[serde(rename_all = "kebab-case")]
pub enum CaptureState {
    /// On its way.
    Running,
    /// Whole and on disk.
    Complete,
    /// Cut off; what came is kept beside it under a name ending in `.partial`.
    Partial,
    /// Nothing came.
    Failed,
}

/// One piece of evidence, raw, as gopls sent it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
pub struct Capture {
    /// Number within the incident, from 1.
    pub number: u32,
    /// What it is.
    pub kind: CaptureKind,
    /// How it ended.
    pub state: CaptureState,
    /// File name in the incident's folder; empty when nothing was kept.
    pub file: String,
    /// Size on disk.
    pub size_bytes: Bytes,
    /// The rule that asked for it (see the decision log), or `user`.
    pub trigger: String,
    /// When the rule fired.
    pub trigger_ns: Ns,
    /// When the request for it was sent.
    pub sent_ns: Option<Ns>,
    /// When the first byte of the answer came.
    pub first_byte_ns: Option<Ns>,
    /// When the last byte came.
    pub received_ns: Option<Ns>,
    /// When it was safe on disk.
    pub on_disk_ns: Option<Ns>,
    /// Whether request start < trigger and last byte < request end, i.e. it was taken *during* the wait.
    /// Absent until the request has ended.
    pub during_request: Option<bool>,
    /// For heap profiles: total `inuse_space` of the file.
    pub inuse_space_bytes: Option<Bytes>,
    /// For heap profiles: total `alloc_space` of the file, another one after each GC cycle.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub allocated_bytes: Option<Bytes>,
    /// For memory statistics and a heap as text: what they say of the heap.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub statistics: Option<GcReading>,
    /// For CPU profiles: what went into garbage collection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub gc_cpu: Option<GcCpu>,
    /// For memory statistics: the process at the moment they came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub resident: Option<Resident>,
    /// For a heap on request: whether a collection was forced before it, so that there is no garbage in it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[cfg_attr(feature = "ts", ts(optional, as = "Option<bool>"))]
    pub after_gc: bool,
    /// For what gopls records: for how many seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub seconds: Option<u32>,
    /// Why it is not whole.
    pub error: Option<String>,
}

/// Something a reader must know, worded by the user interface from `code` and `values`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
pub struct Note {
    /// Kebab-case, e.g. `gopls-gone-mid-capture`.
    pub code: String,
    /// What fills the sentence.
    pub values: BTreeMap<String, Value>,
}

/// What our own looking cost gopls during the incident.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
pub struct Cost {
    /// Requests to the debug server.
    pub debug_requests: u32,
    /// Bytes it sent us.
    pub debug_bytes: Bytes,
    /// Time those requests were open, added up.
    pub debug_open_ns: Ns,
}

/// A line in the list of incidents.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
pub struct IncidentSummary {
    /// Folder name.
    pub id: String,
    /// Life cycle.
    pub state: IncidentState,
    /// RFC 3339.
    pub started_at: String,
    /// The main request's method.
    pub method: String,
    /// How long it took, when it has ended.
    pub duration_ns: Option<Ns>,
    /// How long the extension host was busy before it could be asked, and after it was answered.
    pub held_up_ns: Ns,
    /// RSS at the start of it.
    pub rss_start_bytes: Bytes,
    /// The most during it.
    pub rss_peak_bytes: Bytes,
    /// Whether a whole heap profile is there.
    pub has_heap: bool,
    /// Whether one was asked for and none came whole.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[cfg_attr(feature = "ts", ts(optional, as = "Option<bool>"))]
    pub heap_failed: bool,
    /// What somebody captured by hand, outside of a stall; absent when it did not come whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub on_request: Option<CaptureKind>,
    /// What made it long, as far as that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub main_cause: Option<CauseKind>,
    /// When that is a queue: the message in front, with what it was at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub queued_behind: Option<QueuedBehind>,
    /// Share of gopls's CPU time that went into garbage collection while it was recorded, 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub gc_cpu_share: Option<f64>,
    /// Whether it fell into a first load.
    pub first_load: bool,
    /// Whether that load was ordinary.
    pub ordinary_load: bool,
    /// Whether gopls's own spans tell what its main request was spent on.
    pub by_spans: bool,
    /// Size of its folder.
    pub size_bytes: Bytes,
    /// Set when the folder could not be read; says why. Other fields are then best guesses.
    pub problem: Option<String>,
}

/// A heap profile that can be compared with another one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
pub struct HeapCapture {
    /// Folder name of its incident.
    pub incident: String,
    /// `Capture.number`.
    pub capture: u32,
    /// `heap` or `baseline`.
    pub kind: CaptureKind,
    /// Whether a collection was forced before it.
    pub after_gc: bool,
    /// The incident's main request.
    pub method: String,
    /// When the last byte of it came, Unix milliseconds.
    pub taken_unix_ms: f64,
    /// Its total `inuse_space`, where that is known.
    pub inuse_space_bytes: Option<Bytes>,
    /// The gopls it was taken of.
    pub gopls_version: Option<String>,
}

impl Incident {
    /// What the main request was spent on, as exactly as it is known.
    pub fn best_wait(&self) -> Option<&WaitBreakdown> {
        self.wait_by_spans.as_ref().or(self.wait.as_ref())
    }

    /// How long somebody waited: for gopls, and before and after that for an extension host that was busy. `None` for what somebody
    /// asked for, and for a wait whose end was not seen.
    pub fn waited_ns(&self) -> Option<Ns> {
        let duration_ns = self.request.duration_ns.filter(|_| self.request.method != ON_REQUEST)?;
        Some(duration_ns.saturating_add(self.by_host_ns()))
    }

    /// How long it was the extension host that let somebody wait.
    pub fn by_host_ns(&self) -> Ns {
        self.held_up_ns.saturating_add(self.taken_late_ns)
    }

    /// Unix time in milliseconds at which its clock is 0.
    pub fn origin_unix_ms(&self) -> f64 {
        // Written by us, but read back from disk: what is no number counts from 1970, and is still listed.
        self.origin_unix_ns.parse::<f64>().unwrap_or(0.0) / MS as f64
    }

    /// When the main request was asked, Unix milliseconds.
    pub fn asked_unix_ms(&self) -> f64 {
        self.origin_unix_ms() + self.request.start_ns as f64 / MS as f64
    }

    /// Its whole heap profiles, in the order of their numbers.
    pub fn heap_captures(&self) -> impl Iterator<Item = HeapCapture> {
        let origin_ms = self.origin_unix_ms();
        let is_heap = |capture: &&Capture| {
            matches!(capture.kind, CaptureKind::Heap | CaptureKind::Baseline)
                && capture.state == CaptureState::Complete
                && !capture.file.is_empty()
        };
        self.captures.iter().filter(is_heap).map(move |capture| HeapCapture {
            incident: self.id.clone(),
            capture: capture.number,
            kind: capture.kind,
            after_gc: capture.after_gc,
            method: self.request.method.clone(),
            taken_unix_ms: origin_ms + capture.received_ns.unwrap_or(capture.trigger_ns) as f64 / MS as f64,
            inuse_space_bytes: capture.inuse_space_bytes,
            gopls_version: self.gopls.version.clone(),
        })
    }

    /// The line for the list. `size_bytes` is what the folder takes on disk.
    pub fn summary(&self, size_bytes: Bytes) -> IncidentSummary {
        let heaps = || self.captures.iter().filter(|capture| capture.kind == CaptureKind::Heap);
        let has_heap = heaps().any(|heap| heap.state == CaptureState::Complete);
        // What was asked for is the first of them: what is captured beside it comes later.
        let asked = self.captures.iter().find(|capture| capture.trigger == "user");
        let asked = asked.filter(|_| self.request.method == ON_REQUEST);
        let whole = asked.filter(|capture| capture.state == CaptureState::Complete);
        let main_cause =
            self.causes.first().map(|cause| cause.kind).filter(|kind| *kind != CauseKind::Unknown);
        let behind = self.best_wait().and_then(|wait| wait.queued_behind.first());
        IncidentSummary {
            id: self.id.clone(),
            state: self.state,
            started_at: self.started_at.clone(),
            method: self.request.method.clone(),
            duration_ns: self.request.duration_ns,
            held_up_ns: self.by_host_ns(),
            rss_start_bytes: self.rss.start_bytes,
            rss_peak_bytes: self.rss.peak_bytes,
            has_heap,
            heap_failed: !has_heap && heaps().any(|heap| heap.state != CaptureState::Running),
            on_request: whole.map(|capture| capture.kind),
            main_cause,
            queued_behind: behind.filter(|_| main_cause == Some(CauseKind::Queue)).cloned(),
            gc_cpu_share: self.gc.as_ref().and_then(|gc| gc.cpu).map(|cpu| cpu.share),
            first_load: self.load.is_some(),
            by_spans: self.wait_by_spans.is_some(),
            ordinary_load: self.load.as_ref().is_some_and(|load| load.ordinary),
            size_bytes,
            problem: None,
        }
    }
}
