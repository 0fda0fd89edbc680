//! What is told of the cache beside its directories: how a removal goes, and how large Go's own caches are.

use serde::Serialize;

/// How far a removal is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "doctor.ts", rename = "CacheProgress"))]
pub struct Progress {
    /// The directory it is at.
    pub directory: String,
    /// Files removed so far, of all directories.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub files: u64,
    /// Their lengths.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub bytes: u64,
    /// How many there are to remove, as far as that was counted.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub of_files: u64,
}

/// What came of a removal.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "doctor.ts", rename = "CacheCleaned"))]
pub struct Cleaned {
    /// Directories that are gone, or would be.
    pub removed: Vec<Removed>,
    /// Directories that were to go and did not, or not wholly.
    pub skipped: Vec<Skipped>,
    /// Whether it was stopped before its end.
    pub cancelled: bool,
}

/// A directory that is gone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "doctor.ts", rename = "CacheRemoved"))]
pub struct Removed {
    /// Its name.
    pub name: String,
    /// Files it had.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub files: u64,
    /// Their lengths.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub bytes: u64,
}

/// A directory that is still there, or partly.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "doctor.ts", rename = "CacheSkipped"))]
pub struct Skipped {
    /// What it is called now.
    pub name: String,
    /// Why.
    pub why: String,
}

/// A cache of the `go` command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "doctor.ts"))]
pub struct GoCache {
    /// `build` or `modules`.
    pub name: String,
    /// Where; absolute.
    pub folder: String,
    /// Lengths of its files; at least, where not all was counted.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub bytes: u64,
    /// How many.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub files: u64,
    /// Whether all was counted in the time there was.
    pub complete: bool,
    /// What empties it.
    pub command: Vec<String>,
}
