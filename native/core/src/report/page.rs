//! What the report's page shows: everything the panel would ask for, asked before and packed.
//!
//! The page has no core to ask. So that sorting, filtering and zooming still work in it, it gets whole tables and trees, as
//! far as [`MOST_ROWS`] and [`MOST_NODES`] go; what was cut off is counted. Functions are listed once and named by their
//! place in that list.

use std::collections::HashMap;

use serde::Serialize;

use crate::heap::{
    DiffBy, DiffChange, DiffQuery, DiffRow, FlameDirection, FlameNode, FlameNodeKind, FlameQuery, FlameTree,
    HeapError, HeapIndex, HeapQuery, HeapRow, HeapSort, SubsystemQuery, SubsystemTable, diff, flame_diff,
};
use crate::memory::CapturedMemory;
use crate::model::{Incident, IncidentSummary, Timeline};
use crate::patterns::Patterns;

/// Functions of a table: as many of the largest by `flat`, and as many by `cum`.
pub const MOST_ROWS: usize = 1_000;
/// Functions of one part of gopls.
const MOST_ROWS_OF_PART: usize = 150;
/// Frames of a tree; what is smaller is merged, as on screen.
pub const MOST_NODES: usize = 1_500;

/// The content of the page.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
pub struct ReportPage {
    /// Who made it: name and version.
    pub made_by: String,
    /// When, as UTC, RFC 3339.
    pub made_at: String,
    /// Whether paths and names are replaced.
    pub redacted: bool,
    /// Its line in the list of incidents.
    pub summary: IncidentSummary,
    /// The incident.
    pub incident: Incident,
    /// RSS, requests, captures: all there is.
    pub timeline: Timeline,
    /// Where the memory was.
    pub memory: Vec<CapturedMemory>,
    /// Which leak patterns the heaps show; absent when that could not be judged.
    pub patterns: Option<Patterns>,
    /// All functions and packages that are named below.
    pub functions: Vec<PackedFunction>,
    /// The heap captures.
    pub heaps: Vec<PackedHeap>,
}

/// A function, or with an empty name a package.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
pub struct PackedFunction {
    /// Its full name.
    pub function: String,
    /// Its package.
    pub package: String,
    /// Its source file.
    pub file: String,
    /// The line it starts at.
    pub line: i64,
    /// `ballast`, or nothing.
    pub label: Option<String>,
}

/// A heap capture.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
pub struct PackedHeap {
    /// `Capture.number`.
    pub capture: u32,
    /// What it counts, one by one.
    pub kinds: Vec<PackedKind>,
}

/// One sample type of a heap capture.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
pub struct PackedKind {
    /// Its name.
    pub sample_type: String,
    /// Its unit.
    pub unit: String,
    /// The sum over all samples.
    pub total: i64,
    /// How much of it is gopls's ballast.
    pub ballast: i64,
    /// The functions.
    pub table: PackedTable,
    /// What each part of gopls holds.
    pub subsystems: SubsystemTable,
    /// The functions of each part, by its id.
    pub parts: Vec<PackedPart>,
    /// From the roots.
    pub flame: PackedTree,
    /// From the leaves.
    pub inverted: PackedTree,
    /// By part, package and function.
    pub icicle: PackedTree,
    /// Against the incident's baseline, if it has one.
    pub change: Option<PackedChange>,
}

/// Rows of a table.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
pub struct PackedTable {
    /// How many there are in the profile, those that were cut off included.
    pub all_rows: usize,
    /// Function, flat, cum, subsystem (its place in `subsystems`, -1 for none).
    pub rows: Vec<(usize, i64, i64, i64)>,
}

/// The functions of one part of gopls.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
pub struct PackedPart {
    /// The part's id.
    pub subsystem: String,
    /// Its sum.
    pub counted: i64,
    /// Its functions.
    pub table: PackedTable,
}

/// A tree, frame by frame, each before those on it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
pub struct PackedTree {
    /// Kind, function (-1 for none), depth, start, value, own, base value, base own, merged, subsystem (-1 for none).
    pub nodes: Vec<[i64; 10]>,
    /// Kinds by their number.
    pub kinds: Vec<FlameNodeKind>,
    /// Subsystems by their number.
    pub subsystems: Vec<String>,
    /// As in a flame tree.
    pub total: i64,
    /// As in a flame tree.
    pub base_total: Option<i64>,
}

/// What changed since the baseline.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
pub struct PackedChange {
    /// The base's sum.
    pub base_total: i64,
    /// The capture's.
    pub new_total: i64,
    /// What shares are taken of.
    pub total: i64,
    /// By function.
    pub functions: PackedDiff,
    /// By package.
    pub packages: PackedDiff,
    /// By part of gopls: few enough to be as they are.
    pub subsystems: Vec<DiffRow>,
    /// From the roots.
    pub flame: PackedTree,
    /// From the leaves.
    pub inverted: PackedTree,
}

/// Rows of a comparison.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
pub struct PackedDiff {
    /// How many there are, those that were cut off included.
    pub all_rows: usize,
    /// Function or package, how it changed, flat, cum, flat in the base, cum in the base.
    pub rows: Vec<(usize, DiffChange, i64, i64, i64, i64)>,
}

/// The list of functions while it grows.
#[derive(Default)]
pub struct Functions {
    list: Vec<PackedFunction>,
    places: HashMap<PackedFunction, usize>,
}

impl Functions {
    /// The list, when everything is packed.
    pub fn into_list(self) -> Vec<PackedFunction> {
        self.list
    }

    fn place(&mut self, function: PackedFunction) -> usize {
        if let Some(place) = self.places.get(&function) {
            return *place;
        }
        self.list.push(function.clone());
        self.places.insert(function, self.list.len() - 1);
        self.list.len() - 1
    }
}

/// Packs a heap capture, and how it differs from a baseline.
///
/// # Errors
/// None that is known: only sample types that the profile has are asked for. A baseline that has other ones is left out.
pub fn pack_heap(
    functions: &mut Functions,
    capture: u32,
    heap: &HeapIndex,
    baseline: Option<&HeapIndex>,
) -> Result<PackedHeap, HeapError> {
    let kinds = heap.sample_types().into_iter();
    let kinds =
        kinds.map(|of| pack_kind(functions, heap, baseline, &of.sample_type)).collect::<Result<_, _>>()?;
    Ok(PackedHeap { capture, kinds })
}

fn pack_kind(
    functions: &mut Functions,
    heap: &HeapIndex,
    baseline: Option<&HeapIndex>,
    sample_type: &str,
) -> Result<PackedKind, HeapError> {
    let subsystems = heap.subsystems(&SubsystemQuery { sample_type: Some(sample_type.to_owned()) })?;
    let ids: Vec<&str> = subsystems.rows.iter().map(|row| row.subsystem.as_str()).collect();
    let query = HeapQuery {
        sample_type: Some(sample_type.to_owned()),
        with_subsystems: true,
        limit: MOST_ROWS,
        ..HeapQuery::default()
    };
    let page = heap.query(&query)?;
    let by_cum = heap.query(&HeapQuery { sort: HeapSort::Cum, ..query.clone() })?.rows;
    let parts = ids.iter().map(|id| {
        let of_part =
            HeapQuery { subsystem: Some((*id).to_owned()), limit: MOST_ROWS_OF_PART, ..query.clone() };
        let page = heap.query(&of_part)?;
        let table = pack_table(functions, page.matched_rows, page.rows, Vec::new(), &ids);
        Ok(PackedPart { subsystem: (*id).to_owned(), counted: page.counted, table })
    });
    let parts = parts.collect::<Result<_, HeapError>>()?;
    let tree = |direction| FlameQuery {
        sample_type: Some(sample_type.to_owned()),
        direction,
        max_nodes: MOST_NODES,
        ..FlameQuery::default()
    };
    let (callees, callers) = (tree(FlameDirection::Callees), tree(FlameDirection::Callers));
    Ok(PackedKind {
        sample_type: page.sample_type,
        unit: page.unit,
        total: page.total,
        ballast: page.ballast,
        table: pack_table(functions, page.matched_rows, page.rows, by_cum, &ids),
        parts,
        flame: pack_tree(functions, heap.flame(&callees)?),
        inverted: pack_tree(functions, heap.flame(&callers)?),
        icicle: pack_tree(functions, heap.icicle(&callees)?),
        change: baseline.and_then(|base| pack_change(functions, base, heap, &callees, &callers).ok()),
        subsystems,
    })
}

fn pack_table(
    functions: &mut Functions,
    all_rows: usize,
    rows: Vec<HeapRow>,
    more: Vec<HeapRow>,
    subsystems: &[&str],
) -> PackedTable {
    let mut packed = Vec::with_capacity(rows.len());
    let mut known = std::collections::HashSet::new();
    for row in rows.into_iter().chain(more) {
        let subsystem =
            row.subsystem.as_deref().and_then(|id| subsystems.iter().position(|other| *other == id));
        let HeapRow { function, package, file, line, label, flat, cum, .. } = row;
        let place = functions.place(PackedFunction { function, package, file, line, label });
        if known.insert(place) {
            packed.push((place, flat, cum, number(subsystem)));
        }
    }
    PackedTable { all_rows, rows: packed }
}

fn pack_tree(functions: &mut Functions, tree: FlameTree) -> PackedTree {
    let mut kinds: Vec<FlameNodeKind> = Vec::new();
    let mut subsystems: Vec<String> = Vec::new();
    let nodes = tree.nodes.into_iter().map(|node| {
        let FlameNode { kind, function, package, file, line, label, .. } = node;
        let kind = place_in(&mut kinds, kind);
        let subsystem = node.subsystem.map(|id| place_in(&mut subsystems, id));
        let is_named = !function.is_empty() || !package.is_empty();
        let named =
            is_named.then(|| functions.place(PackedFunction { function, package, file, line, label }));
        [
            number(Some(kind)),
            number(named),
            i64::from(node.depth),
            node.start,
            node.value,
            node.own,
            node.base_value,
            node.base_own,
            i64::from(node.merged),
            number(subsystem),
        ]
    });
    PackedTree { nodes: nodes.collect(), kinds, subsystems, total: tree.total, base_total: tree.base_total }
}

fn pack_change(
    functions: &mut Functions,
    base: &HeapIndex,
    heap: &HeapIndex,
    callees: &FlameQuery,
    callers: &FlameQuery,
) -> Result<PackedChange, HeapError> {
    let query = |by| DiffQuery {
        sample_type: callees.sample_type.clone(),
        by,
        limit: MOST_ROWS,
        ..DiffQuery::default()
    };
    let by_function = diff(base, heap, &query(DiffBy::Function))?;
    let by_package = diff(base, heap, &query(DiffBy::Package))?;
    Ok(PackedChange {
        base_total: by_function.base_total,
        new_total: by_function.new_total,
        total: by_function.total,
        functions: pack_diff(functions, by_function.matched_rows, by_function.rows),
        packages: pack_diff(functions, by_package.matched_rows, by_package.rows),
        subsystems: diff(base, heap, &query(DiffBy::Subsystem))?.rows,
        flame: pack_tree(functions, flame_diff(base, heap, callees)?),
        inverted: pack_tree(functions, flame_diff(base, heap, callers)?),
    })
}

fn pack_diff(functions: &mut Functions, all_rows: usize, rows: Vec<DiffRow>) -> PackedDiff {
    let pack = |row: DiffRow| {
        let DiffRow { function, package, file, line, change, flat, cum, base_flat, base_cum, .. } = row;
        let place = functions.place(PackedFunction { function, package, file, line, label: None });
        (place, change, flat, cum, base_flat, base_cum)
    };
    PackedDiff { all_rows, rows: rows.into_iter().map(pack).collect() }
}

/// Where it is in the list; at its end when it is new.
fn place_in<T: PartialEq>(list: &mut Vec<T>, entry: T) -> usize {
    list.iter().position(|other| *other == entry).unwrap_or_else(|| {
        list.push(entry);
        list.len() - 1
    })
}

/// -1 for none.
fn number(place: Option<usize>) -> i64 {
    place.and_then(|place| i64::try_from(place).ok()).unwrap_or(-1)
}

/// The page with its content: JSON as a data block of the page, with everything escaped that could end it.
///
/// `None` when the page has no place for it: it is not ours, or of another version.
pub fn fill_page(page: &str, content: &ReportPage) -> Option<String> {
    let (before, after) = page.split_once(PLACE)?;
    let json = serde_json::to_string(content).ok()?;
    let mut filled = String::with_capacity(page.len() + json.len());
    filled.push_str(before);
    for letter in json.chars() {
        match letter {
            // In JSON they only occur within texts, where the escaped form means the same.
            '<' => filled.push_str("\\u003c"),
            '>' => filled.push_str("\\u003e"),
            '&' => filled.push_str("\\u0026"),
            '\u{2028}' => filled.push_str("\\u2028"),
            '\u{2029}' => filled.push_str("\\u2029"),
            other => filled.push(other),
        }
    }
    filled.push_str(after);
    Some(filled)
}

/// What `extension/report.mjs` leaves in the page for the content.
pub const PLACE: &str = "{{stallscope-report}}";
