//! Heap profiles of a living gopls, kept raw for the leak patterns: few, small, spread over the last hour.

use std::sync::Arc;

use stallscope_core::model::{Bytes, Ns, SECOND};

/// So many: a rule about growth asks for seven at most.
const MOST_PROFILES: usize = 8;
/// gopls's own are 17 to 160 KB compressed, that of the largest workspace measured 1.05 MB. A larger one is not kept.
const MOST_BYTES: usize = 2 << 20;
/// What is older is of another time of the day, and of other work.
const KEPT_NS: Ns = 3_600 * SECOND;

/// The profiles, oldest first, each of another GC cycle.
#[derive(Debug, Default)]
pub(super) struct KeptProfiles {
    list: Vec<Kept>,
}

#[derive(Debug)]
struct Kept {
    at_ns: Ns,
    allocated_bytes: Bytes,
    raw: Arc<[u8]>,
}

impl KeptProfiles {
    /// Takes a profile; `allocated_bytes` since the start of the process tells GC cycles apart.
    pub fn feed(&mut self, at_ns: Ns, allocated_bytes: Bytes, raw: Vec<u8>) {
        let same_cycle = self.list.last().is_some_and(|last| last.allocated_bytes == allocated_bytes);
        if same_cycle || raw.len() > MOST_BYTES {
            return;
        }
        self.list.retain(|kept| at_ns.saturating_sub(kept.at_ns) <= KEPT_NS);
        self.list.push(Kept { at_ns, allocated_bytes, raw: raw.into() });
        if self.list.len() > MOST_PROFILES {
            self.thin();
        }
    }

    /// Forgets all: another gopls, or another load.
    pub fn clear(&mut self) {
        self.list.clear();
    }

    /// Those taken at one of these moments, oldest first.
    pub fn taken_at(&self, moments: impl Fn(Ns) -> bool) -> Vec<Arc<[u8]>> {
        let wanted = self.list.iter().filter(|kept| moments(kept.at_ns));
        wanted.map(|kept| Arc::clone(&kept.raw)).collect()
    }

    /// Lets go of the one without which the others are spread best: the one whose neighbours are closest to each other. The
    /// first and the last stay.
    fn thin(&mut self) {
        let gap = |place: &usize| self.list[place + 1].at_ns - self.list[place - 1].at_ns;
        if let Some(place) = (1..self.list.len() - 1).min_by_key(gap) {
            self.list.remove(place);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Ns = 60 * SECOND;

    fn minutes(kept: &KeptProfiles) -> Vec<Ns> {
        kept.list.iter().map(|kept| kept.at_ns / MINUTE).collect()
    }

    #[test]
    fn few_are_kept_spread_over_the_hour_the_first_and_the_last_among_them() {
        let mut kept = KeptProfiles::default();
        for minute in 0..60 {
            kept.feed(minute * MINUTE, minute, vec![1]);
        }
        let spread = minutes(&kept);
        assert_eq!(spread.len(), MOST_PROFILES);
        assert_eq!((spread[0], spread[MOST_PROFILES - 1]), (0, 59));
        let widest = spread.windows(2).map(|pair| pair[1] - pair[0]).max();
        assert!(widest.is_some_and(|gap| gap <= 20), "{spread:?}");
        for minute in 60..200 {
            kept.feed(minute * MINUTE, minute, vec![1]);
        }
        assert!(minutes(&kept)[0] >= 139, "{:?}", minutes(&kept));
    }

    #[test]
    fn the_same_cycle_again_and_what_is_too_large_are_not_kept() {
        let mut kept = KeptProfiles::default();
        kept.feed(0, 7, vec![1]);
        kept.feed(MINUTE, 7, vec![2]);
        kept.feed(2 * MINUTE, 8, vec![0; MOST_BYTES + 1]);
        kept.feed(3 * MINUTE, 9, vec![3]);
        assert_eq!(minutes(&kept), [0, 3]);
        let raw: Vec<_> = kept.taken_at(|at_ns| at_ns > MINUTE).iter().map(|raw| raw.to_vec()).collect();
        assert_eq!(raw, [[3]]);
        kept.clear();
        assert!(kept.taken_at(|_| true).is_empty());
    }
}
