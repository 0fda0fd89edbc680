//! Which types are alive, how many of each, and what they keep alive.

use std::collections::HashMap;

use serde::Serialize;

use crate::analysis::{Analysis, Node, Placed};
use crate::known::Known;
use crate::roots::RootKind;
use crate::typing::ObjectType;

use super::names;

/// No number.
const NONE: u32 = u32::MAX;

/// One type; or what a variable refers to that has a rule of its own, by the name of that.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TypeRow {
    /// Its name, import paths in full.
    #[serde(rename = "type")]
    pub name: String,
    /// Living objects.
    pub count: u64,
    /// Bytes of their slots.
    pub bytes: u64,
    /// Bytes that would be freed if all of them were gone.
    pub retained_bytes: u64,
    /// Its number in the questions about this heap.
    pub id: u32,
}

/// All types of a heap by their names, computed once.
pub struct TypeTable {
    /// The largest retained bytes first.
    pub rows: Vec<TypeRow>,
    /// Where the row of each number is.
    place_of: Vec<u32>,
    /// The number of each object type, [`NONE`] of one without objects.
    ids: Vec<u32>,
    /// Objects that go by the name of the variable that refers to them, in order.
    named: Vec<(u32, u32)>,
}

impl TypeTable {
    /// Counts.
    pub fn of(analysis: &Analysis, placed: &[Placed], known: &Known) -> Self {
        let mut by_name: HashMap<String, u32> = HashMap::new();
        let mut ids = vec![NONE; ObjectType::count(&analysis.types)];
        let mut rows: Vec<TypeRow> = Vec::new();
        let named = named(analysis, known, &mut rows);
        for (object, object_type) in (0..).zip(&analysis.type_of) {
            let id = &mut ids[object_type.index()];
            if *id == NONE {
                let name = names::of_object(&analysis.types, *object_type);
                *id = *by_name.entry(name.clone()).or_insert_with(|| {
                    let id = rows.len() as u32;
                    rows.push(TypeRow { name, count: 0, bytes: 0, retained_bytes: 0, id });
                    id
                });
            }
            let row = &mut rows[*id as usize];
            row.count += 1;
            row.bytes += analysis.bytes_of(object);
        }
        for (object, id) in &named {
            let bytes = analysis.bytes_of(*object);
            let of_type = &mut rows[ids[analysis.type_of[*object as usize].index()] as usize];
            of_type.count -= 1;
            of_type.bytes -= bytes;
            rows[*id as usize].count += 1;
            rows[*id as usize].bytes += bytes;
        }
        let mut table = Self { place_of: vec![NONE; rows.len()], rows, ids, named };
        table.retained(analysis, placed);
        // Of some types all objects go by another name.
        table.rows.retain(|row| row.count > 0);
        table.rows.sort_by(|a, b| b.retained_bytes.cmp(&a.retained_bytes).then_with(|| a.name.cmp(&b.name)));
        for (place, row) in table.rows.iter().enumerate() {
            table.place_of[row.id as usize] = place as u32;
        }
        table
    }

    /// The row of a number.
    pub fn row(&self, id: u32) -> Option<&TypeRow> {
        self.rows.get(*self.place_of.get(id as usize)? as usize)
    }

    /// The row of a name.
    pub fn named(&self, name: &str) -> Option<&TypeRow> {
        self.rows.iter().find(|row| row.name == name)
    }

    /// The number of an object's type.
    pub fn id(&self, analysis: &Analysis, object: u32) -> Option<u32> {
        self.id_of(object, analysis.type_of[object as usize])
    }

    fn id_of(&self, object: u32, object_type: ObjectType) -> Option<u32> {
        match self.named.binary_search_by_key(&object, |(object, _)| *object) {
            Ok(index) => Some(self.named[index].1),
            Err(_) => Some(self.ids[object_type.index()]).filter(|id| *id != NONE),
        }
    }

    /// Adds up what instances retain, none that lies below another of its type: that is counted there.
    fn retained(&mut self, analysis: &Analysis, placed: &[Placed]) {
        let mut above = vec![0_u32; self.rows.len()];
        let id = |(place, placed): (u32, &Placed)| match analysis.at_place(place) {
            Node::Object(object) => self.id_of(object, placed.object_type).unwrap_or(NONE),
            Node::All | Node::Root(_) => NONE,
        };
        let ids: Vec<u32> = (0..).zip(placed).map(id).collect();
        // The way down, and which child is next.
        let mut path: Vec<(u32, usize, u32)> = vec![(0, 0, NONE)];
        while let Some((place, next, id)) = path.last_mut() {
            let Some(child) = analysis.children.of(*place).get(*next).copied() else {
                if let Some(above) = above.get_mut(*id as usize) {
                    *above -= 1;
                }
                path.pop();
                continue;
            };
            *next += 1;
            let id = ids[child as usize];
            let is_leaf = analysis.children.of(child).is_empty();
            if let Some(above) = above.get_mut(id as usize) {
                if *above == 0 {
                    self.rows[id as usize].retained_bytes += analysis.retained[child as usize];
                }
                *above += u32::from(!is_leaf);
            }
            if !is_leaf {
                path.push((child, 0, id));
            }
        }
    }
}

/// The objects that variables with a rule of their own refer to, with a row for each of those: gopls's ballast is no row of bytes
/// like any other.
fn named(analysis: &Analysis, known: &Known, rows: &mut Vec<TypeRow>) -> Vec<(u32, u32)> {
    let mut named = Vec::new();
    for (index, root) in analysis.roots.iter().enumerate() {
        if root.kind != RootKind::Global || !known.has_variable(&root.name) {
            continue;
        }
        let targets = analysis.root_edges(index as u32);
        if targets.is_empty() {
            continue;
        }
        let id = rows.len() as u32;
        rows.push(TypeRow { name: root.name.to_string(), count: 0, bytes: 0, retained_bytes: 0, id });
        named.extend(targets.iter().map(|(_, object)| (*object, id)));
    }
    named.sort_unstable();
    named.dedup_by_key(|(object, _)| *object);
    named
}
