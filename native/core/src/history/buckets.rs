//! Durations as counts in buckets that grow by a twelfth of their octave: a year of them in kilobytes, and a percentile that
//! is off by 3 % at most.

use crate::model::{MS, Ns};

/// Buckets to each doubling.
const PER_OCTAVE: f64 = 12.0;
/// The last one: longer than an hour, whatever it was.
const LAST: u16 = 264;
/// Bytes of a bucket: its number and its count.
const ENCODED_BYTES: usize = 6;

/// How many durations there were of each length. The last count is not 0.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Buckets(Vec<u32>);

impl Buckets {
    /// Counts a duration.
    pub fn count(&mut self, ns: Ns) {
        self.add(bucket_of(ns), 1);
    }

    fn add(&mut self, bucket: u16, count: u32) {
        let bucket = usize::from(bucket);
        if self.0.len() <= bucket {
            self.0.resize(bucket + 1, 0);
        }
        self.0[bucket] = self.0[bucket].saturating_add(count);
    }

    /// Adds those of another.
    pub fn merge(&mut self, other: &Self) {
        if self.0.len() < other.0.len() {
            self.0.resize(other.0.len(), 0);
        }
        for (sum, count) in self.0.iter_mut().zip(&other.0) {
            *sum = sum.saturating_add(*count);
        }
    }

    /// Those that are not 0, with their bucket.
    fn used(&self) -> impl Iterator<Item = (u16, u32)> {
        (0..).zip(self.0.iter().copied()).filter(|(_, count)| *count > 0)
    }

    /// How many there are.
    pub fn len(&self) -> u64 {
        self.0.iter().map(|count| u64::from(*count)).sum()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The duration that so many in a hundred did not exceed (nearest rank), to 3 %; `None` without any.
    pub fn percentile_ns(&self, percent: u64) -> Option<Ns> {
        let rank = (self.len() * percent).div_ceil(100).max(1);
        let mut seen = 0;
        let (bucket, _) = self.used().find(|(_, count)| {
            seen += u64::from(*count);
            seen >= rank
        })?;
        Some(middle_ns(bucket))
    }

    /// As they are kept: bucket and count, little-endian, by bucket.
    pub fn to_bytes(&self) -> Vec<u8> {
        let bytes = self
            .used()
            .flat_map(|(bucket, count)| bucket.to_le_bytes().into_iter().chain(count.to_le_bytes()));
        bytes.collect()
    }

    /// Adds what was kept; what is no bucket is left out.
    pub fn merge_bytes(&mut self, bytes: &[u8]) {
        for entry in bytes.chunks_exact(ENCODED_BYTES).take(usize::from(LAST) + 1) {
            let bucket = u16::from_le_bytes([entry[0], entry[1]]);
            let count = u32::from_le_bytes([entry[2], entry[3], entry[4], entry[5]]);
            if bucket <= LAST && count > 0 {
                self.add(bucket, count);
            }
        }
    }
}

/// 0 up to a millisecond; then twelve to each doubling.
fn bucket_of(ns: Ns) -> u16 {
    if ns <= MS {
        return 0;
    }
    let octaves = (ns as f64 / MS as f64).log2();
    ((octaves * PER_OCTAVE).floor() as u16 + 1).min(LAST)
}

fn middle_ns(bucket: u16) -> Ns {
    let octaves = (f64::from(bucket) - 0.5) / PER_OCTAVE;
    (octaves.exp2() * MS as f64) as Ns
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;
    use crate::model::SECOND;

    fn from_bytes(bytes: &[u8]) -> Buckets {
        let mut buckets = Buckets::default();
        buckets.merge_bytes(bytes);
        buckets
    }

    #[test]
    fn percentiles_are_those_of_what_was_counted() {
        let mut buckets = Buckets::default();
        assert_eq!(buckets.percentile_ns(50), None);
        for ms in 1..=100 {
            buckets.count(ms * 10 * MS);
        }
        assert_eq!(buckets.len(), 100);
        let near = |percent, wanted: Ns| {
            let is = buckets.percentile_ns(percent).unwrap() as f64;
            assert!((is / wanted as f64 - 1.0).abs() < 0.031, "{percent} %: {is} for {wanted}");
        };
        near(50, 500 * MS);
        near(95, 950 * MS);
        near(100, SECOND);
    }

    proptest! {
        #[test]
        fn a_duration_is_found_again_to_three_per_cent(ns in MS..3_000 * SECOND) {
            let mut buckets = Buckets::default();
            buckets.count(ns);
            let is = buckets.percentile_ns(50).unwrap() as f64;
            prop_assert!((is / ns as f64 - 1.0).abs() < 0.031, "{} for {}", is, ns);
        }

        #[test]
        fn what_is_kept_comes_back(all in prop::collection::vec(0..10_000 * SECOND, 0..200)) {
            let (mut whole, mut other) = (Buckets::default(), Buckets::default());
            for (index, ns) in all.iter().enumerate() {
                if index % 2 == 0 { &mut whole } else { &mut other }.count(*ns);
            }
            whole.merge_bytes(&other.to_bytes());
            prop_assert_eq!(whole.len(), all.len() as u64);
            prop_assert_eq!(from_bytes(&whole.to_bytes()), whole);
        }

        #[test]
        fn any_bytes_are_buckets(bytes in prop::collection::vec(any::<u8>(), 0..4_000)) {
            let read = from_bytes(&bytes);
            prop_assert_eq!(from_bytes(&read.to_bytes()), read);
        }
    }
}
