//! What the engine is told, and what it answers that is to be done.

use super::StallKey;
use super::readings::MemoryRead;
use super::requests::Counters;
use crate::gc::GcSettings;
use crate::machine::{MachineReading, OomKill};
use crate::model::{
    Bytes, Capture, CaptureKind, CaptureRequest, Cost, GoplsIdentity, LatencySource, Note, Ns,
    ObservedRequest, PastLoad, WatchSettings,
};
use crate::patterns::Facts;
use crate::wait::WaitSample;

/// What happened.
#[derive(Debug)]
pub enum Event {
    /// A gopls of this window was found.
    GoplsFound {
        /// Which.
        gopls: GoplsIdentity,
        /// Its age.
        uptime_ns: Ns,
        /// Earlier loads of this workspace, latest last.
        earlier_loads: Vec<PastLoad>,
    },
    /// What gopls was started with, as far as garbage collection goes; not told where its environment cannot be read.
    GcSettings(GcSettings),
    /// What it says of its own version, which its executable did not tell.
    Version {
        /// gopls's.
        version: Option<String>,
        /// That of the Go which built it.
        go_version: Option<String>,
    },
    /// The OOM killer has struck, and gopls will be found gone.
    OomKilled(OomKill),
    /// It is gone.
    GoplsGone,
    /// Where latencies come from, and whether the debug server can be asked for captures.
    Source {
        /// Source.
        source: LatencySource,
        /// Whether captures can be asked for.
        debug: bool,
    },
    /// gopls's memory, and now and then its CPU time. May come late, but samples come in their order.
    Sample {
        /// RSS.
        rss_bytes: Bytes,
        /// User and system time since its start; absent when only the memory was read.
        cpu_ns: Option<Ns>,
        /// Its `go` children.
        go_children: u32,
    },
    /// Its counters.
    Counters {
        /// When they were asked for; the event's own time is when they came.
        sent_ns: Ns,
        /// Them.
        counters: Counters,
    },
    /// The editor asked for something.
    Observed(ObservedRequest),
    /// An echo was sent.
    EchoBegan {
        /// Method.
        method: String,
        /// Document.
        uri: String,
    },
    /// It was answered.
    EchoEnded {
        /// Method.
        method: String,
        /// Document.
        uri: String,
    },
    /// The extension host's JavaScript thread was busy for so long, until now.
    HostLagged {
        /// How late its heartbeat came.
        lag_ns: Ns,
    },
    /// A save began.
    SaveBegan(String),
    /// It ended.
    SaveEnded(String),
    /// The user asked for a capture.
    CaptureRequested(CaptureRequest),
    /// gopls is being asked for a heap after a forced collection.
    GcForced,
    /// A capture has moved on.
    CaptureUpdate {
        /// Its stall.
        key: StallKey,
        /// Its state now.
        capture: Box<Capture>,
    },
    /// Evidence that was there already (the baseline): added under the next free number.
    CaptureAdded {
        /// Its stall.
        key: StallKey,
        /// It.
        capture: Box<Capture>,
    },
    /// The user has paused watching.
    Paused,
    /// A note for the running or closing stall with this key.
    Noted {
        /// Its stall.
        key: StallKey,
        /// The note.
        note: Note,
    },
    /// A baseline profile was taken (or failed, with why).
    BaselineTaken(Result<(), String>),
    /// It was given up for something that matters more.
    BaselineGivenUp,
    /// A reading of the runtime's statistics; `None` when it did not come.
    MemoryRead(Option<Box<MemoryRead>>),
    /// A goroutine profile was taken while somebody waits.
    WaitSampled(Box<WaitSample>),
    /// A look at the machine while somebody waits, or right after.
    MachineRead(Box<MachineReading>),
    /// The watched gopls has told of its workspace.
    WorkspaceTold(Facts),
    /// The debug server has cost this much so far, since gopls was found.
    Cost(Cost),
    /// New settings.
    Settings(Box<WatchSettings>),
    /// Time passes.
    Tick,
}

/// Which of several captures goes first, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Urgency {
    /// A heap as it is: every millisecond it waits, the picture ages.
    Heap,
    /// What else tells about a stall.
    Light,
    /// What somebody is curious about. No evidence of a stall waits for it.
    OnRequest,
    /// The same, but gopls only waits for some seconds until it answers. Other captures are taken meanwhile: a CPU
    /// profile is often recorded to see the very stall of which they are the evidence.
    Recording,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Make a folder for the stall and write what [`Engine::incident`] says.
    Open {
        /// The stall.
        key: StallKey,
    },
    /// Fetch evidence into the stall's folder.
    Capture {
        /// The stall.
        key: StallKey,
        /// Number within the incident.
        number: u32,
        /// What.
        kind: CaptureKind,
        /// When its turn is.
        urgency: Urgency,
    },
    /// The stall is over and its captures have ended: write it for the last time, then [`Engine::forget`] it.
    Close {
        /// The stall.
        key: StallKey,
        /// Whether a prompt is in order.
        prompt: bool,
        /// Whether the user asked for the capture.
        on_request: bool,
    },
    /// What was taken for a stall was none: its folder goes, then [`Engine::forget`] it.
    Withdraw {
        /// The stall.
        key: StallKey,
    },
    /// Take a baseline profile.
    Baseline,
    /// Read the runtime's statistics.
    ReadMemory {
        /// And a heap profile.
        heap: bool,
    },
    /// Tell the user interface that a stall has begun.
    TellStall {
        /// Main request's method.
        method: String,
    },
    /// Tell it that memory is over the alert threshold.
    TellMemory {
        /// RSS.
        rss_bytes: Bytes,
        /// Threshold.
        limit_bytes: Bytes,
    },
    /// A load has ended: remember and tell.
    LoadEnded {
        /// It.
        load: PastLoad,
        /// Medians of earlier ones.
        earlier: Option<PastLoad>,
    },
    /// The limits have changed: write them.
    SaveLimits,
}
