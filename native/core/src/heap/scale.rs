//! Two captures of different size made comparable: one is scaled until both have the same total.

use super::index::HeapIndex;

/// What every value of a profile is multiplied by.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Scale(f64);

impl Scale {
    /// Values as they are.
    pub(super) const NONE: Self = Self(1.0);

    /// The factor by which `go tool pprof -normalize` scales the profile, so that its values add up to those of the base.
    pub(super) fn to_base(new: &HeapIndex, new_kind: usize, base: &HeapIndex, base_kind: usize) -> Self {
        let (new, base) = (new.sum(new_kind), base.sum(base_kind));
        Self(if new == 0 { 0.0 } else { base as f64 / new as f64 })
    }

    /// A scaled value. Each sample is rounded by itself, as the tool does: sums may be off by half a byte per sample. (The
    /// tool adds up equal samples before; Go writes none twice.)
    pub(super) fn of(self, value: i64) -> i64 {
        if self == Self::NONE { value } else { (value as f64 * self.0).round() as i64 }
    }
}

impl HeapIndex {
    /// The plain sum of a column; unlike the total it lets negative values count as such.
    fn sum(&self, kind: usize) -> i64 {
        (0..self.sample_count())
            .fold(0, |sum: i64, sample| sum.saturating_add(self.profile.value(sample, kind)))
    }
}
