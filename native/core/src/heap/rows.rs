//! What a row of a comparison stands for: a function, or all functions of a package.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::index::HeapIndex;
use super::nodes::Node;
use super::scale::Scale;
use super::table::{Sums, Table};

/// What the rows of a comparison are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
#[serde(rename_all = "snake_case")]
pub enum DiffBy {
    /// Functions.
    #[default]
    Function,
    /// Go packages; functions without one are together in a row without a name.
    Package,
}

/// One row of one profile.
pub(super) struct Row<'a> {
    /// What it is called, and matched by on the other side.
    pub name: &'a str,
    /// The function; for a package any of its functions.
    pub node: &'a Node,
    pub sums: Sums,
}

impl HeapIndex {
    /// The rows of a sample type, and the total.
    pub(super) fn rows(&self, kind: usize, by: DiffBy, scale: Scale) -> (Vec<Row<'_>>, i64) {
        let nodes = &self.nodes.list;
        let value = |sample| scale.of(self.profile.value(sample, kind));
        let count = |rows: usize, row_of: &dyn Fn(u32) -> u32| {
            Table::count(&self.profile, &self.nodes, 0..self.sample_count(), rows, row_of, value)
        };
        match by {
            DiffBy::Function => {
                let scaled = (scale != Scale::NONE).then(|| count(nodes.len(), &|node| node));
                let table = scaled.as_ref().unwrap_or_else(|| self.table(kind));
                let rows = nodes.iter().zip(&table.sums);
                let rows = rows.map(|(node, sums)| Row { name: &node.name, node, sums: *sums });
                (rows.collect(), table.total)
            }
            DiffBy::Package => {
                let mut row_of_package = HashMap::new();
                let mut of_package: Vec<&Node> = Vec::new();
                let row_of: Vec<u32> = nodes
                    .iter()
                    .map(|node| {
                        *row_of_package.entry(node.package.as_str()).or_insert_with(|| {
                            of_package.push(node);
                            of_package.len() as u32 - 1
                        })
                    })
                    .collect();
                let table = count(of_package.len(), &|node| row_of[node as usize]);
                let rows = of_package.iter().zip(&table.sums);
                let rows = rows.map(|(node, sums)| Row { name: &node.package, node, sums: *sums });
                (rows.collect(), table.total)
            }
        }
    }
}
