//! The dominator tree, opened level by level: what would be freed with what, by type.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::analysis::{Analysis, Node};

use super::types::TypeTable;

/// Where a look into the tree begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Start {
    /// Everything that is alive.
    All,
    /// One object.
    Object(u32),
    /// All objects of a type, by its number.
    Type(u32),
}

/// Objects of one type that hang in the same place of the tree, with those of the type that hang on them in turn: the nodes of a list
/// or of a search tree are one row, not a level for each.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Held {
    /// The number of the type; none for what roots there are.
    pub id: Option<u32>,
    /// Its name.
    #[serde(rename = "type")]
    pub name: String,
    /// How many.
    pub count: u64,
    /// Bytes of their own.
    pub bytes: u64,
    /// Bytes that would be freed with them.
    pub retained_bytes: u64,
    /// The object, when it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub object: Option<u32>,
}

/// What hangs below `start` and, from there, below the objects of each type of a way down; the most retained bytes first.
pub fn held(analysis: &Analysis, table: &TypeTable, start: Start, way: &[u32]) -> Vec<Held> {
    let mut places = match start {
        Start::All => vec![0],
        Start::Object(object) if object < analysis.objects() => vec![analysis.place_of(object)],
        Start::Object(_) => Vec::new(),
        Start::Type(id) => outermost(analysis, table, id),
    };
    if let Start::Type(id) = start {
        places = with_their_like(analysis, table, places, id);
    }
    for id in way {
        places =
            below(analysis, &places).filter(|place| type_at(analysis, table, *place) == Some(*id)).collect();
        places = with_their_like(analysis, table, places, *id);
    }
    // Those of the last type of the way are here already.
    let own = way.last().copied().or(match start {
        Start::Type(id) => Some(id),
        Start::All | Start::Object(_) => None,
    });
    let mut groups: HashMap<Option<u32>, Held> = HashMap::new();
    for place in below(analysis, &places) {
        let node = analysis.at_place(place);
        let id = type_at(analysis, table, place);
        if id.is_some() && id == own {
            continue;
        }
        let held = groups.entry(id).or_insert_with(|| Held {
            id,
            name: id.and_then(|id| table.row(id)).map_or_else(String::new, |row| row.name.clone()),
            count: 0,
            bytes: 0,
            retained_bytes: 0,
            object: None,
        });
        held.retained_bytes += analysis.retained[place as usize];
        let like = match id {
            Some(id) => with_their_like(analysis, table, vec![place], id),
            None => vec![place],
        };
        held.count += like.len() as u64;
        held.bytes += like.iter().map(|place| bytes_at(analysis, *place)).sum::<u64>();
        if let Node::Object(object) = node {
            held.object = (held.count == 1).then_some(object);
        }
    }
    let mut rows: Vec<Held> = groups.into_values().collect();
    rows.sort_by(|a, b| b.retained_bytes.cmp(&a.retained_bytes).then_with(|| a.name.cmp(&b.name)));
    rows
}

/// The places below some, roots passed over: what hangs on a root hangs on all.
fn below<'a>(analysis: &'a Analysis, places: &'a [u32]) -> impl Iterator<Item = u32> + 'a {
    places.iter().flat_map(move |place| analysis.children.of(*place)).flat_map(move |place| {
        let (own, passed): (&[u32], &[u32]) = match analysis.at_place(*place) {
            Node::Object(_) => (std::slice::from_ref(place), &[]),
            Node::All | Node::Root(_) => (&[], analysis.children.of(*place)),
        };
        own.iter().chain(passed).copied()
    })
}

fn type_at(analysis: &Analysis, table: &TypeTable, place: u32) -> Option<u32> {
    match analysis.at_place(place) {
        Node::Object(object) => table.id(analysis, object),
        Node::All | Node::Root(_) => None,
    }
}

/// Some places of one type, and those of the type that hang on them directly, or on one of those.
fn with_their_like(analysis: &Analysis, table: &TypeTable, mut places: Vec<u32>, id: u32) -> Vec<u32> {
    let mut next = 0;
    while let Some(place) = places.get(next).copied() {
        next += 1;
        let children = analysis.children.of(place).iter().copied();
        places.extend(children.filter(|child| type_at(analysis, table, *child) == Some(id)));
    }
    places
}

fn bytes_at(analysis: &Analysis, place: u32) -> u64 {
    match analysis.at_place(place) {
        Node::Object(object) => analysis.bytes_of(object),
        Node::All | Node::Root(_) => 0,
    }
}

/// The objects of a type that no other of it dominates.
fn outermost(analysis: &Analysis, table: &TypeTable, id: u32) -> Vec<u32> {
    let mut inside = vec![false; analysis.dominators.order.len()];
    let mut places = Vec::new();
    // What dominates a place comes before it.
    for place in 0..inside.len() {
        let above = inside[analysis.dominators.dominator[place] as usize];
        let is = type_at(analysis, table, place as u32) == Some(id);
        inside[place] = above || is;
        if is && !above {
            places.push(place as u32);
        }
    }
    places
}
