//! Where the opened folder lies from the `go.work` that it should have.

use std::path::PathBuf;

use super::facts::{Facts, Work};
use super::paths::relative;
use crate::finding::{Confidence, Finding};
use crate::gomod::add_line;
use crate::place::Place;

pub(super) fn find(facts: &Facts) -> Vec<Finding> {
    let mut found = outside(facts);
    found.extend(together(facts));
    found
}

/// Several of the open folders are in one `go.work` or module: gopls makes a view for each of them.
fn together(facts: &Facts) -> Option<Finding> {
    let together = facts.together.as_ref()?;
    let work = facts.counting_work().map(|work| &work.source);
    // One that GOWORK names counts everywhere, and so nothing is known of it by where folders are.
    let shared = match work {
        Some(source) if !facts.folder.starts_with(source.folder()) => return None,
        Some(source) => source,
        None => &facts.module_around(&facts.folder)?.source,
    };
    let is_within = |folder: &&PathBuf| {
        let module = facts.module_around(folder).map(|module| &module.source.path);
        folder.starts_with(shared.folder()) && (work.is_some() || module == Some(&shared.path))
    };
    let within: Vec<&PathBuf> = together.folders.iter().filter(is_within).collect();
    if within.len() < 2 {
        return None;
    }
    let place = Place::File { path: together.file.display().to_string(), range: None };
    let folder = shared.folder().display().to_string();
    let finding = Finding::new("folders-load-the-same", Confidence::Certain, place)
        .with("count", within.len())
        .with("file", shared.path.display())
        .with("folder", &folder)
        .command("open", &["code", &folder]);
    Some(within.iter().take(10).fold(finding, |finding, folder| finding.seen(folder.display().to_string())))
}

fn outside(facts: &Facts) -> Vec<Finding> {
    if facts.environment.go_work == "off" {
        return switched_off(facts).into_iter().collect();
    }
    match facts.counting_work() {
        Some(work) => not_used(facts, work).or_else(|| below(facts, work)).into_iter().collect(),
        None => beside(facts).into_iter().collect(),
    }
}

fn opened(facts: &Facts) -> Place {
    Place::Folder { path: facts.folder.display().to_string() }
}

/// Whether a `go.work` is about the opened folder.
fn is_about(facts: &Facts, work: &Work) -> bool {
    work.source.folder() == facts.folder
        || facts.module_around(&facts.folder).is_some_and(|module| work.uses_folder(module.folder()))
}

fn switched_off(facts: &Facts) -> Option<Finding> {
    let work = facts.work.as_ref().filter(|work| is_about(facts, work))?;
    let finding =
        Finding::new("go-work-off", Confidence::Certain, Place::Environment { name: "GOWORK".into() })
            .with("file", work.source.path.display())
            .seen("go env GOWORK: off");
    Some(finding)
}

/// The module of the opened folder is none of those that the `go.work` names.
fn not_used(facts: &Facts, work: &Work) -> Option<Finding> {
    let module = facts.module_around(&facts.folder)?;
    // One that GOWORK names may lie anywhere; one above the folder is not about modules above itself.
    let is_named = !facts.folder.starts_with(work.source.folder());
    let is_within = module.folder().starts_with(work.source.folder());
    if !(is_named || is_within) || work.uses_folder(module.folder()) {
        return None;
    }
    let folder = relative(work.source.folder(), module.folder());
    let edit = work.source.edit(add_line(&work.source.text, "use", &[&folder]));
    Some(
        Finding::new("opened-module-not-used", Confidence::Certain, opened(facts))
            .with("module", module.path())
            .with("file", work.source.path.display())
            .with("folder", &folder)
            .with("count", work.file.uses.len())
            .seen(format!("go env GOWORK: {}", work.source.path.display()))
            .edit("add-use", vec![edit]),
    )
}

/// gopls loads more than what is open.
fn below(facts: &Facts, work: &Work) -> Option<Finding> {
    let modules = facts.loaded_modules();
    let open = || facts.together.iter().flat_map(|together| &together.folders).chain([&facts.folder]);
    let outside = modules.iter().filter(|module| {
        !open().any(|open| module.folder().starts_with(open) || open.starts_with(module.folder()))
    });
    let outside: Vec<_> = outside.collect();
    if facts.folder == work.source.folder()
        || !facts.folder.starts_with(work.source.folder())
        || outside.is_empty()
    {
        return None;
    }
    let packages = facts.packages.as_ref().map_or(0, |packages| {
        packages
            .iter()
            .filter(|package| outside.iter().any(|m| package.folder.starts_with(m.folder())))
            .count()
    });
    let finding = Finding::new("opened-below-go-work", Confidence::Certain, opened(facts))
        .with("file", work.source.path.display())
        .with("outside", outside.len())
        .with("packages", packages);
    Some(outside.iter().take(10).fold(finding, |finding, module| finding.seen(module.path())))
}

/// A `go.work` of a neighbour names this module, but is not found from here.
fn beside(facts: &Facts) -> Option<Finding> {
    let module = facts.module_around(&facts.folder)?;
    let work = facts.work_beside.iter().find(|work| work.uses_folder(module.folder()))?;
    let field = work.file.uses.iter().find(|field| work.used(&field.text) == module.folder())?;
    let folder = work.source.folder().display().to_string();
    Some(
        Finding::new("opened-beside-go-work", Confidence::Likely, opened(facts))
            .with("file", work.source.path.display())
            .with("module", module.path())
            .seen(work.source.quote(&field.at))
            .seen("go env GOWORK: (empty)")
            .command("open", &["code", &folder]),
    )
}
