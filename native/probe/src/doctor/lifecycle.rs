//! Which gopls runs for this user and with what, and what a log tells of its starts and ends.

use std::path::Path;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use stallscope_core::log::{LogQuery, LogRequest};
use stallscope_core::model::{GoplsProcess, GoplsRelation};
use stallscope_doctor::environment::without_secrets;
use stallscope_doctor::lifecycle::{Lifecycle, LogLife, NextStart, Server, ServerRole, findings};

use super::{Asked, Found};
use crate::executables;
use crate::log::{LogError, LogFile};
use crate::process::{self, version};

/// A log may have grown for weeks; 100 MB are read in a second.
const READ_LOG_WITHIN: Duration = Duration::from_secs(3);
const MAX_STARTS: usize = 100;
/// What of a gopls's environment matters to Go; nothing else is looked at.
const VARIABLES: [&str; 18] = [
    "CGO_ENABLED",
    "GO111MODULE",
    "GOCACHE",
    "GODEBUG",
    "GOENV",
    "GOFLAGS",
    "GOGC",
    "GOMAXPROCS",
    "GOMEMLIMIT",
    "GOMODCACHE",
    "GOPATH",
    "GOPLSCACHE",
    "GOPRIVATE",
    "GOPROXY",
    "GOROOT",
    "GOTOOLCHAIN",
    "GOWORK",
    "XDG_CACHE_HOME",
];

/// Examines the servers.
pub(super) fn examine(asked: &Asked, next_start: Option<NextStart>, found: &mut Found) -> Lifecycle {
    let servers = process::find(asked.host_pid.unwrap_or(0)).iter().map(server).collect();
    let log = asked.log.as_deref().and_then(|path| match log_life(path) {
        Ok(life) => Some(life),
        Err(error) => {
            found.not_examined("the log", error);
            None
        }
    });
    let life = Lifecycle { servers, next_start, log };
    found.add(findings(&life));
    life
}

fn server(process: &GoplsProcess) -> Server {
    let identity = process::identify(process);
    let now_ms = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64() * 1e3);
    let variables = process::variables(process.pid, &VARIABLES).into_iter();
    Server {
        pid: process.pid,
        parent_pid: process.parent_pid,
        role: match process.relation {
            GoplsRelation::Ours => ServerRole::Ours,
            GoplsRelation::Forwarder => ServerRole::Forwarder,
            GoplsRelation::Daemon => ServerRole::Daemon,
            GoplsRelation::Other => ServerRole::Other,
        },
        editor: process.editor.clone(),
        exe: process.exe.clone(),
        version: identity.version,
        go_version: identity.go_version,
        flags: process::argv(process.pid).into_iter().skip(1).collect(),
        variables: variables.map(|(name, value)| (name, without_secrets(&value))).collect(),
        uptime_s: ((now_ms - process.started_unix_ms) / 1e3).max(0.0) as u64,
        rss_bytes: process.rss_bytes,
        replaced_by: replaced_by(process),
    }
}

/// What is where its executable was; none where that is still the same file, or cannot be told.
fn replaced_by(process: &GoplsProcess) -> Option<String> {
    if !cfg!(target_os = "linux") {
        return None;
    }
    let path = Path::new(&process.exe);
    let running = executables::sha256_of_process(process.pid)?;
    match executables::of_file(path) {
        Some(now) if now.sha256 == running => None,
        Some(now) => Some(format!("gopls {}", now.version.as_deref().unwrap_or("of a work tree"))),
        // A wrapper of the same name is no gopls, and neither is what runs it.
        None if version::of_process(process.pid, path).is_none() => None,
        None if path.exists() => Some("something else".to_owned()),
        None => Some("nothing".to_owned()),
    }
}

fn log_life(path: &Path) -> Result<LogLife, LogError> {
    let until = Instant::now() + READ_LOG_WITHIN;
    let mut file = LogFile::open(path)?;
    file.read_on(&mut |_| Instant::now() < until)?;
    file.end();
    let log = file.log();
    let query = LogQuery { filter: "initialize".into(), limit: MAX_STARTS, ..LogQuery::default() };
    let initialize: Vec<LogRequest> = log.requests(&query).rows;
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    Ok(LogLife::of(path.display().to_string(), &log.overview("en"), &initialize))
}
