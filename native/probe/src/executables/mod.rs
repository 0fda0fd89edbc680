//! The executables of gopls on this machine: those that run and those that are installed, each known by its SHA-256.
//!
//! That is what gopls names its cache by, so a copy under another name is the same executable, and a new one at the old
//! place is another. Files are read, never started.

mod hash;
mod installed;
mod running;

use std::path::{Path, PathBuf};

use stallscope_doctor::cache::{Blind, Executable};

pub use installed::Bins;
use installed::Installed;

use crate::process::version::BuildInfo;

/// The package that gopls is built from; forks that keep its cache keep it too.
const PACKAGE: &str = "golang.org/x/tools/gopls";

/// All executables that can be seen.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Executables {
    /// Each once per place, those that run first.
    pub all: Vec<Executable>,
    /// Why there may be more.
    pub blind: Vec<Blind>,
}

impl Executables {
    /// Looks at all processes, and at all places where executables are installed.
    pub fn find(bins: &Bins) -> Self {
        let mut found = Self::default();
        for run in running::running() {
            match run.file {
                Some(file) => found.add_running(run.pid, &file),
                None => found.blind.push(Blind::Process { pid: run.pid }),
            }
        }
        for installed in installed::installed(bins) {
            match installed {
                Installed::Executable { path, sha256, build } => found.add_installed(path, sha256, &build),
                Installed::Script { path } => {
                    found.blind.push(Blind::Script { path: path.display().to_string() });
                }
            }
        }
        found
    }

    /// The processes that run an executable with this hash.
    pub fn pids(&self, sha256: &[u8; 32]) -> Vec<u32> {
        let of = self.all.iter().filter(|executable| executable.sha256 == *sha256);
        of.flat_map(|executable| executable.pids.clone()).collect()
    }

    fn add_running(&mut self, pid: u32, file: &running::RunningFile) {
        for sha256 in &file.sha256 {
            let path = file.path.display().to_string();
            match self.at(&path, sha256) {
                Some(known) => known.pids.push(pid),
                None => self.all.push(executable(path, *sha256, file.build.as_ref(), vec![pid], false)),
            }
        }
    }

    fn add_installed(&mut self, path: PathBuf, sha256: [u8; 32], build: &BuildInfo) {
        let path = path.display().to_string();
        match self.at(&path, &sha256) {
            Some(known) => known.installed = true,
            None => self.all.push(executable(path, sha256, Some(build), Vec::new(), true)),
        }
    }

    fn at(&mut self, path: &str, sha256: &[u8; 32]) -> Option<&mut Executable> {
        self.all.iter_mut().find(|known| known.path == path && known.sha256 == *sha256)
    }
}

/// An executable of gopls by its file; none where that is something else.
pub fn of_file(path: &Path) -> Option<Executable> {
    match installed::look(path)? {
        Installed::Executable { path, sha256, build } => {
            Some(executable(path.display().to_string(), sha256, Some(&build), Vec::new(), true))
        }
        Installed::Script { .. } => None,
    }
}

/// The hash of what a process runs, also when its file was replaced since; none where that cannot be read.
pub(crate) fn sha256_of_process(pid: u32) -> Option<[u8; 32]> {
    hash::sha256(running::own(pid)?)
}

fn executable(
    path: String,
    sha256: [u8; 32],
    build: Option<&BuildInfo>,
    pids: Vec<u32>,
    installed: bool,
) -> Executable {
    let version = build.and_then(|build| build.version.clone());
    let go_version = build.map(|build| build.go_version.clone());
    Executable { path, sha256, version, go_version, pids, installed }
}
