//! What the request that somebody waits for is doing: when a goroutine profile is due, and what the profiles come to.

use super::stall::{Stall, age};
use super::{Engine, methods};
use crate::model::{CurrentPhase, MS, Ns, RequestRecord, SECOND};
use crate::wait::{WaitBreakdown, WaitSample};

/// Several times a second; a longer wait changes more slowly, and is known well enough after some dozens of looks.
const EVERY_NS: Ns = 200 * MS;
const EVERY_NS_LATER: Ns = SECOND;
const LATER_NS: Ns = 20 * SECOND;
/// A status tells what was seen this lately; before that something else may go on by now.
const FRESH_NS: Ns = 2 * SECOND;

impl Engine {
    /// How long to wait between two goroutine profiles; `None` while nobody waits long enough, or captures are off.
    ///
    /// From half of the time on after which a wait is a stall: what is not seen of its beginning stays unknown.
    pub fn wait_sample_interval_ns(&self, now_ns: Ns) -> Option<Ns> {
        if !self.debug || !self.settings.capture_enabled || self.gopls.is_none() {
            return None;
        }
        let from = self.settings.stall_after_ns() / 2;
        let waits = self.tracker.in_flight().filter(|r| r.interactive && self.counts(r));
        let oldest = waits.map(|request| age(request, now_ns)).max().filter(|wait| *wait >= from)?;
        Some(if oldest < LATER_NS { EVERY_NS } else { EVERY_NS_LATER })
    }

    pub(super) fn wait_sampled(&mut self, sample: WaitSample) {
        self.wait_log.add(sample);
    }

    /// What the main request of a stall that is over was spent on.
    pub(super) fn wait_breakdown(
        &self,
        stall: &Stall,
        requests: &[RequestRecord],
        now: Ns,
    ) -> Option<WaitBreakdown> {
        let main = Stall::main_request(requests, now).filter(|_| !stall.on_request)?;
        self.wait_log.breakdown(&main.method, main.start_ns, main.end_ns.unwrap_or(now))
    }

    /// What somebody waits for at this moment, as it was seen last.
    pub(super) fn current_phase(&self, method: &str, now_ns: Ns) -> Option<CurrentPhase> {
        let sample = self.wait_log.latest()?;
        if now_ns.saturating_sub(sample.at_ns) > FRESH_NS {
            return None;
        }
        let shares = sample.of(|served| methods::serves(method, served))?;
        let (phase, _) = shares.iter().max_by(|a, b| a.1.total_cmp(&b.1))?;
        let queued = !sample.serving.iter().any(|serving| methods::serves(method, &serving.method));
        let behind = if queued { sample.queue.behind.clone() } else { None };
        Some(CurrentPhase { phase, behind, at_ns: sample.at_ns })
    }
}
