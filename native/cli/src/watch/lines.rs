//! The JSON lines of `watch`: shapes of their own, so that a change inside does not change what scripts read.
//! docs/watching.md describes them.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Serialize;
use stallscope_core::model::{Bytes, DebugServer, IncidentSummary, LatencySource, Value, WatchEvent};
use stallscope_core::servers::{Client, Owner, Server, Sharing};
use stallscope_core::wait::CauseKind;
use stallscope_probe::servers::{Happening, ServerNow, Totals};

use super::advice;
use super::show;

/// One line.
#[derive(Debug, PartialEq, Serialize)]
pub struct Line {
    /// When it was written, Unix time in milliseconds.
    pub at_unix_ms: u64,
    #[serde(flatten)]
    pub what: What,
}

/// What it tells.
#[derive(Debug, PartialEq, Serialize)]
#[serde(tag = "type", rename_all = "kebab-case")]
pub enum What {
    Found(Found),
    Gone { pid: u32 },
    DebugServer(DebugServerLine),
    All { gopls: Vec<Row>, totals: TotalsLine },
    Stall { pid: u32, method: String },
    Incident(IncidentLine),
    MemoryAlert { pid: u32, rss_bytes: Bytes, limit_bytes: Bytes },
    Growth { pid: u32, rise_bytes: Bytes, within_ms: f64, rss_bytes: Bytes },
    Loaded { pid: u32, duration_ms: f64, peak_rss_bytes: Bytes },
    CaptureFailed { pid: u32, why: String },
    Problem { pid: u32, code: String, values: BTreeMap<String, Value> },
    Sharing(SharingLine),
}

#[derive(Debug, PartialEq, Serialize)]
pub struct Found {
    pid: u32,
    started_unix_ms: f64,
    role: &'static str,
    version: Option<String>,
    exe: String,
    owner: OwnerLine,
    folder: Option<String>,
    clients: Vec<ClientLine>,
}

#[derive(Debug, PartialEq, Serialize)]
struct OwnerLine {
    kind: &'static str,
    name: String,
    pid: u32,
    within: Option<String>,
}

#[derive(Debug, PartialEq, Serialize)]
struct ClientLine {
    pid: u32,
    owner: OwnerLine,
    folder: Option<String>,
}

#[derive(Debug, PartialEq, Serialize)]
pub struct DebugServerLine {
    pid: u32,
    state: &'static str,
    address: Option<String>,
    /// False when other machines can reach it.
    loopback_only: Option<bool>,
    /// By what waits are known; null where they are not.
    waits_by: Option<&'static str>,
    error: Option<String>,
    how_to_switch_on: Option<String>,
}

#[derive(Debug, PartialEq, Serialize)]
pub struct Row {
    pid: u32,
    rss_bytes: Bytes,
    cpu_share: f64,
    uptime_ms: f64,
    state: &'static str,
    /// Null where nobody tells.
    in_flight: Option<usize>,
    longest_wait_ms: Option<f64>,
    longest_method: Option<String>,
    debug_server: &'static str,
}

#[derive(Debug, PartialEq, Serialize)]
pub struct TotalsLine {
    servers: usize,
    rss_bytes: Bytes,
    cpu_share: f64,
    forwarders: usize,
    forwarders_rss_bytes: Bytes,
    memory_bytes: Option<Bytes>,
}

#[derive(Debug, PartialEq, Serialize)]
pub struct IncidentLine {
    pid: u32,
    id: String,
    folder: String,
    method: String,
    duration_ms: Option<f64>,
    main_cause: Option<&'static str>,
    rss_start_bytes: Bytes,
    rss_peak_bytes: Bytes,
    has_heap: bool,
    /// Asked for by hand, and no stall.
    on_request: bool,
}

#[derive(Debug, PartialEq, Serialize)]
pub struct SharingLine {
    exe: String,
    version: Option<String>,
    pids: Vec<u32>,
    folders: usize,
    rss_bytes: Bytes,
    estimated_saving_bytes: Bytes,
    fits: bool,
    against: Vec<String>,
}

fn ms(ns: u64) -> f64 {
    ns as f64 / 1e6
}

fn owner(owner: &Owner) -> OwnerLine {
    let Owner { kind, name, pid, within } = owner;
    OwnerLine { kind: kind.name(), name: name.clone(), pid: *pid, within: within.clone() }
}

fn found(server: &Server) -> Found {
    let client = |client: &Client| ClientLine {
        pid: client.pid,
        owner: owner(&client.owner),
        folder: client.folder.clone(),
    };
    Found {
        pid: server.pid,
        started_unix_ms: server.started_unix_ms,
        role: server.role.name(),
        version: server.version.clone(),
        exe: server.exe.clone(),
        owner: owner(&server.owner),
        folder: server.folder.clone(),
        clients: server.clients.iter().map(client).collect(),
    }
}

/// What a happening is as a line; `None` for what is of no use to scripts.
pub fn of(happening: &Happening, storage: &Path) -> Option<What> {
    Some(match happening {
        Happening::Found(server) => What::Found(found(server)),
        Happening::Gone { pid } => What::Gone { pid: *pid },
        Happening::Grew { pid, grown, rss_bytes } => What::Growth {
            pid: *pid,
            rise_bytes: grown.rise_bytes,
            within_ms: ms(grown.window_ns),
            rss_bytes: *rss_bytes,
        },
        Happening::Alert { pid, rss_bytes, limit_bytes } => {
            What::MemoryAlert { pid: *pid, rss_bytes: *rss_bytes, limit_bytes: *limit_bytes }
        }
        // What was captured outside of a stall is told as an incident of its own.
        Happening::Captured { result: Ok(_), .. } => return None,
        Happening::Captured { pid, result: Err(why) } => What::CaptureFailed { pid: *pid, why: why.clone() },
        Happening::Told { pid, event } => return told(*pid, event, storage),
    })
}

fn told(pid: u32, event: &WatchEvent, storage: &Path) -> Option<What> {
    Some(match event {
        WatchEvent::StallStarted { method } => What::Stall { pid, method: method.clone() },
        WatchEvent::IncidentClosed { summary, .. } => What::Incident(incident(pid, summary, storage)),
        WatchEvent::LoadFinished { load, .. } => {
            What::Loaded { pid, duration_ms: ms(load.duration_ns), peak_rss_bytes: load.peak_rss_bytes }
        }
        WatchEvent::Problem { note } => {
            What::Problem { pid, code: note.code.clone(), values: note.values.clone() }
        }
        _ => return None,
    })
}

fn incident(pid: u32, summary: &IncidentSummary, storage: &Path) -> IncidentLine {
    IncidentLine {
        pid,
        id: summary.id.clone(),
        folder: storage.join("incidents").join(&summary.id).display().to_string(),
        method: summary.method.clone(),
        duration_ms: summary.duration_ns.map(ms),
        main_cause: summary.main_cause.map(CauseKind::name),
        rss_start_bytes: summary.rss_start_bytes,
        rss_peak_bytes: summary.rss_peak_bytes,
        has_heap: summary.has_heap,
        on_request: summary.on_request.is_some(),
    }
}

/// All of them, and what they take together.
pub fn all(now: &[ServerNow], totals: &Totals) -> What {
    let row = |now: &ServerNow| Row {
        pid: now.server.pid,
        rss_bytes: now.rss_bytes,
        cpu_share: now.cpu_share,
        uptime_ms: ms(now.uptime_ns),
        state: show::state(now),
        in_flight: now.tells_waits().then_some(now.in_flight.len()),
        longest_wait_ms: now.in_flight.first().map(|request| ms(request.age_ns)),
        longest_method: now.in_flight.first().map(|request| request.method.clone()),
        debug_server: debug_state(&now.debug),
    };
    let Totals { servers, rss_bytes, cpu_share, forwarders, forwarders_rss_bytes, memory_bytes } = *totals;
    let totals = TotalsLine { servers, rss_bytes, cpu_share, forwarders, forwarders_rss_bytes, memory_bytes };
    What::All { gopls: now.iter().map(row).collect(), totals }
}

/// How one of them can be asked.
pub fn debug_server(now: &ServerNow) -> What {
    let (address, error) = match &now.debug {
        DebugServer::On { address, .. } => (Some(address.clone()), None),
        DebugServer::Failing { address, error } => (Some(address.clone()), Some(error.clone())),
        DebugServer::Off | DebugServer::Unknown => (None, None),
    };
    What::DebugServer(DebugServerLine {
        pid: now.server.pid,
        state: debug_state(&now.debug),
        address,
        loopback_only: match now.debug {
            DebugServer::On { loopback_only, .. } => Some(loopback_only),
            _ => None,
        },
        waits_by: match now.source {
            LatencySource::Counters => Some("counters"),
            LatencySource::Replies => Some("replies"),
            LatencySource::Echo | LatencySource::None => None,
        },
        error,
        how_to_switch_on: (now.debug == DebugServer::Off).then(|| advice::debug_server(&now.server)),
    })
}

fn debug_state(debug: &DebugServer) -> &'static str {
    match debug {
        DebugServer::Unknown => "unknown",
        DebugServer::Off => "off",
        DebugServer::On { .. } => "on",
        DebugServer::Failing { .. } => "failing",
    }
}

/// What is said about a shared daemon.
pub fn sharing(sharing: &Sharing) -> What {
    What::Sharing(SharingLine {
        exe: sharing.exe.clone(),
        version: sharing.version.clone(),
        pids: sharing.pids.clone(),
        folders: sharing.folders,
        rss_bytes: sharing.rss_bytes,
        estimated_saving_bytes: sharing.saving_bytes,
        fits: sharing.fits(),
        against: sharing.against.iter().map(advice::against).collect(),
    })
}
