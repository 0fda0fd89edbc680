//! `stallscope watch`: the watcher without an editor. One line per thing that happens, or JSON lines for scripts.

use std::io::Write;
use std::path::PathBuf;
use std::sync::mpsc::channel;
use std::time::Duration;

use clap::Args;
use stallscope_core::model::{
    DebugServer, GoplsProcess, LatencySource, Note, PastLoad, Status, Value, WatchEvent, WatchSettings,
};
use stallscope_core::wait::{CauseKind, QueuedBehind};
use stallscope_probe::process;
use stallscope_probe::watcher::{Target, Watcher, WatcherOptions};

use crate::failure::Failure;

/// Watch a gopls and capture its heap when a request stalls.
#[derive(Args)]
pub struct Watch {
    /// gopls's process id; without it the only gopls of this user is taken.
    #[arg(long)]
    pid: Option<u32>,
    /// Print one JSON object per event instead of text.
    #[arg(long)]
    json: bool,
    /// Where incidents are kept.
    #[arg(long, value_name = "DIR", default_value = "stallscope-incidents")]
    storage: PathBuf,
    /// Stop after this many seconds.
    #[arg(long, value_name = "SECONDS")]
    seconds: Option<f64>,
}

impl Watch {
    pub fn run(self) -> Result<(), Failure> {
        let pid = gopls_named(self.pid)?;
        let (sender, events) = channel();
        let options = WatcherOptions {
            storage_dir: self.storage.clone(),
            workspace: Vec::new(),
            target: Target::Process { pid },
            go_extension: None,
            log_dirs: Vec::new(),
            settings: WatchSettings::default(),
        };
        let listener = Box::new(move |event| drop(sender.send(event)));
        let watcher = Watcher::start(options, listener).map_err(|e| Failure::Watch(e.to_string()))?;
        let deadline =
            self.seconds.map(|s| std::time::Instant::now() + Duration::from_secs_f64(s.clamp(0.0, 1e9)));
        let mut last = String::new();
        loop {
            let left = deadline.map_or(Duration::from_secs(3600), |at| {
                at.saturating_duration_since(std::time::Instant::now())
            });
            let event = match events.recv_timeout(left) {
                Ok(event) => event,
                Err(std::sync::mpsc::RecvTimeoutError::Timeout) if deadline.is_none() => continue,
                Err(_) => break,
            };
            let gone = matches!(event, WatchEvent::GoplsGone { .. });
            let line = if self.json { serde_json::to_string(&event).ok() } else { words(&event) };
            if let Some(line) = line.filter(|line| *line != last) {
                if writeln!(std::io::stdout(), "{line}").is_err() {
                    // Nobody reads any more (`| head`): that is an end, not a failure.
                    break;
                }
                last = line;
            }
            if gone {
                break;
            }
        }
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.map_err(|e| Failure::Watch(e.to_string()))?.block_on(watcher.stop());
        Ok(())
    }
}

/// The gopls with this pid; the only one without.
pub fn gopls_named(pid: Option<u32>) -> Result<u32, Failure> {
    let pid = pid.map_or_else(only_gopls, Ok)?;
    if process::find(0).iter().any(|p| p.pid == pid) {
        Ok(pid)
    } else {
        Err(Failure::Watch(format!("process {pid} is not a gopls of this user")))
    }
}

fn only_gopls() -> Result<u32, Failure> {
    let all = process::find(0);
    match &all[..] {
        [] => Err(Failure::Watch("no gopls is running; start your editor on a Go file first".to_owned())),
        [only] => Ok(only.pid),
        several => {
            let list: Vec<String> = several.iter().map(line).collect();
            Err(Failure::Watch(format!(
                "several gopls are running; name one with --pid:\n{}",
                list.join("\n")
            )))
        }
    }
}

fn line(process: &GoplsProcess) -> String {
    let editor = process.editor.as_deref().unwrap_or("unknown editor");
    format!("  {:>7}  {:>6.0} MB  {editor}  {}", process.pid, process.rss_bytes as f64 / 1e6, process.exe)
}

/// An event in words; `None` for what only a status bar needs.
fn words(event: &WatchEvent) -> Option<String> {
    Some(match event {
        WatchEvent::Status { status } => return status_words(status),
        WatchEvent::GoplsFound { pid } => format!("watching gopls {pid}"),
        WatchEvent::GoplsGone { pid } => format!("gopls {pid} is gone"),
        WatchEvent::StallStarted { method } => format!("stall: {method}"),
        WatchEvent::IncidentClosed { summary, .. } => format!(
            "incident {}: {} took {:.2} s, mostly {}{}{}, RSS {:.0} -> {:.0} MB, heap {}",
            summary.id,
            summary.method,
            summary.duration_ns.unwrap_or(0) as f64 / 1e9,
            summary.main_cause.map_or("for reasons unknown", CauseKind::name),
            summary.queued_behind.as_ref().map_or(String::new(), behind_words),
            summary
                .gc_cpu_share
                .map_or_else(String::new, |share| format!(", GC {:.0} % of its CPU", 100.0 * share)),
            summary.rss_start_bytes as f64 / 1e6,
            summary.rss_peak_bytes as f64 / 1e6,
            if summary.has_heap { "captured" } else { "not captured" },
        ),
        WatchEvent::IncidentUpdated { summary } => {
            format!("incident {}: gopls's own spans tell what it waited for", summary.id)
        }
        WatchEvent::MemoryAlert { rss_bytes, limit_bytes } => {
            format!("memory: {:.0} MB, over {:.0} MB", *rss_bytes as f64 / 1e6, *limit_bytes as f64 / 1e6)
        }
        WatchEvent::LoadFinished { load, earlier } => {
            let words = |load: &PastLoad| {
                let (duration_s, peak_mb) = (load.duration_ns as f64 / 1e9, load.peak_rss_bytes as f64 / 1e6);
                format!("{duration_s:.1} s, peak RSS {peak_mb:.0} MB")
            };
            let usual = earlier.as_ref().map(|load| format!(" (usually {})", words(load)));
            format!("workspace loaded in {}{}", words(load), usual.unwrap_or_default())
        }
        WatchEvent::Problem { note } => problem_words(note),
    })
}

/// What the queue waited for.
fn behind_words(QueuedBehind { method, phases, .. }: &QueuedBehind) -> String {
    let at = phases.first().map_or(String::new(), |part| format!(" ({})", part.phase.name()));
    format!(" behind {method}{at}")
}

fn status_words(status: &Status) -> Option<String> {
    let gopls = status.gopls.as_ref()?;
    let source = match (gopls.latency_source, &gopls.debug) {
        (LatencySource::Counters, _) => "gopls's counters",
        (LatencySource::Replies, _) => "gopls's counters of replies",
        // Just found: its first page is on the way.
        (LatencySource::Echo | LatencySource::None, DebugServer::On { .. }) => return None,
        (LatencySource::Echo | LatencySource::None, _) => "nothing (no debug server)",
    };
    let debug = match &gopls.debug {
        DebugServer::On { address, .. } => format!("debug server {address}"),
        DebugServer::Off => "no debug server: start gopls with -debug=127.0.0.1:0".to_owned(),
        DebugServer::Failing { address, error } => format!("debug server {address} fails: {error}"),
        DebugServer::Unknown => return None,
    };
    Some(format!("{debug}; latencies from {source}"))
}

fn problem_words(note: &Note) -> String {
    let text = |value: &Value| match value {
        Value::Text(text) => text.clone(),
        Value::Number(number) => number.to_string(),
    };
    let values: Vec<String> =
        note.values.iter().map(|(name, value)| format!("{name}: {}", text(value))).collect();
    format!("{}: {}", note.code, values.join(", "))
}
