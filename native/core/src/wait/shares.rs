//! Several phases at one moment, with the share of each.

use super::Phase;
use crate::model::Ns;

/// Phases and their shares, which add up to 1; in the order of [`Phase`], each once.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Shares(Vec<(Phase, f64)>);

impl Shares {
    /// All of one phase.
    pub fn whole(phase: Phase) -> Self {
        Self(vec![(phase, 1.0)])
    }

    /// From weights; `None` when there is no weight. Phases come in the order of [`Phase`], each at most once.
    pub fn of(weights: impl Iterator<Item = (Phase, f64)>) -> Option<Self> {
        let weights: Vec<_> = weights.filter(|(_, weight)| *weight > 0.0).collect();
        let sum: f64 = weights.iter().map(|(_, weight)| weight).sum();
        (sum > 0.0).then(|| Self(weights.into_iter().map(|(phase, weight)| (phase, weight / sum)).collect()))
    }

    /// Each phase with its share.
    pub fn iter(&self) -> impl Iterator<Item = (Phase, f64)> {
        self.0.iter().copied()
    }

    /// The phase with the largest share.
    pub fn largest(&self) -> Option<Phase> {
        self.iter().max_by(|a, b| a.1.total_cmp(&b.1)).map(|(phase, _)| phase)
    }

    /// A length in parts, which add up to it.
    pub fn divide(&self, whole_ns: Ns) -> Vec<(Phase, Ns)> {
        let (mut sum, mut before_ns) = (0.0, 0);
        let parts = self.0.iter().enumerate().map(|(number, (phase, share))| {
            sum += share;
            let last = number + 1 == self.0.len();
            // Rounding must not go beyond the whole.
            let until_ns = if last { whole_ns } else { ((whole_ns as f64 * sum) as Ns).min(whole_ns) };
            let part_ns = until_ns - before_ns;
            before_ns = until_ns;
            (*phase, part_ns)
        });
        parts.collect()
    }

    /// The share of a phase.
    pub fn share(&self, phase: Phase) -> f64 {
        self.0.iter().find(|(of, _)| *of == phase).map_or(0.0, |(_, share)| *share)
    }
}
