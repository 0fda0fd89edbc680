//! What a row of a comparison stands for: a function, all functions of a package, or a part of gopls.

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
    /// Parts of gopls, by the rules of `rules/subsystems.json`. Every sample is in exactly one, so `cum` is `flat`.
    Subsystem,
}

/// One row of one profile.
pub(super) struct Row<'a> {
    /// What it is called, and matched by on the other side.
    pub name: &'a str,
    /// The function; for a package any of its functions, for a subsystem none.
    pub node: Option<&'a Node>,
    pub sums: Sums,
}

impl HeapIndex {
    /// The rows of a sample type, and the total; of a subsystem alone, if one is given.
    pub(super) fn rows(
        &self,
        kind: usize,
        by: DiffBy,
        scale: Scale,
        subsystem: Option<u8>,
    ) -> (Vec<Row<'_>>, i64) {
        let nodes = &self.nodes.list;
        let value = |sample| scale.of(self.profile.value(sample, kind));
        let count = |rows: usize, row_of: &dyn Fn(u32) -> u32| {
            let samples = self.samples_in(subsystem);
            Table::count(&self.profile, &self.nodes, samples, rows, row_of, value)
        };
        match by {
            DiffBy::Function => {
                // The table of everything as it is may be there already.
                let whole = scale == Scale::NONE && subsystem.is_none();
                let counted = (!whole).then(|| count(nodes.len(), &|node| node));
                let table = counted.as_ref().unwrap_or_else(|| self.table(kind));
                let rows = nodes.iter().zip(&table.sums);
                let rows = rows.map(|(node, sums)| Row { name: &node.name, node: Some(node), sums: *sums });
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
                let rows =
                    rows.map(|(node, sums)| Row { name: &node.package, node: Some(*node), sums: *sums });
                (rows.collect(), table.total)
            }
            DiffBy::Subsystem => self.subsystem_rows(self.samples_in(subsystem), value),
        }
    }

    /// The sum over all samples, or over those of a subsystem.
    pub(super) fn total_of(&self, kind: usize, subsystem: Option<u8>) -> i64 {
        if subsystem.is_none() {
            return self.table(kind).total;
        }
        let values = self.samples_in(subsystem).map(|sample| self.profile.value(sample, kind));
        values.fold(0, |total, value| total.saturating_add(value.saturating_abs()))
    }

    /// These samples of each part of gopls added up, by its id: the values of the table of subsystems, each sample by
    /// `value_of` it.
    fn subsystem_rows(
        &self,
        samples: impl Iterator<Item = usize>,
        value_of: impl Fn(usize) -> i64,
    ) -> (Vec<Row<'_>>, i64) {
        let assignment = self.assignment();
        let (mut sums, mut total) = (vec![0i64; assignment.rules.count()], 0i64);
        for sample in samples {
            let (value, sum) = (value_of(sample), &mut sums[usize::from(assignment.of(sample))]);
            *sum = sum.saturating_add(value);
            total = total.saturating_add(value.saturating_abs());
        }
        let row = |(number, value): (u8, i64)| Row {
            name: assignment.rules.id(number),
            node: None,
            sums: Sums { flat: value, cum: value },
        };
        ((0..).zip(sums).map(row).collect(), total)
    }
}
