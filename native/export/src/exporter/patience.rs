//! When a destination that did not answer is tried again.

use std::collections::BTreeMap;
use std::hash::{BuildHasher, RandomState};
use std::time::{Duration, Instant};

const FIRST: Duration = Duration::from_secs(1);
/// Doubled each time, up to this.
const MOST: Duration = Duration::from_secs(120);
/// What a destination may ask for: longer is a mistake, or a joke.
const MOST_ASKED: Duration = Duration::from_secs(3_600);
/// Somebody has to change a setting or a token; it is looked now and then whether they have.
const HELD: Duration = Duration::from_secs(300);

#[derive(Debug, Clone, Copy)]
struct Wait {
    failures: u32,
    until: Instant,
}

/// By signal, because each may go elsewhere.
#[derive(Debug, Default)]
pub(super) struct Patience(BTreeMap<&'static str, Wait>);

impl Patience {
    pub(super) fn may_try(&self, signal: &str, now: Instant) -> bool {
        self.0.get(signal).is_none_or(|wait| wait.until <= now)
    }

    pub(super) fn worked(&mut self, signal: &str) {
        self.0.remove(signal);
    }

    /// `asked`: how long the other side wants to be left alone.
    pub(super) fn failed(&mut self, signal: &'static str, asked: Option<Duration>, now: Instant) {
        let failures = self.0.get(signal).map_or(0, |wait| wait.failures);
        let doubled = FIRST.saturating_mul(1 << failures.min(10)).min(MOST);
        // Half of it by chance: machines that lost a collector together do not come back together.
        let chance = f64::from(RandomState::new().hash_one(failures) as u32) / f64::from(u32::MAX);
        let ours = doubled.mul_f64(0.5 + chance / 2.0);
        let until = now + asked.map_or(ours, |asked| asked.min(MOST_ASKED));
        self.0.insert(signal, Wait { failures: failures.saturating_add(1), until });
    }

    pub(super) fn hold(&mut self, signal: &'static str, now: Instant) {
        self.0.insert(signal, Wait { failures: 0, until: now + HELD });
    }

    /// How long until something may be tried.
    pub(super) fn next(&self, now: Instant) -> Option<Duration> {
        self.0.values().map(|wait| wait.until.saturating_duration_since(now)).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tries_come_further_apart_and_what_is_asked_for_is_kept() {
        let now = Instant::now();
        let mut patience = Patience::default();
        assert!(patience.may_try("traces", now));
        let mut least = Duration::ZERO;
        for doubled in [1, 2, 4, 8, 16, 32, 64, 120, 120] {
            patience.failed("traces", None, now);
            let wait = patience.next(now).unwrap_or_default();
            let (from, to) = (Duration::from_millis(500 * doubled), Duration::from_secs(doubled));
            assert!(from <= wait && wait <= to, "{wait:?} for {doubled}");
            assert!(wait >= least);
            least = from;
        }
        assert!(!patience.may_try("traces", now) && patience.may_try("logs", now));
        patience.failed("traces", Some(Duration::from_secs(7)), now);
        assert!(!patience.may_try("traces", now + Duration::from_secs(6)));
        assert!(patience.may_try("traces", now + Duration::from_secs(7)));
        patience.failed("traces", Some(Duration::MAX), now);
        assert_eq!(patience.next(now), Some(MOST_ASKED));
        patience.worked("traces");
        assert_eq!(patience.next(now), None);
        patience.hold("traces", now);
        assert_eq!(patience.next(now), Some(HELD));
    }
}
