//! The folders that `go` works in: whether they can be written, and whether they are on this machine.

use super::facts::{EnvironmentFacts, FolderFacts};
use crate::finding::{Confidence, Finding};
use crate::place::Place;

/// As much as a few hundred versions of large modules.
const LARGE_CACHE_BYTES: u64 = 10_000_000_000;

pub(super) fn findings(facts: &EnvironmentFacts) -> Vec<Finding> {
    let mut found: Vec<Finding> = facts.folders.iter().flat_map(|folder| of_folder(facts, folder)).collect();
    if facts.value("GOPATH").is_some_and(|gopath| Some(gopath) == facts.value("GOROOT")) {
        found.push(facts.about("GOPATH", "gopath-is-goroot", Confidence::Certain));
    }
    found.extend(facts.module_cache.as_ref().filter(|cache| cache.bytes >= LARGE_CACHE_BYTES).map(|cache| {
        let least = if cache.complete { "" } else { "at least " };
        let size = format!("{least}{:.0} GB", cache.bytes as f64 / 1e9);
        Finding::new("modcache-large", Confidence::Certain, Place::Folder { path: cache.folder.clone() })
            .with("size", &size)
            .seen(format!("{}: {size}, {least}{} files", cache.folder, cache.files))
            .command("clean", &["go", "clean", "-modcache"])
    }));
    if facts.set("GOCACHE") == Some("off") {
        found.push(facts.about("GOCACHE", "gocache-off", Confidence::Certain));
    }
    found
}

fn of_folder(facts: &EnvironmentFacts, folder: &FolderFacts) -> Vec<Finding> {
    let mut found = Vec::new();
    let finding = |id, sure| match folder.variable {
        Some(name) => facts.about(name, id, sure),
        None => Finding::new(id, sure, Place::Folder { path: folder.path.clone() }),
    };
    if let (Some(_), Some(why)) = (folder.variable, &folder.not_writable) {
        let id =
            if folder.variable == Some("GOCACHE") { "gocache-not-writable" } else { "modcache-not-writable" };
        found.push(finding(id, Confidence::Certain).seen(why.clone()));
    }
    if let Some(remote) = &folder.remote {
        let id = if folder.variable.is_some() { "go-folder-on-network" } else { "folder-on-network" };
        found.push(finding(id, Confidence::Likely).with("filesystem", remote));
    }
    found
}
