//! The messages that others stood behind, and what those in front were at meanwhile.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Phase;
use super::breakdown::{PhaseShare, shares_of};
use crate::model::Ns;

/// Of one wait; the longest are kept.
const MOST_METHODS: usize = 10;

/// A message that others waited for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(export, export_to = "model.ts"))]
pub struct QueuedBehind {
    /// Method.
    pub method: String,
    /// For how long.
    pub duration_ns: Ns,
    /// What it waited for or did in that time, longest first: durations that add up to it, and their shares of it. Empty in
    /// incidents of earlier versions.
    #[serde(default)]
    pub phases: Vec<PhaseShare>,
}

/// The messages in front during one wait, as they are added up.
#[derive(Debug, Default)]
pub(crate) struct Behind<'a> {
    sums: BTreeMap<&'a str, Sum>,
}

#[derive(Debug, Default)]
struct Sum {
    phases: BTreeMap<Phase, Ns>,
    samples: usize,
}

impl<'a> Behind<'a> {
    /// Some time behind `method`, by what that was at; `samples` looks have told, 0 for spans.
    pub fn add(&mut self, method: &'a str, parts: impl IntoIterator<Item = (Phase, Ns)>, samples: usize) {
        let sum = self.sums.entry(method).or_default();
        sum.samples += samples;
        for (phase, part_ns) in parts {
            *sum.phases.entry(phase).or_default() += part_ns;
        }
    }

    /// Longest first.
    pub fn finish(self) -> Vec<QueuedBehind> {
        let told = self.sums.into_iter().map(|(method, Sum { phases, samples })| QueuedBehind {
            method: method.to_owned(),
            duration_ns: phases.values().sum(),
            phases: shares_of(phases, samples),
        });
        let mut behind: Vec<_> = told.filter(|queued| queued.duration_ns > 0).collect();
        behind.sort_by_key(|queued| std::cmp::Reverse(queued.duration_ns));
        behind.truncate(MOST_METHODS);
        behind
    }
}

impl QueuedBehind {
    /// What it was at most of the time.
    pub fn main_phase(&self) -> Option<&PhaseShare> {
        self.phases.first()
    }
}
