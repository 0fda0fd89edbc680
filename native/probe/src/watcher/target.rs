//! The gopls being watched: which one it is, and how it is found.

use stallscope_core::model::{GoplsIdentity, GoplsProcess, LatencySource, Ns};

use crate::process::{self, Descendants, ProcessHandle};

/// Which gopls to watch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// The one that serves the window whose extension host has this pid.
    Host {
        /// The extension host.
        pid: u32,
    },
    /// This one, with no editor of ours beside it.
    Process {
        /// gopls itself.
        pid: u32,
    },
}

impl Target {
    /// Whether no other process can take the place of this one.
    pub(super) fn is_one_process(self) -> bool {
        matches!(self, Self::Process { .. })
    }

    /// Where latencies come from when no debug server tells them. Beside an editor somebody stamps requests and echoes
    /// them; a process watched by its pid has nobody.
    pub(super) fn source_without_server(self) -> LatencySource {
        match self {
            Self::Host { .. } => LatencySource::Echo,
            Self::Process { .. } => LatencySource::None,
        }
    }
}

/// The gopls being watched.
pub(super) struct Watched {
    pub identity: GoplsIdentity,
    /// When it was found.
    pub uptime_ns: Ns,
}

/// A found gopls, held open so that it stays the same.
pub(super) struct Found {
    pub gopls: Watched,
    pub process: ProcessHandle,
}

/// Looks for the target, cheaply.
pub(super) struct Finder {
    target: Target,
    descendants: Option<Descendants>,
    /// The last full list.
    pub processes: Vec<GoplsProcess>,
}

impl Finder {
    pub fn new(target: Target) -> Self {
        let descendants = match target {
            Target::Host { pid } => Some(Descendants::new(pid)),
            Target::Process { .. } => None,
        };
        Self { target, descendants, processes: Vec::new() }
    }

    /// Whether a full look is worth its cost.
    pub fn changed(&mut self) -> bool {
        self.descendants.as_mut().is_none_or(Descendants::poll)
    }

    /// A full look. Returns the gopls to watch.
    pub fn find(&mut self, now_unix_ms: u64) -> Option<Found> {
        let found = match self.target {
            Target::Host { pid } => {
                self.processes = process::find(pid);
                process::watched(&self.processes).cloned()
            }
            Target::Process { pid } => {
                self.processes = process::find(pid);
                self.processes.iter().find(|p| p.pid == pid).cloned()
            }
        }?;
        let process = ProcessHandle::open(found.pid, found.started_unix_ms)?;
        let age_ms = (now_unix_ms as f64 - found.started_unix_ms).max(0.0);
        let gopls = Watched { identity: process::identify(&found), uptime_ns: (age_ms * 1e6) as Ns };
        Some(Found { gopls, process })
    }
}
