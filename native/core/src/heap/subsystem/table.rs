//! How much each subsystem holds, and which of them most of a function's values belong to.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::rules::UNASSIGNED;
use crate::heap::index::{HeapError, HeapIndex};
use crate::heap::table::Table;

/// What is to be counted by subsystem.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
#[serde(default)]
pub struct SubsystemQuery {
    /// For example `alloc_space`; `null` for the default.
    pub sample_type: Option<String>,
}

/// What one part of gopls holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
pub struct SubsystemRow {
    /// Its id in `native/core/rules/subsystems.json`, or `unassigned`.
    pub subsystem: String,
    /// The sum over its samples.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub value: i64,
    /// `value` as a share of the total, 0 to 1.
    pub share: f64,
    /// How many functions allocated something of it themselves.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub functions: usize,
}

/// All subsystems that have a value, largest first; the unassigned come last. The values add up to the total.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
pub struct SubsystemTable {
    /// What is counted.
    pub sample_type: String,
    /// In which unit.
    pub unit: String,
    /// The sum over all samples.
    #[cfg_attr(feature = "ts", ts(type = "number"))]
    pub total: i64,
    /// The subsystems.
    pub rows: Vec<SubsystemRow>,
}

/// Marks a function of which nothing is known.
const NONE: u8 = u8::MAX;

impl HeapIndex {
    /// How much each part of gopls holds, by where it was allocated.
    ///
    /// # Errors
    /// An unknown sample type.
    pub fn subsystems(&self, query: &SubsystemQuery) -> Result<SubsystemTable, HeapError> {
        let kind = self.kind(query.sample_type.as_deref())?;
        let (assignment, total) = (self.assignment(), self.table(kind).total);
        let rules = assignment.rules;
        let mut rows: Vec<(u8, i64, usize)> = (0..rules.count()).map(|number| (number as u8, 0, 0)).collect();
        for ((subsystem, node), value) in self.flat_by_subsystem(kind) {
            let row = &mut rows[usize::from(subsystem)];
            row.1 = row.1.saturating_add(value);
            // A sample without a stack is in no function.
            row.2 += usize::from(node.is_some());
        }
        rows.retain(|(_, value, functions)| *value != 0 || *functions > 0);
        rows.sort_by_key(|(number, value, _)| (*number == rules.unassigned(), std::cmp::Reverse(*value)));
        let row = |(number, value, functions): (u8, i64, usize)| SubsystemRow {
            subsystem: rules.id(number).to_owned(),
            value,
            share: if total == 0 { 0.0 } else { value as f64 / total as f64 },
            functions,
        };
        let rows = rows.into_iter().map(row).collect();
        let sample_type = self.sample_type(kind);
        Ok(SubsystemTable { sample_type: sample_type.sample_type, unit: sample_type.unit, total, rows })
    }

    /// Flat and cumulative values of only those samples that belong to a subsystem.
    pub(crate) fn table_of_subsystem(&self, kind: usize, id: &str) -> Result<Table, HeapError> {
        let samples = self.samples_in(Some(self.subsystem_number(id)?));
        Ok(Table::of_samples(&self.profile, &self.nodes, kind, samples))
    }

    /// The number of a subsystem, the same in every profile.
    pub(in crate::heap) fn subsystem_number(&self, id: &str) -> Result<u8, HeapError> {
        let rules = self.assignment().rules;
        (0..rules.count() as u8).find(|number| rules.id(*number) == id).ok_or_else(|| {
            let available = rules.ids().chain([UNASSIGNED]).collect::<Vec<_>>().join(", ");
            HeapError::UnknownSubsystem { asked: id.to_owned(), available }
        })
    }

    /// The samples of a subsystem; without one, all of them.
    pub(in crate::heap) fn samples_in(&self, subsystem: Option<u8>) -> impl Iterator<Item = usize> {
        // Assigning takes a walk of every stack: not where nobody asks for it.
        let only = subsystem.map(|number| (self.assignment(), number));
        (0..self.sample_count())
            .filter(move |sample| only.is_none_or(|(assignment, number)| assignment.of(*sample) == number))
    }

    /// The flat values of every function in every subsystem it allocates for.
    pub(super) fn flat_by_subsystem(&self, kind: usize) -> HashMap<(u8, Option<u32>), i64> {
        let assignment = self.assignment();
        let mut sums: HashMap<(u8, Option<u32>), i64> = HashMap::new();
        for sample in 0..self.profile.samples.len() {
            let value = self.profile.value(sample, kind);
            if value == 0 {
                continue;
            }
            let leaf = self.profile.samples.stack(sample).first().map(|leaf| self.nodes.at(*leaf)[0]);
            let sum = sums.entry((assignment.of(sample), leaf)).or_default();
            *sum = sum.saturating_add(value);
        }
        sums
    }

    /// The subsystem that most of a function's flat values belong to; for one without any, most of its cumulative ones.
    pub(crate) fn subsystem_of_function(&self, kind: usize, node: u32) -> Option<&str> {
        let number = self.main_subsystems(kind).get(node as usize).copied()?;
        (number != NONE).then(|| self.assignment().rules.id(number))
    }

    /// Counts for [`Self::subsystem_of_function`], for all functions at once.
    pub(crate) fn find_main_subsystems(&self, kind: usize) -> Vec<u8> {
        let nodes = self.nodes.list.len();
        let (mut flat, mut cum) = (Majority::new(nodes), Majority::new(nodes));
        let mut last_sample = vec![0u32; nodes];
        let assignment = self.assignment();
        for sample in 0..self.profile.samples.len() {
            let value = self.profile.value(sample, kind);
            if value == 0 {
                continue;
            }
            let (stack, subsystem) = (self.profile.samples.stack(sample), assignment.of(sample));
            let this_sample = sample as u32 + 1;
            for node in stack.iter().flat_map(|location| self.nodes.at(*location)) {
                if std::mem::replace(&mut last_sample[*node as usize], this_sample) != this_sample {
                    cum.add(*node, subsystem, value);
                }
            }
            if let Some(leaf) = stack.first() {
                flat.add(self.nodes.at(*leaf)[0], subsystem, value);
            }
        }
        let by_cum = cum.largest();
        flat.largest()
            .into_iter()
            .zip(by_cum)
            .map(|(flat, cum)| if flat == NONE { cum } else { flat })
            .collect()
    }
}

/// Sums by function and subsystem. Nearly every function is of one subsystem only, so the first has a place of its own.
struct Majority {
    first: Vec<(u8, i64)>,
    others: HashMap<(u32, u8), i64>,
}

impl Majority {
    fn new(nodes: usize) -> Self {
        Self { first: vec![(NONE, 0); nodes], others: HashMap::new() }
    }

    fn add(&mut self, node: u32, subsystem: u8, value: i64) {
        let first = &mut self.first[node as usize];
        if first.0 == NONE {
            first.0 = subsystem;
        }
        let sum = if first.0 == subsystem {
            &mut first.1
        } else {
            self.others.entry((node, subsystem)).or_default()
        };
        *sum = sum.saturating_add(value.saturating_abs());
    }

    /// Per function the subsystem with the largest sum, of equal ones that which is first in the rules.
    fn largest(mut self) -> Vec<u8> {
        for ((node, subsystem), sum) in self.others {
            let best = &mut self.first[node as usize];
            if sum > best.1 || (sum == best.1 && subsystem < best.0) {
                *best = (subsystem, sum);
            }
        }
        self.first.into_iter().map(|(subsystem, _)| subsystem).collect()
    }
}
