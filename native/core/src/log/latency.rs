//! How long a method's requests took: exact percentiles in bounded memory.

use std::collections::BTreeMap;

/// Different durations kept of one method; one more goes to its neighbour.
const MAX_DISTINCT: usize = 4_096;

/// Durations, counted by the millisecond.
#[derive(Debug, Default)]
pub(super) struct Durations {
    by_ms: BTreeMap<u64, u64>,
    count: u64,
    longest_ms: u64,
    sum_ms: u64,
}

impl Durations {
    pub fn add(&mut self, ms: u64) {
        self.count += 1;
        self.sum_ms = self.sum_ms.saturating_add(ms);
        self.longest_ms = self.longest_ms.max(ms);
        let is_new = !self.by_ms.contains_key(&ms);
        let ms = if is_new && self.by_ms.len() == MAX_DISTINCT { self.nearest(ms) } else { ms };
        *self.by_ms.entry(ms).or_default() += 1;
    }

    fn nearest(&self, ms: u64) -> u64 {
        let below = self.by_ms.range(..ms).next_back();
        let above = self.by_ms.range(ms..).next();
        [below, above].into_iter().flatten().map(|(at, _)| *at).min_by_key(|at| at.abs_diff(ms)).unwrap_or(ms)
    }

    pub fn count(&self) -> u64 {
        self.count
    }

    pub fn sum_ms(&self) -> u64 {
        self.sum_ms
    }

    pub fn longest_ms(&self) -> u64 {
        self.longest_ms
    }

    /// The duration that so many percent of them did not exceed; 0 when there are none.
    pub fn percentile_ms(&self, percent: u64) -> u64 {
        let rank = (self.count * percent).div_ceil(100).max(1);
        let mut seen = 0;
        let reached = |(ms, count): (&u64, &u64)| {
            seen += count;
            (seen >= rank).then_some(*ms)
        };
        self.by_ms.iter().find_map(reached).unwrap_or(0)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_durations_that_were_there() {
        let mut durations = Durations::default();
        assert_eq!(durations.percentile_ms(50), 0);
        (1..=100).rev().for_each(|ms| durations.add(ms));
        let percentiles = [50, 90, 99, 100].map(|percent| durations.percentile_ms(percent));
        assert_eq!(percentiles, [50, 90, 99, 100]);
        durations.add(5_000);
        assert_eq!((durations.percentile_ms(50), durations.longest_ms()), (51, 5_000));
        let mut one = Durations::default();
        one.add(7);
        assert_eq!([50, 90, 99].map(|percent| one.percentile_ms(percent)), [7, 7, 7]);
    }

    #[test]
    fn memory_is_bounded_and_the_longest_is_exact() {
        let mut durations = Durations::default();
        (0..100_000).for_each(|ms| durations.add(ms * 3));
        assert_eq!(durations.by_ms.len(), MAX_DISTINCT);
        assert_eq!((durations.count(), durations.longest_ms()), (100_000, 299_997));
        assert_eq!(durations.by_ms.values().sum::<u64>(), 100_000);
    }
}
