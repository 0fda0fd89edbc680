//! The servers that run, and the life of those that a log tells of.

use std::collections::BTreeMap;

use serde::Serialize;
use stallscope_core::log::{LogOverview, LogRequest, LogText};

/// Steps of a start that are told, at most.
const MAX_STEPS: usize = 20;
/// Texts that are told as evidence, at most.
const MAX_TEXTS: usize = 10;

/// What is known of the servers.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "doctor.ts"))]
pub struct Lifecycle {
    /// The gopls that run for this user, those of our editor first.
    pub servers: Vec<Server>,
    /// The one that the Go extension would start now; absent where it finds none, or where only a workspace that is not
    /// trusted names it.
    pub next_start: Option<NextStart>,
    /// What a log tells; absent where none was given.
    pub log: Option<LogLife>,
}

/// The gopls that would be started, and what makes it that one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "doctor.ts", rename = "GoplsNextStart"))]
pub struct NextStart {
    /// Its executable, links followed, as that of one that runs.
    pub exe: String,
    /// What made it that one.
    pub by: FoundBy,
}

/// Where the Go extension looks for gopls, in its order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "doctor.ts", rename = "GoplsFoundBy"))]
#[serde(rename_all = "snake_case")]
pub enum FoundBy {
    /// The setting `go.alternateTools` names it.
    AlternateTools,
    /// `GOBIN`.
    Gobin,
    /// The `bin` folder of `go.toolsGopath`.
    ToolsGopath,
    /// The `bin` folder of a GOPATH, by the setting, the variable, or Go's default.
    Gopath,
    /// The `bin` folder of `GOROOT`.
    Goroot,
    /// A folder of PATH.
    Path,
}

impl FoundBy {
    /// The setting or variable.
    pub fn name(self) -> &'static str {
        match self {
            Self::AlternateTools => "go.alternateTools",
            Self::Gobin => "GOBIN",
            Self::ToolsGopath => "go.toolsGopath",
            Self::Gopath => "GOPATH",
            Self::Goroot => "GOROOT",
            Self::Path => "PATH",
        }
    }
}

/// A gopls that runs.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "doctor.ts", rename = "GoplsServer"))]
pub struct Server {
    /// Process id.
    pub pid: u32,
    /// Who started it.
    pub parent_pid: u32,
    /// What it is to the window that asks.
    pub role: ServerRole,
    /// The editor it seems to belong to.
    pub editor: Option<String>,
    /// Its executable, as it was when it was started.
    pub exe: String,
    /// `v0.23.0`; none for a build from a work tree.
    pub version: Option<String>,
    /// The Go that built it.
    pub go_version: Option<String>,
    /// What it was started with, without its own name.
    pub flags: Vec<String>,
    /// Those of its environment variables that concern Go; none where they cannot be read.
    pub variables: BTreeMap<String, String>,
    /// For how long it has been running, in seconds.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub uptime_s: u64,
    /// Its resident memory.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub rss_bytes: u64,
    /// What is at the place of its executable by now, where that is not what it runs.
    pub replaced_by: Option<String>,
}

/// What a server is to the window that asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(
    feature = "ts",
    derive(ts_rs::TS),
    ts(export, export_to = "doctor.ts", rename = "GoplsServerRole")
)]
#[serde(rename_all = "snake_case")]
pub enum ServerRole {
    /// It serves this window.
    Ours,
    /// It passes on to a daemon that serves this window.
    Forwarder,
    /// The daemon that serves this window.
    Daemon,
    /// It serves somebody else, or nobody can tell.
    Other,
}

/// What a log tells of the servers that wrote it.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "doctor.ts", rename = "GoplsLogLife"))]
pub struct LogLife {
    /// Its file; absolute.
    pub path: String,
    /// How often a server was started; 0 also where messages are not logged.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub starts: u64,
    /// How often one ended without being asked to.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub crashes: u64,
    /// Whether the editor says that it does not start it again.
    pub given_up: bool,
    /// What was said at these ends: exit codes, panics.
    pub last_words: Vec<String>,
    /// The steps of the starts, in their order.
    pub steps: Vec<LogStep>,
}

/// A step of a start.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "doctor.ts", rename = "GoplsLogStep"))]
pub struct LogStep {
    /// `initialize`, or what gopls calls it: `Setting up workspace`, `load`.
    pub name: String,
    /// When it began, milliseconds of the log.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub began_ms: u64,
    /// How long it took; absent while it goes on where the log ends.
    #[cfg_attr(feature = "ts", ts(type = "number | null"))]
    pub took_ms: Option<u64>,
    /// Of what: the folder and the packages of a load.
    pub detail: String,
}

impl LogLife {
    /// Takes it out of a log and its `initialize` requests.
    pub fn of(path: String, log: &LogOverview, initialize: &[LogRequest]) -> Self {
        let is = |text: &&LogText, rule: &str| text.meanings.iter().any(|meaning| meaning.rule == rule);
        let texts = |rule: &'static str| log.texts.iter().filter(move |text| is(text, rule));
        let words = ["server-exited", "go-panic", "go-fatal-error"].into_iter().flat_map(texts);
        let mut last_words: Vec<String> = words.map(|text| text.text.clone()).collect();
        last_words.truncate(MAX_TEXTS);
        let starts =
            initialize.iter().filter(|request| request.method == "initialize").map(|request| LogStep {
                name: request.method.clone(),
                began_ms: request.began_ms,
                took_ms: request.ended_ms.and(request.waited_ms),
                detail: String::new(),
            });
        let work = log.work.iter().filter(|work| work.title == "Setting up workspace").filter_map(|work| {
            let took_ms = work.ended_ms.map(|ended_ms| ended_ms.saturating_sub(work.began_ms));
            // Its length is told by nothing but the clock: within one second of a clock without milliseconds it is not known.
            let is_known = !log.whole_seconds || took_ms.is_none_or(|took_ms| took_ms > 0);
            let step = || LogStep {
                name: work.title.clone(),
                began_ms: work.began_ms,
                took_ms,
                detail: work.message.clone(),
            };
            is_known.then(step)
        });
        let loads = log.loads.iter().filter_map(|load| {
            let took_ms = load.duration_ms.filter(|took| took.is_finite() && *took >= 0.0)? as u64;
            Some(LogStep {
                name: "load".to_owned(),
                began_ms: load.at_ms.saturating_sub(took_ms),
                took_ms: Some(took_ms),
                detail: format!("{}: {}", load.directory, load.query),
            })
        });
        let mut steps: Vec<LogStep> = starts.chain(work).chain(loads).collect();
        steps.sort_by_key(|step| step.began_ms);
        steps.truncate(MAX_STEPS);
        Self {
            path,
            starts: log.starts,
            crashes: texts("server-exited").map(|text| text.count).sum(),
            given_up: texts("server-given-up").next().is_some(),
            last_words,
            steps,
        }
    }
}
