//! One page of the table: sorted, filtered and cut here, so that the panel holds only what it draws.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

use super::index::{HeapError, HeapIndex};
use super::nodes::Node;
use super::table::Sums;

/// What the rows are ordered by. Equal ones follow by name.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
#[serde(rename_all = "snake_case")]
pub enum HeapSort {
    /// Allocated in the function itself.
    #[default]
    Flat,
    /// Allocated in it and in what it called.
    Cum,
    /// Function name.
    Name,
}

/// Which rows of the table are wanted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
#[serde(default)]
pub struct HeapQuery {
    /// For example `alloc_space`; `null` for the default.
    pub sample_type: Option<String>,
    /// The order.
    pub sort: HeapSort,
    /// Largest first (for names: Z first).
    pub descending: bool,
    /// Part of a function or package name, upper or lower case; empty for all.
    pub filter: String,
    /// Only what belongs to this subsystem is counted, for example `parsing`; `null` for everything.
    pub subsystem: Option<String>,
    /// Say of each row which subsystem most of it belongs to.
    pub with_subsystems: bool,
    /// How many matching rows to skip.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub offset: usize,
    /// How many rows to give.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub limit: usize,
}

impl Default for HeapQuery {
    fn default() -> Self {
        Self {
            sample_type: None,
            sort: HeapSort::Flat,
            descending: true,
            filter: String::new(),
            subsystem: None,
            with_subsystems: false,
            offset: 0,
            limit: usize::MAX,
        }
    }
}

/// One function.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
pub struct HeapRow {
    /// Its full name, as `go tool pprof` prints it.
    pub function: String,
    /// The import path in the name; empty if there is none.
    pub package: String,
    /// Its source file as the profile has it; empty if unknown.
    pub file: String,
    /// The line it starts at, or the first line seen of it; 0 if unknown.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub line: i64,
    /// Allocated in the function itself.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub flat: i64,
    /// Allocated in it and in what it called.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub cum: i64,
    /// `flat` as a share of the total, 0 to 1.
    pub flat_share: f64,
    /// `cum` as a share of the total, 0 to 1.
    pub cum_share: f64,
    /// `ballast` for the memory gopls reserves on purpose: no leak.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub label: Option<String>,
    /// The subsystem that most of `flat` belongs to (of `cum`, where `flat` is 0), if it was asked for.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    #[cfg_attr(feature = "ts", ts(optional))]
    pub subsystem: Option<String>,
}

/// A page of rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
pub struct HeapPage {
    /// What is counted.
    pub sample_type: String,
    /// In which unit.
    pub unit: String,
    /// The sum over all samples.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub total: i64,
    /// The sum over the samples that are counted: `total`, or what the subsystem asked for has of it.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub counted: i64,
    /// How much of `total` is gopls's ballast.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub ballast: i64,
    /// How many rows match the filter, on all pages.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub matched_rows: usize,
    /// The rows of this page.
    pub rows: Vec<HeapRow>,
}

impl HeapIndex {
    /// Answers a query. Functions without any value of the sample type have no row.
    pub fn query(&self, query: &HeapQuery) -> Result<HeapPage, HeapError> {
        let kind = self.kind(query.sample_type.as_deref())?;
        let whole = self.table(kind);
        let of_subsystem =
            query.subsystem.as_deref().map(|id| self.table_of_subsystem(kind, id)).transpose()?;
        let table = of_subsystem.as_ref().unwrap_or(whole);
        let filter = Filter::new(&query.filter);
        let mut rows: Vec<(&Node, Sums, u32)> = (self.nodes.list.iter().zip(&table.sums).zip(0..))
            .filter(|((node, sums), _)| **sums != Sums::default() && filter.matches(node))
            .map(|((node, sums), index)| (node, *sums, index))
            .collect();
        sort_rows(&mut rows, query.sort, query.descending);

        let matched_rows = rows.len();
        let share = |value: i64| if whole.total == 0 { 0.0 } else { value as f64 / whole.total as f64 };
        let subsystem = |index: u32| self.subsystem_of_function(kind, index).map(str::to_owned);
        let row = |(node, sums, index): &(&Node, Sums, u32)| HeapRow {
            function: node.name.clone(),
            package: node.package.clone(),
            file: node.file.clone(),
            line: node.line,
            flat: sums.flat,
            cum: sums.cum,
            flat_share: share(sums.flat),
            cum_share: share(sums.cum),
            label: self.ballast.contains(*index).then(|| "ballast".to_owned()),
            subsystem: query.with_subsystems.then(|| subsystem(*index)).flatten(),
        };
        let page = rows.iter().skip(query.offset).take(query.limit).map(row).collect();
        let sample_type = self.sample_type(kind);
        Ok(HeapPage {
            sample_type: sample_type.sample_type,
            unit: sample_type.unit,
            total: whole.total,
            counted: table.total,
            ballast: self.ballast.value(&self.profile, kind),
            matched_rows,
            rows: page,
        })
    }
}

fn sort_rows(rows: &mut [(&Node, Sums, u32)], sort: HeapSort, descending: bool) {
    let by_value = |a: i64, b: i64| if descending { b.cmp(&a) } else { a.cmp(&b) };
    rows.sort_unstable_by(|(a_node, a, a_index), (b_node, b, b_index)| {
        let names = || a_node.name.cmp(&b_node.name);
        let order = match sort {
            HeapSort::Flat => by_value(a.flat, b.flat),
            HeapSort::Cum => by_value(a.cum, b.cum),
            HeapSort::Name if descending => names().reverse(),
            HeapSort::Name => Ordering::Equal,
        };
        order.then_with(names).then(a_index.cmp(b_index))
    });
}

/// A case-insensitive search for a part of a name.
pub(super) struct Filter {
    lower: String,
}

impl Filter {
    pub(super) fn new(text: &str) -> Self {
        Self { lower: text.trim().to_lowercase() }
    }

    pub(super) fn matches(&self, node: &Node) -> bool {
        self.matches_text(&node.name) || self.matches_text(&node.package)
    }

    pub(super) fn matches_text(&self, text: &str) -> bool {
        self.lower.is_empty() || text.to_lowercase().contains(&self.lower)
    }
}
