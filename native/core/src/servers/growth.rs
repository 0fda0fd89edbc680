//! The rule for a gopls without a debug server: nobody can say what it waits for, but its memory shows that it grows.

use crate::engine::memory::RssRing;
use crate::model::{Bytes, MB, Ns, SECOND};

/// Growth is told over this long …
const WINDOW_NS: Ns = 10 * SECOND;
/// … when it is at least this much …
const LEAST_BYTES: Bytes = 100 * MB;
/// … and a quarter of what there was.
const LEAST_SHARE: u64 = 4;
/// One rise is told once: another one begins when it has not grown for so long.
const CALM_NS: Ns = 10 * SECOND;

/// A rise that is to be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grown {
    /// By how much.
    pub rise_bytes: Bytes,
    /// Over how long.
    pub window_ns: Ns,
}

/// Says once per rise that RSS has grown by much.
#[derive(Debug, Default)]
pub struct Growth {
    last_ns: Option<Ns>,
}

impl Growth {
    /// Looks at the samples up to now.
    pub fn look(&mut self, now_ns: Ns, ring: &RssRing) -> Option<Grown> {
        let rise_bytes = ring.rise(now_ns, WINDOW_NS, 0);
        let before = ring.last().map_or(0, |last| last.rss_bytes).saturating_sub(rise_bytes);
        if rise_bytes < LEAST_BYTES.max(before / LEAST_SHARE) {
            return None;
        }
        let told = self.last_ns.replace(now_ns);
        let new = told.is_none_or(|last| now_ns.saturating_sub(last) > CALM_NS);
        new.then_some(Grown { rise_bytes, window_ns: WINDOW_NS })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rise_is_told_once_and_a_second_one_again() {
        let (mut ring, mut growth) = (RssRing::default(), Growth::default());
        let mut told = Vec::new();
        // 300 MB at rest; up to 900 within 12 s; at rest for a minute; up again to 1500.
        for second in 1..=120_u64 {
            let mb = match second {
                0..=10 => 300,
                11..=22 => 300 + 50 * (second - 10),
                23..=80 => 900,
                _ => 900 + 100 * (second - 80).min(6),
            };
            ring.push(second * SECOND, mb * MB);
            if let Some(grown) = growth.look(second * SECOND, &ring) {
                told.push((second, grown.rise_bytes / MB));
            }
        }
        assert_eq!(told, [(12, 100), (83, 300)], "a quarter of 900 MB is 225");
    }

    #[test]
    fn what_comes_and_goes_with_the_garbage_is_no_growth() {
        let (mut ring, mut growth) = (RssRing::default(), Growth::default());
        for second in 1..=60_u64 {
            ring.push(second * SECOND, (1_000 + 80 * (second % 3)) * MB);
            assert_eq!(growth.look(second * SECOND, &ring), None);
        }
    }
}
