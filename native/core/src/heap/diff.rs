//! What grew and what shrank between two profiles, by function.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::index::{HeapError, HeapIndex};
use super::nodes::Node;
use super::query::{Filter, HeapQuery, HeapSort};
use super::table::Sums;

/// One function whose values changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
pub struct DiffRow {
    /// Its full name, as `go tool pprof` prints it.
    pub function: String,
    /// The import path in the name; empty if there is none.
    pub package: String,
    /// Its source file; empty if unknown.
    pub file: String,
    /// The line it starts at, or the first line seen of it; 0 if unknown.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub line: i64,
    /// Change of what the function itself allocated.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub flat: i64,
    /// Change of what it and its callees allocated.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub cum: i64,
    /// `flat` in the base profile.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub base_flat: i64,
    /// `cum` in the base profile.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub base_cum: i64,
}

/// A page of changes. Rows are ordered by the size of the change, whichever its sign, unless by name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
pub struct DiffPage {
    /// What is counted.
    pub sample_type: String,
    /// In which unit.
    pub unit: String,
    /// The sum over all samples of the base profile.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub base_total: i64,
    /// The sum over all samples of the profile.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub new_total: i64,
    /// `new_total` − `base_total`.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub total: i64,
    /// How many rows match the filter, on all pages.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub matched_rows: usize,
    /// The rows of this page.
    pub rows: Vec<DiffRow>,
}

/// `new` − `base`, the numbers of `go tool pprof -diff_base` (and of `-base`, which differs in percentages only).
/// Functions that did not change have no row.
pub fn diff(base: &HeapIndex, new: &HeapIndex, query: &HeapQuery) -> Result<DiffPage, HeapError> {
    let new_kind = new.kind(query.sample_type.as_deref())?;
    let sample_type = new.sample_type(new_kind);
    let base_kind = base.kind(Some(&sample_type.sample_type))?;
    let base_unit = base.sample_type(base_kind).unit;
    if base_unit != sample_type.unit {
        let (sample_type, unit) = (sample_type.sample_type, sample_type.unit);
        return Err(HeapError::UnitsDiffer { sample_type, base_unit, unit });
    }

    let (base_table, new_table) = (base.table(base_kind), new.table(new_kind));
    let mut changes: HashMap<&str, Change> = HashMap::with_capacity(new.nodes.list.len());
    for (node, sums) in new.nodes.list.iter().zip(&new_table.sums) {
        changes.entry(&node.name).or_insert_with(|| Change::of(node)).add_new(*sums);
    }
    for (node, sums) in base.nodes.list.iter().zip(&base_table.sums) {
        changes.entry(&node.name).or_insert_with(|| Change::of(node)).add_base(*sums);
    }

    let filter = Filter::new(&query.filter);
    let is_row = |change: &Change| change.delta() != Sums::default() && filter.matches(change.node);
    let mut rows: Vec<Change> = changes.into_values().filter(is_row).collect();
    rows.sort_unstable_by(|a, b| {
        let size = |of: fn(&Change) -> i64| {
            let (a, b) = (of(a).unsigned_abs(), of(b).unsigned_abs());
            if query.descending { b.cmp(&a) } else { a.cmp(&b) }
        };
        let names = a.node.name.cmp(&b.node.name);
        match query.sort {
            HeapSort::Flat => size(|c| c.delta().flat).then(names),
            HeapSort::Cum => size(|c| c.delta().cum).then(names),
            HeapSort::Name if query.descending => names.reverse(),
            HeapSort::Name => names,
        }
    });
    Ok(DiffPage {
        sample_type: sample_type.sample_type,
        unit: sample_type.unit,
        base_total: base_table.total,
        new_total: new_table.total,
        total: new_table.total.saturating_sub(base_table.total),
        matched_rows: rows.len(),
        rows: rows.iter().skip(query.offset).take(query.limit).map(Change::row).collect(),
    })
}

/// A function on both sides.
struct Change<'a> {
    node: &'a Node,
    base: Sums,
    new: Sums,
}

impl<'a> Change<'a> {
    fn of(node: &'a Node) -> Self {
        Self { node, base: Sums::default(), new: Sums::default() }
    }

    fn add_new(&mut self, sums: Sums) {
        self.new = self.new.plus(sums);
    }

    fn add_base(&mut self, sums: Sums) {
        self.base = self.base.plus(sums);
    }

    fn delta(&self) -> Sums {
        Sums {
            flat: self.new.flat.saturating_sub(self.base.flat),
            cum: self.new.cum.saturating_sub(self.base.cum),
        }
    }

    fn row(&self) -> DiffRow {
        let delta = self.delta();
        DiffRow {
            function: self.node.name.clone(),
            package: self.node.package.clone(),
            file: self.node.file.clone(),
            line: self.node.line,
            flat: delta.flat,
            cum: delta.cum,
            base_flat: self.base.flat,
            base_cum: self.base.cum,
        }
    }
}
