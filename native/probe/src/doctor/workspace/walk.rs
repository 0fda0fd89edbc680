//! Walks through the opened folder as `./...` of the go command does, within bounds of time and number, and counts.
//!
//! Folders that it leaves out are left out: hidden ones, `testdata`, `vendor`, what `ignore` lines name. Links are not followed.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::{self, DirEntry};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use stallscope_doctor::gomod::ModFile;
use stallscope_doctor::workspace::{Folder, LargeFile, Module};

use crate::doctor::read::{beginning, is_file, module};

/// Kubernetes has 30,000.
const MOST_ENTRIES: u64 = 400_000;
const LONGEST: Duration = Duration::from_millis(1_500);
const MOST_DEPTH: usize = 200;
/// Of folders without Go files, those with fewer entries are not kept.
const FEW_ENTRIES: u64 = 1_000;
const MOST_FOLDERS: usize = 100;
const LARGE_BYTES: u64 = 1 << 20;
const MOST_LARGE_FILES: usize = 100;
/// Where a file says that it is generated.
const HEAD_BYTES: usize = 64 << 10;

/// What was seen.
#[derive(Default)]
pub(super) struct Walked {
    pub mod_files: Vec<PathBuf>,
    pub folders: Vec<Folder>,
    pub large_files: Vec<LargeFile>,
    /// Go files by their folders.
    pub go_files: Vec<(PathBuf, Vec<OsString>)>,
    /// Whether there are Go files in no module.
    pub has_loose_go_files: bool,
    pub is_cut: bool,
}

/// What is below a folder.
#[derive(Default)]
struct Below {
    entries: u64,
    bytes: u64,
    go_files: u64,
    /// Those of the folder itself.
    own_go_files: Vec<OsString>,
    /// Folders without Go files, unless this is one as a whole.
    without_go: Vec<Folder>,
}

struct Walk<'a> {
    known: &'a BTreeMap<PathBuf, Module>,
    walked: Walked,
    left: u64,
    /// How many `node_modules` it is in. Some packages there bring Go files, which are nobody's here.
    foreign: u32,
    until: Instant,
}

/// Walks below a folder. The modules that are known already are not read again.
pub(super) fn walk(folder: &Path, known: &BTreeMap<PathBuf, Module>) -> Walked {
    let until = Instant::now() + LONGEST;
    let mut walk = Walk { known, walked: Walked::default(), left: MOST_ENTRIES, foreign: 0, until };
    let around = folder.ancestors().skip(1).find_map(|above| walk.module_in(above));
    let below = walk.folder(folder, around.as_ref(), 0);
    let mut folders = below.without_go;
    folders.sort_by_key(|folder| std::cmp::Reverse(folder.entries));
    folders.truncate(MOST_FOLDERS);
    walk.walked.folders = folders;
    walk.walked
}

/// A module around the folder that is walked through.
type Around = (PathBuf, ModFile);

impl Walk<'_> {
    fn module_in(&self, folder: &Path) -> Option<Around> {
        let file = folder.join("go.mod");
        if !is_file(&file) {
            return None;
        }
        let known = self.known.get(folder);
        let file = known.map(|module| module.file.clone()).or_else(|| Some(module(&file).ok()?.file));
        Some((folder.to_owned(), file.unwrap_or_default()))
    }

    fn is_over(&mut self) -> bool {
        // The clock is read now and then only.
        let is_late = self.left.is_multiple_of(256) && Instant::now() > self.until;
        if self.left == 0 || is_late {
            self.left = 0;
            self.walked.is_cut = true;
        }
        self.left == 0
    }

    fn folder(&mut self, folder: &Path, around: Option<&Around>, depth: usize) -> Below {
        let mut below = Below::default();
        if depth > MOST_DEPTH {
            self.walked.is_cut = true;
            return below;
        }
        let own = self.module_in(folder);
        if own.is_some() {
            self.walked.mod_files.push(folder.join("go.mod"));
        }
        let around = own.as_ref().or(around);
        let Ok(entries) = fs::read_dir(folder) else {
            self.walked.is_cut = true;
            return below;
        };
        for entry in entries.flatten() {
            if self.is_over() {
                break;
            }
            self.left -= 1;
            below.entries += 1;
            let Ok(kind) = entry.file_type() else { continue };
            if kind.is_dir() {
                self.inner(&entry, around, depth, &mut below);
            } else if kind.is_file() {
                self.file(&entry, around.is_some(), &mut below);
            }
        }
        if !below.own_go_files.is_empty() {
            self.walked.go_files.push((folder.to_owned(), std::mem::take(&mut below.own_go_files)));
        }
        below
    }

    fn inner(&mut self, entry: &DirEntry, around: Option<&Around>, depth: usize, below: &mut Below) {
        let path = entry.path();
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if name.starts_with(['.', '_'])
            || matches!(&*name, "testdata" | "vendor")
            || is_ignored(&path, around)
        {
            return;
        }
        let is_foreign = u32::from(name == "node_modules");
        self.foreign += is_foreign;
        let mut inner = self.folder(&path, around, depth + 1);
        self.foreign -= is_foreign;
        if inner.go_files == 0 && inner.entries >= FEW_ENTRIES {
            let is_cut = self.walked.is_cut;
            inner.without_go = vec![Folder { path, entries: inner.entries, bytes: inner.bytes, is_cut }];
        }
        below.entries += inner.entries;
        below.bytes += inner.bytes;
        below.go_files += inner.go_files;
        below.without_go.extend(inner.without_go);
    }

    fn file(&mut self, entry: &DirEntry, is_in_module: bool, below: &mut Below) {
        let bytes = entry.metadata().map_or(0, |metadata| metadata.len());
        below.bytes += bytes;
        let name = entry.file_name();
        if Path::new(&name).extension().is_none_or(|extension| extension != "go") {
            return;
        }
        if self.foreign > 0 {
            return;
        }
        below.go_files += 1;
        // The go command leaves hidden ones out, whatever they say.
        if !name.to_string_lossy().starts_with(['.', '_']) {
            below.own_go_files.push(name);
        }
        self.walked.has_loose_go_files |= !is_in_module;
        if bytes >= LARGE_BYTES && self.walked.large_files.len() < MOST_LARGE_FILES {
            let path = entry.path();
            let is_generated = beginning(&path, HEAD_BYTES).is_ok_and(|head| is_generated(&head));
            self.walked.large_files.push(LargeFile { path, bytes, is_generated });
        }
    }
}

fn is_ignored(path: &Path, around: Option<&Around>) -> bool {
    around.is_some_and(|(root, file)| {
        let Ok(rest) = path.strip_prefix(root) else { return false };
        let parts = rest.components().map(|part| part.as_os_str().to_string_lossy());
        file.ignores(&parts.collect::<Vec<_>>().join("/"))
    })
}

/// As https://go.dev/s/generatedcode says: a line of its own.
fn is_generated(head: &[u8]) -> bool {
    head.split(|byte| *byte == b'\n').any(|line| {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        line.starts_with(b"// Code generated ") && line.ends_with(b" DO NOT EDIT.")
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn what_go_leaves_out_is_left_out_and_the_rest_is_counted() {
        let root = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write("go.mod", "module a\n\ngo 1.25\n\nignore ./skipped\n");
        write("a.go", "package a\n");
        write("inner/go.mod", "module b\n");
        for left_out in ["skipped", ".git", "testdata", "vendor"] {
            write(&format!("{left_out}/go.mod"), "module no\n");
            (0..1_100).for_each(|at| write(&format!("{left_out}/{at}"), ""));
        }
        (0..1_100).for_each(|at| write(&format!("web/node_modules/{at}.js"), "1234567890"));
        write("web/node_modules/flatted/flatted.go", "0123456789");
        write(
            "gen/large.go",
            &format!("// Code generated by x. DO NOT EDIT.\npackage gen\n{}", " ".repeat(1 << 20)),
        );
        #[cfg(unix)]
        std::os::unix::fs::symlink("/", root.path().join("link")).unwrap();
        let walked = walk(root.path(), &BTreeMap::new());
        let mut modules = walked.mod_files;
        modules.sort();
        assert_eq!(modules, [root.path().join("go.mod"), root.path().join("inner/go.mod")]);
        let web = Folder { path: root.path().join("web"), entries: 1_103, bytes: 11_010, is_cut: false };
        assert_eq!(walked.folders, [web]);
        assert_eq!(walked.large_files.len(), 1);
        assert!(walked.large_files[0].is_generated && !walked.is_cut && !walked.has_loose_go_files);
    }

    #[test]
    fn only_a_line_of_its_own_says_generated() {
        assert!(is_generated(b"package x\r\n// Code generated by y. DO NOT EDIT.\r\n"));
        assert!(!is_generated(b"/* // Code generated by y. DO NOT EDIT.\n"));
        assert!(!is_generated(b"// Code generated by y. DO NOT EDIT. Really."));
    }
}
