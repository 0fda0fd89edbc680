//! Why nothing was removed.

use stallscope_doctor::cache::Held;

use super::CacheError;

/// Why nothing was removed.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// The folder.
    #[error(transparent)]
    Folder(#[from] CacheError),
    /// There is no such directory.
    #[error("there is no directory {name} in gopls's cache")]
    Unknown {
        /// What was named.
        name: String,
    },
    /// It is not gopls's.
    #[error("{name} is not laid out as gopls does ({why}); it is left alone")]
    Unrecognised {
        /// What was named.
        name: String,
        /// What is odd.
        why: String,
    },
    /// Somebody uses it.
    #[error("{name} belongs to a gopls that runs (process {}); stop it first", listed(pids))]
    Running {
        /// What was named.
        name: String,
        /// The processes.
        pids: Vec<u32>,
    },
    /// No gopls of the window runs, or it has no directory yet.
    #[error("no gopls of this window has a directory in the cache; open a Go file first")]
    NotRunning,
    /// Somebody else uses the directory of the window's gopls, or may.
    #[error("{} gopls's cache was left as it is", held(.0))]
    Held(Held),
    /// The gopls of the window go on.
    #[error("gopls did not end (process {}), so its cache was left as it is", listed(pids))]
    StillRuns {
        /// The processes.
        pids: Vec<u32>,
    },
    /// Another one was at work before the first had ended.
    #[error(
        "gopls was at work again (process {pid}) before its cache could be moved aside; it was left as it is"
    )]
    BackTooSoon {
        /// The process.
        pid: u32,
    },
    /// It was given up before anything was moved.
    #[error("cancelled before anything was changed in gopls's cache")]
    Cancelled,
    /// One at a time.
    #[error("gopls's cache is being cleaned already; wait until that has ended")]
    Busy,
}

impl Refused {
    /// Stable name for the editor.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Folder(_) => "cache-unreadable",
            Self::Unknown { .. } => "cache-unknown",
            Self::Unrecognised { .. } => "cache-unrecognised",
            Self::Running { .. } => "cache-in-use",
            Self::NotRunning => "cache-not-running",
            Self::Held(Held::Shared { .. }) => "cache-shared",
            Self::Held(Held::Remote { .. }) => "cache-remote",
            Self::Held(Held::Unseen { .. }) => "cache-unseen",
            Self::StillRuns { .. } => "cache-gopls-stays",
            Self::BackTooSoon { .. } => "cache-gopls-back",
            Self::Cancelled => "cache-cancelled",
            Self::Busy => "cache-busy",
        }
    }
}

fn held(held: &Held) -> String {
    match held {
        Held::Shared { pids } => {
            format!("process {} uses it as well and would not be restarted;", listed(pids))
        }
        Held::Remote { file_system } => format!("it is on {file_system}, where other machines may use it;"),
        Held::Unseen { pid } => format!("process {pid} may use it as well, its executable cannot be read;"),
    }
}

fn listed(pids: &[u32]) -> String {
    pids.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}
