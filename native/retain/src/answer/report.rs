//! All that is told at once about a heap.

use serde::Serialize;

use crate::analysis::Analysis;

use super::check::Check;
use super::holders::{HeldBy, Holders};
use super::types::{TypeRow, TypeTable};

/// The answer to "who holds the memory?".
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Living objects.
    pub objects_marked: u64,
    /// Bytes of their slots.
    pub bytes_marked: u64,
    /// What was found against what the runtime counts.
    pub check: Check,
    /// The types, the most retained bytes first.
    pub types: Vec<TypeRow>,
    /// Which chains hold the objects of the type that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub paths: Option<Vec<HeldBy>>,
}

impl Report {
    /// Answers; with the name of a type also who holds its objects.
    pub fn of(analysis: &Analysis, type_name: Option<&str>) -> Self {
        let table = TypeTable::of(analysis);
        let paths = type_name.map(|name| {
            let row = table.rows.iter().find(|row| row.name == name);
            let is = |object: &u32| {
                row.is_some_and(|row| table.id(analysis.type_of[*object as usize]) == Some(row.id))
            };
            Holders::of(analysis).held(analysis, (0..analysis.objects()).filter(is))
        });
        Self {
            objects_marked: analysis.counts.found.objects,
            bytes_marked: analysis.counts.found.bytes,
            check: Check::of(&analysis.counts),
            types: table.rows,
            paths,
        }
    }
}
