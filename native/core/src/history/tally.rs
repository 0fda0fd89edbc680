//! What a watcher has seen of one gopls since it was last kept.

use std::collections::BTreeMap;

use super::Buckets;
use crate::model::{Bytes, MS, Ns, RequestRecord, SECOND};

/// A wait that is known only so far says nothing …
const MOST_UNCERTAIN_NS: Ns = 50 * MS;
/// … unless it was many times as long.
const LEAST_TIMES_UNCERTAIN: Ns = 4;
/// A longer pause between two samples is one in which nobody watched: the machine slept.
const LONGEST_PAUSE_NS: Ns = 10 * SECOND;

/// Waits and memory.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Tally {
    /// What somebody waited for, by method, stall or not.
    pub waits: BTreeMap<String, Buckets>,
    /// Memory; `None` before the second sample.
    pub memory: Option<MemoryTally>,
    last_sample_ns: Option<Ns>,
}

/// Memory over a time.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct MemoryTally {
    /// How long it was watched.
    pub watched_ns: Ns,
    /// RSS times how long it was so.
    pub rss_byte_seconds: f64,
    /// The most.
    pub rss_peak_bytes: Bytes,
    /// The live heap of the last cycle that is known.
    pub live_bytes: Option<Bytes>,
}

impl MemoryTally {
    /// RSS on average over the time.
    pub fn rss_average_bytes(&self) -> Bytes {
        let seconds = self.watched_ns as f64 / SECOND as f64;
        if seconds > 0.0 { (self.rss_byte_seconds / seconds) as Bytes } else { 0 }
    }
}

impl Tally {
    /// A request has ended. Those that nobody waits for do not count, nor those whose length is not known.
    pub fn ended(&mut self, record: &RequestRecord) {
        let is_known = |duration_ns: &Ns| {
            record.uncertainty_ns <= MOST_UNCERTAIN_NS
                || record.uncertainty_ns.saturating_mul(LEAST_TIMES_UNCERTAIN) <= *duration_ns
        };
        if let Some(duration_ns) = record.duration_ns.filter(is_known)
            && record.interactive
        {
            self.waits.entry(record.method.clone()).or_default().count(duration_ns);
        }
    }

    /// RSS was read.
    pub fn sampled(&mut self, now_ns: Ns, rss_bytes: Bytes) {
        let passed_ns = self.last_sample_ns.map(|last_ns| now_ns.saturating_sub(last_ns));
        self.last_sample_ns = Some(now_ns);
        let Some(passed_ns) = passed_ns.filter(|passed_ns| *passed_ns <= LONGEST_PAUSE_NS) else { return };
        let memory = self.memory.get_or_insert_default();
        memory.watched_ns += passed_ns;
        memory.rss_byte_seconds += rss_bytes as f64 * (passed_ns as f64 / SECOND as f64);
        memory.rss_peak_bytes = memory.rss_peak_bytes.max(rss_bytes);
    }

    /// What there is to keep, and begins anew; `None` when nothing was seen.
    pub fn take(&mut self, live_bytes: Option<Bytes>) -> Option<Self> {
        let mut taken =
            std::mem::replace(self, Self { last_sample_ns: self.last_sample_ns, ..Self::default() });
        if let Some(memory) = &mut taken.memory {
            memory.live_bytes = live_bytes;
        }
        (!taken.waits.is_empty() || taken.memory.is_some()).then_some(taken)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::model::{MB, TimingSource};

    fn request(method: &str, duration_ns: Option<Ns>, interactive: bool) -> RequestRecord {
        RequestRecord {
            method: method.into(),
            start_ns: 0,
            end_ns: duration_ns,
            duration_ns,
            start_source: TimingSource::Counters,
            end_source: Some(TimingSource::GoplsLatency),
            uncertainty_ns: 0,
            interactive,
            uri: None,
            line: None,
        }
    }

    #[test]
    fn memory_is_weighed_by_its_time_and_a_sleep_is_left_out() {
        let mut tally = Tally::default();
        assert_eq!(tally.take(None), None);
        tally.sampled(0, 500 * MB);
        assert_eq!(tally.take(None), None, "one sample has no length");
        tally.sampled(SECOND, 100 * MB);
        tally.sampled(4 * SECOND, 200 * MB);
        tally.sampled(3_600 * SECOND, 900 * MB);
        let memory = tally.take(Some(70 * MB)).unwrap().memory.unwrap();
        assert_eq!(memory.watched_ns, 4 * SECOND);
        assert_eq!(memory.rss_average_bytes(), 175 * MB);
        assert_eq!((memory.rss_peak_bytes, memory.live_bytes), (200 * MB, Some(70 * MB)));
        tally.sampled(3_601 * SECOND, 900 * MB);
        let next = tally.take(None).unwrap().memory.unwrap();
        assert_eq!((next.watched_ns, next.rss_average_bytes()), (SECOND, 900 * MB));
    }

    #[test]
    fn only_what_somebody_waited_for_counts() {
        let mut tally = Tally::default();
        tally.ended(&request("textDocument/hover", Some(30 * MS), true));
        tally.ended(&request("textDocument/hover", Some(900 * MS), true));
        tally.ended(&request("textDocument/hover", None, true));
        let unsure =
            RequestRecord { uncertainty_ns: SECOND, ..request("textDocument/hover", Some(SECOND), true) };
        tally.ended(&unsure);
        tally.ended(&request("textDocument/semanticTokens/full", Some(MS), false));
        let waits = tally.take(None).unwrap().waits;
        assert_eq!(waits.keys().collect::<Vec<_>>(), ["textDocument/hover"]);
        assert_eq!(waits["textDocument/hover"].len(), 2);
        assert_eq!(tally.take(None), None, "begun anew");
    }
}
