//! How large a workspace is, counted on disk: what `gopls stats -anon` would tell, as far as files can tell it.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

use stallscope_core::report::WorkspaceFacts;

/// Entries looked at over all folders. Kubernetes has 30,000.
const MOST_ENTRIES: u64 = 400_000;
/// A module path is in the first lines of `go.mod`.
const MOST_MOD_BYTES: u64 = 64 << 10;
/// More module paths are not remembered.
const MOST_MODULES: usize = 500;

/// Counts in these folders, and gives the paths of the modules in them. Folders which the go command ignores are ignored,
/// and links are not followed.
pub(super) fn count(folders: &[String]) -> (WorkspaceFacts, Vec<String>) {
    let mut facts = WorkspaceFacts { complete: true, ..WorkspaceFacts::default() };
    let mut modules = Vec::new();
    let mut pending: Vec<PathBuf> = Vec::new();
    for folder in folders.iter().map(PathBuf::from) {
        // A folder within another one of the window is counted once.
        if folder.is_dir()
            && !pending.iter().any(|other| folder.starts_with(other) || other.starts_with(&folder))
        {
            facts.folders += 1;
            pending.push(folder);
        }
    }
    let mut left = MOST_ENTRIES;
    while let Some(folder) = pending.pop() {
        let Ok(entries) = fs::read_dir(&folder) else {
            facts.complete = false;
            continue;
        };
        let mut has_go = false;
        for entry in entries.flatten() {
            if left == 0 {
                facts.complete = false;
                return (facts, modules);
            }
            left -= 1;
            let name = entry.file_name();
            let name = name.to_string_lossy();
            let Ok(kind) = entry.file_type() else { continue };
            if kind.is_dir() {
                if !is_ignored(&name) {
                    pending.push(entry.path());
                }
            } else if kind.is_file() && name.ends_with(".go") {
                has_go = true;
                facts.go_files += 1;
                facts.go_file_bytes += entry.metadata().map_or(0, |metadata| metadata.len());
            } else if name == "go.work" {
                facts.go_work_files += 1;
            } else if name == "go.mod" {
                facts.modules += 1;
                let path = module_path(&entry.path()).filter(|_| modules.len() < MOST_MODULES);
                modules.extend(path);
            }
        }
        facts.go_folders += u64::from(has_go);
    }
    modules.sort();
    modules.dedup();
    (facts, modules)
}

/// As `./...` of the go command leaves them out; `node_modules` as gopls does.
fn is_ignored(name: &str) -> bool {
    name.starts_with(['.', '_']) || matches!(name, "testdata" | "node_modules")
}

/// The path that `go.mod` declares.
fn module_path(file: &Path) -> Option<String> {
    let mut text = String::new();
    fs::File::open(file).ok()?.take(MOST_MOD_BYTES).read_to_string(&mut text).ok()?;
    let line = text.lines().find_map(|line| line.trim().strip_prefix("module "))?;
    let path = line.split("//").next()?.trim().trim_matches(['"', '`']);
    (!path.is_empty()).then(|| path.to_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn files_folders_and_modules_are_counted_as_the_go_command_sees_them() {
        let root = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write("go.work", "go 1.24\nuse ./a\n");
        write("a/go.mod", "// A comment.\nmodule example.com/secret // why\n\ngo 1.24\n");
        write("a/a.go", "package a\n");
        write("a/b/b_test.go", "package b\n");
        write("a/testdata/x.go", "package x\n");
        write("a/.hidden/y.go", "package y\n");
        write("web/node_modules/z.go", "package z\n");
        let folder = root.path().to_string_lossy().into_owned();
        let inner = root.path().join("a").to_string_lossy().into_owned();
        let (facts, modules) = count(&[folder, inner, "/nowhere/at/all".to_owned()]);
        let expected = WorkspaceFacts {
            folders: 1,
            go_files: 2,
            go_file_bytes: 20,
            go_folders: 2,
            modules: 1,
            go_work_files: 1,
            complete: true,
            views: None,
        };
        assert_eq!(facts, expected);
        assert_eq!(modules, ["example.com/secret"]);
    }
}
