//! Modules below the opened folder that no `go.work` holds together.

use std::collections::{BTreeMap, BTreeSet};

use super::facts::{Facts, Module};
use super::paths::relative;
use crate::finding::{Confidence, Finding};
use crate::place::Place;

const MOST_NAMED: usize = 10;
/// Fewer views are what a workspace of several modules comes with.
const MANY_VIEWS: usize = 10;

pub(super) fn find(facts: &Facts) -> Vec<Finding> {
    // With GOWORK=off the go.work that is passed over is the finding.
    if facts.counting_work().is_some() || (facts.environment.go_work == "off" && facts.work.is_some()) {
        return Vec::new();
    }
    let below: Vec<&Module> = facts.modules_below().collect();
    let own = facts.module_around(&facts.folder);
    let place = Place::Folder { path: facts.folder.display().to_string() };
    let apart = apart(facts, &below, own);
    if !apart.is_empty() {
        return apart;
    }
    let new = |id| Finding::new(id, Confidence::Certain, place.clone()).with("count", below.len());
    let views = below.len() + own.iter().count();
    let finding = match (own, below.len()) {
        _ if views >= MANY_VIEWS => many_views(new("many-views").with("views", views), facts, &below, own),
        (None, 0) if facts.has_loose_go_files && !is_in_go_path(facts) => new("no-module"),
        (None, 1) => new("module-below").with("folder", relative(&facts.folder, below[0].folder())),
        (None, 2..) => named(new("modules-without-go-work"), facts, &below),
        (Some(_), 1..) => named(new("nested-modules"), facts, &below),
        _ => return Vec::new(),
    };
    vec![finding]
}

/// With the command that makes them one, unless `go` would refuse that.
fn many_views(finding: Finding, facts: &Facts, below: &[&Module], own: Option<&Module>) -> Finding {
    let all: Vec<&Module> = own.into_iter().chain(below.iter().copied()).collect();
    let paths: BTreeSet<&str> = all.iter().map(|module| module.path()).collect();
    let finding = named(finding, facts, below);
    if paths.len() < all.len() || own.is_some_and(|own| own.folder() != facts.folder) {
        return finding;
    }
    let folders: Vec<String> = all.iter().map(|module| relative(&facts.folder, module.folder())).collect();
    let words = ["go", "work", "init"].into_iter().chain(folders.iter().map(String::as_str));
    finding.command_in(&facts.folder, "init", &words.collect::<Vec<_>>())
}

fn named(finding: Finding, facts: &Facts, modules: &[&Module]) -> Finding {
    let paths = modules.iter().map(|module| relative(&facts.folder, module.source.path.as_path()));
    paths.take(MOST_NAMED).fold(finding, Finding::seen)
}

fn is_in_go_path(facts: &Facts) -> bool {
    let is_allowed = facts.environment.go_111_module != "on";
    is_allowed && facts.environment.go_path.iter().any(|path| facts.folder.starts_with(path.join("src")))
}

/// Modules here that others here need, but not from here. What is replaced by something else is meant so, and of several modules with
/// one path nobody knows which is meant.
fn apart(facts: &Facts, below: &[&Module], own: Option<&Module>) -> Vec<Finding> {
    let mut by_path: BTreeMap<&str, Vec<&Module>> = BTreeMap::new();
    for module in below.iter().copied().chain(own) {
        by_path.entry(module.path()).or_default().push(module);
    }
    let only = |path: &str| match by_path.get(path).map(Vec::as_slice) {
        Some([module]) => Some(*module),
        _ => None,
    };
    let mut involved = BTreeSet::new();
    let mut found: BTreeMap<&str, Finding> = BTreeMap::new();
    for module in by_path.keys().filter_map(|path| only(path)) {
        for require in &module.file.require {
            let path = require.module.path.as_str();
            let Some(other) = only(path) else { continue };
            if module.file.replace.iter().any(|replace| replace.old.path == path) {
                continue;
            }
            involved.extend([module.folder(), other.folder()]);
            let finding = found.entry(path).or_insert_with(|| {
                Finding::new("modules-apart", Confidence::Certain, module.source.place(&require.at))
                    .with("module", module.path())
                    .with("other", path)
                    .with("version", &require.module.version)
                    .with("folder", relative(&facts.folder, other.folder()))
            });
            if finding.evidence.len() < MOST_NAMED {
                finding.evidence.push(module.source.quote(&require.at));
            }
        }
    }
    let folders: Vec<String> = involved.iter().map(|folder| relative(&facts.folder, folder)).collect();
    let words = ["go", "work", "init"].into_iter().chain(folders.iter().map(String::as_str));
    let command: Vec<&str> = words.collect();
    found.into_values().map(|finding| finding.command_in(&facts.folder, "init", &command)).collect()
}
