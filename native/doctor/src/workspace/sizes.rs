//! What makes a workspace large: folders that are walked through for nothing, packages that nobody here needs, huge files.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use super::facts::{Facts, Folder, Module, Package};
use super::filters::{self, Added};
use super::paths::below;
use super::uses::whole;
use crate::finding::{Confidence, Finding};
use crate::gomod::{add_line, compare_go};
use crate::place::Place;

/// The version of Go from which on `go.mod` can name folders to ignore.
const IGNORE_SINCE: &str = "1.25";
/// Fewer files and folders are walked through in no time.
const MANY_ENTRIES: u64 = 5_000;
const LARGE_MODULE_PACKAGES: usize = 1_000;
/// Fewer packages are not worth a filter.
const FEW_PACKAGES: usize = 20;
/// The largest are told.
const MOST_LARGE_FILES: usize = 5;
const MEGABYTE: f64 = 1_048_576.0;

/// Names under which people keep what they do not work on.
const APART: &[&str] = &["third_party", "thirdparty", "external", "dist", "build", "out", "target"];

pub(super) fn find(facts: &Facts) -> Vec<Finding> {
    let mut found = walked(facts);
    found.extend(large_files(facts));
    if let Some(packages) = &facts.packages {
        found.extend(to_filter(facts, packages));
    }
    found.extend(large_modules(facts));
    found
}

/// The packages that gopls checks as those that are worked on: no filter leaves them out.
fn worked_on(facts: &Facts) -> impl Iterator<Item = &Package> {
    let filters = filters::counting(&facts.settings);
    facts.packages.iter().flatten().filter(move |package| {
        below(&facts.folder, &package.folder).is_none_or(|folder| !filters::hide(&filters, &folder))
    })
}

fn megabytes(bytes: u64) -> String {
    format!("{:.1}", bytes as f64 / MEGABYTE)
}

/// Large folders without Go files, through which every `./...` walks.
fn walked(facts: &Facts) -> Vec<Finding> {
    let loaded = facts.loaded_modules();
    let finding = |folder: &Folder| {
        let module = loaded.iter().filter(|module| folder.path.starts_with(module.folder()));
        let module = module.max_by_key(|module| module.folder().components().count())?;
        // Another module there ends the way of `./...`.
        if facts.module_around(&folder.path)?.folder() != module.folder() {
            return None;
        }
        let counted = if folder.is_cut { "at least " } else { "" };
        let place = Place::Folder { path: folder.path.display().to_string() };
        let name = below(module.folder(), &folder.path)?;
        let finding = Finding::new("folder-without-go", Confidence::Certain, place)
            .with("folder", &name)
            .with("entries", format!("{counted}{}", folder.entries))
            .with("megabytes", megabytes(folder.bytes));
        Some(match ignores(facts, module) {
            true => {
                let line = add_line(&module.source.text, "ignore", &[&format!("./{name}")]);
                finding.edit("add-ignore", vec![module.source.edit(line)])
            }
            false => finding,
        })
    };
    let many = facts.folders.iter().filter(|folder| folder.entries >= MANY_ENTRIES);
    many.filter_map(finding).collect()
}

/// Whether an `ignore` line of the module is understood here.
fn ignores(facts: &Facts, module: &Module) -> bool {
    let go = module.file.go.as_ref().map_or("", |field| &field.text);
    [go, &facts.environment.go_version].iter().all(|version| compare_go(version, IGNORE_SINCE).is_ge())
}

/// Packages in folders whose name says that nobody works on them, as far as nobody outside imports them.
fn to_filter(facts: &Facts, packages: &[Package]) -> Vec<Finding> {
    let mut folders = BTreeSet::new();
    for package in packages {
        let Some(path) = below(&facts.folder, &package.folder) else { continue };
        let mut name = String::new();
        for part in path.split('/') {
            name.push_str(part);
            if APART.contains(&part) || part.starts_with("bazel-") {
                folders.insert(name.clone());
                break;
            }
            name.push('/');
        }
    }
    let filters = filters::counting(&facts.settings);
    let mut found = Vec::new();
    for name in folders.into_iter().filter(|name| !filters::hide(&filters, name)) {
        let folder = facts.folder.join(&name);
        let inside = |package: &&Package| package.folder.starts_with(&folder);
        let needed = needed_from(packages, |package| !inside(&package));
        let removed: Vec<&Package> =
            packages.iter().filter(inside).filter(|p| !needed.contains(p.path.as_str())).collect();
        if removed.len() < FEW_PACKAGES {
            continue;
        }
        let files: u64 = removed.iter().map(|package| package.files).sum();
        let all = packages.iter().filter(inside).count();
        let filter = format!("-{name}");
        let place = Place::Folder { path: folder.display().to_string() };
        let finding = Finding::new("folder-to-filter", Confidence::Possible, place)
            .with("folder", &name)
            .with("filter", &filter)
            .with("packages", removed.len())
            .with("files", files)
            .seen(format!("go list: {all} of {} packages are in {name}", packages.len()))
            .seen(format!("{} of them are imported by none outside", removed.len()));
        found.push(match filters::add(&facts.settings, &filter) {
            Some(Added { edits, carried: None }) => finding.edit("add-filter", edits),
            Some(Added { edits, carried: Some(setting) }) => finding
                .seen(format!("{}: {}", setting.document.path, setting.written()))
                .with("file", &setting.document.path)
                .edit("carry-filters", edits),
            None => finding,
        });
    }
    found
}

/// The packages that these need, themselves among them.
fn needed_from(packages: &[Package], is_start: impl Fn(&Package) -> bool) -> BTreeSet<&str> {
    let by_path: HashMap<&str, &Package> =
        packages.iter().map(|package| (package.path.as_str(), package)).collect();
    let mut pending: Vec<&Package> = packages.iter().filter(|package| is_start(package)).collect();
    let mut needed: BTreeSet<&str> = pending.iter().map(|package| package.path.as_str()).collect();
    while let Some(package) = pending.pop() {
        for import in &package.imports {
            if let Some(import) = by_path.get(import.as_str())
                && needed.insert(&import.path)
            {
                pending.push(import);
            }
        }
    }
    needed
}

fn large_files(facts: &Facts) -> Vec<Finding> {
    let packages: Vec<&Package> = worked_on(facts).collect();
    let is_loaded =
        |path: &Path| packages.iter().any(|package| Some(package.folder.as_path()) == path.parent());
    let is_excluded = |path: &Path| facts.excluded.iter().any(|file| file.path == path);
    let counted = facts.large_files.iter().filter(|file| is_loaded(&file.path) && !is_excluded(&file.path));
    let mut counted: Vec<_> = counted.collect();
    counted.sort_by_key(|file| std::cmp::Reverse(file.bytes));
    let finding = |file: &&super::facts::LargeFile| {
        let id = if file.is_generated { "large-generated-file" } else { "large-file" };
        Finding::new(id, Confidence::Certain, whole(&file.path))
            .with("file", file.path.file_name().unwrap_or_default().to_string_lossy())
            .with("megabytes", megabytes(file.bytes))
            .with("count", counted.len())
    };
    counted.iter().take(MOST_LARGE_FILES).map(finding).collect()
}

fn large_modules(facts: &Facts) -> Vec<Finding> {
    let packages: Vec<&Package> = worked_on(facts).collect();
    let mut found = Vec::new();
    for module in facts.loaded_modules() {
        let own = packages.iter().filter(|package| {
            facts.module_around(&package.folder).is_some_and(|around| around.folder() == module.folder())
        });
        let (count, files) = own.fold((0, 0), |(count, files), package| (count + 1, files + package.files));
        if count >= LARGE_MODULE_PACKAGES {
            found.push(
                Finding::new("large-module", Confidence::Certain, whole(&module.source.path))
                    .with("module", module.path())
                    .with("packages", count)
                    .with("files", files),
            );
        }
    }
    found
}
