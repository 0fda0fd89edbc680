//! What gopls works on: a copy of the user's workspace, so that saves are real and nothing of theirs changes, or one that is
//! made for the experiment.

use std::ffi::OsStr;
use std::fs::{self, Permissions};
use std::io;
use std::path::{Component, Path, PathBuf};

use stallscope_core::experiment::{Shape, Workspace};
use stallscope_doctor::gomod::{parse_mod, parse_work};
use tempfile::TempDir;

/// A larger workspace is not copied: it would take minutes and much of a disk.
const MOST_COPIED_BYTES: u64 = 4 << 30;
const MOST_COPIED_FILES: u64 = 500_000;
/// A larger `go.mod` or `go.work` is none.
const MOST_MOD_BYTES: u64 = 16 << 20;
/// Folders that hold no Go packages, and many files.
const NOT_COPIED: [&str; 3] = [".git", "node_modules", ".idea"];
/// How the folders that we make begin.
const TEMPORARY: &str = "stallscope-reproduce-";
/// Folders that `./...` leaves out.
const NOT_LISTED: [&str; 3] = ["testdata", "vendor", "node_modules"];

/// What is asked for.
#[derive(Debug, Clone)]
pub enum Asked {
    /// This folder.
    Folder(PathBuf),
    /// One of this size.
    Generated(Shape),
}

/// There is no workspace.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The folder is none.
    #[error("{}: {error}: name the folder that you open in your editor", path.display())]
    Folder {
        /// Which.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// No place for the generated one.
    #[error("a workspace cannot be written to {}: {error}", path.display())]
    Write {
        /// Where.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// Nothing to open.
    #[error("{0} has no Go file with anything to ask about: name the folder that you open in your editor")]
    NoGo(String),
}

/// The folder that gopls opens.
pub struct Source {
    /// Where it is; absolute.
    pub folder: PathBuf,
    /// Its Go files, below it, sorted.
    pub go_files: Vec<String>,
    /// What a report says of it.
    pub told: Workspace,
    /// Deleted with it.
    _temporary: Option<TempDir>,
}

impl Source {
    /// Makes it ready. `folder` stays as it is.
    pub fn prepare(asked: &Asked) -> Result<Self, SourceError> {
        match asked {
            Asked::Folder(folder) => Self::of_folder(folder),
            Asked::Generated(shape) => Self::generated(*shape),
        }
    }

    /// Whether files may be written.
    pub fn is_ours(&self) -> bool {
        self.told.not_saved.is_none()
    }

    /// As people know it.
    pub fn name(&self) -> String {
        self.told.folder.clone().unwrap_or_else(|| "the generated workspace".to_owned())
    }

    fn of_folder(folder: &Path) -> Result<Self, SourceError> {
        let failure = |error| SourceError::Folder { path: folder.to_owned(), error };
        let folder = fs::canonicalize(folder).map_err(failure)?;
        fs::read_dir(&folder).map_err(failure)?;
        let copied = match reaches_out(&folder) {
            Some(why) => Err(why),
            None => copy(&folder).map_err(|error| format!("it could not be copied: {error}")),
        };
        let (open, temporary, not_saved) = match copied {
            Ok((copy, temporary)) => (copy, Some(temporary), None),
            Err(why) => (folder.clone(), None, Some(why)),
        };
        let told = Workspace {
            folder: Some(folder.display().to_string()),
            generated: None,
            go_files: 0,
            open_files: Vec::new(),
            not_saved,
        };
        Ok(Self::listed(open, temporary, told))
    }

    fn generated(shape: Shape) -> Result<Self, SourceError> {
        let temporary =
            temporary().map_err(|error| SourceError::Write { path: std::env::temp_dir(), error })?;
        let folder = temporary.path().to_owned();
        for file in shape.files() {
            let path = folder.join(&file.path);
            let parent = path.parent().unwrap_or(&folder);
            fs::create_dir_all(parent)
                .and_then(|()| fs::write(&path, file.text))
                .map_err(|error| SourceError::Write { path: path.clone(), error })?;
        }
        // With one module the folder that is opened is the module's own.
        let folder = if shape.modules > 1 { folder } else { folder.join("m0") };
        let told = Workspace {
            folder: None,
            generated: Some(shape),
            go_files: 0,
            open_files: Vec::new(),
            not_saved: None,
        };
        Ok(Self::listed(folder, Some(temporary), told))
    }

    fn listed(folder: PathBuf, temporary: Option<TempDir>, mut told: Workspace) -> Self {
        let mut go_files = Vec::new();
        list(&folder, &folder, &mut go_files);
        go_files.sort();
        told.go_files = go_files.len() as u64;
        Self { folder, go_files, told, _temporary: temporary }
    }
}

fn temporary() -> io::Result<TempDir> {
    let made = tempfile::Builder::new().prefix(TEMPORARY).tempdir()?;
    // gopls names files as the system resolves them.
    fs::canonicalize(made.path())?;
    Ok(made)
}

/// Go files that `./...` may list. What cannot be read is left out.
fn list(top: &Path, folder: &Path, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let Ok(kind) = entry.file_type() else { continue };
        if kind.is_dir() && !name.starts_with(['.', '_']) && !NOT_LISTED.contains(&&*name) {
            list(top, &entry.path(), found);
        } else if kind.is_file() && name.ends_with(".go") {
            let path = entry.path();
            let below = path.strip_prefix(top).unwrap_or(&path);
            found.push(below.to_string_lossy().replace('\\', "/"));
        }
    }
}

/// A copy in a temporary folder.
fn copy(folder: &Path) -> io::Result<(PathBuf, TempDir)> {
    let temporary = temporary()?;
    // Under the same name: it is what the folder is called in gopls's messages.
    let name = folder.file_name().unwrap_or_else(|| "workspace".as_ref());
    let to = fs::canonicalize(temporary.path())?.join(name);
    let mut left = Left { bytes: MOST_COPIED_BYTES, files: MOST_COPIED_FILES };
    copy_folder(folder, &to, &mut left)?;
    Ok((to, temporary))
}

struct Left {
    bytes: u64,
    files: u64,
}

impl Left {
    fn take(&mut self, bytes: u64) -> io::Result<()> {
        let left = self.bytes.checked_sub(bytes).zip(self.files.checked_sub(1));
        let (bytes, files) = left.ok_or_else(|| {
            let (gb, files) = (MOST_COPIED_BYTES >> 30, MOST_COPIED_FILES);
            io::Error::other(format!("it has more than {gb} GB or {files} files"))
        })?;
        (self.bytes, self.files) = (bytes, files);
        Ok(())
    }
}

fn copy_folder(from: &Path, to: &Path, left: &mut Left) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (path, target) = (entry.path(), to.join(entry.file_name()));
        // A link to a file is a file for Go; a link to a folder is not looked into.
        let Ok(metadata) = fs::metadata(&path) else { continue };
        if metadata.is_file() {
            left.take(metadata.len())?;
            fs::copy(&path, &target)?;
            make_writable(&target, metadata.permissions())?;
        } else if entry.file_type()?.is_dir() && is_copied(&entry.file_name()) {
            copy_folder(&path, &target, left)?;
        }
    }
    Ok(())
}

/// The place for temporary files may be in the folder: a copy has no copy of itself.
fn is_copied(name: &OsStr) -> bool {
    !NOT_COPIED.iter().any(|not| name == *not) && !name.to_string_lossy().starts_with(TEMPORARY)
}

/// Some checkouts are read-only until somebody asks for a file; the copy is saved into.
fn make_writable(file: &Path, mut permissions: Permissions) -> io::Result<()> {
    if !permissions.readonly() {
        return Ok(());
    }
    #[cfg(unix)]
    std::os::unix::fs::PermissionsExt::set_mode(&mut permissions, 0o600);
    #[cfg(not(unix))]
    permissions.set_readonly(false);
    fs::set_permissions(file, permissions)
}

/// Why a copy would not be the same workspace: a `go.work` above it, or a module outside of it.
fn reaches_out(folder: &Path) -> Option<String> {
    if let Some(above) = folder.ancestors().skip(1).map(|above| above.join("go.work")).find(|p| p.is_file()) {
        return Some(format!("it belongs to {}", above.display()));
    }
    if let Some(above) = folder.ancestors().skip(1).map(|above| above.join("go.mod")).find(|p| p.is_file())
        && !folder.join("go.mod").is_file()
    {
        return Some(format!("it is a part of the module in {}", above.display()));
    }
    let mut mods = Vec::new();
    mod_files(folder, &mut mods);
    mods.iter().find_map(|file| {
        let small = fs::metadata(file).is_ok_and(|metadata| metadata.len() <= MOST_MOD_BYTES);
        let text = if small { fs::read_to_string(file).ok()? } else { return None };
        let place = file.parent().unwrap_or(folder);
        local_paths(file, &text)
            .into_iter()
            .find(|path| !resolved(place, path).starts_with(folder))
            .map(|path| format!("{} names {path}, which is outside of it", file.display()))
    })
}

/// Modules that these files name by their folder.
fn local_paths(file: &Path, text: &str) -> Vec<String> {
    let is_local =
        |path: &str| path.starts_with("./") || path.starts_with("../") || Path::new(path).is_absolute();
    let (uses, replaces) = if file.ends_with("go.work") {
        let work = parse_work(text);
        (work.uses.into_iter().map(|used| used.text).collect(), work.replace)
    } else {
        (Vec::new(), parse_mod(text).replace)
    };
    uses.into_iter()
        .chain(replaces.into_iter().map(|replace| replace.new.path))
        .filter(|path| is_local(path))
        .collect()
}

/// By its name only: what is not there must be told as well.
fn resolved(place: &Path, path: &str) -> PathBuf {
    let mut resolved = place.to_owned();
    for part in Path::new(path).components() {
        match part {
            Component::ParentDir => drop(resolved.pop()),
            Component::CurDir => {}
            part => resolved.push(part),
        }
    }
    resolved
}

fn mod_files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let Ok(kind) = entry.file_type() else { continue };
        if kind.is_dir() && !NOT_COPIED.iter().chain(&NOT_LISTED).any(|skipped| name == *skipped) {
            mod_files(&entry.path(), found);
        } else if kind.is_file() && (name == "go.mod" || name == "go.work") {
            found.push(entry.path());
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn write(folder: &Path, files: &[(&str, &str)]) {
        for (path, text) in files {
            let path = folder.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
    }

    #[test]
    fn a_workspace_is_copied_whole_and_stays_as_it_is() {
        let made = tempfile::tempdir().unwrap();
        let folder = made.path().join("shop");
        write(
            &folder,
            &[("go.mod", "module a\n"), ("a.go", "package a\n"), (".git/HEAD", "x"), ("testdata/t.go", "")],
        );
        let source = Source::prepare(&Asked::Folder(folder.clone())).unwrap();
        assert!(source.is_ours(), "{:?}", source.told.not_saved);
        assert_eq!(source.go_files, ["a.go"]);
        assert!(source.folder.ends_with("shop") && source.folder != fs::canonicalize(&folder).unwrap());
        assert!(source.folder.join("testdata/t.go").is_file() && !source.folder.join(".git").exists());
        let copy = source.folder.clone();
        drop(source);
        assert!(!copy.exists() && folder.join("a.go").is_file());
    }

    #[test]
    fn a_copy_can_be_saved_into_and_has_no_copy_of_another_one() {
        let made = tempfile::tempdir().unwrap();
        let folder = made.path().join("shop");
        let other = format!("{TEMPORARY}1/shop/b.go");
        write(&folder, &[("go.mod", "module a\n"), ("a.go", "package a\n"), (&other, "package b\n")]);
        let mut permissions = fs::metadata(folder.join("a.go")).unwrap().permissions();
        permissions.set_readonly(true);
        fs::set_permissions(folder.join("a.go"), permissions).unwrap();
        let source = Source::prepare(&Asked::Folder(folder)).unwrap();
        assert_eq!(source.go_files, ["a.go"]);
        assert!(!fs::metadata(source.folder.join("a.go")).unwrap().permissions().readonly());
    }

    #[test]
    fn what_reaches_out_is_used_where_it_is_and_nothing_is_saved() {
        let made = tempfile::tempdir().unwrap();
        for (name, files, why) in [
            ("replace", &[("go.mod", "module a\nreplace b => ../b\n")][..], "outside"),
            (
                "use",
                &[("go.work", "go 1.22\nuse ./sub/../../other\n"), ("sub/go.mod", "module s\n")],
                "outside",
            ),
        ] {
            let folder = made.path().join(name);
            write(&folder, files);
            let source = Source::prepare(&Asked::Folder(folder)).unwrap();
            let told = source.told.not_saved.clone().unwrap();
            assert!(told.contains(why), "{told}");
        }
        let inside = made.path().join("inside");
        write(&inside, &[("go.mod", "module a\nreplace b => ./b\n"), ("b/go.mod", "module b\n")]);
        assert!(Source::prepare(&Asked::Folder(inside)).unwrap().is_ours());
        write(made.path(), &[("above/go.work", "go 1.22\n"), ("above/m/go.mod", "module m\n")]);
        assert!(!Source::prepare(&Asked::Folder(made.path().join("above/m"))).unwrap().is_ours());
    }

    #[test]
    fn what_is_not_there_is_named() {
        let error = Source::prepare(&Asked::Folder("/nowhere/at/all".into())).err().unwrap();
        assert!(error.to_string().contains("/nowhere/at/all"), "{error}");
    }
}
