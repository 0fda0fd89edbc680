//! Everything we keep on disk: incidents as plain folders, and the little state that outlives a window.
//!
//! ```text
//! <storage>/
//!   incidents/<id>/incident.json      what happened (core::model::Incident)
//!                  heap-1.pb.gz …     raw, as gopls sent it
//!                  .lock              held by the window that still writes to it
//!   baselines/<pid>-<start>.<random>.part
//!                                     latest calm heap profile of a gopls, as one window took it
//!   verifications/<id>.json           the runs before and after a fix (core::verify)
//!   limits.json                       captures of the last hour, over all windows
//!   loads.json                        length and peak of earlier workspace loads
//! ```

mod atomic;
mod incidents;
mod state;
#[cfg(test)]
pub(crate) mod tests;

use std::io;
use std::path::{Path, PathBuf};

pub(crate) use atomic::part_file;
pub use atomic::{write_atomic, write_for_user};
pub use incidents::IncidentFolder;
use tempfile::NamedTempFile;

/// A failure on disk, with the path and a remedy.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// No space, or a quota.
    #[error(
        "no space left on the disk of {path}: delete incidents or free space; earlier incidents are untouched"
    )]
    DiskFull {
        /// Where.
        path: PathBuf,
    },
    /// Not allowed to write.
    #[error("{path} cannot be written: check its permissions, or that its disk is not mounted read-only")]
    ReadOnly {
        /// Where.
        path: PathBuf,
    },
    /// No such incident.
    #[error("there is no incident {id}: it may have been deleted, or made room for newer ones")]
    NotFound {
        /// Which.
        id: String,
    },
    /// Something that we did not write.
    #[error("{path} cannot be read: {why}")]
    Unreadable {
        /// Where.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// A mistake of ours.
    #[error("an internal error was contained: {what}; please report it")]
    Internal {
        /// The words of the panic.
        what: String,
    },
    /// Anything else.
    #[error("{path}: {source}")]
    Io {
        /// Where.
        path: PathBuf,
        /// What.
        source: io::Error,
    },
}

impl StoreError {
    /// Kebab-case name for the user interface.
    pub fn code(&self) -> &'static str {
        match self {
            Self::DiskFull { .. } => "disk-full",
            Self::ReadOnly { .. } => "storage-read-only",
            Self::NotFound { .. } => "incident-not-found",
            Self::Unreadable { .. } => "incident-unreadable",
            Self::Internal { .. } => "internal-error",
            Self::Io { .. } => "storage-failed",
        }
    }

    /// Sorts an IO error by what the user can do about it.
    pub fn io(path: &Path, source: io::Error) -> Self {
        let path = path.to_path_buf();
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::DiskFull { path },
            io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied => Self::ReadOnly { path },
            _ => Self::Io { path, source },
        }
    }
}

/// The storage folder.
#[derive(Debug, Clone)]
pub struct Store {
    root: PathBuf,
}

impl Store {
    /// A store in `root`. Nothing is touched until something is written.
    pub fn new(root: PathBuf) -> Self {
        Self { root }
    }

    /// The folder itself.
    pub fn root(&self) -> &Path {
        &self.root
    }

    fn incidents_dir(&self) -> PathBuf {
        self.root.join("incidents")
    }

    fn baselines_dir(&self) -> PathBuf {
        self.root.join("baselines")
    }

    /// A new file for a calm heap profile of a gopls. Each window keeps its own, and for its own life only: of another
    /// one's it could not say when it was taken.
    ///
    /// # Errors
    /// Disk full, read-only, ….
    pub fn new_baseline(&self, pid: u32, started_unix_ms: f64) -> Result<NamedTempFile, StoreError> {
        let dir = self.baselines_dir();
        std::fs::create_dir_all(&dir).map_err(|e| StoreError::io(&dir, e))?;
        part_file(&dir, &format!("{pid}-{started_unix_ms:.0}"))
    }

    /// Removes the baselines of processes that `alive` does not know: left by a window that did not end in order.
    pub fn tidy_baselines(&self, alive: impl Fn(u32) -> bool) {
        let Ok(entries) = std::fs::read_dir(self.baselines_dir()) else { return };
        for entry in entries.flatten() {
            let name = entry.file_name();
            let pid = name.to_str().and_then(|n| n.split('-').next()).and_then(|n| n.parse().ok());
            if pid.is_some_and(|pid| !alive(pid)) {
                // Best effort: a leftover of 100 kB is no harm.
                let _ = std::fs::remove_file(entry.path());
            }
        }
    }
}
