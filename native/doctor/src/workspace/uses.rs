//! What is wrong within a `go.work`, and files that `go` refuses.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::facts::{Facts, Module, Source, Work};
use crate::finding::{Confidence, Finding};
use crate::gomod::{Field, Problem, add_line, compare_go, drop_line, replace_field};
use crate::place::Place;

/// What a `go.work` without a `go` line counts as.
const DEFAULT_GO: &str = "1.18";
/// Before this, a `go` line was advice.
const STRICT_GO: &str = "1.21";

pub(super) fn find(facts: &Facts) -> Vec<Finding> {
    let mut found = Vec::new();
    let work = facts.counting_work();
    let mut refused: Vec<(&Source, &[Problem])> =
        work.iter().map(|work| (&work.source, &*work.file.problems)).collect();
    refused.extend(facts.loaded_modules().iter().map(|module| (&module.source, &*module.file.problems)));
    for (source, problems) in refused {
        found.extend(problems.iter().map(|problem| invalid(source, problem)));
    }
    if let Some(work) = work {
        found.extend(folders(facts, work));
        found.extend(go_line(facts, work));
        found.extend(replaced(facts, work));
    }
    found
}

fn invalid(source: &Source, problem: &Problem) -> Finding {
    let name = source.path.file_name().unwrap_or_default().to_string_lossy();
    Finding::new("mod-file-invalid", Confidence::Certain, source.place(&problem.at))
        .with("file", name)
        .with("problem", &problem.why)
        .seen(source.quote(&problem.at))
}

/// `use` of what is not there, or there twice.
fn folders(facts: &Facts, work: &Work) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut seen: BTreeMap<PathBuf, &Field> = BTreeMap::new();
    let mut paths: BTreeMap<&str, &Field> = BTreeMap::new();
    for field in &work.file.uses {
        let folder = work.used(&field.text);
        let new = |id| {
            Finding::new(id, Confidence::Certain, work.source.place(&field.at))
                .with("folder", &field.text)
                .seen(work.source.quote(&field.at))
                .edit("drop-use", vec![work.source.edit(drop_line(&work.source.text, &field.at))])
        };
        if let Some(first) = seen.insert(folder.clone(), field) {
            found.push(new("use-duplicate").seen(work.source.quote(&first.at)));
            continue;
        }
        let Some(module) = facts.modules.get(&folder) else {
            if !facts.exists(&folder.join("go.mod")) {
                let has_folder = facts.exists(&folder);
                found.push(new(if has_folder { "use-no-module" } else { "use-missing" }));
            }
            continue;
        };
        if !module.path().is_empty()
            && let Some(first) = paths.insert(module.path(), field)
        {
            let finding = new("use-same-module").with("module", module.path());
            found.push(finding.with("first", &first.text).seen(work.source.quote(&first.at)));
        }
    }
    found
}

/// A `go` line that is older than that of a module.
fn go_line(facts: &Facts, work: &Work) -> Option<Finding> {
    let of_work = work.file.go.as_ref().map_or(DEFAULT_GO, |field| &field.text);
    let is_too_new = |module: &&&Module| {
        let go = module.file.go.as_ref();
        go.is_some_and(|go| {
            compare_go(&go.text, of_work) == Ordering::Greater
                && compare_go(&go.text, STRICT_GO) != Ordering::Less
        })
    };
    let modules = facts.loaded_modules();
    let go = |module: &Module| module.file.go.clone().unwrap_or(Field { text: String::new(), at: 0..0 });
    let newest = modules.iter().filter(is_too_new).max_by(|a, b| compare_go(&go(a).text, &go(b).text))?;
    let needed = go(newest);
    let source = &work.source;
    let (at, edit) = match &work.file.go {
        Some(field) => (source.place(&field.at), replace_field(field, &needed.text)),
        None => (whole(&source.path), add_line(&source.text, "go", &[&needed.text])),
    };
    let mut finding = Finding::new("go-work-go-line", Confidence::Certain, at)
        .with("listed", of_work)
        .with("needed", &needed.text)
        .with("module", newest.path());
    for module in modules.iter().filter(is_too_new) {
        finding = finding.seen(module.source.quote(&go(module).at));
    }
    Some(finding.edit("raise-go", vec![source.edit(edit)]))
}

/// A `replace` of a module that is used.
fn replaced(facts: &Facts, work: &Work) -> Vec<Finding> {
    let modules = facts.loaded_modules();
    let of_used = work.file.replace.iter().filter(|replace| {
        replace.old.version.is_empty() && modules.iter().any(|module| module.path() == replace.old.path)
    });
    let finding = |replace: &crate::gomod::Replace| {
        Finding::new("go-work-replaces-used", Confidence::Certain, work.source.place(&replace.at))
            .with("module", &replace.old.path)
            .seen(work.source.quote(&replace.at))
            .edit("drop-replace", vec![work.source.edit(drop_line(&work.source.text, &replace.at))])
    };
    of_used.map(finding).collect()
}

pub(super) fn whole(path: &Path) -> Place {
    Place::File { path: path.display().to_string(), range: None }
}
