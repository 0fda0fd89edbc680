//! Modules that are imported and required, but not in the module cache: the go command has to fetch them first.

use super::facts::{Facts, Module};
use crate::finding::{Confidence, Finding};
use crate::gomod::Require;

const MOST_NAMED: usize = 5;

pub(super) fn find(facts: &Facts) -> Vec<Finding> {
    let is_vendored = facts
        .counting_work()
        .is_some_and(|work| facts.exists(&work.source.folder().join("vendor").join("modules.txt")));
    if is_vendored || facts.uncached.is_empty() {
        return Vec::new();
    }
    facts.loaded_modules().into_iter().filter_map(|module| of_module(facts, module)).collect()
}

fn of_module(facts: &Facts, module: &Module) -> Option<Finding> {
    // Without a go.work its own vendor folder counts.
    if module.is_vendored && facts.counting_work().is_none() {
        return None;
    }
    let required = module.file.require.iter().filter(|require| is_to_be_fetched(facts, module, require));
    let missing: Vec<(&Require, &str)> =
        required.filter_map(|require| Some((require, imported(facts, module, require)?))).collect();
    let (first, import) = missing.first()?;
    let finding = Finding::new("modules-not-downloaded", Confidence::Certain, module.source.place(&first.at))
        .with("count", missing.len())
        .with("module", module.path())
        .with("import", import)
        .command_in(module.folder(), "download", &["go", "mod", "download"]);
    let named = missing.iter().take(MOST_NAMED);
    Some(named.fold(finding, |finding, (require, _)| finding.seen(module.source.quote(&require.at))))
}

/// Whether its packages come from the module cache, and it is not there.
fn is_to_be_fetched(facts: &Facts, module: &Module, require: &Require) -> bool {
    let path = &require.module.path;
    let of_work = facts.counting_work().into_iter().flat_map(|work| &work.file.replace);
    let is_replaced = module.file.replace.iter().chain(of_work).any(|replace| replace.old.path == *path);
    let is_here = facts.loaded_modules().iter().any(|module| module.path() == path);
    facts.uncached.contains(path) && !is_replaced && !is_here
}

/// A package of a required module that this one imports. Of several modules the one with the longest path has it.
fn imported<'a>(facts: &'a Facts, module: &Module, require: &Require) -> Option<&'a str> {
    let packages = facts.packages.iter().flatten();
    let own = packages.filter(|package| {
        facts.module_around(&package.folder).is_some_and(|around| around.folder() == module.folder())
    });
    let length_within = |path: &str, import: &str| {
        let rest = import.strip_prefix(path)?;
        (rest.is_empty() || rest.starts_with('/')).then_some(path.len())
    };
    let mut imports = own.flat_map(|package| &package.imports).map(String::as_str);
    imports.find(|import| {
        let of = |require: &Require| length_within(&require.module.path, import);
        of(require).is_some_and(|length| module.file.require.iter().filter_map(of).max() == Some(length))
    })
}
