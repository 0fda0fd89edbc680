//! What others may ask the engine, at any time and without changing it.

use super::stall::{Stall, age};
use super::{Engine, LoadDetector, RssRing, StallKey, StallMark};
use crate::limits::Limits;
use crate::model::{
    Decision, InFlight, Incident, LatencySource, MS, Ns, RequestRecord, StallStatus, WatchSettings,
};

/// Below this gopls works on nothing: what it does then by itself, and for our readings, is less.
const ASLEEP_CPU_SHARE: f64 = 0.05;

impl Engine {
    /// The incident of a stall that has not been forgotten yet.
    pub fn incident(&self, key: StallKey, now_ns: Ns) -> Option<Incident> {
        let stall = self.stall.iter().chain(&self.closing).find(|s| s.key == key)?;
        let open: Vec<_> = self.tracker.in_flight().cloned().collect();
        let same = self.gopls.as_ref().filter(|gopls| gopls.identity.is_process_of(&stall.gopls));
        let facts = same.and_then(|gopls| gopls.readings.workspace());
        Some(stall.incident(self.origin_unix_ns, &self.workspace, &open, &self.ring, facts, now_ns))
    }

    /// The stall that goes on, for the status bar.
    pub fn stall_status(&self, now_ns: Ns) -> Option<StallStatus> {
        let stall = self.stall.as_ref()?;
        let mut status = stall.status(&stall.requests(self.tracker.in_flight()), &self.ring, now_ns)?;
        status.phase = self.current_phase(&status.method, now_ns);
        Some(status)
    }

    /// Requests in flight, oldest first.
    pub fn in_flight(&self, now_ns: Ns) -> Vec<InFlight> {
        let mut all: Vec<_> = self
            .tracker
            .in_flight()
            .map(|r| InFlight {
                method: r.method.clone(),
                age_ns: age(r, now_ns),
                interactive: r.interactive,
                source: r.start_source,
                phase: self.current_phase(&r.method, now_ns),
            })
            .collect();
        all.sort_by_key(|r| std::cmp::Reverse(r.age_ns));
        all
    }

    /// Requests in flight and those that ended lately, for the live time line.
    pub fn requests(&self) -> impl Iterator<Item = &RequestRecord> {
        self.recent.iter().chain(self.tracker.in_flight())
    }

    /// RSS over time.
    pub fn ring(&self) -> &RssRing {
        &self.ring
    }

    /// Latest decisions, oldest first.
    pub fn decisions(&self) -> impl DoubleEndedIterator<Item = &Decision> {
        self.decisions.iter()
    }

    /// The stalls (and captures on request) of the live time line, oldest first.
    pub fn stall_marks(&self) -> impl Iterator<Item = StallMark> {
        self.past.iter().cloned().chain(self.closing.iter().chain(&self.stall).map(Stall::mark))
    }

    /// Whether a first load goes on.
    pub fn loading(&self) -> bool {
        self.gopls.as_ref().and_then(|g| g.load.as_ref()).is_some_and(LoadDetector::running)
    }

    /// gopls's CPU over the last second, as a share of one core.
    pub fn cpu_share(&self) -> f64 {
        self.gopls.as_ref().map_or(0.0, |g| g.cpu_share)
    }

    /// Where latencies come from.
    pub fn source(&self) -> LatencySource {
        self.tracker.source()
    }

    /// The limits, to be written.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// The settings in force.
    pub fn settings(&self) -> &WatchSettings {
        &self.settings
    }

    /// Whether nothing goes on in which a sample matters at once. Until then samples may come late, as long as they come.
    pub fn is_calm(&self) -> bool {
        self.stall.is_none() && !self.loading() && !self.tracker.in_flight().any(|r| r.interactive)
    }

    /// When the oldest wait is over the limit, unless it is answered before; `None` while there is none, or a stall
    /// goes on already.
    pub fn stall_due_ns(&self) -> Option<Ns> {
        if self.stall.is_some() || self.gopls.is_none() {
            return None;
        }
        let limit = self.settings.stall_after_ns();
        let waits = self.tracker.in_flight().filter(|r| r.interactive && self.counts(r));
        waits.map(|r| r.start_ns.saturating_add(limit) + 1).min()
    }

    /// How long to wait between two readings of the counters; `None` when there is no reason to read them.
    ///
    /// Fast only while somebody waits, and slower the longer they already do: a reading costs gopls about 0.6 ms, and
    /// the end of a request is told exactly by gopls's own latency whenever we look. Rarest while gopls uses next to no
    /// CPU: then it works on nothing that somebody could wait for.
    pub fn poll_interval_ns(&self, now_ns: Ns) -> Option<Ns> {
        let fast = (self.settings.poll_fast_ms * MS as f64) as Ns;
        let idle = (self.settings.poll_idle_ms * MS as f64) as Ns;
        let oldest_wait = self.tracker.in_flight().filter(|r| r.interactive).map(|r| age(r, now_ns)).max();
        if let Some(wait) = oldest_wait {
            return Some((wait / 20).clamp(fast, fast.max(250 * MS)));
        }
        let background = self.tracker.in_flight().next().is_some();
        if self.stall.is_some() || background || self.loading() {
            return Some(fast.max(200 * MS));
        }
        let asleep = self.cpu_share() < ASLEEP_CPU_SHARE;
        (idle > 0).then_some(idle.max(fast) * if asleep { 2 } else { 1 })
    }
}
