//! All that is told at once about a heap.

use serde::Serialize;

use super::check::Check;
use super::holders::HeldBy;
use super::parts::PartRow;
use super::questions::Answers;
use super::types::TypeRow;

/// The answer to "who holds the memory?".
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// Living objects.
    pub objects_marked: u64,
    /// Bytes of their slots.
    pub bytes_marked: u64,
    /// What was found against what the runtime counts.
    pub check: Check,
    /// By part of gopls.
    pub parts: Vec<PartRow>,
    /// The types, the most retained bytes first.
    pub types: Vec<TypeRow>,
    /// Which chains hold the objects of the type that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub paths: Option<Vec<HeldBy>>,
}

impl Report {
    /// Answers; with the name of a type also who holds its objects.
    pub fn of(answers: &mut Answers, type_name: Option<&str>) -> Self {
        let paths = type_name.map(|name| {
            let id = answers.table().named(name).map(|row| row.id);
            id.map_or_else(Vec::new, |id| answers.paths(id))
        });
        let summary = answers.summary();
        Self {
            objects_marked: summary.objects_marked,
            bytes_marked: summary.bytes_marked,
            check: summary.check,
            parts: summary.parts,
            types: answers.table().rows.clone(),
            paths,
        }
    }
}
