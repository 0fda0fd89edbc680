//! Reads a workspace for the doctor: the `go.work` that counts, the modules, what lies below the folder, and the packages that `go
//! list` finds there as gopls would ask for them.

mod excluded;
mod go;
mod walk;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use stallscope_doctor::gomod::is_folder_path;
use stallscope_doctor::workspace::{Facts, Module, explains_failure, joined};

use super::Found;
use super::go::Go;
use super::go_env::{GoEnv, GoEnvError};
use super::module_cache;
use super::read::{is_file, module, work};
use super::settings::ForFolder;

/// More modules are not read.
const MOST_MODULES: usize = 2_000;
/// So many folders beside the opened one are looked into for a `go.work`.
const MOST_BESIDE: usize = 1_000;

/// Examines the workspace of a folder.
pub(super) fn examine(
    folder: &Path,
    settings: ForFolder,
    env: &Result<GoEnv, GoEnvError>,
    go: &Go,
    found: &mut Found,
) {
    let environment = match env {
        Ok(env) => go::environment(env),
        Err(why) => return found.not_examined("the workspace", why),
    };
    if environment.go_111_module == "off" {
        return found
            .not_examined("the modules of the workspace", "GO111MODULE is off: there are none for go");
    }
    let ForFolder { settings, build_flags, together, .. } = settings;
    let mut facts = Facts { folder: folder.to_owned(), environment, settings, together, ..Facts::default() };
    find_work(&mut facts, found);
    let mut modules = Modules::default();
    if let Some(work) = &facts.work {
        for field in &work.file.uses {
            modules.add(&work.used(&field.text).join("go.mod"));
        }
    }
    if let Some(file) = folder.ancestors().map(|above| above.join("go.mod")).find(|file| is_file(file)) {
        modules.add(&file);
    }
    for open in facts.together.iter().flat_map(|together| &together.folders) {
        let file = open.ancestors().map(|above| above.join("go.mod")).find(|file| is_file(file));
        file.iter().for_each(|file| modules.add(file));
    }
    modules.add_replaced();
    facts.modules = modules.0;
    let cache = env.as_ref().ok().and_then(|env| env.folder("GOMODCACHE"));
    facts.uncached = cache.map(|cache| uncached(&facts, &cache)).unwrap_or_default();
    let (walked, listed) = std::thread::scope(|scope| {
        let listing = scope.spawn(|| go::list(go, &facts, &build_flags));
        (walk::walk(folder, &facts.modules), listing.join())
    });
    let listed = match listed {
        Ok(listed) => listed,
        Err(panic) => Err(crate::panic_text(&*panic)),
    };
    let listed = listed.unwrap_or_else(|why| {
        found.not_examined("the packages of the workspace", why);
        go::Listed::default()
    });
    if walked.is_cut {
        found.not_examined(
            "all files below the folder",
            "there are too many of them: what was not seen is not judged",
        );
    }
    let mut modules = Modules(std::mem::take(&mut facts.modules));
    walked.mod_files.iter().for_each(|file| modules.add(file));
    facts.modules = modules.0;
    if !listed.packages.is_empty() {
        let left_out = listed.ignored.iter().cloned().chain(unlisted(&facts, &walked, &listed));
        facts.excluded = excluded::read(left_out, &facts.environment.go_version);
        facts.packages = Some(listed.packages);
    }
    facts.list_error = listed.error;
    facts.folders = walked.folders;
    facts.large_files = walked.large_files;
    facts.has_loose_go_files = walked.has_loose_go_files;
    facts.existing = existing(&facts);
    let findings = stallscope_doctor::workspace::examine(&facts);
    if !facts.list_error.is_empty() && !findings.iter().any(explains_failure) {
        found.not_examined("the packages of the workspace", facts.list_error.trim());
    }
    found.add(findings);
}

/// What the modules to be loaded require, and the module cache has not.
fn uncached(facts: &Facts, cache: &Path) -> BTreeSet<String> {
    let requires = facts.loaded_modules().into_iter().flat_map(|module| &module.file.require);
    let paths: BTreeSet<&String> = requires.map(|require| &require.module.path).collect();
    paths.into_iter().filter(|path| !module_cache::has(cache, path)).cloned().collect()
}

/// Files of folders that are no package because all of their files are left out: `go list` does not name those.
fn unlisted(facts: &Facts, walked: &walk::Walked, listed: &go::Listed) -> Vec<PathBuf> {
    let packages: BTreeSet<&Path> = listed.packages.iter().map(|package| package.folder.as_path()).collect();
    let ignored: BTreeSet<&Path> = listed.ignored.iter().filter_map(|file| file.parent()).collect();
    let loaded: Vec<&Path> = facts.loaded_modules().iter().map(|module| module.folder()).collect();
    let is_unlisted = |folder: &Path| {
        let is_loaded = facts.module_around(folder).is_some_and(|module| loaded.contains(&module.folder()));
        is_loaded && !packages.contains(folder) && !ignored.contains(folder)
    };
    let folders = walked.go_files.iter().filter(|(folder, _)| is_unlisted(folder));
    folders.flat_map(|(folder, names)| names.iter().map(|name| folder.join(name))).collect()
}

fn find_work(facts: &mut Facts, found: &mut Found) {
    let says = facts.environment.go_work.clone();
    let file = match says.as_str() {
        "" | "off" => facts.folder.ancestors().map(|above| above.join("go.work")).find(|file| is_file(file)),
        file => Some(PathBuf::from(file)),
    };
    if let Some(file) = file {
        match work(&file) {
            Ok(work) => facts.work = Some(work),
            Err(why) => found.not_examined(file.display().to_string(), why),
        }
    }
    if says.is_empty() && facts.work.is_none() {
        facts.work_beside = beside(&facts.folder);
    }
}

fn beside(folder: &Path) -> Vec<stallscope_doctor::workspace::Work> {
    let Some(parent) = folder.parent() else { return Vec::new() };
    let entries = std::fs::read_dir(parent).into_iter().flatten().flatten().take(MOST_BESIDE);
    let folders = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
    let files = folders.map(|entry| entry.path().join("go.work")).filter(|file| is_file(file));
    let mut found: Vec<_> = files.filter_map(|file| work(&file).ok()).collect();
    found.sort_by(|a, b| a.source.path.cmp(&b.source.path));
    found
}

/// Modules, each once.
#[derive(Default)]
struct Modules(BTreeMap<PathBuf, Module>);

impl Modules {
    fn add(&mut self, file: &Path) {
        let folder = file.parent().unwrap_or(file);
        if self.0.len() < MOST_MODULES && !self.0.contains_key(folder) {
            self.0.extend(module(file).ok().map(|module| (folder.to_owned(), module)));
        }
    }

    /// Those that the others take from a folder.
    fn add_replaced(&mut self) {
        let folders = self.0.values().flat_map(replaced);
        for folder in folders.collect::<Vec<_>>() {
            self.add(&folder.join("go.mod"));
        }
    }
}

fn replaced(module: &Module) -> impl Iterator<Item = PathBuf> {
    let local = module.file.replace.iter().filter(|replace| is_folder_path(&replace.new.path));
    local.map(|replace| joined(module.folder(), &replace.new.path))
}

/// Which of the files and folders are there that `use` and `replace` name.
fn existing(facts: &Facts) -> BTreeSet<PathBuf> {
    let mut asked: BTreeSet<PathBuf> = facts.modules.values().flat_map(replaced).collect();
    if let Some(work) = &facts.work {
        asked.extend(work.file.uses.iter().map(|field| work.used(&field.text)));
        asked.insert(work.source.folder().join("vendor").join("modules.txt"));
    }
    asked.extend(asked.clone().iter().map(|folder| folder.join("go.mod")));
    asked.retain(|path| path.exists());
    asked
}
