//! Flat and cumulative values per function, for one sample type.

use std::ops::Range;

use stallscope_pprof::Profile;

use super::nodes::Nodes;

/// The values of one row: a function, or a package.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Sums {
    /// Allocated in the function itself.
    pub flat: i64,
    /// Allocated in it and in what it called.
    pub cum: i64,
}

impl Sums {
    pub(crate) fn plus(self, other: Self) -> Self {
        Self { flat: self.flat.saturating_add(other.flat), cum: self.cum.saturating_add(other.cum) }
    }
}

/// The values of all rows; of functions by node.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Table {
    pub sums: Vec<Sums>,
    /// The sum of the absolute values of all samples, which is what pprof takes percentages of.
    pub total: i64,
}

impl Table {
    pub(crate) fn new(profile: &Profile, nodes: &Nodes, kind: usize) -> Self {
        Self::of_part(profile, nodes, kind, 0..profile.samples.len())
    }

    /// The table of some of the samples.
    pub(crate) fn of_part(profile: &Profile, nodes: &Nodes, kind: usize, samples: Range<usize>) -> Self {
        Self::of_samples(profile, nodes, kind, samples)
    }

    /// The same for any choice of samples, in their order.
    pub(crate) fn of_samples(
        profile: &Profile,
        nodes: &Nodes,
        kind: usize,
        samples: impl Iterator<Item = usize>,
    ) -> Self {
        let value = |sample| profile.value(sample, kind);
        Self::count(profile, nodes, samples, nodes.list.len(), |node| node, value)
    }

    /// Walks each of these stacks once. A row that is in a stack several times counts that sample once. `row_of` a node is
    /// below `rows`; `value_of` a sample is in any unit.
    pub(crate) fn count(
        profile: &Profile,
        nodes: &Nodes,
        samples: impl Iterator<Item = usize>,
        rows: usize,
        row_of: impl Fn(u32) -> u32,
        value_of: impl Fn(usize) -> i64,
    ) -> Self {
        let mut cells = vec![Cell::default(); rows];
        let mut total = 0i64;
        for sample in samples {
            let value = value_of(sample);
            if value == 0 {
                continue;
            }
            total = total.saturating_add(value.saturating_abs());
            let stack = profile.samples.stack(sample);
            let this_sample = sample as u32 + 1;
            for location in stack {
                for node in nodes.at(*location) {
                    let cell = &mut cells[row_of(*node) as usize];
                    if cell.last_sample != this_sample {
                        cell.last_sample = this_sample;
                        cell.sums.cum = cell.sums.cum.saturating_add(value);
                    }
                }
            }
            if let Some(leaf) = stack.first() {
                let sums = &mut cells[row_of(nodes.at(*leaf)[0]) as usize].sums;
                sums.flat = sums.flat.saturating_add(value);
            }
        }
        Self { sums: cells.into_iter().map(|cell| cell.sums).collect(), total }
    }

    /// The table of both parts together.
    pub(crate) fn plus(mut self, other: &Self) -> Self {
        self.sums.iter_mut().zip(&other.sums).for_each(|(sums, more)| *sums = sums.plus(*more));
        self.total = self.total.saturating_add(other.total);
        self
    }
}

/// The mark beside the sums, so that one memory access answers "already counted?" and adds.
#[derive(Clone, Copy, Default)]
struct Cell {
    sums: Sums,
    last_sample: u32,
}
