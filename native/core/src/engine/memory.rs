//! RSS over time: a bounded ring, the rise within a window, and the once-per-ramp-up alert.

use std::collections::VecDeque;

use crate::model::{Bytes, Ns, RssPoint, SECOND};

/// Most samples kept: 10 minutes at 50 ms. 16 bytes each, 192 kB in all.
pub const RING_CAPACITY: usize = 12_000;

/// RSS samples, oldest first, bounded by [`RING_CAPACITY`].
#[derive(Debug, Default)]
pub struct RssRing {
    points: VecDeque<RssPoint>,
}

impl RssRing {
    /// Adds a sample; the oldest makes room. A sample older than the last one is dropped.
    pub fn push(&mut self, at_ns: Ns, rss_bytes: Bytes) {
        if self.points.back().is_some_and(|last| last.at_ns >= at_ns) {
            return;
        }
        if self.points.len() == RING_CAPACITY {
            self.points.pop_front();
        }
        self.points.push_back(RssPoint { at_ns, rss_bytes });
    }

    /// Forgets everything: another process is watched now.
    pub fn clear(&mut self) {
        self.points.clear();
    }

    /// The latest sample.
    pub fn last(&self) -> Option<RssPoint> {
        self.points.back().copied()
    }

    /// The oldest sample.
    pub fn first(&self) -> Option<RssPoint> {
        self.points.front().copied()
    }

    /// Samples from `from_ns` on, up to `to_ns`.
    pub fn range(&self, from_ns: Ns, to_ns: Ns) -> impl Iterator<Item = RssPoint> + '_ {
        let start = self.points.partition_point(|point| point.at_ns < from_ns);
        self.points.range(start..).copied().take_while(move |point| point.at_ns <= to_ns)
    }

    /// RSS at `at_ns`: the last sample not after it, else the first one after it.
    pub fn at(&self, at_ns: Ns) -> Option<Bytes> {
        let after = self.points.partition_point(|point| point.at_ns <= at_ns);
        let index = after.saturating_sub(1);
        self.points.get(index).map(|point| point.rss_bytes)
    }

    /// The rise from the lowest RSS in `[now - window, now]`, not before `not_before_ns`, to the latest sample.
    ///
    /// RSS at the window's left edge is that of the last sample before it: growth between that sample and the next
    /// one belongs to the window.
    /// RSS that falls (memory given back) is a rise of 0. Fewer than two samples: 0.
    pub fn rise(&self, now_ns: Ns, window_ns: Ns, not_before_ns: Ns) -> Bytes {
        let from = now_ns.saturating_sub(window_ns).max(not_before_ns);
        let lowest = self.range(from, now_ns).map(|point| point.rss_bytes).chain(self.at(from)).min();
        match (lowest, self.last()) {
            (Some(lowest), Some(last)) => last.rss_bytes.saturating_sub(lowest),
            _ => 0,
        }
    }
}

/// Thins samples to at most about `points`, so that every peak and every trough survives.
///
/// Of each time bucket the least and the greatest sample are kept, in their order; the first and last sample always.
pub fn thin(samples: &[RssPoint], points: usize) -> Vec<RssPoint> {
    if samples.len() <= points.max(4) {
        return samples.to_vec();
    }
    let (Some(first), Some(last)) = (samples.first(), samples.last()) else { return Vec::new() };
    let buckets = (points.max(4) - 2) / 2;
    let span = (last.at_ns - first.at_ns).max(1);
    let mut thinned = vec![*first];
    let mut start = 0;
    for bucket in 1..=buckets {
        // u128: a long span times the bucket number must not wrap.
        let edge = first.at_ns + (u128::from(span) * bucket as u128 / buckets as u128) as Ns;
        let end = start + samples[start..].partition_point(|sample| sample.at_ns <= edge);
        let chunk = &samples[start..end];
        start = end;
        let (Some(low), Some(high)) =
            (chunk.iter().min_by_key(|s| s.rss_bytes), chunk.iter().max_by_key(|s| s.rss_bytes))
        else {
            continue;
        };
        let (a, b) = if low.at_ns <= high.at_ns { (low, high) } else { (high, low) };
        for sample in [a, b] {
            if thinned.last().is_none_or(|kept| kept.at_ns < sample.at_ns) {
                thinned.push(*sample);
            }
        }
    }
    if thinned.last().is_none_or(|kept| kept.at_ns < last.at_ns) {
        thinned.push(*last);
    }
    thinned
}

/// Says once per ramp-up that RSS is over its limit.
///
/// Re-armed when RSS has been below 80 % of the limit for ten seconds: a garbage collection in the middle of one
/// ramp-up must not make it two.
#[derive(Debug, Default)]
pub struct Alert {
    told: bool,
    below_since_ns: Option<Ns>,
}

/// How long RSS must stay low before the alert is armed again.
const REARM_AFTER_NS: Ns = 10 * SECOND;

impl Alert {
    /// Feeds a sample; true when the user is to be told now.
    pub fn feed(&mut self, at_ns: Ns, rss_bytes: Bytes, limit_bytes: Option<Bytes>) -> bool {
        let Some(limit) = limit_bytes else { return false };
        if self.told {
            if rss_bytes < limit / 10 * 8 {
                let since = *self.below_since_ns.get_or_insert(at_ns);
                if at_ns.saturating_sub(since) >= REARM_AFTER_NS {
                    *self = Self::default();
                }
            } else {
                self.below_since_ns = None;
            }
            return false;
        }
        self.told = rss_bytes > limit;
        self.told
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{MB, MS};

    fn ring(samples: &[(u64, u64)]) -> RssRing {
        let mut ring = RssRing::default();
        for (at_ms, mb) in samples {
            ring.push(at_ms * MS, mb * MB);
        }
        ring
    }

    #[test]
    fn rise_is_measured_from_the_lowest_sample_in_the_window() {
        let ring = ring(&[(0, 100), (100, 300), (200, 90), (300, 120), (400, 130)]);
        assert_eq!(ring.rise(400 * MS, 500 * MS, 0), 40 * MB);
        assert_eq!(ring.rise(400 * MS, 100 * MS, 0), 10 * MB);
        assert_eq!(ring.rise(400 * MS, 500 * MS, 400 * MS), 0, "growth before the request does not count");
    }

    #[test]
    fn rss_at_a_moment_is_the_last_sample_before_it() {
        let ring = ring(&[(100, 1), (200, 2)]);
        assert_eq!(ring.at(50 * MS), Some(MB));
        assert_eq!(ring.at(150 * MS), Some(MB));
        assert_eq!(ring.at(900 * MS), Some(2 * MB));
        assert_eq!(RssRing::default().at(0), None);
    }

    #[test]
    fn the_ring_is_bounded_and_keeps_the_newest() {
        let mut ring = RssRing::default();
        for tick in 0..(RING_CAPACITY as u64 + 10) {
            ring.push(tick + 1, tick);
        }
        assert_eq!(ring.range(0, u64::MAX).count(), RING_CAPACITY);
        assert_eq!(ring.last().map(|p| p.rss_bytes), Some(RING_CAPACITY as u64 + 9));
    }

    #[test]
    fn thinning_keeps_a_single_spike() {
        let samples: Vec<_> = (0..10_000)
            .map(|t| RssPoint { at_ns: t, rss_bytes: if t == 4_321 { 9_000 } else { 100 } })
            .collect();
        let thinned = thin(&samples, 100);
        assert!(thinned.len() <= 102, "{}", thinned.len());
        assert!(thinned.iter().any(|p| p.rss_bytes == 9_000 && p.at_ns == 4_321));
        assert!(thinned.windows(2).all(|w| w[0].at_ns < w[1].at_ns));
        assert_eq!(thinned.last(), samples.last());
    }

    #[test]
    fn one_alert_per_ramp_up() {
        let limit = Some(1_200 * MB);
        let mut alert = Alert::default();
        let mut told = Vec::new();
        // Up, a dip of two seconds by a GC, up again (same ramp-up); then low for long, and a second ramp-up.
        let line = [
            (0, 900),
            (1, 1_300),
            (2, 1_250),
            (3, 700),
            (5, 1_400),
            (10, 600),
            (21, 600),
            (30, 1_500),
            (31, 1_600),
        ];
        for (second, mb) in line {
            if alert.feed(second * SECOND, mb * MB, limit) {
                told.push(second);
            }
        }
        assert_eq!(told, [1, 30]);
    }
}
