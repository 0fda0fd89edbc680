//! `replace`: what leads nowhere, does not count, or is told twice.

use std::collections::BTreeMap;
use std::path::Path;

use super::facts::{Facts, Module, Source};
use super::paths::joined;
use crate::finding::{Confidence, Finding};
use crate::gomod::{Replace, Version, drop_line, is_folder_path};

pub(super) fn find(facts: &Facts) -> Vec<Finding> {
    let mut found = Vec::new();
    for module in facts.loaded_modules() {
        found.extend(chains(&module.source, &module.file.replace));
        found.extend(missing(facts, module));
        found.extend(not_inherited(facts, module));
        found.extend(overridden(facts, module));
    }
    if let Some(work) = facts.counting_work() {
        found.extend(chains(&work.source, &work.file.replace));
    }
    found.extend(conflicts(facts));
    found
}

/// What takes the place, as a folder where it is one.
fn target(folder: &Path, new: &Version) -> Version {
    if is_folder_path(&new.path) {
        Version { path: joined(folder, &new.path).display().to_string(), version: String::new() }
    } else {
        new.clone()
    }
}

fn told(version: &Version) -> String {
    if version.version.is_empty() {
        version.path.clone()
    } else {
        format!("{}@{}", version.path, version.version)
    }
}

fn replaces(replace: &Replace, version: &Version) -> bool {
    replace.old.path == version.path
        && (replace.old.version.is_empty() || replace.old.version == version.version)
}

/// A replacement that is replaced itself: the second step is not taken.
fn chains(source: &Source, replaced: &[Replace]) -> Vec<Finding> {
    let mut found = Vec::new();
    for first in
        replaced.iter().filter(|first| !is_folder_path(&first.new.path) && first.new.path != first.old.path)
    {
        if let Some(second) = replaced.iter().find(|second| replaces(second, &first.new)) {
            found.push(
                Finding::new("replace-chain", Confidence::Certain, source.place(&first.at))
                    .with("module", told(&first.old))
                    .with("first", told(&first.new))
                    .with("second", told(&second.new))
                    .seen(source.quote(&first.at))
                    .seen(source.quote(&second.at)),
            );
        }
    }
    found
}

/// A folder that is not there, of a module that is needed.
fn missing(facts: &Facts, module: &Module) -> Vec<Finding> {
    let needed = |replace: &&Replace| {
        let all = facts.loaded_modules();
        let mut needed = all.iter().flat_map(|module| &module.file.require);
        needed.any(|require| replaces(replace, &require.module))
    };
    let is_missing = |replace: &&Replace| {
        let folder = joined(module.folder(), &replace.new.path);
        is_folder_path(&replace.new.path) && !facts.exists(&folder.join("go.mod"))
    };
    let finding = |replace: &Replace| {
        Finding::new("replace-missing", Confidence::Certain, module.source.place(&replace.at))
            .with("module", &replace.old.path)
            .with("folder", &replace.new.path)
            .seen(module.source.quote(&replace.at))
            .edit("drop-replace", vec![module.source.edit(drop_line(&module.source.text, &replace.at))])
    };
    let is_overridden = |replace: &&Replace| {
        facts
            .counting_work()
            .is_some_and(|work| work.file.replace.iter().any(|r| r.old.path == replace.old.path))
    };
    let wrong = module.file.replace.iter().filter(|replace| !is_overridden(replace));
    wrong.filter(is_missing).filter(needed).map(finding).collect()
}

/// What a module replaces that is taken from its folder, but is not worked on itself: it does not count.
fn not_inherited(facts: &Facts, module: &Module) -> Vec<Finding> {
    let loaded = facts.loaded_modules();
    let mut found = Vec::new();
    for replace in module.file.replace.iter().filter(|replace| is_folder_path(&replace.new.path)) {
        let folder = joined(module.folder(), &replace.new.path);
        let inner = facts.modules.get(&folder);
        let Some(inner) = inner.filter(|inner| !loaded.iter().any(|l| l.folder() == inner.folder())) else {
            continue;
        };
        for lost in &inner.file.replace {
            let is_needed = inner.file.require.iter().any(|require| replaces(lost, &require.module));
            let mut ours = loaded.iter().flat_map(|module| &module.file.replace);
            let of_work = facts.counting_work().into_iter();
            let mut of_work = of_work.flat_map(|work| &work.file.replace);
            let is_main = loaded.iter().any(|module| module.path() == lost.old.path);
            if is_needed
                && !is_main
                && !ours.any(|r| r.old.path == lost.old.path)
                && !of_work.any(|r| r.old.path == lost.old.path)
            {
                found.push(
                    Finding::new(
                        "replace-not-inherited",
                        Confidence::Certain,
                        module.source.place(&replace.at),
                    )
                    .with("module", inner.path())
                    .with("replaced", told(&lost.old))
                    .with("by", told(&lost.new))
                    .seen(module.source.quote(&replace.at))
                    .seen(inner.source.quote(&lost.at)),
                );
            }
        }
    }
    found
}

/// What the `go.work` replaces by something else.
fn overridden(facts: &Facts, module: &Module) -> Vec<Finding> {
    let Some(work) = facts.counting_work() else { return Vec::new() };
    let mut found = Vec::new();
    for replace in &module.file.replace {
        let stronger = work.file.replace.iter().find(|stronger| {
            let is_same =
                target(work.source.folder(), &stronger.new) == target(module.folder(), &replace.new);
            stronger.old.path == replace.old.path && !is_same
        });
        if let Some(stronger) = stronger {
            found.push(
                Finding::new("replace-overridden", Confidence::Certain, module.source.place(&replace.at))
                    .with("module", &replace.old.path)
                    .with("file", work.source.path.display())
                    .with("by", told(&stronger.new))
                    .seen(module.source.quote(&replace.at))
                    .seen(work.source.quote(&stronger.at)),
            );
        }
    }
    found
}

/// Modules of one `go.work` that replace the same module by different ones: the go command stops.
fn conflicts(facts: &Facts) -> Vec<Finding> {
    let Some(work) = facts.counting_work() else { return Vec::new() };
    let loaded = facts.loaded_modules();
    let mut first: BTreeMap<&Version, (&Module, &Replace)> = BTreeMap::new();
    let mut found = Vec::new();
    for module in &loaded {
        for replace in &module.file.replace {
            if work.file.replace.iter().any(|stronger| stronger.old.path == replace.old.path) {
                continue;
            }
            let Some((other, earlier)) = first.get(&replace.old).copied() else {
                first.insert(&replace.old, (module, replace));
                continue;
            };
            let (mine, theirs) =
                (target(module.folder(), &replace.new), target(other.folder(), &earlier.new));
            // Within one file the last one counts.
            if mine == theirs || std::ptr::eq(other, *module) {
                continue;
            }
            let choose = |by: &Version| -> Vec<String> {
                let edit = format!("-replace={}={}", told(&replace.old), told(by));
                vec!["go".into(), "work".into(), "edit".into(), edit, work.source.path.display().to_string()]
            };
            let mut finding = Finding::new(
                "go-work-replace-conflict",
                Confidence::Certain,
                module.source.place(&replace.at),
            )
            .with("module", told(&replace.old))
            .with("first", told(&theirs))
            .with("second", told(&mine))
            .seen(other.source.quote(&earlier.at))
            .seen(module.source.quote(&replace.at));
            for (id, by) in [("choose-first", &theirs), ("choose-second", &mine)] {
                let command = choose(by);
                finding = finding.command(id, &command.iter().map(String::as_str).collect::<Vec<_>>());
            }
            found.push(finding);
        }
    }
    found
}
