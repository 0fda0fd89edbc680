//! Which part of gopls holds how much, and which Go package costs how much.

use std::collections::HashMap;

use serde::Serialize;

use crate::ahead::AHEAD;
use crate::analysis::{Analysis, Node};
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
pub fn parts(analysis: &Analysis, known: &Known) -> Vec<PartRow> {
    let mut names: Vec<String> = vec![UNASSIGNED.to_owned()];
    let mut number_of = HashMap::new();
    let mut part_of_type: Vec<Option<Option<u32>>> = vec![None; ObjectType::count(&analysis.types)];
    let mut number = |part: &str| {
        *number_of.entry(part.to_owned()).or_insert_with(|| {
            names.push(part.to_owned());
            names.len() as u32 - 1
        })
    };
    let rows = inherited(analysis, |node| match node {
        Node::All => None,
        Node::Root(root) => {
            let root = &analysis.roots[root as usize];
            known.of_variable(&root.name).filter(|_| root.type_id.is_some()).map(|rule| number(&rule.part))
        }
        Node::Object(object) => {
            let object_type = analysis.type_of[object as usize];
            *part_of_type[object_type.index()].get_or_insert_with(|| {
                known.of(&names::of_object(&analysis.types, object_type)).map(|rule| number(&rule.part))
            })
        }
    });
    let mut parts: Vec<PartRow> = rows
        .into_iter()
        .map(|(number, (count, bytes))| PartRow { part: names[number as usize].clone(), count, bytes })
        .collect();
    parts.sort_by(|a, b| b.bytes.cmp(&a.bytes).then_with(|| a.part.cmp(&b.part)));
    parts
}

/// Objects and bytes for each of [`crate::notes::Notes::paths`]: an object belongs to the nearest one above it that is about a
/// package.
pub fn by_package(analysis: &Analysis) -> Vec<(u64, u64)> {
    let paths = &analysis.notes.paths;
    // Few of many objects are about a package.
    let mut of_object = vec![0; analysis.objects() as usize];
    for (number, (object, ..)) in (1..).zip(paths) {
        of_object[*object as usize] = number;
    }
    let rows = inherited(analysis, |node| match node {
        Node::Object(object) => Some(of_object[object as usize]).filter(|number| *number != 0),
        Node::All | Node::Root(_) => None,
    });
    let mut found = vec![(0, 0); paths.len()];
    for (number, row) in rows {
        if let Some(place) = (number as usize).checked_sub(1) {
            found[place] = row;
        }
    }
    found
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

/// Objects and bytes by the number that the nearest dominator with one has; 0 when none has.
fn inherited(analysis: &Analysis, mut own: impl FnMut(Node) -> Option<u32>) -> Vec<(u32, (u64, u64))> {
    let mut numbers = vec![0_u32; analysis.dominators.order.len()];
    let mut rows: Vec<(u64, u64)> = Vec::new();
    // What dominates a place comes before it.
    for place in 0..numbers.len() {
        let ahead = place + AHEAD;
        if ahead < numbers.len()
            && let Node::Object(soon) = analysis.at_place(ahead as u32)
        {
            analysis.soon(soon);
        }
        let node = analysis.at_place(place as u32);
        let number = own(node).unwrap_or(numbers[analysis.dominators.dominator[place] as usize]);
        numbers[place] = number;
        let Node::Object(object) = node else { continue };
        if rows.len() <= number as usize {
            rows.resize(number as usize + 1, (0, 0));
        }
        let row = &mut rows[number as usize];
        row.0 += 1;
        row.1 += analysis.bytes_of(object);
    }
    (0..).zip(rows).filter(|(_, (count, _))| *count > 0).collect()
}
