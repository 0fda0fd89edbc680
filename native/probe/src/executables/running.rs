//! Processes that run an executable of gopls, whatever it is called: the build information of each executable tells.

use std::fs::File;
use std::path::PathBuf;

use super::{PACKAGE, hash};
use crate::process;
use crate::process::version::{self, BuildInfo};

/// A process that runs gopls.
pub(super) struct Run {
    pub pid: u32,
    /// None where its executable cannot be read.
    pub file: Option<RunningFile>,
}

/// What a process runs.
pub(super) struct RunningFile {
    pub path: PathBuf,
    pub build: Option<BuildInfo>,
    /// Its own bytes, and those at its path by now where these are others: an executable that was replaced while it started
    /// has its cache under the name of the new one.
    pub sha256: Vec<[u8; 32]>,
}

/// Every process of gopls that can be seen, telemetry children and one-shot commands included: they use the cache too.
pub(super) fn running() -> Vec<Run> {
    process::executables()
        .into_iter()
        .filter_map(|(pid, path)| {
            let is_called_so = path.file_name().is_some_and(|name| name.to_string_lossy().contains("gopls"));
            let build = version::of_process(pid, &path);
            let is_gopls = match &build {
                Some(build) => is_called_so || build.package.starts_with(PACKAGE),
                // What can be read and was not built by Go is a wrapper.
                None => is_called_so && own(pid).is_none(),
            };
            if !is_gopls {
                return None;
            }
            let mut sha256: Vec<[u8; 32]> = own(pid).and_then(hash::sha256).into_iter().collect();
            sha256.extend(File::open(&path).ok().and_then(hash::sha256));
            sha256.dedup();
            let file = (!sha256.is_empty()).then_some(RunningFile { path, build, sha256 });
            // One that has ended since the list was made uses nothing any more.
            let is_gone = file.is_none() && process::started_unix_ms(pid).is_none();
            (!is_gone).then_some(Run { pid, file })
        })
        .collect()
}

/// The file that a process runs, also when it was replaced or removed since.
#[cfg(target_os = "linux")]
pub(super) fn own(pid: u32) -> Option<File> {
    File::open(format!("/proc/{pid}/exe")).ok()
}

#[cfg(not(target_os = "linux"))]
pub(super) fn own(_pid: u32) -> Option<File> {
    None
}
