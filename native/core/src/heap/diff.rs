//! What grew and what shrank between two profiles, by function, by package or by part of gopls.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::index::{HeapError, HeapIndex, SampleType};
use super::nodes::Node;
use super::query::{Filter, HeapSort};
use super::rows::{DiffBy, Row};
use super::scale::Scale;
use super::table::Sums;

/// Which changes are wanted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
#[serde(default)]
pub struct DiffQuery {
    /// For example `alloc_space`; `null` for the default.
    pub sample_type: Option<String>,
    /// What a row is.
    pub by: DiffBy,
    /// Scale the profile so that its total equals the base's: shows what changed in proportion, not in size.
    pub normalize: bool,
    /// The order; by the size of the change, whichever its sign, unless by name.
    pub sort: HeapSort,
    /// Largest change first (for names: Z first).
    pub descending: bool,
    /// Part of a function or package name (of a subsystem's id, where rows are these), upper or lower case; empty for all.
    pub filter: String,
    /// Only what belongs to this subsystem is counted, for example `parsing`; `null` for everything.
    pub subsystem: Option<String>,
    /// How many matching rows to skip.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub offset: usize,
    /// How many rows to give.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub limit: usize,
}

impl Default for DiffQuery {
    fn default() -> Self {
        Self {
            sample_type: None,
            by: DiffBy::Function,
            normalize: false,
            sort: HeapSort::Flat,
            descending: true,
            filter: String::new(),
            subsystem: None,
            offset: 0,
            limit: usize::MAX,
        }
    }
}

/// How a row changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
#[serde(rename_all = "snake_case")]
pub enum DiffChange {
    /// The base has nothing of it.
    New,
    /// Only the base has it.
    Gone,
    /// It holds more than in the base.
    Grown,
    /// It holds less than in the base.
    Shrunk,
}

/// One function, package or subsystem whose values changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
pub struct DiffRow {
    /// Its full name, as `go tool pprof` prints it; empty when rows are not functions.
    pub function: String,
    /// The import path in the name; empty if there is none, and when rows are subsystems.
    pub package: String,
    /// The id of the part of gopls; empty unless rows are these.
    pub subsystem: String,
    /// Its source file; empty if unknown, and when rows are not functions.
    pub file: String,
    /// The line it starts at, or the first line seen of it; 0 if unknown.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub line: i64,
    /// How it changed: judged by `flat`, or by `cum` when `flat` is the same on both sides.
    pub change: DiffChange,
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

/// A page of changes. Rows are ordered by the size of the change, whichever its sign, unless by name. Totals are of what is
/// counted: of the subsystem, where one is asked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
pub struct DiffPage {
    /// What is counted.
    pub sample_type: String,
    /// In which unit.
    pub unit: String,
    /// The sum over the samples of the base profile.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub base_total: i64,
    /// The sum over the samples of the profile, never scaled.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub new_total: i64,
    /// The change of the total: `new_total` − `base_total`, or what rounding leaves of it when normalised.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub total: i64,
    /// How many rows match the filter, on all pages.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub matched_rows: usize,
    /// The rows of this page.
    pub rows: Vec<DiffRow>,
}

/// The sample type that both sides of a comparison count, and its column in each.
pub(super) struct Compared {
    pub base_kind: usize,
    pub new_kind: usize,
    pub sample_type: SampleType,
    pub scale: Scale,
}

impl Compared {
    pub(super) fn new(
        base: &HeapIndex,
        new: &HeapIndex,
        sample_type: Option<&str>,
        normalize: bool,
    ) -> Result<Self, HeapError> {
        let new_kind = new.kind(sample_type)?;
        let sample_type = new.sample_type(new_kind);
        let base_kind = base.kind(Some(&sample_type.sample_type))?;
        let base_unit = base.sample_type(base_kind).unit;
        if base_unit != sample_type.unit {
            let SampleType { sample_type, unit } = sample_type;
            return Err(HeapError::UnitsDiffer { sample_type, base_unit, unit });
        }
        let scale = if normalize { Scale::to_base(new, new_kind, base, base_kind) } else { Scale::NONE };
        Ok(Self { base_kind, new_kind, sample_type, scale })
    }
}

/// `new` − `base`, the numbers of `go tool pprof -diff_base` (and of `-base`, which differs in percentages only),
/// with `-normalize` if asked for. What did not change has no row.
pub fn diff(base: &HeapIndex, new: &HeapIndex, query: &DiffQuery) -> Result<DiffPage, HeapError> {
    let compared = Compared::new(base, new, query.sample_type.as_deref(), query.normalize)?;
    let only = query.subsystem.as_deref().map(|id| new.subsystem_number(id)).transpose()?;
    let (base_rows, base_total) = base.rows(compared.base_kind, query.by, Scale::NONE, only);
    let (new_rows, scaled_total) = new.rows(compared.new_kind, query.by, compared.scale, only);
    let mut changes: HashMap<&str, Change> = HashMap::with_capacity(new_rows.len());
    for row in new_rows {
        let change = changes.entry(row.name).or_insert_with(|| Change::of(&row));
        change.new = change.new.plus(row.sums);
    }
    for row in base_rows {
        let change = changes.entry(row.name).or_insert_with(|| Change::of(&row));
        change.base = change.base.plus(row.sums);
    }

    let filter = Filter::new(&query.filter);
    let is_shown = |change: &Change| match query.by {
        DiffBy::Function => change.node.is_some_and(|node| filter.matches(node)),
        DiffBy::Package | DiffBy::Subsystem => filter.matches_text(change.name),
    };
    let is_row = |change: &Change| change.delta() != Sums::default() && is_shown(change);
    let mut rows: Vec<Change> = changes.into_values().filter(is_row).collect();
    sort_rows(&mut rows, query.sort, query.descending);
    let row = |change: &Change| change.row(query.by);
    let rows_on_page = rows.iter().skip(query.offset).take(query.limit).map(row).collect();
    Ok(DiffPage {
        base_total,
        new_total: new.total_of(compared.new_kind, only),
        total: scaled_total.saturating_sub(base_total),
        sample_type: compared.sample_type.sample_type,
        unit: compared.sample_type.unit,
        matched_rows: rows.len(),
        rows: rows_on_page,
    })
}

fn sort_rows(rows: &mut [Change], sort: HeapSort, descending: bool) {
    rows.sort_unstable_by(|a, b| {
        let size = |of: fn(&Change) -> i64| {
            let (a, b) = (of(a).unsigned_abs(), of(b).unsigned_abs());
            if descending { b.cmp(&a) } else { a.cmp(&b) }
        };
        let names = a.name.cmp(b.name);
        match sort {
            HeapSort::Flat => size(|c| c.delta().flat).then(names),
            HeapSort::Cum => size(|c| c.delta().cum).then(names),
            HeapSort::Name if descending => names.reverse(),
            HeapSort::Name => names,
        }
    });
}

/// A row on both sides.
struct Change<'a> {
    name: &'a str,
    node: Option<&'a Node>,
    base: Sums,
    new: Sums,
}

impl<'a> Change<'a> {
    fn of(row: &Row<'a>) -> Self {
        Self { name: row.name, node: row.node, base: Sums::default(), new: Sums::default() }
    }

    fn delta(&self) -> Sums {
        Sums {
            flat: self.new.flat.saturating_sub(self.base.flat),
            cum: self.new.cum.saturating_sub(self.base.cum),
        }
    }

    fn kind(&self) -> DiffChange {
        let delta = self.delta();
        match (self.base == Sums::default(), self.new == Sums::default()) {
            (true, _) => DiffChange::New,
            (_, true) => DiffChange::Gone,
            _ if (if delta.flat != 0 { delta.flat } else { delta.cum }) > 0 => DiffChange::Grown,
            _ => DiffChange::Shrunk,
        }
    }

    fn row(&self, by: DiffBy) -> DiffRow {
        let delta = self.delta();
        let function = self.node.filter(|_| by == DiffBy::Function);
        let text = |of: fn(&Node) -> &String| function.map(of).cloned().unwrap_or_default();
        DiffRow {
            function: text(|node| &node.name),
            package: self.node.map(|node| node.package.clone()).unwrap_or_default(),
            subsystem: if by == DiffBy::Subsystem { self.name.to_owned() } else { String::new() },
            file: text(|node| &node.file),
            line: function.map_or(0, |node| node.line),
            change: self.kind(),
            flat: delta.flat,
            cum: delta.cum,
            base_flat: self.base.flat,
            base_cum: self.base.cum,
        }
    }
}
