//! All gopls of a user at once: whose each is, what they take together, and whether fewer would do.
//!
//! What is known of a single one while it is watched is the engine's; this is about the list of them.

mod growth;
mod owner;
mod sharing;

use std::collections::BTreeMap;

pub use growth::{Grown, Growth};
pub use owner::{Owner, OwnerKind, Owners, Program};
use serde::Serialize;
pub use sharing::{Against, Sharing, advise};

use crate::model::Bytes;

/// What a process of gopls that keeps a workspace in memory is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ServerRole {
    /// A language server for whoever started it.
    Server,
    /// One that forwarders connect to (`-remote`).
    Daemon,
    /// One that answers the Model Context Protocol (`gopls mcp`).
    Mcp,
}

impl ServerRole {
    /// As in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::Daemon => "daemon",
            Self::Mcp => "mcp",
        }
    }
}

/// One of them, as it was found.
#[derive(Debug, Clone, PartialEq)]
pub struct Server {
    /// Process id.
    pub pid: u32,
    /// Start, Unix time in milliseconds: a process is both.
    pub started_unix_ms: f64,
    /// Executable.
    pub exe: String,
    /// Version, where the executable tells it.
    pub version: Option<String>,
    /// What it is.
    pub role: ServerRole,
    /// Who started it.
    pub owner: Owner,
    /// The folder it was started in: with most editors the workspace.
    pub folder: Option<String>,
    /// Those of its environment variables that count for all its sessions ([`SHARED_VARIABLES`]).
    pub environment: BTreeMap<String, String>,
    /// Who is connected to a daemon, through which forwarder.
    pub clients: Vec<Client>,
}

/// A forwarder and whom it serves.
#[derive(Debug, Clone, PartialEq)]
pub struct Client {
    /// The forwarder's process id.
    pub pid: u32,
    /// Who started it.
    pub owner: Owner,
    /// The folder it was started in.
    pub folder: Option<String>,
    /// Its resident memory when it was found.
    pub rss_bytes: Bytes,
}

/// Variables of a daemon that count for every client of it: what `go env` prints each forwarder passes on, these not.
pub const SHARED_VARIABLES: [&str; 7] =
    ["GOGC", "GOMEMLIMIT", "GOMAXPROCS", "GOPACKAGESDRIVER", "GOPLSCACHE", "HOME", "PATH"];
