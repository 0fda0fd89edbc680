//! gopls's cache on disk: what is in it, and how directories of it are removed.
//!
//! It is read and removed below an open handle of its folder, so that no link leads out of it, whatever is exchanged
//! meanwhile. Judging whose a directory is is `stallscope_doctor::cache`.

mod clean;
mod look;
mod own;
mod place;
mod refused;
mod sizes;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
mod window;
mod work;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use cap_std::ambient_authority;
use cap_std::fs::Dir;
use stallscope_doctor::cache::{Blind, Cache, CacheFacts};

use crate::executables::{Bins, Executables};
use crate::file_system;

pub use clean::{Which, clean};
pub use own::move_own_aside;
pub use place::{folder, folder_of};
pub use refused::Refused;
pub use sizes::go_caches;
pub use window::{Window, go_caches_of};
pub use work::Cleaning;

/// Which cache, and who may use it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CacheAsked {
    /// The folder `gopls` of the cache; absolute.
    pub folder: PathBuf,
    /// Where executables of gopls are installed.
    pub bins: Bins,
}

/// Why a cache could not be looked at.
#[derive(Debug, thiserror::Error)]
#[error("{}: {error}", path.display())]
pub struct CacheError {
    /// Which folder.
    pub path: PathBuf,
    /// What the system said.
    pub error: std::io::Error,
}

/// What is known of a cache. What is not counted within the time is told as such.
///
/// # Errors
/// The folder cannot be read. One that is not there is an empty cache.
pub fn facts(asked: &CacheAsked, within: Duration) -> Result<CacheFacts, CacheError> {
    let until = Instant::now() + within;
    let directories = match open(&asked.folder)? {
        Some(folder) => look::directories(&folder, until).map_err(|error| asked.error(error))?,
        None => Vec::new(),
    };
    let executables = Executables::find(&asked.bins);
    let disk = file_system::disk(&asked.folder);
    let remote = disk.as_ref().and_then(|disk| disk.remote.clone());
    let mut blind: Vec<Blind> = remote.into_iter().map(|file_system| Blind::Remote { file_system }).collect();
    blind.extend(executables.blind);
    Ok(CacheFacts {
        folder: asked.folder.display().to_string(),
        not_writable: file_system::not_writable(&asked.folder),
        disk,
        directories,
        executables: executables.all,
        blind,
        arguments: asked.arguments(),
        now_unix_ms: unix_ms(SystemTime::now()),
    })
}

/// What is in a cache, and whose it is.
///
/// # Errors
/// The folder cannot be read.
pub fn list(asked: &CacheAsked, within: Duration) -> Result<Cache, CacheError> {
    facts(asked, within).map(|facts| Cache::of(&facts))
}

/// Opens the folder; none where there is none. That it is itself a link is the user's wish: gopls follows it too.
fn open(folder: &Path) -> Result<Option<Dir>, CacheError> {
    match Dir::open_ambient_dir(folder, ambient_authority()) {
        Ok(dir) => Ok(Some(dir)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(CacheError { path: folder.to_owned(), error }),
    }
}

fn unix_ms(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

impl CacheAsked {
    /// What says the same to `stallscope cache`, beside what it finds by its own environment.
    fn arguments(&self) -> Vec<String> {
        let is_elsewhere = self.folder != folder_of(&std::collections::BTreeMap::new());
        let folder = is_elsewhere.then_some(("--folder", &self.folder));
        let files = self.bins.files.iter().map(|file| ("--gopls", file));
        let named = folder.into_iter().chain(files);
        named.flat_map(|(flag, path)| [flag.to_owned(), path.display().to_string()]).collect()
    }

    fn error(&self, error: std::io::Error) -> CacheError {
        CacheError { path: self.folder.clone(), error }
    }
}
