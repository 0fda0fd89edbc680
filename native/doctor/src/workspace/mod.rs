//! The workspace: whether `go.work`, `go.mod`, vendoring and what lies in the folder are such that gopls finds what belongs together
//! and nothing that does not.
//!
//! gopls looks upwards from the opened folder for a `go.work` and loads all modules that it names; without one it loads the module
//! that the folder is in, and a further one for each file that is opened in another. All rules follow from that.

mod applies;
mod downloads;
mod facts;
mod filters;
mod graph;
mod modules;
mod opened;
mod paths;
mod replaces;
mod sizes;
mod tags;
mod uses;
mod vendor;

#[cfg(test)]
mod tests;

pub use facts::{Environment, Facts, Folder, LargeFile, Module, OpenTogether, Package, Source, Work};
pub use paths::{joined, relative};
pub use tags::{Excluded, Port, constraint};

use std::collections::HashMap;

use crate::finding::Finding;

/// Of one kind of finding no more than this is told.
const MOST_OF_A_KIND: usize = 20;

/// Findings for which the go command lists no packages at all.
const STOPS_GO: &[&str] = &[
    "mod-file-invalid",
    "use-missing",
    "use-no-module",
    "use-duplicate",
    "use-same-module",
    "go-work-go-line",
    "go-work-replaces-used",
    "go-work-replace-conflict",
    "replace-missing",
    "vendor-stale",
];

/// Whether a finding explains that `go list` failed.
pub fn explains_failure(finding: &Finding) -> bool {
    STOPS_GO.contains(&finding.id)
}

/// All that is to be said of a workspace.
pub fn examine(facts: &Facts) -> Vec<Finding> {
    let rules = [
        uses::find,
        opened::find,
        graph::find,
        replaces::find,
        vendor::find,
        downloads::find,
        modules::find,
        sizes::find,
        tags::find,
    ];
    let mut found: Vec<Finding> = rules.iter().flat_map(|rule| rule(facts)).collect();
    let mut told = HashMap::new();
    found.iter().for_each(|finding| *told.entry(finding.id).or_insert(0) += 1);
    let mut seen = HashMap::new();
    found.retain_mut(|finding| {
        let count = seen.entry(finding.id).or_insert(0);
        *count += 1;
        let more = told.get(finding.id).map_or(0, |all: &usize| all.saturating_sub(MOST_OF_A_KIND));
        if *count == MOST_OF_A_KIND && more > 0 {
            finding.evidence.push(format!("and {more} more"));
        }
        *count <= MOST_OF_A_KIND
    });
    found
}
