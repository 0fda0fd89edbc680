//! Executables of gopls where Go and editors look for them.

use std::collections::HashSet;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

use super::{PACKAGE, hash};
use crate::process::version::{self, BuildInfo};

/// A folder with more entries than this is not read to its end.
const MAX_ENTRIES: usize = 20_000;
const MAX_PLACES: usize = 256;

/// Where executables are installed: folders, and files by their names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Bins {
    /// Folders of executables, in the order in which they are searched.
    pub folders: Vec<PathBuf>,
    /// Single files, which may be called anything.
    pub files: Vec<PathBuf>,
}

/// Something called gopls.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Installed {
    /// An executable that Go has built from gopls.
    Executable {
        /// Where.
        path: PathBuf,
        /// What it is known by.
        sha256: [u8; 32],
        /// What it says about itself.
        build: BuildInfo,
    },
    /// A script or another program, which may start a gopls that is somewhere else.
    Script {
        /// Where.
        path: PathBuf,
    },
}

impl Bins {
    /// What `PATH`, `GOBIN` and `GOPATH` (a list, as `PATH` is) name. Relative ones depend on who looks, and are left out.
    pub fn of(path: Option<&str>, gobin: Option<&str>, gopath: Option<&str>) -> Self {
        let split =
            |list: Option<&str>| -> Vec<PathBuf> { std::env::split_paths(list.unwrap_or("")).collect() };
        let mut folders = split(path);
        folders.extend(gobin.map(PathBuf::from));
        folders.extend(split(gopath).into_iter().map(|entry| entry.join("bin")));
        folders.retain(|folder| folder.is_absolute());
        let mut seen = HashSet::new();
        folders.retain(|folder| seen.insert(folder.clone()));
        folders.truncate(MAX_PLACES);
        Self { folders, files: Vec::new() }
    }

    /// What is called exactly `gopls` in these folders, in their order: what an editor starts.
    pub fn gopls(&self) -> Vec<PathBuf> {
        let name = if cfg!(windows) { "gopls.exe" } else { "gopls" };
        self.folders.iter().map(|folder| folder.join(name)).filter(|path| path.is_file()).collect()
    }

    /// Beside these, a file or a folder that somebody has named.
    pub fn and(&mut self, named: PathBuf) {
        if named.is_dir() { self.folders.push(named) } else { self.files.push(named) }
    }
}

/// All that is called gopls or something with it (`gopls-0.18`, `gopls.exe`) in these places.
pub(super) fn installed(bins: &Bins) -> Vec<Installed> {
    let in_folders = bins.folders.iter().flat_map(|folder| called_gopls(folder));
    let named = bins.files.iter().cloned();
    in_folders.chain(named).filter_map(|path| look(&path)).collect()
}

/// What a file is; none where there is none, or none that could be started.
pub(super) fn look(path: &Path) -> Option<Installed> {
    // A pipe would be waited for.
    let metadata = fs::metadata(path).ok()?;
    if !metadata.is_file() || !may_run(&metadata) {
        return None;
    }
    match version::of_file(path) {
        Some(build) if build.package.starts_with(PACKAGE) => {
            let sha256 = hash::sha256(File::open(path).ok()?)?;
            Some(Installed::Executable { path: path.to_owned(), sha256, build })
        }
        _ => Some(Installed::Script { path: path.to_owned() }),
    }
}

fn called_gopls(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let names = entries.take(MAX_ENTRIES).flatten();
    let mut found: Vec<PathBuf> = names
        .filter(|entry| entry.file_name().to_string_lossy().contains("gopls"))
        .map(|entry| entry.path())
        .collect();
    // The one that is started comes first.
    found.sort();
    found.truncate(MAX_PLACES);
    found
}

#[cfg(unix)]
fn may_run(metadata: &fs::Metadata) -> bool {
    std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o111 != 0
}

#[cfg(not(unix))]
fn may_run(_metadata: &fs::Metadata) -> bool {
    true
}

#[cfg(all(test, unix))]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn relative_places_are_left_out_and_each_is_looked_at_once() {
        let bins = Bins::of(Some("/a:rel:/b:/a::/c"), Some("/c"), Some("/g:/h"));
        assert_eq!(bins.folders, ["/a", "/b", "/c", "/g/bin", "/h/bin"].map(PathBuf::from));
        assert_eq!(Bins::of(None, None, None), Bins::default());
    }

    #[test]
    fn a_script_is_not_taken_for_gopls_and_what_cannot_run_is_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("gopls");
        fs::write(&path, "#!/bin/sh\nexec /opt/gopls \"$@\"\n").unwrap();
        let bins = Bins { folders: vec![folder.path().into()], files: Vec::new() };
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert_eq!(installed(&bins), []);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        fs::create_dir(folder.path().join("gopls-sources")).unwrap();
        assert_eq!(installed(&bins), [Installed::Script { path }]);
    }
}
