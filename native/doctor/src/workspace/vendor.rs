//! `vendor`: out of step with `go.mod`, or of no effect.

use std::path::Path;

use super::facts::Facts;
use crate::finding::{Confidence, Finding};
use crate::place::Place;

/// What the go command says, with the folder behind it.
const STALE: &str = "inconsistent vendoring in ";
const MOST_LINES: usize = 8;

pub(super) fn find(facts: &Facts) -> Vec<Finding> {
    stale(facts).into_iter().chain(unused(facts)).collect()
}

/// The go command itself says that `vendor` does not fit.
fn stale(facts: &Facts) -> Option<Finding> {
    let (_, rest) = facts.list_error.split_once(STALE)?;
    let (folder, details) = rest.split_once(":\n")?;
    // It is told relative to where the command ran.
    let folder = super::paths::joined(&facts.folder, folder);
    let path = folder.join("vendor").join("modules.txt");
    let verb = if facts.counting_work().is_some() { "work" } else { "mod" };
    let place = Place::File { path: path.display().to_string(), range: None };
    let finding = Finding::new("vendor-stale", Confidence::Certain, place).with("verb", verb).command_in(
        &folder,
        "vendor",
        &["go", verb, "vendor"],
    );
    let details = details.lines().take_while(|line| !line.trim().is_empty()).take(MOST_LINES);
    Some(details.fold(finding, |finding, line| finding.seen(line.trim())))
}

/// Modules of a `go.work` are not read from their own `vendor` folders.
fn unused(facts: &Facts) -> Vec<Finding> {
    let Some(work) = facts.counting_work() else { return Vec::new() };
    let is_at = |folder: &Path| facts.exists(&folder.join("vendor").join("modules.txt"));
    if is_at(work.source.folder()) {
        return Vec::new();
    }
    let modules = facts.loaded_modules().into_iter().filter(|module| module.is_vendored);
    let finding = |module: &super::facts::Module| {
        let folder = module.folder().join("vendor").display().to_string();
        Finding::new("vendor-not-used", Confidence::Certain, Place::Folder { path: folder })
            .with("module", module.path())
            .with("file", work.source.path.display())
            .seen(format!("go env GOWORK: {}", work.source.path.display()))
    };
    modules.map(finding).collect()
}
