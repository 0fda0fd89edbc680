//! What is known of gopls's cache, as it was read from the disk.

use std::collections::BTreeMap;

use serde::Serialize;

/// gopls's cache, and what it is judged by.
#[derive(Debug, Clone, PartialEq)]
pub struct CacheFacts {
    /// The folder that holds a directory per executable; absolute.
    pub folder: String,
    /// Why gopls cannot write there, as the system says it.
    pub not_writable: Option<String>,
    /// The disk it is on.
    pub disk: Option<Disk>,
    /// What is in the folder.
    pub directories: Vec<Directory>,
    /// Executables of gopls that run or are installed.
    pub executables: Vec<Executable>,
    /// Why there may be executables that we cannot see.
    pub blind: Vec<Blind>,
    /// What of a command says which cache and whose executables are meant: `--folder`, `--gopls`.
    pub arguments: Vec<String>,
    /// When this was read, Unix time in milliseconds.
    pub now_unix_ms: u64,
}

/// A disk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "doctor.ts"))]
pub struct Disk {
    /// What this user may still write.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub free_bytes: u64,
    /// All of it.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub total_bytes: u64,
    /// What it is, when it is not a disk of this machine: `NFS`.
    pub remote: Option<String>,
}

/// Something in the folder of the cache.
#[derive(Debug, Clone, PartialEq)]
pub struct Directory {
    /// Its name there.
    pub name: String,
    /// What it is.
    pub content: Content,
}

/// What something in the folder of the cache is.
#[derive(Debug, Clone, PartialEq)]
pub enum Content {
    /// The cache of an executable.
    Cache {
        /// Its SHA-256; none where gopls's own clean-up has already removed that file.
        sha256: Option<[u8; 32]>,
        /// What it holds.
        size: Size,
    },
    /// What an interrupted removal of ours has left.
    Leftover {
        /// What it still holds.
        size: Size,
    },
    /// Nothing that we know.
    Unrecognised {
        /// What is not as gopls lays it out.
        why: String,
    },
}

/// How much a directory holds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "doctor.ts", rename = "CacheSize"))]
pub struct Size {
    /// Lengths of all files; blocks on the disk are more.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub bytes: u64,
    /// How many.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub files: u64,
    /// By what they are for.
    pub kinds: BTreeMap<String, Kind>,
    /// When a file was used last, Unix time in milliseconds; gopls notes it once an hour.
    #[cfg_attr(feature = "ts", ts(type = "number | null"))]
    pub newest_unix_ms: Option<u64>,
    /// When the one that is unused for longest was used.
    #[cfg_attr(feature = "ts", ts(type = "number | null"))]
    pub oldest_unix_ms: Option<u64>,
    /// Whether all was counted in the time there was; if not, it is at least this.
    pub complete: bool,
}

/// Files of one kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "doctor.ts", rename = "CacheKind"))]
pub struct Kind {
    /// How many.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub files: u64,
    /// Their lengths.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub bytes: u64,
}

/// An executable of gopls.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(
    feature = "ts",
    derive(ts_rs::TS),
    ts(export, export_to = "doctor.ts", rename = "GoplsExecutable")
)]
pub struct Executable {
    /// Where it is, or was when it was started.
    pub path: String,
    /// What it is known by.
    #[serde(serialize_with = "hex")]
    #[cfg_attr(feature = "ts", ts(type = "string"))]
    pub sha256: [u8; 32],
    /// `v0.23.0`; none for a build from a work tree.
    pub version: Option<String>,
    /// The Go that built it.
    pub go_version: Option<String>,
    /// Processes that run it.
    pub pids: Vec<u32>,
    /// Whether a file where executables are installed has these bytes.
    pub installed: bool,
}

/// Why an executable may exist without being seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "doctor.ts", rename = "CacheBlind"))]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Blind {
    /// Other machines may share the folder.
    Remote {
        /// What it is on.
        file_system: String,
    },
    /// A script called gopls starts an executable that is somewhere else.
    Script {
        /// Which.
        path: String,
    },
    /// A gopls runs whose executable cannot be read.
    Process {
        /// Which.
        pid: u32,
    },
}

impl Size {
    /// Counts a file.
    pub fn add(&mut self, kind: Option<&str>, bytes: u64, used_unix_ms: Option<u64>) {
        self.files += 1;
        self.bytes = self.bytes.saturating_add(bytes);
        if let Some(kind) = kind {
            let of_kind = self.kinds.entry(kind.to_owned()).or_default();
            of_kind.files += 1;
            of_kind.bytes = of_kind.bytes.saturating_add(bytes);
        }
        self.newest_unix_ms = self.newest_unix_ms.max(used_unix_ms);
        self.oldest_unix_ms = self.oldest_unix_ms.into_iter().chain(used_unix_ms).min();
    }
}

fn hex<S: serde::Serializer>(bytes: &[u8; 32], serializer: S) -> Result<S::Ok, S::Error> {
    let text: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    serializer.serialize_str(&text)
}
