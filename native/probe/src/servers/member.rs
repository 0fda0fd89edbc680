//! One of all the gopls that are watched: what is read of it, and its watcher.

use std::sync::Arc;
use std::time::Instant;

use stallscope_core::engine::memory::{Alert, RssRing};
use stallscope_core::model::{Bytes, DebugServer, LatencySource, Ns};
use stallscope_core::servers::{Growth, Server};

use super::{Happening, ServerNow};
use crate::clock::Clock;
use crate::debug::sockets;
use crate::process::ProcessHandle;
use crate::watcher::Watcher;

/// gopls opens its debug server as it starts: while it is so young every look is at it.
const NEW_MS: f64 = 6_000.0;
/// CPU is told over so long at least: the kernel counts in hundredths of a second.
const CPU_OVER_NS: Ns = 900_000_000;

/// See the module's text.
pub(super) struct Member {
    pub server: Server,
    pub watcher: Option<Arc<Watcher>>,
    /// When it was last looked whether it listens.
    pub listened_at: Option<Instant>,
    process: ProcessHandle,
    ring: RssRing,
    alert: Alert,
    growth: Growth,
    /// A moment, and CPU time by then.
    cpu: (Ns, Ns),
    cpu_share: f64,
}

impl Member {
    /// `None` when it has ended already.
    pub fn meet(server: Server, now_ns: Ns) -> Option<Self> {
        let mut process = ProcessHandle::open(server.pid, server.started_unix_ms)?;
        let first = process.sample()?;
        let mut ring = RssRing::default();
        ring.push(now_ns, first.rss_bytes);
        Some(Self {
            server,
            watcher: None,
            listened_at: None,
            process,
            ring,
            alert: Alert::default(),
            growth: Growth::default(),
            cpu: (now_ns, first.cpu_ns),
            cpu_share: 0.0,
        })
    }

    /// Reads it; `None` when it has ended.
    pub fn sample(&mut self, now_ns: Ns, limit: Option<Bytes>) -> Option<Vec<Happening>> {
        let sample = self.process.sample()?;
        let (pid, rss_bytes) = (self.server.pid, sample.rss_bytes);
        self.ring.push(now_ns, rss_bytes);
        let (before_ns, cpu_before_ns) = self.cpu;
        if now_ns >= before_ns + CPU_OVER_NS {
            let used = sample.cpu_ns.saturating_sub(cpu_before_ns);
            self.cpu_share = used as f64 / (now_ns - before_ns) as f64;
            self.cpu = (now_ns, sample.cpu_ns);
        }
        let mut told = Vec::new();
        if self.alert.feed(now_ns, rss_bytes, limit) {
            told.push(Happening::Alert { pid, rss_bytes, limit_bytes: limit.unwrap_or(0) });
        }
        if self.watcher.is_none()
            && let Some(grown) = self.growth.look(now_ns, &self.ring)
        {
            told.push(Happening::Grew { pid, grown, rss_bytes });
        }
        Some(told)
    }

    pub fn is_new(&self, clock: &Clock) -> bool {
        self.age_ms(clock) < NEW_MS
    }

    fn age_ms(&self, clock: &Clock) -> f64 {
        (clock.unix_ms(clock.now_ns()) as f64 - self.server.started_unix_ms).max(0.0)
    }

    /// Whether it listens on a TCP port, or nobody can know: then a watcher finds out what that is.
    pub fn listens(&mut self, now: Instant) -> bool {
        self.listened_at = Some(now);
        sockets::listening(self.server.pid).is_none_or(|addresses| !addresses.is_empty())
    }

    pub fn rss_bytes(&self) -> Bytes {
        self.ring.last().map_or(0, |last| last.rss_bytes)
    }

    pub fn cpu_share(&self) -> f64 {
        self.cpu_share
    }

    pub fn now(&self, clock: &Clock) -> ServerNow {
        let status = self.watcher.as_ref().map(|watcher| watcher.status());
        let told = status.as_ref().and_then(|status| status.gopls.as_ref());
        let known = self.watcher.is_none() && self.listened_at.is_some() && !self.is_new(clock);
        let otherwise = if known { DebugServer::Off } else { DebugServer::Unknown };
        ServerNow {
            rss_bytes: self.rss_bytes(),
            cpu_share: self.cpu_share,
            uptime_ns: (self.age_ms(clock) * 1e6) as Ns,
            debug: told.map_or(otherwise, |gopls| gopls.debug.clone()),
            source: told.map_or(LatencySource::None, |gopls| gopls.latency_source),
            loading: status.as_ref().is_some_and(|status| status.loading),
            stall: status.as_ref().and_then(|status| status.stall.clone()),
            in_flight: status.map_or_else(Vec::new, |status| status.in_flight),
            server: self.server.clone(),
        }
    }
}
