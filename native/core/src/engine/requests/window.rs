//! What one reading of the counters tells of the time since the one before: when a request that it shows began or ended.
//!
//! A page that comes late needs care. It is late because gopls works, or because gopls was stopped or starved; that is seen by
//! the CPU time it used and missed. Its own clock counts from when it reads a message, and it read that late. What a stopped gopls
//! has counted was done when it went on, at the end of that time. When a starved one has done it is not known: the answer may
//! have come any time from what its clock says until the page, and the end of that is what is told.

use super::open::{Open, begun, end};
use crate::model::{MS, Ns, RequestRecord, TimingSource};

/// A page answered within this comes from a gopls that runs. A slower one may come from a gopls that was stopped or
/// starved and has not come to read its messages yet.
pub(super) const PROMPT_PAGE_NS: Ns = 100 * MS;

/// Whether a page asked for at `sent_ns` and answered at `received_ns` may come from a gopls that did not run all the time.
pub(super) fn is_late(sent_ns: Ns, received_ns: Ns) -> bool {
    received_ns.saturating_sub(sent_ns) > PROMPT_PAGE_NS
}

/// What kept gopls from running.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// It used next to no CPU: it was stopped, or had nothing to do.
    Stopped,
    /// Others had the CPU most of the time.
    Starved,
}

/// The time between two pages.
#[derive(Debug, Clone, Copy)]
pub(super) struct Window {
    /// When the page before was asked for.
    pub from_ns: Ns,
    /// When this one was answered.
    pub to_ns: Ns,
    /// This one was late, and this kept gopls from running meanwhile.
    pub kept: Option<Kept>,
}

impl Window {
    /// Whether this page can show it.
    pub fn may_hold(&self, open: &Open) -> bool {
        open.record.start_ns <= self.to_ns
    }

    /// This page shows it.
    pub fn confirm(&self, open: &mut Open) {
        if self.kept == Some(Kept::Stopped) {
            // It was read when gopls went on, and may still be worked on.
            open.not_before_ns = Some(self.to_ns);
        }
        open.confirm(self.to_ns);
    }

    /// A request that nobody saw and this page shows.
    pub fn begun(&self, method: &str, saving: bool) -> RequestRecord {
        begun(method, self.middle_ns(), TimingSource::Counters, self.half_ns(), saving)
    }

    /// How far outside of this time it would have ended, had it taken `duration` by gopls's clock.
    pub fn misses(&self, open: &Open, duration: Ns) -> Ns {
        let at = open.arrival_ns().saturating_add(duration);
        self.from_ns.saturating_sub(at).max(at.saturating_sub(self.to_ns))
    }

    /// It has ended in this time, after `exact_ns` by gopls's clock, if that is known.
    pub fn end(&self, open: Open, exact_ns: Option<Ns>) -> RequestRecord {
        let arrival_ns = open.arrival_ns();
        let mut record = open.record;
        let earliest_ns = self.from_ns.max(record.start_ns);
        // Its own clock counts from when it reads the message: what it read before it stopped, that clock tells.
        let by_clock = exact_ns.map(|duration| arrival_ns.saturating_add(duration));
        if let Some(kept) = self.kept
            && by_clock.is_none_or(|at| at.saturating_add(PROMPT_PAGE_NS) < self.to_ns)
        {
            let may_be_off_ns = match kept {
                Kept::Stopped => PROMPT_PAGE_NS,
                Kept::Starved => self.to_ns - by_clock.unwrap_or(earliest_ns).max(earliest_ns),
            };
            end(&mut record, self.to_ns, TimingSource::Counters, may_be_off_ns);
            return record;
        }
        match exact_ns {
            Some(duration) if record.start_source == TimingSource::Observer => {
                let by_latency = arrival_ns.saturating_add(duration);
                let end_ns = by_latency.clamp(earliest_ns, self.to_ns);
                end(&mut record, end_ns, TimingSource::GoplsLatency, by_latency.abs_diff(end_ns));
            }
            Some(duration) => {
                let end_ns = (record.start_ns + duration).clamp(earliest_ns, self.to_ns);
                record.start_ns = end_ns.saturating_sub(duration);
                record.start_source = TimingSource::GoplsLatency;
                // The length is exact; only where it lies on the time line is not.
                record.uncertainty_ns = 0;
                end(&mut record, end_ns, TimingSource::GoplsLatency, 0);
            }
            None => {
                let end_ns = self.middle_ns().max(record.start_ns);
                end(&mut record, end_ns, TimingSource::Counters, self.half_ns());
            }
        }
        record
    }

    fn middle_ns(&self) -> Ns {
        self.from_ns + self.half_ns()
    }

    fn half_ns(&self) -> Ns {
        (self.to_ns - self.from_ns) / 2
    }
}
