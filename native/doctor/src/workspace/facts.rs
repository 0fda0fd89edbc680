//! What was read of a workspace, before anything is concluded from it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::paths::joined;
use super::tags::Excluded;
use crate::gomod::{Edit, ModFile, Places, WorkFile};
use crate::place::{FileEdit, Place};
use crate::settings::FolderSettings;

/// All that the rules judge.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// The folder that is open in the editor.
    pub folder: PathBuf,
    /// What `go env` says there.
    pub environment: Environment,
    /// The nearest `go.work` at or above the folder, or the one that `GOWORK` names, whether or not it counts.
    pub work: Option<Work>,
    /// `go.work` files of folders beside the opened one.
    pub work_beside: Vec<Work>,
    /// The modules that the `go.work` names, those below the folder, and the one around it; by their folders.
    pub modules: BTreeMap<PathBuf, Module>,
    /// Of the modules that these require, those of which no version is in the module cache.
    pub uncached: BTreeSet<String>,
    /// The packages that gopls loads to begin with; none where `go list` failed or there is nothing to list.
    pub packages: Option<Vec<Package>>,
    /// What `go list` says of its failure; empty without one.
    pub list_error: String,
    /// Large folders that the go command walks through, the topmost without Go files.
    pub folders: Vec<Folder>,
    /// Very large Go files.
    pub large_files: Vec<LargeFile>,
    /// Go files that are left out because of their build constraints.
    pub excluded: Vec<Excluded>,
    /// Whether there are Go files below the folder, in no module.
    pub has_loose_go_files: bool,
    /// The folders that are open together; none where this one is open by itself.
    pub together: Option<OpenTogether>,
    /// The settings that count for the folder.
    pub settings: FolderSettings,
    /// Files and folders of all of this that exist, of those that rules ask for: what `use` and `replace` name.
    pub existing: BTreeSet<PathBuf>,
}

/// Variables as `go` sees them in the folder.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Environment {
    /// The `go.work` that counts; empty for none, `off`.
    pub go_work: String,
    /// `1.26.8`
    pub go_version: String,
    /// `GO111MODULE`
    pub go_111_module: String,
    /// Folders of `GOPATH`.
    pub go_path: Vec<PathBuf>,
    /// Flags for every command.
    pub go_flags: String,
}

/// A `.code-workspace` file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OpenTogether {
    /// Which.
    pub file: PathBuf,
    /// The folders that it names.
    pub folders: Vec<PathBuf>,
}

/// A file with its text.
#[derive(Debug, Clone, Default)]
pub struct Source {
    /// Absolute.
    pub path: PathBuf,
    /// All of it.
    pub text: String,
}

/// A `go.work`.
#[derive(Debug, Clone, Default)]
pub struct Work {
    /// The file.
    pub source: Source,
    /// What it says.
    pub file: WorkFile,
}

/// A module of the workspace.
#[derive(Debug, Clone, Default)]
pub struct Module {
    /// Its `go.mod`.
    pub source: Source,
    /// What that says.
    pub file: ModFile,
    /// Whether it has a `vendor` folder with a `modules.txt`.
    pub is_vendored: bool,
}

/// A package, as `go list` says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Package {
    /// Its import path.
    pub path: String,
    /// Where it is.
    pub folder: PathBuf,
    /// Its Go files, those of its tests among them.
    pub files: u64,
    /// What it and its tests import.
    pub imports: Vec<String>,
}

/// A folder and what is below it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Folder {
    /// Where.
    pub path: PathBuf,
    /// Files and folders.
    pub entries: u64,
    /// The sum of its files.
    pub bytes: u64,
    /// Whether not all was counted.
    pub is_cut: bool,
}

/// A Go file that is very large.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LargeFile {
    /// Where.
    pub path: PathBuf,
    /// How large.
    pub bytes: u64,
    /// Whether it says that it is generated, as https://go.dev/s/generatedcode wants it said.
    pub is_generated: bool,
}

impl Source {
    /// The folder it is in.
    pub fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(&self.path)
    }

    pub(super) fn place(&self, at: &std::ops::Range<usize>) -> Place {
        let range = Some(Places::new(&self.text).range(at));
        Place::File { path: self.path.display().to_string(), range }
    }

    pub(super) fn edit(&self, edit: Edit) -> FileEdit {
        let range = Places::new(&self.text).range(&edit.at);
        FileEdit { path: self.path.display().to_string(), range, new_text: edit.new_text }
    }

    /// The line that a place is on, with its number, as evidence.
    pub(super) fn quote(&self, at: &std::ops::Range<usize>) -> String {
        let line = Places::new(&self.text).position(at.start).line;
        let text = self.text.lines().nth(line as usize).unwrap_or_default().trim();
        format!("{}:{}: {text}", self.path.display(), line + 1)
    }
}

impl Work {
    /// The folder that a `use` names.
    pub fn used(&self, path: &str) -> PathBuf {
        joined(self.source.folder(), path)
    }

    pub(super) fn uses_folder(&self, folder: &Path) -> bool {
        self.file.uses.iter().any(|field| self.used(&field.text) == folder)
    }
}

impl Module {
    /// Where it is.
    pub fn folder(&self) -> &Path {
        self.source.folder()
    }

    /// Its path; empty when its file does not say.
    pub fn path(&self) -> &str {
        self.file.module.as_ref().map_or("", |field| &field.text)
    }
}
