//! Several phases at one moment, with the share of each.

use super::Phase;

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

    /// The share of a phase.
    pub fn share(&self, phase: Phase) -> f64 {
        self.0.iter().find(|(of, _)| *of == phase).map_or(0.0, |(_, share)| *share)
    }
}
