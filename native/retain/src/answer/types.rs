//! Which types are alive, how many of each, and what they keep alive.

use std::collections::HashMap;

use serde::Serialize;

use crate::analysis::{Analysis, Node};
use crate::fast::FastMap;
use crate::known::Known;
use crate::roots::RootKind;
use crate::typing::ObjectType;

use super::names;

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
    /// The number of each object type.
    ids: FastMap<ObjectType, u32>,
    /// Objects that go by the name of the variable that refers to them.
    named: FastMap<u32, u32>,
}

impl TypeTable {
    /// Counts.
    pub fn of(analysis: &Analysis, known: &Known) -> Self {
        let mut by_name: HashMap<String, u32> = HashMap::new();
        let mut ids = FastMap::default();
        let mut rows: Vec<TypeRow> = Vec::new();
        let named = named(analysis, known, &mut rows);
        let mut last = (ObjectType::UNKNOWN, u32::MAX);
        for object in 0..analysis.objects() {
            if let Some(row) = named.get(&object).and_then(|id| rows.get_mut(*id as usize)) {
                row.count += 1;
                row.bytes += analysis.bytes_of(object);
                continue;
            }
            let object_type = analysis.type_of[object as usize];
            if last.0 != object_type || last.1 == u32::MAX {
                let id = *ids.entry(object_type).or_insert_with(|| {
                    let name = names::of_object(&analysis.types, object_type);
                    *by_name.entry(name.clone()).or_insert_with(|| {
                        let id = rows.len() as u32;
                        rows.push(TypeRow { name, count: 0, bytes: 0, retained_bytes: 0, id });
                        id
                    })
                });
                last = (object_type, id);
            }
            let row = &mut rows[last.1 as usize];
            row.count += 1;
            row.bytes += analysis.bytes_of(object);
        }
        let mut table = Self { rows, place_of: Vec::new(), ids, named };
        table.retained(analysis);
        table.rows.sort_by(|a, b| b.retained_bytes.cmp(&a.retained_bytes).then_with(|| a.name.cmp(&b.name)));
        table.place_of = vec![0; table.rows.len()];
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
        let named = self.named.get(&object);
        named.or_else(|| self.ids.get(&analysis.type_of[object as usize])).copied()
    }

    /// Adds up what instances retain, none that lies below another of its type: that is counted there.
    fn retained(&mut self, analysis: &Analysis) {
        let mut above = vec![0_u32; self.rows.len()];
        // The way down, and which child is next.
        let mut path: Vec<(u32, usize, u32)> = vec![(0, 0, u32::MAX)];
        while let Some((place, next, id)) = path.last_mut() {
            let Some(child) = analysis.children.of(*place).get(*next).copied() else {
                if let Some(above) = above.get_mut(*id as usize) {
                    *above -= 1;
                }
                path.pop();
                continue;
            };
            *next += 1;
            let id = match analysis.at_place(child) {
                Node::Object(object) => self.id(analysis, object).unwrap_or(u32::MAX),
                Node::All | Node::Root(_) => u32::MAX,
            };
            if let Some(above) = above.get_mut(id as usize) {
                if *above == 0 {
                    self.rows[id as usize].retained_bytes += analysis.retained[child as usize];
                }
                *above += 1;
            }
            path.push((child, 0, id));
        }
    }
}

/// The objects that variables with a rule of their own refer to, with a row for each of those: gopls's ballast is no row of bytes
/// like any other.
fn named(analysis: &Analysis, known: &Known, rows: &mut Vec<TypeRow>) -> FastMap<u32, u32> {
    let mut named = FastMap::default();
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
    named
}
