//! The loop's gopls: found, sampled, gone; and not looked at while the user has paused watching.

use std::time::{Duration, Instant};

use stallscope_core::engine::Event;
use stallscope_core::model::{Cost, DebugServer, WatchEvent};

use super::run::Loop;
use super::target::Watched;
use super::writer::Job;

/// While no gopls is there, and to notice a restart within a second.
const SCAN_EVERY: Duration = Duration::from_millis(400);
/// The full list (other windows' gopls) is refreshed this rarely when nothing of ours changed.
const FULL_SCAN_EVERY: Duration = Duration::from_secs(30);
/// Children of gopls are looked at only while it may be loading.
const GO_CHILDREN_EVERY: Duration = Duration::from_millis(500);

impl Loop {
    pub fn sample_when_due(&mut self) {
        let now = Instant::now();
        if self.gopls.is_some() && now >= self.due.sample {
            self.sample(now);
        }
    }

    fn sample(&mut self, now: Instant) {
        let every = Duration::from_secs_f64(self.engine.settings().sample_interval_ms / 1e3);
        // From now, not from the last due time: after a pause of the machine there is nothing to catch up with.
        self.due.sample = now + every;
        let loading = self.engine.loading();
        let Some(gopls) = &mut self.gopls else { return };
        let Some(sample) = gopls.sample() else {
            self.gopls_gone();
            return;
        };
        if loading && now >= self.due.go_children {
            self.due.go_children = now + GO_CHILDREN_EVERY;
            self.go_children = gopls.go_children();
        } else if !loading {
            self.go_children = 0;
        }
        self.feed(Event::Sample {
            rss_bytes: sample.rss_bytes,
            cpu_ns: sample.cpu_ns,
            go_children: self.go_children,
        });
    }

    pub fn scan(&mut self, now: Instant) {
        self.due.scan = now + SCAN_EVERY;
        if self.paused {
            return;
        }
        let changed = self.finder.changed();
        // While nothing has changed below us, a look at our own descendants is enough.
        if !changed && now < self.full_scan_at {
            return;
        }
        self.full_scan_at = now + FULL_SCAN_EVERY;
        let Some(found) = self.finder.find(self.clock.unix_ms(self.clock.now_ns())) else { return };
        let same = self.gopls.as_ref().is_some_and(|known| {
            known.identity.pid == found.identity.pid
                && known.identity.started_unix_ms == found.identity.started_unix_ms
        });
        if !same {
            self.gopls_gone();
            self.gopls_found(found, now);
        }
    }

    pub fn gopls_found(&mut self, found: Watched, now: Instant) {
        let identity = found.identity.clone();
        let pid = identity.pid;
        if !self.tidied {
            self.tidied = true;
            let alive = self.finder.processes.iter().map(|process| process.pid).collect();
            self.writer.send(Job::TidyBaselines { alive });
        }
        let earlier_loads_ns = self.store.earlier_loads(&self.options.workspace);
        let uptime_ns = found.uptime_ns;
        self.gopls = Some(found);
        self.debug = DebugServer::Unknown;
        self.cost = Cost::default();
        self.found_at = now;
        self.due.sample = now;
        self.due.discover = now;
        self.feed(Event::GoplsFound { gopls: identity, uptime_ns, earlier_loads_ns });
        self.set_source(self.options.target.source_without_server());
        self.tell(WatchEvent::GoplsFound { pid });
    }

    fn gopls_gone(&mut self) {
        let Some(gone) = self.gopls.take() else { return };
        // Captures that run will end by themselves with what they have; those that wait would find nobody.
        self.forget_server("gopls is gone");
        self.go_children = 0;
        self.feed(Event::GoplsGone);
        self.tell(WatchEvent::GoplsGone { pid: gone.identity.pid });
        self.due.scan = Instant::now();
    }

    pub fn pause(&mut self) {
        if self.paused {
            return;
        }
        self.paused = true;
        self.feed(Event::Paused);
        self.gopls = None;
        self.forget_server("watching was paused");
    }

    pub fn resume(&mut self) {
        if self.paused {
            self.paused = false;
            self.full_scan_at = Instant::now();
            self.due.scan = Instant::now();
        }
    }

    /// The debug server and what only it can give. `why` is told to those who still wait for that.
    fn forget_server(&mut self, why: &str) {
        self.debug = DebugServer::Unknown;
        self.server = None;
        self.poll_failures = 0;
        self.captures_address = None;
        self.captures.drop_baseline();
        self.baseline = None;
        self.refuse_waiting(why);
    }
}
