//! The cache as a window of an editor asks about it: what may be removed, and whether that of its own gopls can be emptied.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::answers::Progress;
use super::facts::{Blind, CacheFacts, Size};
use super::owner::{Cache, Owner};

/// Whose cache is meant.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "doctor.ts", rename = "CacheRequest"))]
pub struct Request {
    /// Variables that gopls is started with beside our own environment: `go.toolsEnvVars`. What a running one has counts more.
    pub variables: BTreeMap<String, String>,
    /// The executable that the editor was told to start.
    pub gopls: Option<String>,
}

/// gopls's cache, and what can be done with it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "doctor.ts", rename = "CacheView"))]
pub struct View {
    /// What there is.
    pub cache: Cache,
    /// What nobody will read again, together.
    pub removable: Removable,
    /// The directory of the gopls of the window.
    pub own: Option<Own>,
    /// Unix time in milliseconds, for ages.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub now_unix_ms: u64,
}

/// What a removal would take: orphans and leftovers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "doctor.ts", rename = "CacheRemovable"))]
pub struct Removable {
    /// How many directories.
    pub directories: u32,
    /// Their files.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub files: u64,
    /// Their lengths.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub bytes: u64,
    /// Whether all was counted in the time there was; if not, it is at least this.
    pub complete: bool,
}

/// The directory of the gopls of a window.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "doctor.ts", rename = "OwnCache"))]
pub struct Own {
    /// Its name.
    pub name: String,
    /// What it holds.
    pub size: Size,
    /// The gopls of the window, which have to end before.
    pub pids: Vec<u32>,
    /// Why it cannot be emptied.
    pub held: Option<Held>,
}

/// Why the directory of a gopls that runs must stay although its window asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "doctor.ts", rename = "CacheHeld"))]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Held {
    /// Another window, an editor or a daemon uses it, and would not be restarted.
    Shared {
        /// The processes.
        pids: Vec<u32>,
    },
    /// Other machines may use it.
    Remote {
        /// What it is on.
        file_system: String,
    },
    /// A gopls runs whose executable cannot be read: it may be this one's.
    Unseen {
        /// Which.
        pid: u32,
    },
}

/// The processes of a window.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Processes {
    /// The gopls that serve it, and are restarted with it; a daemon that serves it is one, but not below the window.
    pub servers: Vec<u32>,
    /// All that is below the window, or is nobody's user of a cache.
    pub harmless: Vec<u32>,
}

/// What is being done with a cache.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "doctor.ts", rename = "CacheDoing"))]
#[serde(rename_all = "snake_case", tag = "step")]
pub enum Doing {
    /// Whose each directory is.
    Looking,
    /// Waits for these gopls to end: the moment to restart them.
    Waiting {
        /// The processes.
        pids: Vec<u32>,
    },
    /// Removes files.
    Removing {
        /// How far it is.
        progress: Progress,
    },
}

/// The directory of a gopls that has ended, moved aside: the next one starts without.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "doctor.ts", rename = "CacheMoved"))]
pub struct Moved {
    /// What it was called.
    pub name: String,
    /// What it is called until it is removed.
    pub aside: String,
    /// The gopls that have ended.
    pub pids: Vec<u32>,
}

impl View {
    /// What a window is told.
    pub fn of(facts: &CacheFacts, processes: &Processes) -> Self {
        let cache = Cache::of(facts);
        let mut removable = Removable { complete: true, ..Removable::default() };
        for owned in cache.of_owner(Owner::Orphan).chain(cache.of_owner(Owner::Leftover)) {
            let size = owned.size.clone().unwrap_or_default();
            removable.directories += 1;
            removable.files += size.files;
            removable.bytes = removable.bytes.saturating_add(size.bytes);
            removable.complete &= size.complete;
        }
        let own = Own::of(&cache, processes);
        Self { cache, removable, own, now_unix_ms: facts.now_unix_ms }
    }
}

impl Own {
    fn of(cache: &Cache, processes: &Processes) -> Option<Self> {
        let pids = |owned: &super::owner::Owned| -> Vec<u32> {
            owned.executables.iter().flat_map(|executable| executable.pids.clone()).collect()
        };
        let serves = |pid: &u32| processes.servers.contains(pid);
        let owned = cache.of_owner(Owner::Running).find(|owned| pids(owned).iter().any(serves))?;
        let (servers, others): (Vec<u32>, Vec<u32>) = pids(owned).into_iter().partition(serves);
        let is_ours = |pid: &u32| processes.harmless.contains(pid);
        // A daemon serves other windows as well.
        let daemons = servers.iter().filter(|pid| !is_ours(pid));
        let mut shared: Vec<u32> =
            others.iter().filter(|pid| !is_ours(pid)).chain(daemons).copied().collect();
        shared.sort_unstable();
        shared.dedup();
        let unseen = cache.blind.iter().find_map(|blind| match blind {
            Blind::Remote { file_system } => Some(Held::Remote { file_system: file_system.clone() }),
            Blind::Process { pid } if !is_ours(pid) => Some(Held::Unseen { pid: *pid }),
            Blind::Process { .. } | Blind::Script { .. } => None,
        });
        let held = if shared.is_empty() { unseen } else { Some(Held::Shared { pids: shared }) };
        let mut servers = servers;
        servers.sort_unstable();
        servers.dedup();
        Some(Self {
            name: owned.name.clone(),
            size: owned.size.clone().unwrap_or_default(),
            pids: servers,
            held,
        })
    }
}
