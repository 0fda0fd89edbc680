//! Which part of gopls holds how much, and which Go package costs how much.

use std::collections::HashMap;

use serde::Serialize;

use crate::analysis::{Analysis, Node, Placed};
use crate::known::Known;
use crate::typing::ObjectType;

use super::names;

/// What no rule names.
pub const UNASSIGNED: &str = "unassigned";

/// A part of gopls.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PartRow {
    /// By the ids of `native/core/rules/subsystems.json`.
    pub part: String,
    /// Objects.
    pub count: u64,
    /// Bytes of their slots.
    pub bytes: u64,
}

/// A Go package.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PackageRow {
    /// Its import path.
    pub package: String,
    /// Objects that would be freed if gopls forgot the package, and nothing else.
    pub count: u64,
    /// Bytes of them.
    pub bytes: u64,
}

/// Adds up by part: an object belongs to the nearest one above it in the dominator tree whose type is known. A text that
/// only a syntax tree holds is part of parsing. What hangs on a global variable alone belongs to the package of that.
///
/// And on the way by package: objects and bytes for each of [`crate::notes::Notes::paths`]. There an object belongs to the nearest one
/// above it that is about a package.
pub fn parts_and_packages(
    analysis: &Analysis,
    placed: &[Placed],
    known: &Known,
) -> (Vec<PartRow>, Vec<(u64, u64)>) {
    let paths = &analysis.notes.paths;
    // Few of many objects are about a package: those, place by place.
    let mut about: Vec<(u32, u32)> =
        (1..).zip(paths).map(|(number, (object, ..))| (analysis.place_of(*object), number)).collect();
    about.sort_unstable();
    let mut about = about.into_iter().peekable();
    let mut names: Vec<String> = vec![UNASSIGNED.to_owned()];
    let mut number_of = HashMap::new();
    let mut part_of_type: Vec<Option<Option<u32>>> = vec![None; ObjectType::count(&analysis.types)];
    let mut number = |part: &str| {
        *number_of.entry(part.to_owned()).or_insert_with(|| {
            names.push(part.to_owned());
            names.len() as u32 - 1
        })
    };
    let [by_part, by_path] = inherited(analysis, placed, |place, node| match node {
        Node::All => [None, None],
        Node::Root(root) => {
            let root = &analysis.roots[root as usize];
            let rule = known.of_variable(&root.name).filter(|_| root.type_id.is_some());
            [rule.map(|rule| number(&rule.part)), None]
        }
        Node::Object(_) => {
            let object_type = placed[place as usize].object_type;
            let part = *part_of_type[object_type.index()].get_or_insert_with(|| {
                known.of(&names::of_object(&analysis.types, object_type)).map(|rule| number(&rule.part))
            });
            [part, about.next_if(|(at, _)| *at == place).map(|(_, number)| number)]
        }
    });
    let mut parts: Vec<PartRow> = by_part
        .into_iter()
        .map(|(number, (count, bytes))| PartRow { part: names[number as usize].clone(), count, bytes })
        .collect();
    parts.sort_by(|a, b| b.bytes.cmp(&a.bytes).then_with(|| a.part.cmp(&b.part)));
    let mut packages = vec![(0, 0); paths.len()];
    for (number, row) in by_path {
        if let Some(place) = (number as usize).checked_sub(1) {
            packages[place] = row;
        }
    }
    (parts, packages)
}

/// Adds up by Go package. `paths` are those of [`crate::notes::Notes::paths`], in their order; of what has none that is known any
/// more nothing is told.
pub fn packages(by_package: &[(u64, u64)], paths: &[Option<String>]) -> Vec<PackageRow> {
    let mut rows: HashMap<&str, (u64, u64)> = HashMap::new();
    for ((count, bytes), path) in by_package.iter().zip(paths) {
        if let Some(path) = path {
            let row = rows.entry(path).or_default();
            *row = (row.0 + count, row.1 + bytes);
        }
    }
    let row = |(package, (count, bytes)): (&str, _)| PackageRow { package: package.to_owned(), count, bytes };
    let mut packages: Vec<PackageRow> = rows.into_iter().map(row).collect();
    packages.retain(|row| row.count > 0);
    packages.sort_by(|a, b| b.bytes.cmp(&a.bytes).then_with(|| a.package.cmp(&b.package)));
    packages
}

/// Objects and bytes by the numbers that the nearest dominators with one have, of each of several kinds; 0 when none has.
fn inherited<const KINDS: usize>(
    analysis: &Analysis,
    placed: &[Placed],
    mut own: impl FnMut(u32, Node) -> [Option<u32>; KINDS],
) -> [Vec<(u32, (u64, u64))>; KINDS] {
    let mut numbers = vec![[0_u32; KINDS]; placed.len()];
    let mut rows = [const { Vec::<(u64, u64)>::new() }; KINDS];
    // What dominates a place comes before it.
    for place in 0..numbers.len() {
        let node = analysis.at_place(place as u32);
        let own = own(place as u32, node);
        let above = numbers[analysis.dominators.dominator[place] as usize];
        for kind in 0..KINDS {
            let number = own[kind].unwrap_or(above[kind]);
            numbers[place][kind] = number;
            if !matches!(node, Node::Object(_)) {
                continue;
            }
            let rows = &mut rows[kind];
            if rows.len() <= number as usize {
                rows.resize(number as usize + 1, (0, 0));
            }
            let row = &mut rows[number as usize];
            row.0 += 1;
            row.1 += placed[place].bytes();
        }
    }
    rows.map(|rows| (0..).zip(rows).filter(|(_, (count, _))| *count > 0).collect())
}
