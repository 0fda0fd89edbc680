//! What the request that somebody waits for is doing: when a goroutine profile is due, and what the profiles come to.

use super::stall::{Stall, Told, age};
use super::{Action, Engine};
use crate::machine::Span;
use crate::model::{MS, Ns, RequestRecord, SECOND, TimingSource};
use crate::wait::{WaitSample, Waited, causes, held_up_ns, taken_late_ns};

/// Several times a second, most of all at first: the load of a workspace is over within some tenths of a second. A longer wait
/// changes more slowly, and is known well enough after some dozens of looks.
const EVERY_NS_FIRST: Ns = 100 * MS;
const EVERY_NS: Ns = 200 * MS;
const EVERY_NS_LATER: Ns = SECOND;
/// A look at the machine costs us, not gopls.
const MACHINE_EVERY_NS: Ns = 250 * MS;
const MACHINE_EVERY_NS_LOADING: Ns = 500 * MS;
/// Lags of the extension host that are remembered: a wait lies in or after the last ones.
const MOST_HOST_LAGS: usize = 100;
const FIRST_NS: Ns = 2 * SECOND;
const LATER_NS: Ns = 20 * SECOND;

impl Engine {
    /// How long to wait between two goroutine profiles; `None` while nobody waits long enough, or captures are off.
    ///
    /// From half of the time on after which a wait is a stall: what is not seen of its beginning stays unknown.
    pub fn wait_sample_interval_ns(&self, now_ns: Ns) -> Option<Ns> {
        if !self.debug || !self.settings.capture_enabled || self.gopls.is_none() {
            return None;
        }
        let oldest = self.oldest_wait_ns(now_ns)?;
        Some(match oldest {
            ..FIRST_NS => EVERY_NS_FIRST,
            FIRST_NS..LATER_NS => EVERY_NS,
            _ => EVERY_NS_LATER,
        })
    }

    pub(super) fn wait_sampled(&mut self, sample: WaitSample) {
        self.wait_log.add(sample);
    }

    /// How long to wait between two looks at the machine; `None` while nobody waits long enough and nothing is loaded. It needs
    /// nothing of gopls.
    pub fn machine_interval_ns(&self, now_ns: Ns) -> Option<Ns> {
        self.gopls.as_ref()?;
        let of_wait = self.oldest_wait_ns(now_ns);
        let of_wait = of_wait.map(|oldest| if oldest < LATER_NS { MACHINE_EVERY_NS } else { EVERY_NS_LATER });
        of_wait.or(self.loading().then_some(MACHINE_EVERY_NS_LOADING))
    }

    /// The age of the oldest wait, once it is half of what makes a stall.
    fn oldest_wait_ns(&self, now_ns: Ns) -> Option<Ns> {
        let from = self.settings.stall_after_ns() / 2;
        let waits = self.tracker.in_flight().filter(|r| r.interactive && self.counts(r));
        waits.map(|request| age(request, now_ns)).max().filter(|wait| *wait >= from)
    }

    /// What the main request of a stall that is over was spent on, and why that took so long.
    pub(super) fn told_of_wait(&self, stall: &Stall, requests: &[RequestRecord], now: Ns) -> Told {
        let main = Stall::main_request(requests, now).filter(|_| !stall.on_request);
        let Some(main) = main else { return Told::default() };
        let span = Span { begin_ns: main.start_ns, end_ns: main.end_ns.unwrap_or(now) };
        let wait = self.wait_log.breakdown(&main.method, span.begin_ns, span.end_ns);
        let machine = self.machine_log.facts(span.begin_ns, span.end_ns);
        let host_lags: Vec<Span> = self.host_lags.iter().copied().collect();
        let causes = causes(&Waited {
            span,
            wait: wait.as_ref(),
            machine: &self.machine_log,
            facts: machine.as_ref(),
            host_lags: &host_lags,
            oom: self.oom_kill.filter(|_| stall.gopls_gone),
            slow: self.settings.slow_after(),
        });
        let taken_late_ns = taken_late_ns(&self.host_lags, span.end_ns);
        Told { wait, causes, machine, held_up_ns: self.held_up_ns(main), taken_late_ns }
    }

    /// How long the extension host had been busy until it let a request through. Only what we were asked ourselves waits for
    /// it: what gopls has counted on its own account had passed it.
    pub(super) fn held_up_ns(&self, request: &RequestRecord) -> Ns {
        match request.start_source {
            TimingSource::Observer => held_up_ns(&self.host_lags, request.start_ns),
            _ => 0,
        }
    }

    /// The extension host was busy for so long, until now.
    pub(super) fn host_lagged(&mut self, now: Ns, lag_ns: Ns, actions: &mut Vec<Action>) {
        if lag_ns < self.settings.slow_after().dispatch_ns {
            return;
        }
        if self.host_lags.len() == MOST_HOST_LAGS {
            self.host_lags.pop_front();
        }
        let lag = Span { begin_ns: now.saturating_sub(lag_ns), end_ns: now };
        self.host_lags.push_back(lag);
        self.judge_taken_late(now, lag, actions);
    }
}
