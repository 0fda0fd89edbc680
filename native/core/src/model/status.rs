//! What is going on now: the status bar's data, and the events that the watcher sends.

use serde::{Deserialize, Serialize};

use crate::wait::Phase;

use super::{Bytes, CaptureState, IncidentSummary, LoadStatus, Note, Ns, PastLoad, RunningGo, TimingSource};

/// A snapshot of everything the status bar and its tooltip show.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
pub struct Status {
    /// When it was taken.
    pub at_ns: Ns,
    /// Unix time of ns 0 in milliseconds, for showing clock times.
    pub origin_unix_ms: f64,
    /// False while the user has paused watching.
    pub watching: bool,
    /// False while captures are switched off.
    pub capture_enabled: bool,
    /// The gopls of this window, if there is one.
    pub gopls: Option<GoplsStatus>,
    /// How many other gopls processes of this user there are.
    pub other_gopls: u32,
    /// Requests in flight, oldest first.
    pub in_flight: Vec<InFlight>,
    /// The stall that is going on.
    pub stall: Option<StallStatus>,
    /// The `go` commands that gopls runs, oldest first. Looked at while somebody waits, during a load, and while the panel
    /// shows what goes on.
    #[serde(default)]
    pub commands: Vec<RunningGo>,
    /// True while a first workspace load is going on.
    pub loading: bool,
    /// How that stands.
    #[serde(default)]
    pub load: Option<LoadStatus>,
    /// The workspace load of this gopls, once it is over.
    pub last_load: Option<FinishedLoad>,
    /// The latest finished incident of this session.
    pub last_incident: Option<IncidentSummary>,
    /// RSS of the last two minutes, one value per second or so, oldest first, in bytes.
    pub spark_bytes: Vec<Bytes>,
    /// Share of one core that our own threads use, measured; 0.001 is 0.1 %.
    pub own_cpu_share: f64,
}

impl Status {
    /// The same, looked at later: what counts seconds has gone on, everything else is as it was.
    pub fn seen_at(mut self, now_ns: Ns) -> Self {
        let passed_ns = now_ns.saturating_sub(self.at_ns);
        if let Some(gopls) = &mut self.gopls {
            gopls.uptime_ns += passed_ns;
        }
        for request in &mut self.in_flight {
            request.age_ns += passed_ns;
        }
        for command in &mut self.commands {
            command.age_ns += passed_ns;
        }
        if let Some(load) = &mut self.load {
            load.age_ns += passed_ns;
        }
        // A stall lasts a moment longer than its main request, whose age then stands still.
        if let Some(stall) = &mut self.stall
            && stall.start_ns + stall.age_ns >= self.at_ns
        {
            stall.age_ns += passed_ns;
        }
        self.at_ns += passed_ns;
        self
    }
}

/// A load that is over, and what is usual here.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
pub struct FinishedLoad {
    /// It.
    pub load: PastLoad,
    /// The medians of earlier loads of this workspace, when there are any.
    pub earlier: Option<PastLoad>,
}

/// The watched gopls.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
pub struct GoplsStatus {
    /// Process id.
    pub pid: u32,
    /// Version, when known.
    pub version: Option<String>,
    /// Resident set size.
    pub rss_bytes: Bytes,
    /// Share of one core, over the last second.
    pub cpu_share: f64,
    /// Age of the process.
    pub uptime_ns: Ns,
    /// The debug server.
    pub debug: DebugServer,
    /// Where latencies come from right now.
    pub latency_source: LatencySource,
}

/// State of gopls's debug server.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum DebugServer {
    /// Not looked for yet.
    Unknown,
    /// None is served.
    Off,
    /// Found and verified to belong to this gopls.
    On {
        /// `127.0.0.1:43211`.
        address: String,
        /// False when other machines can reach it (`-debug=:6060`): flagged with a fix.
        loopback_only: bool,
    },
    /// One is there and does not answer as it should.
    Failing {
        /// `127.0.0.1:43211`.
        address: String,
        /// What happened.
        error: String,
    },
}

/// Where the latencies come from, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
#[serde(rename_all = "kebab-case")]
pub enum LatencySource {
    /// gopls's counters of started and completed requests (v0.22 and later).
    Counters,
    /// Its counters of started requests and of replies (gopls before v0.22): ends are known to within one reading.
    Replies,
    /// The observer's stamp and the echo of the request through the editor: no usable debug server.
    Echo,
    /// None: nothing tells latencies (the CLI without a debug server).
    None,
}

/// A request in flight.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
pub struct InFlight {
    /// LSP method.
    pub method: String,
    /// For how long.
    pub age_ns: Ns,
    /// Whether a person waits for it.
    pub interactive: bool,
    /// Where the start comes from.
    pub source: TimingSource,
    /// What it waits for, when that was looked at lately.
    pub phase: Option<CurrentPhase>,
}

/// The stall that is going on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
pub struct StallStatus {
    /// The incident it will become, once its folder exists.
    pub incident: Option<String>,
    /// The main request's method.
    pub method: String,
    /// Since when.
    pub start_ns: Ns,
    /// For how long.
    pub age_ns: Ns,
    /// RSS growth since its start; negative when it fell.
    pub rss_growth_bytes: f64,
    /// How the heap capture stands, when one was asked for.
    pub heap: Option<CaptureState>,
    /// What it waits for, when that was looked at lately.
    pub phase: Option<CurrentPhase>,
}

/// What a request waits for at a moment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
pub struct CurrentPhase {
    /// Most of it.
    pub phase: Phase,
    /// The message before it, when it has not begun.
    pub behind: Option<String>,
    /// What that one waits for or does, most of it.
    #[serde(default)]
    pub front: Option<Phase>,
    /// The `go` command that the one or the other waits for, when one is seen to run: the oldest.
    #[serde(default)]
    pub command: Option<String>,
    /// When that was seen.
    pub at_ns: Ns,
}

/// One gopls process on this machine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
pub struct GoplsProcess {
    /// Process id.
    pub pid: u32,
    /// Parent's id.
    pub parent_pid: u32,
    /// Start, Unix time in milliseconds.
    pub started_unix_ms: f64,
    /// Executable.
    pub exe: String,
    /// Resident set size.
    pub rss_bytes: Bytes,
    /// What it is to this window.
    pub relation: GoplsRelation,
    /// Whether it is the one being watched.
    pub watched: bool,
    /// Command name of the ancestor that looks like its editor, when one does.
    pub editor: Option<String>,
}

/// What a gopls process is to this window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
#[serde(rename_all = "kebab-case")]
pub enum GoplsRelation {
    /// Serves this window: a descendant of this extension host.
    Ours,
    /// A descendant that only forwards to a daemon.
    Forwarder,
    /// The daemon that our forwarder talks to.
    Daemon,
    /// Somebody else's.
    Other,
}

/// A request the editor was seen to make.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
pub struct ObservedRequest {
    /// LSP method.
    pub method: String,
    /// Document.
    pub uri: Option<String>,
    /// Zero-based line.
    pub line: Option<u32>,
}

/// What the watcher tells, as it happens.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum WatchEvent {
    /// A fresh status: four times a second during a stall, once in two seconds otherwise, at once on a change.
    Status {
        /// The status.
        status: Box<Status>,
    },
    /// A gopls of this window was found.
    GoplsFound {
        /// Process id.
        pid: u32,
    },
    /// It went away.
    GoplsGone {
        /// Process id.
        pid: u32,
    },
    /// A stall has begun. No folder yet.
    StallStarted {
        /// The main request's method so far.
        method: String,
    },
    /// A stall has ended and its incident is on disk.
    IncidentClosed {
        /// The incident.
        summary: IncidentSummary,
        /// Whether a prompt is in order: a person waited, and it was not an ordinary first load.
        prompt: bool,
    },
    /// RSS has crossed the alert threshold, once per ramp-up.
    MemoryAlert {
        /// RSS.
        rss_bytes: Bytes,
        /// The threshold.
        limit_bytes: Bytes,
    },
    /// A workspace load has ended.
    LoadFinished {
        /// It.
        load: PastLoad,
        /// The medians of earlier loads of this workspace, when there are any.
        earlier: Option<PastLoad>,
    },
    /// More is known of an incident than when it was closed.
    IncidentUpdated {
        /// The incident.
        summary: IncidentSummary,
    },
    /// Something the user should know, worded from the note's code: a full disk, a failing debug server.
    Problem {
        /// What.
        note: Note,
    },
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn stalled(start_ns: Ns, age_ns: Ns, at_ns: Ns) -> Status {
        let method = "textDocument/hover".to_owned();
        let (incident, rss_growth_bytes, heap) = (None, 0.0, None);
        Status {
            at_ns,
            origin_unix_ms: 1.7955e12,
            watching: true,
            capture_enabled: true,
            gopls: None,
            other_gopls: 0,
            in_flight: vec![InFlight {
                method: method.clone(),
                age_ns: 7,
                interactive: true,
                source: TimingSource::Observer,
                phase: None,
            }],
            stall: Some(StallStatus {
                incident,
                method,
                start_ns,
                age_ns,
                rss_growth_bytes,
                heap,
                phase: None,
            }),
            commands: vec![RunningGo {
                line: "go list".to_owned(),
                age_ns: 5,
                cpu_share: None,
                waits: false,
            }],
            loading: true,
            load: Some(LoadStatus { age_ns: 9, step: None, earlier: 0, usual_ns: None, longest_ns: None }),
            last_load: None,
            last_incident: None,
            spark_bytes: Vec::new(),
            own_cpu_share: 0.0,
        }
    }

    #[test]
    fn ages_go_on_until_the_answer() {
        let waiting = stalled(1_000, 500, 1_500).seen_at(1_700);
        assert_eq!((waiting.at_ns, waiting.in_flight[0].age_ns), (1_700, 207));
        assert_eq!((waiting.commands[0].age_ns, waiting.load.unwrap().age_ns), (205, 209));
        assert_eq!(waiting.stall.unwrap().age_ns, 700);
        let answered = stalled(1_000, 400, 1_500).seen_at(1_700);
        assert_eq!(answered.stall.unwrap().age_ns, 400, "it took 400 and no longer");
        let stamped_later = stalled(1_000, 500, 1_500).seen_at(1_400);
        assert_eq!(stamped_later.at_ns, 1_500, "never backwards");
    }
}
