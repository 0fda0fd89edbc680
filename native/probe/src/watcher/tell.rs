//! What the loop tells: events as they happen, and the status that others may read without asking it.

use std::sync::PoisonError;
use std::time::{Duration, Instant};

use stallscope_core::model::{
    DebugServer, GoplsRelation, GoplsStatus, LatencySource, Note, Ns, SECOND, Status, Value, WatchEvent,
};

use super::live;
use super::run::Loop;
use crate::process;
use crate::store::StoreError;

const STATUS_STALLED: Duration = Duration::from_millis(250);
/// What goes on has steps that are worth showing.
const STATUS_BUSY: Duration = Duration::from_secs(1);
const STATUS_CALM: Duration = Duration::from_secs(2);
const OWN_CPU_EVERY: Duration = Duration::from_secs(10);
/// Starting up takes some CPU time in next to no time: a share of that says nothing.
const OWN_CPU_FIRST: Duration = Duration::from_secs(1);
/// Requests in flight that a status names.
const MOST_IN_FLIGHT: usize = 50;

/// What makes a status news when it changes.
#[derive(Debug, PartialEq)]
pub(super) struct Fingerprint {
    stalled: bool,
    paused: bool,
    pid: Option<u32>,
    debug: DebugServer,
    source: LatencySource,
    decisions: usize,
    last_incident: Option<String>,
}

/// What our own threads use, the loop's and the sampler's.
pub(super) struct OwnCpu {
    since: Instant,
    cpu_ns: u64,
    share: f64,
}

impl OwnCpu {
    pub fn new(now: Instant) -> Self {
        Self { since: now, cpu_ns: 0, share: 0.0 }
    }

    /// Share of a core over the last seconds.
    fn share(&mut self, now: Instant, sampler_ns: Ns) -> f64 {
        let elapsed = now.duration_since(self.since);
        let due = if self.share == 0.0 { OWN_CPU_FIRST } else { OWN_CPU_EVERY };
        if elapsed >= due {
            let cpu_ns = process::thread_cpu_ns().unwrap_or(0) + sampler_ns;
            let used = cpu_ns.saturating_sub(self.cpu_ns) as f64;
            *self = Self { since: now, cpu_ns, share: used / elapsed.as_nanos().max(1) as f64 };
        }
        self.share
    }
}

impl Loop {
    pub fn tell(&self, event: WatchEvent) {
        (self.listener.lock().unwrap_or_else(PoisonError::into_inner))(event);
    }

    pub fn problem(&self, error: &StoreError) {
        let note = note(error.code(), [("error", error.to_string().into())]);
        self.tell(WatchEvent::Problem { note });
    }

    /// Tells the status when something has changed, or when the last one will be old at `soon`.
    pub fn publish(&mut self, now: Instant, soon: Instant) {
        let fetching = self.captures.is_running() || self.captures.is_fetching();
        if fetching != self.fetching {
            self.fetching = fetching;
            self.shared.lock().unwrap_or_else(PoisonError::into_inner).fetching = fetching;
        }
        let stalled = self.engine.stall_status(self.clock.now_ns()).is_some();
        let fingerprint = Fingerprint {
            stalled,
            paused: self.paused,
            pid: self.gopls.as_ref().map(|g| g.identity.pid),
            debug: self.debug.clone(),
            source: self.engine.source(),
            decisions: self.engine.decisions().count(),
            last_incident: self.last_incident.as_ref().map(|incident| incident.id.clone()),
        };
        let changed = self.told.as_ref() != Some(&fingerprint);
        if !changed && soon < self.due.status {
            return;
        }
        self.told = Some(fingerprint);
        let status = self.status(now);
        let busy = status.loading || !status.commands.is_empty();
        self.due.status = now
            + match (stalled, busy) {
                (true, _) => STATUS_STALLED,
                (false, true) => STATUS_BUSY,
                (false, false) => STATUS_CALM,
            };
        {
            let mut shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
            shared.status = status.clone();
            if changed {
                shared.decisions = self.engine.decisions().cloned().collect();
            }
        }
        self.tell(WatchEvent::Status { status: Box::new(status) });
    }

    fn status(&mut self, now: Instant) -> Status {
        let at_ns = self.clock.now_ns();
        let last = self.engine.ring().last();
        let gopls = self.gopls.as_ref().map(|gopls| GoplsStatus {
            pid: gopls.identity.pid,
            version: gopls.identity.version.clone(),
            rss_bytes: last.map_or(0, |p| p.rss_bytes),
            cpu_share: self.engine.cpu_share(),
            uptime_ns: gopls.uptime_ns + now.duration_since(self.found_at).as_nanos() as u64,
            debug: self.debug.clone(),
            latency_source: self.engine.source(),
        });
        let watched_pid = gopls.as_ref().map(|g| g.pid);
        let other_gopls = self
            .finder
            .processes
            .iter()
            .filter(|p| Some(p.pid) != watched_pid && p.relation != GoplsRelation::Forwarder)
            .count() as u32;
        Status {
            at_ns,
            origin_unix_ms: self.clock.origin_unix_ns() as f64 / 1e6,
            watching: !self.paused,
            capture_enabled: self.engine.settings().capture_enabled,
            gopls,
            other_gopls,
            in_flight: self.engine.in_flight(at_ns).into_iter().take(MOST_IN_FLIGHT).collect(),
            stall: self.engine.stall_status(at_ns),
            commands: self.engine.running_commands(at_ns),
            loading: self.engine.loading(),
            load: self.engine.load_status(at_ns),
            last_load: self.last_load,
            last_incident: self.last_incident.clone(),
            spark_bytes: live::spark(&self.engine, at_ns, 120 * SECOND, 60),
            own_cpu_share: self.own_cpu.share(now, self.sampler.own_cpu_ns()),
        }
    }
}

pub(super) fn note<const N: usize>(code: &str, values: [(&str, Value); N]) -> Note {
    Note { code: code.to_owned(), values: values.into_iter().map(|(k, v)| (k.to_owned(), v)).collect() }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn our_own_share_is_not_told_of_the_first_moment() {
        let start = Instant::now();
        let mut own = OwnCpu::new(start);
        let busy_ns = 20_000_000;
        assert_eq!(own.share(start + Duration::from_micros(200), busy_ns), 0.0);
        let share = own.share(start + Duration::from_secs(2), busy_ns);
        assert!((0.01..0.5).contains(&share), "{share}");
    }
}
