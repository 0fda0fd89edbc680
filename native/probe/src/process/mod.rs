//! Other processes: which gopls there are, whose they are, and what they use.
//!
//! One interface, two platforms behind it: [`linux`] reads `/proc` directly because RSS is read twenty times a
//! second, [`other`] asks the sysinfo crate. Everything is by pid *and* start time, so that a pid which the
//! system has given to somebody else is never taken for gopls.

mod argv;
mod cost;
mod editor;
#[cfg(target_os = "linux")]
mod linux;
#[cfg(any(not(target_os = "linux"), test))]
mod other;
mod relation;
mod servers;
mod survey;
#[cfg(all(test, unix))]
mod tests;
pub mod version;

use std::collections::BTreeMap;
use std::path::PathBuf;

use stallscope_core::memory::Resident;
use stallscope_core::model::{Bytes, GoplsIdentity, GoplsProcess, GoplsRelation, Ns};

pub use cost::thread_cpu_ns;
#[cfg(target_os = "linux")]
use linux as platform;
#[cfg(not(target_os = "linux"))]
use other as platform;
pub use survey::Survey;

/// A process whose executable is called gopls, as the platform reports it.
#[derive(Debug, Clone, PartialEq)]
struct Candidate {
    pid: u32,
    parent_pid: u32,
    started_unix_ms: f64,
    exe: PathBuf,
    argv: Vec<String>,
    rss_bytes: Bytes,
}

/// What walking up from a gopls needs of each ancestor.
#[derive(Debug, Clone, PartialEq)]
struct Ancestor {
    parent_pid: u32,
    /// Command name: cut at 15 bytes on Linux.
    name: String,
    argv: Vec<String>,
}

/// One reading of a process.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ProcSample {
    /// Resident set size.
    pub rss_bytes: Bytes,
    /// CPU time since its start, user and system. Resolution: one clock tick (10 ms) on Linux.
    pub cpu_ns: Ns,
    /// Threads; 0 where the platform does not tell cheaply.
    pub threads: u32,
    /// Page faults that had to read from disk since its start; 0 where the platform does not tell.
    pub major_faults: u64,
}

/// Every gopls of this user, ours first; `watched` marks the one worth watching for `host_pid`.
///
/// Helpers of gopls (the `** telemetry **` child), one-shot commands (`gopls version`) and wrapper scripts are
/// left out. One scan costs about as much as `ps`: call it when [`Descendants::poll`] reports a change, not in a
/// fast loop.
pub fn find(host_pid: u32) -> Vec<GoplsProcess> {
    let found = relation::classify(host_pid, platform::candidates(), platform::ancestor);
    debug_assert!(found.iter().filter(|process| process.watched).count() <= 1);
    found
}

/// What this window should watch: the daemon when ours forwards to one, else the youngest of ours.
pub fn watched(processes: &[GoplsProcess]) -> Option<&GoplsProcess> {
    processes.iter().find(|process| process.watched)
}

/// The full identity of a found process, with its version read from the executable (cached).
pub fn identify(process: &GoplsProcess) -> GoplsIdentity {
    let info = version::of_process(process.pid, std::path::Path::new(&process.exe));
    GoplsIdentity {
        pid: process.pid,
        started_unix_ms: process.started_unix_ms,
        exe: process.exe.clone(),
        version: info.as_ref().and_then(|info| info.version.clone()),
        go_version: info.map(|info| info.go_version),
    }
}

/// Every process whose executable may be known, whatever it is called.
pub(crate) fn executables() -> Vec<(u32, PathBuf)> {
    platform::executables()
}

/// The command line of a process; empty when it is gone or not ours to read.
pub fn argv(pid: u32) -> Vec<String> {
    platform::argv(pid)
}

/// Those of a process's environment variables that have these names, as it was started with them; none where they cannot be
/// read. Nothing else of it is kept.
pub fn variables(pid: u32, names: &[&str]) -> BTreeMap<String, String> {
    let environment = platform::environment(pid);
    let variables = environment
        .split(|byte| *byte == 0)
        .filter_map(|line| std::str::from_utf8(line).ok()?.split_once('='));
    let wanted = variables.filter(|(name, _)| names.contains(name));
    let mut found = BTreeMap::new();
    for (name, value) in wanted {
        // The first of several counts, as for Go.
        found.entry(name.to_owned()).or_insert_with(|| value.to_owned());
    }
    found
}

/// How a flag of gopls is set in the editor or agent of this name, when that is known.
pub fn how_to_set(owner: &str, flag: &str) -> Option<String> {
    editor::owners()?.how_to_set(owner, flag)
}

/// Whether a process is a descendant of another one.
pub(crate) fn is_below(host_pid: u32, pid: u32) -> bool {
    relation::ancestors(pid, platform::ancestor).any(|ancestor| ancestor == host_pid)
}

/// Whether it is the `** telemetry **` child of a gopls, which may outlive it for a while.
pub(crate) fn is_telemetry(pid: u32) -> bool {
    matches!(argv::role(&argv(pid)), argv::Role::Telemetry)
}

/// When a process started, in the same terms as [`GoplsProcess::started_unix_ms`]; for a pid given by hand.
pub fn started_unix_ms(pid: u32) -> Option<f64> {
    Some(platform::Handle::open(pid)?.started_unix_ms())
}

/// Notices cheaply that a gopls below a process has come or gone.
pub struct Descendants(platform::Descendants);

impl Descendants {
    /// Watches everything below `host_pid`. The first [`Self::poll`] reports a change.
    pub fn new(host_pid: u32) -> Self {
        Self(platform::Descendants::new(host_pid))
    }

    /// Whether the set of gopls below the host differs from the last poll. Meant for once a second.
    ///
    /// A daemon is nobody's descendant: its end is noticed by [`ProcessHandle::sample`].
    pub fn poll(&mut self) -> bool {
        self.0.changed()
    }
}

/// A process held open for sampling. It never reads another process that got the same pid.
pub struct ProcessHandle(platform::Handle);

impl ProcessHandle {
    /// Opens the process; `None` when it is gone, is not ours to read, or started at another time than
    /// `started_unix_ms` (take that from [`GoplsProcess`]).
    pub fn open(pid: u32, started_unix_ms: f64) -> Option<Self> {
        let handle = platform::Handle::open(pid)?;
        (handle.started_unix_ms() == started_unix_ms).then_some(Self(handle))
    }

    /// The process we run in, for tests that need one to watch.
    #[cfg(test)]
    pub(crate) fn of_ourselves() -> Option<Self> {
        platform::Handle::open(std::process::id()).map(Self)
    }

    /// RSS alone, the cheapest reading; `None` when the process has ended.
    pub fn rss_bytes(&mut self) -> Option<Bytes> {
        self.0.rss_bytes()
    }

    /// RSS, CPU time, threads and faults; `None` when the process has ended.
    pub fn sample(&mut self) -> Option<ProcSample> {
        self.0.sample()
    }

    /// RSS, what of it is files, and what is swapped out, as far as the platform tells. Dearer than a sample: meant
    /// for beside a reading of the runtime's statistics.
    pub fn resident(&mut self) -> Option<Resident> {
        self.0.resident()
    }

    /// How many `go` commands gopls is running right now (`go list` during a load). Dearer than a sample: it
    /// looks at every thread of gopls. Meant for a few times a second during a stall.
    pub fn go_children(&mut self) -> u32 {
        self.0.go_children()
    }

    /// Whether the process is still there.
    pub fn is_alive(&mut self) -> bool {
        self.rss_bytes().is_some()
    }
}

/// How soon a relation is worth watching.
fn rank(relation: GoplsRelation) -> u8 {
    match relation {
        GoplsRelation::Daemon => 0,
        GoplsRelation::Ours => 1,
        GoplsRelation::Forwarder => 2,
        GoplsRelation::Other => 3,
    }
}
