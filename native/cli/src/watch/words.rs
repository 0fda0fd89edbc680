//! What has happened, in words: a line each, for a terminal or a log.

use stallscope_core::model::{DebugServer, Note, PastLoad, Value, WatchEvent};
use stallscope_core::servers::{Server, ServerRole};
use stallscope_core::wait::{CauseKind, QueuedBehind};
use stallscope_probe::servers::{Happening, ServerNow};

use super::advice;
use super::show;

/// Which gopls a line is about: `gopls 4711 (Neovim, ~/src/tools)`.
pub fn name(server: &Server) -> String {
    format!("gopls {} ({}, {})", server.pid, who(server), show::folder(server.folder.as_deref()))
}

/// The same where there is little room: `4711 Neovim`.
pub fn short_name(server: &Server) -> String {
    format!("{} {}", server.pid, who(server))
}

fn who(server: &Server) -> String {
    match server.role {
        ServerRole::Server => show::owner(&server.owner),
        ServerRole::Mcp => format!("{}, MCP", show::owner(&server.owner)),
        ServerRole::Daemon => {
            let mut owners: Vec<String> =
                server.clients.iter().map(|client| show::owner(&client.owner)).collect();
            owners.sort();
            owners.dedup();
            let clients = match owners.len() {
                0 => "nobody".to_owned(),
                _ => owners.join(", "),
            };
            format!("daemon for {} of {clients}", server.clients.len())
        }
    }
}

/// What has happened to the gopls of this name; `None` for what is told elsewhere.
pub fn happening(happening: &Happening) -> Option<String> {
    Some(match happening {
        Happening::Found(server) => {
            format!("found, version {}", show::plain(server.version.as_deref().unwrap_or("unknown")))
        }
        Happening::Gone { .. } => "gone".to_owned(),
        Happening::Grew { grown, rss_bytes, .. } => format!(
            "grew by {} within {}, to {}",
            show::bytes(grown.rise_bytes),
            show::duration(grown.window_ns),
            show::bytes(*rss_bytes)
        ),
        Happening::Alert { rss_bytes, limit_bytes, .. } => {
            format!("memory: {}, over {}", show::bytes(*rss_bytes), show::bytes(*limit_bytes))
        }
        // What was captured outside of a stall is told as an incident of its own.
        Happening::Captured { result: Ok(_), .. } => return None,
        Happening::Captured { result: Err(why), .. } => format!("not captured: {why}"),
        Happening::Told { event, .. } => return told(event),
    })
}

fn told(event: &WatchEvent) -> Option<String> {
    Some(match event {
        WatchEvent::StallStarted { method } => format!("stall: {}", show::plain(method)),
        WatchEvent::IncidentClosed { summary, .. } if summary.on_request.is_some() => {
            format!("captured, incident {}", summary.id)
        }
        WatchEvent::IncidentClosed { summary, .. } => format!(
            "incident {}: {} took {}, mostly {}{}{}, RSS {} -> {}, heap {}",
            summary.id,
            show::plain(&summary.method),
            show::duration(summary.duration_ns.unwrap_or(0)),
            summary.main_cause.map_or("for reasons unknown", CauseKind::name),
            summary.queued_behind.as_ref().map_or(String::new(), behind_words),
            summary
                .gc_cpu_share
                .map_or_else(String::new, |share| format!(", GC {:.0} % of its CPU", 100.0 * share)),
            show::bytes(summary.rss_start_bytes),
            show::bytes(summary.rss_peak_bytes),
            if summary.has_heap { "captured" } else { "not captured" },
        ),
        WatchEvent::IncidentUpdated { summary } => {
            format!("incident {}: gopls's own spans tell what it waited for", summary.id)
        }
        WatchEvent::LoadFinished { load, earlier } => {
            let words = |load: &PastLoad| {
                format!("{}, peak RSS {}", show::duration(load.duration_ns), show::bytes(load.peak_rss_bytes))
            };
            let usual = earlier.as_ref().map(|load| format!(" (usually {})", words(load)));
            format!("workspace loaded in {}{}", words(load), usual.unwrap_or_default())
        }
        WatchEvent::Problem { note } => problem(note),
        WatchEvent::Status { .. }
        | WatchEvent::GoplsFound { .. }
        | WatchEvent::GoplsGone { .. }
        | WatchEvent::MemoryAlert { .. } => return None,
    })
}

/// What the queue waited for.
fn behind_words(QueuedBehind { method, phases, .. }: &QueuedBehind) -> String {
    let at = phases.first().map_or(String::new(), |part| format!(" ({})", part.phase.name()));
    format!(" behind {}{at}", show::plain(method))
}

fn problem(note: &Note) -> String {
    let text = |value: &Value| match value {
        Value::Text(text) => show::plain(text),
        Value::Number(number) => number.to_string(),
    };
    let values: Vec<String> =
        note.values.iter().map(|(name, value)| format!("{name}: {}", text(value))).collect();
    format!("{}: {}", note.code, values.join(", "))
}

/// How one of them can be asked, and what is known without; `None` while that is being found out.
pub fn debug_server(now: &ServerNow) -> Option<String> {
    Some(match &now.debug {
        DebugServer::Unknown => return None,
        // Its first page is on the way.
        DebugServer::On { .. } if !now.tells_waits() => return None,
        DebugServer::On { address, loopback_only } => {
            let open =
                if *loopback_only { "" } else { ", which other machines can reach: use -debug=127.0.0.1:0" };
            format!("debug server {address}{open}; waits are known from its counters")
        }
        DebugServer::Off => format!(
            "no debug server: only its memory and CPU are known, not its waits. To switch it on: {}",
            advice::debug_server(&now.server)
        ),
        DebugServer::Failing { address, error } => {
            format!("debug server {address} fails: {}", show::plain(error))
        }
    })
}
