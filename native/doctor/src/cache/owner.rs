//! Whose a directory of the cache is: of a gopls that runs, of one that is installed, or of nobody any more.
//!
//! Nobody's is only what no executable that we can see made. Where we know that we cannot see all of them, a directory has to
//! be unused for as long as gopls itself keeps unused files before it counts as nobody's.

use serde::Serialize;

use super::facts::{Blind, CacheFacts, Content, Directory, Disk, Executable, Size};
use super::layout;

/// gopls deletes what was not used for so long.
const KEPT_UNUSED_MS: u64 = 5 * 24 * 60 * 60 * 1000;

/// Whose a directory is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "doctor.ts", rename = "CacheOwner"))]
#[serde(rename_all = "snake_case")]
pub enum Owner {
    /// A gopls that runs: removing it can end that gopls.
    Running,
    /// A gopls that is installed: without it its next load is a cold one.
    Installed,
    /// Nobody's any more, as far as can be seen.
    Orphan,
    /// Perhaps that of an executable which cannot be seen from here.
    Unsure,
    /// What an interrupted removal has left.
    Leftover,
    /// Not laid out as gopls does: never touched.
    Unrecognised,
}

/// A directory of the cache with its owner.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "doctor.ts", rename = "CacheDirectory"))]
pub struct Owned {
    /// Its name.
    pub name: String,
    /// Whose it is.
    pub owner: Owner,
    /// The executables that it belongs to: copies of one file.
    pub executables: Vec<Executable>,
    /// What it holds; nothing is known of what is not recognised.
    pub size: Option<Size>,
    /// Why it is not recognised.
    pub why: Option<String>,
}

/// gopls's cache.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "doctor.ts", rename = "GoplsCache"))]
pub struct Cache {
    /// The folder; absolute.
    pub folder: String,
    /// The disk it is on.
    pub disk: Option<Disk>,
    /// Its directories; those in use first, then by size.
    pub directories: Vec<Owned>,
    /// Why there may be executables that cannot be seen from here.
    pub blind: Vec<Blind>,
}

impl Cache {
    /// Judges whose each directory is.
    pub fn of(facts: &CacheFacts) -> Self {
        let mut directories: Vec<Owned> =
            facts.directories.iter().map(|directory| owned(directory, facts)).collect();
        let bytes = |owned: &Owned| owned.size.as_ref().map_or(0, |size| size.bytes);
        directories.sort_by(|a, b| {
            a.owner.cmp(&b.owner).then_with(|| bytes(b).cmp(&bytes(a))).then_with(|| a.name.cmp(&b.name))
        });
        Self {
            folder: facts.folder.clone(),
            disk: facts.disk.clone(),
            directories,
            blind: facts.blind.clone(),
        }
    }

    /// The directories of an owner.
    pub fn of_owner(&self, owner: Owner) -> impl Iterator<Item = &Owned> {
        self.directories.iter().filter(move |directory| directory.owner == owner)
    }
}

fn owned(directory: &Directory, facts: &CacheFacts) -> Owned {
    let name = directory.name.clone();
    let (sha256, size) = match &directory.content {
        Content::Unrecognised { why } => {
            let why = Some(why.clone());
            return Owned { name, owner: Owner::Unrecognised, executables: Vec::new(), size: None, why };
        }
        Content::Leftover { size } => {
            let size = Some(size.clone());
            return Owned { name, owner: Owner::Leftover, executables: Vec::new(), size, why: None };
        }
        Content::Cache { sha256, size } => (sha256, size),
    };
    let made = |executable: &&Executable| match sha256 {
        Some(sha256) => *sha256 == executable.sha256,
        None => layout::directory_of(&executable.sha256) == directory.name,
    };
    let executables: Vec<Executable> = facts.executables.iter().filter(made).cloned().collect();
    let owner = if executables.iter().any(|executable| !executable.pids.is_empty()) {
        Owner::Running
    } else if executables.iter().any(|executable| executable.installed) {
        Owner::Installed
    } else if !facts.blind.is_empty() && may_be_in_use(size, facts.now_unix_ms) {
        Owner::Unsure
    } else {
        Owner::Orphan
    };
    Owned { name, owner, executables, size: Some(size.clone()), why: None }
}

/// A time that lies ahead is a clock that was set, and says nothing.
fn may_be_in_use(size: &Size, now_unix_ms: u64) -> bool {
    !size.complete
        || size.newest_unix_ms.is_some_and(|used| now_unix_ms.saturating_sub(used) < KEPT_UNUSED_MS)
}
