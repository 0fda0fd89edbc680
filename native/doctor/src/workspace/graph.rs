//! How the modules of a workspace hang together: by what their packages import, not by what their files say.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

use super::facts::{Facts, Module, Package, Work};
use super::paths::relative;
use crate::finding::{Confidence, Finding};
use crate::gomod::{Field, add_line, drop_line, drop_lines};
use crate::place::FileEdit;

/// Imports that are shown of a circle.
const MOST_NAMED: usize = 6;

/// Which module imports which, with an import that shows it. By their places in the list of modules.
type Edges = BTreeMap<(usize, usize), String>;

pub(super) fn find(facts: &Facts) -> Vec<Finding> {
    let Some(work) = facts.counting_work() else { return Vec::new() };
    let loaded = facts.loaded_modules();
    let mut found = missing(facts, work, &loaded);
    found.extend(nested(facts, work, &loaded));
    if let Some(packages) = &facts.packages {
        let edges = edges(packages, &loaded);
        found.extend(circular(work, &loaded, &edges));
        found.extend(unconnected(facts, work, &loaded, &edges));
    }
    found
}

/// Finds modules by paths of packages and by folders.
struct Index<'a> {
    by_path: HashMap<&'a str, usize>,
    by_folder: HashMap<&'a Path, usize>,
}

impl<'a> Index<'a> {
    fn new(modules: &[&'a Module]) -> Self {
        let by_path = modules.iter().enumerate().filter(|(_, module)| !module.path().is_empty());
        let by_folder = modules.iter().enumerate().map(|(at, module)| (module.folder(), at));
        Self {
            by_path: by_path.map(|(at, module)| (module.path(), at)).collect(),
            by_folder: by_folder.collect(),
        }
    }

    /// The module that an import path belongs to: that with the longest path.
    fn of_import(&self, import: &str) -> Option<usize> {
        let mut path = import;
        loop {
            if let Some(at) = self.by_path.get(path) {
                return Some(*at);
            }
            path = path.rsplit_once('/')?.0;
        }
    }

    /// The module that a package lies in.
    fn around(&self, package: &Package) -> Option<usize> {
        package.folder.ancestors().find_map(|above| self.by_folder.get(above).copied())
    }
}

fn edges(packages: &[Package], modules: &[&Module]) -> Edges {
    let index = Index::new(modules);
    let mut edges = Edges::new();
    for package in packages {
        let Some(from) = index.around(package) else { continue };
        for import in &package.imports {
            if let Some(to) = index.of_import(import).filter(|to| *to != from) {
                edges.entry((from, to)).or_insert_with(|| format!("{} imports {import}", package.path));
            }
        }
    }
    edges
}

/// Modules here that used ones need, but that are not used themselves.
fn missing(facts: &Facts, work: &Work, loaded: &[&Module]) -> Vec<Finding> {
    let paths: BTreeSet<&str> = loaded.iter().map(|module| module.path()).collect();
    let is_loaded = |module: &Module| paths.contains(module.path());
    let needed = needed(facts, loaded);
    let here = facts.modules.values().filter(|module| {
        let is_within = module.folder().starts_with(work.source.folder());
        is_within && !module.path().is_empty() && !is_loaded(module)
    });
    let mut copies: HashMap<&str, usize> = HashMap::new();
    facts.modules.values().for_each(|module| *copies.entry(module.path()).or_default() += 1);
    let mut found = Vec::new();
    // Of several with one path nobody knows which is meant.
    for module in here.filter(|module| copies.get(module.path()) == Some(&1)) {
        // That of the opened folder has a finding of its own.
        let is_opened = facts.module_around(&facts.folder).is_some_and(|m| m.folder() == module.folder());
        if is_opened || loaded.iter().any(|user| facts.is_replaced_by(user, module)) {
            continue;
        }
        let Some(evidence) = needed.get(module.folder()) else { continue };
        let folder = relative(work.source.folder(), module.folder());
        let edit = work.source.edit(add_line(&work.source.text, "use", &[&folder]));
        let place = super::uses::whole(&work.source.path);
        found.push(
            Finding::new("module-not-used", Confidence::Certain, place)
                .with("module", module.path())
                .with("folder", &folder)
                .seen(evidence)
                .edit("add-use", vec![edit]),
        );
    }
    found
}

/// Modules that loaded ones need, by their folders, with what shows it: imports, or where they are not known what `go.mod` says.
fn needed<'a>(facts: &'a Facts, loaded: &[&'a Module]) -> BTreeMap<&'a Path, String> {
    let mut all: Vec<&Module> = facts.modules.values().collect();
    // Of modules with one path that which is loaded counts.
    all.sort_by_key(|module| loaded.iter().any(|other| other.folder() == module.folder()));
    let index = Index::new(&all);
    let mut found = BTreeMap::new();
    let mut need = |import: &str, evidence: &dyn Fn() -> String| {
        if let Some(module) = index.of_import(import).and_then(|at| all.get(at)) {
            found.entry(module.folder()).or_insert_with(evidence);
        }
    };
    match &facts.packages {
        Some(packages) => {
            let listed: BTreeSet<&str> = packages.iter().map(|package| package.path.as_str()).collect();
            for package in packages {
                for import in package.imports.iter().filter(|import| !listed.contains(import.as_str())) {
                    need(import, &|| format!("{} imports {import}", package.path));
                }
            }
        }
        None => {
            for module in loaded {
                for require in &module.file.require {
                    need(&require.module.path, &|| module.source.quote(&require.at));
                }
            }
        }
    }
    found
}

fn nested(facts: &Facts, work: &Work, loaded: &[&Module]) -> Vec<Finding> {
    let is_loaded = |folder: &Path| loaded.iter().any(|module| module.folder() == folder);
    let mut found = Vec::new();
    for field in &work.file.uses {
        let folder = work.used(&field.text);
        let Some(inner) = facts.modules.get(&folder) else { continue };
        let outer = folder.parent().and_then(|above| facts.module_around(above));
        // A module at the root, with others below it, is how most repositories look.
        if let Some(outer) = outer
            && is_loaded(outer.folder())
            && outer.folder() != work.source.folder()
        {
            found.push(
                Finding::new("use-nested", Confidence::Certain, work.source.place(&field.at))
                    .with("inner", inner.path())
                    .with("outer", outer.path())
                    .seen(work.source.quote(&field.at)),
            );
        }
    }
    found
}

/// Modules that need each other, each circle once.
fn circular(work: &Work, loaded: &[&Module], edges: &Edges) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut told: BTreeSet<usize> = BTreeSet::new();
    let (mut forward, mut back): (Ways, Ways) = Default::default();
    for (from, to) in edges.keys() {
        forward.entry(*from).or_default().push(*to);
        back.entry(*to).or_default().push(*from);
    }
    for (start, module) in loaded.iter().enumerate() {
        if told.contains(&start) || !back.contains_key(&start) {
            continue;
        }
        let circle: BTreeSet<usize> = &reachable(start, &forward) & &reachable(start, &back);
        let field = work.file.uses.iter().find(|field| module.folder() == work.used(&field.text));
        let Some(field) = field.filter(|_| circle.len() > 1) else { continue };
        told.extend(&circle);
        let names: Vec<&str> =
            circle.iter().filter_map(|at| loaded.get(*at)).map(|module| module.path()).collect();
        let inside = edges.iter().filter(|((a, b), _)| circle.contains(a) && circle.contains(b));
        let finding = Finding::new("use-circular", Confidence::Certain, work.source.place(&field.at))
            .with("modules", names.join(", "));
        found.push(inside.take(MOST_NAMED).fold(finding, |finding, (_, import)| finding.seen(import)));
    }
    found
}

type Ways = HashMap<usize, Vec<usize>>;

fn reachable(start: usize, ways: &Ways) -> BTreeSet<usize> {
    let mut seen = BTreeSet::from([start]);
    let mut pending = vec![start];
    while let Some(from) = pending.pop() {
        pending.extend(ways.get(&from).into_iter().flatten().filter(|to| seen.insert(**to)));
    }
    seen
}

/// Modules outside the opened folder that no other one imports, and that import none: gopls loads them for nobody here.
fn unconnected(facts: &Facts, work: &Work, loaded: &[&Module], edges: &Edges) -> Vec<Finding> {
    if loaded.len() < 2 {
        return Vec::new();
    }
    let index = Index::new(loaded);
    let mut connected: BTreeSet<usize> = edges.keys().flat_map(|(from, to)| [*from, *to]).collect();
    // Files that are left out may import what `go.mod` asks for.
    for (at, module) in loaded.iter().enumerate() {
        let required = module.file.require.iter().filter_map(|r| index.by_path.get(r.module.path.as_str()));
        connected.extend(required.flat_map(|other| [at, *other]));
    }
    let alone = work.file.uses.iter().filter_map(|field| {
        let at = *index.by_folder.get(&*work.used(&field.text))?;
        let module = loaded.get(at)?;
        let is_opened = facts.folder.starts_with(module.folder()) || module.folder() == work.source.folder();
        (!is_opened && !connected.contains(&at)).then_some((field, at, module))
    });
    let alone: Vec<_> = alone.collect();
    let places: Vec<_> = alone.iter().map(|(field, _, _)| field.at.clone()).collect();
    let edits = drop_lines(&work.source.text, &places).into_iter().map(|edit| work.source.edit(edit));
    let all: Vec<FileEdit> = edits.collect();
    let finding = |(field, at, module): &(&Field, usize, &&Module)| {
        let packages =
            facts.packages.iter().flatten().filter(|package| index.around(package) == Some(*at)).count();
        let edit = work.source.edit(drop_line(&work.source.text, &field.at));
        let finding = Finding::new("use-never-imported", Confidence::Possible, work.source.place(&field.at))
            .with("module", module.path())
            .with("packages", packages)
            .with("count", alone.len())
            .seen(work.source.quote(&field.at))
            .edit("drop-use", vec![edit]);
        if alone.len() > 1 { finding.edit("trim", all.clone()) } else { finding }
    };
    alone.iter().map(finding).collect()
}
