//! The loop's gopls: found, sampled, gone; and not looked at while the user has paused watching.

use std::time::{Duration, Instant};

use stallscope_core::engine::Event;
use stallscope_core::model::{Cost, DebugServer, WatchEvent, WatchSettings};

use super::run::Loop;
use super::target::Found;
use super::writer::Job;

/// While no gopls is there, and to notice a restart within a second.
const SCAN_EVERY: Duration = Duration::from_millis(400);
/// While there is one: its end is noticed by the next reading, so only a second one is looked for, or a daemon.
const SCAN_BESIDE_EVERY: Duration = Duration::from_secs(2);
/// The full list (other windows' gopls) is refreshed this rarely when nothing of ours changed.
const FULL_SCAN_EVERY: Duration = Duration::from_secs(30);
/// After a change, and after a gopls was lost, everything is looked at for so long: at a restart the old one and the new one are
/// there together for a moment, and what one look has taken for the end of the new one may have been that of the old.
const UNSETTLED: Duration = Duration::from_secs(3);
/// Children of gopls are looked at only while it may be loading.
const GO_CHILDREN_EVERY: Duration = Duration::from_millis(500);

/// Time between two samples.
pub(super) fn sample_interval(settings: &WatchSettings) -> Duration {
    Duration::from_secs_f64(settings.sample_interval_ms / 1e3)
}

/// Whether a wait could be over the limit before the sample after it.
pub(super) fn is_tight(settings: &WatchSettings) -> bool {
    settings.stall_after_ms <= 2.0 * settings.sample_interval_ms
}

impl Loop {
    /// Reads gopls's memory when that is the loop's own business and due.
    pub fn read_when_due(&mut self) {
        let now = Instant::now();
        if self.calm || self.gopls.is_none() || now < self.due.sample {
            return;
        }
        // From now, not from the last due time: after a pause of the machine there is nothing to catch up with.
        self.due.sample = now + sample_interval(self.engine.settings());
        if !self.engine.loading() {
            self.go_children = 0;
        } else if now >= self.due.go_children {
            self.due.go_children = now + GO_CHILDREN_EVERY;
            self.go_children = self.sampler.go_children();
        }
        self.sampler.read();
    }

    /// Decides who reads, and when the loop does so next.
    pub fn keep_pace(&mut self) {
        let calm = self.engine.is_calm();
        if calm != self.calm {
            self.calm = calm;
            self.sampler.set_alone(calm);
            self.due.sample = Instant::now();
        }
        if calm {
            self.hasten_poll();
        }
        if let Some(due_ns) = self.engine.stall_due_ns() {
            self.due.sample = self.due.sample.min(self.clock.instant(due_ns));
        }
    }

    pub fn scan(&mut self, now: Instant) {
        self.due.scan = now + if self.gopls.is_some() { SCAN_BESIDE_EVERY } else { SCAN_EVERY };
        // The end of the one process that was asked for is noticed by the next reading of it.
        let settled = self.gopls.is_some() && self.options.target.is_one_process();
        if self.paused || settled {
            return;
        }
        let changed = self.finder.changed();
        if changed {
            self.changed_at = now;
        }
        let unsettled = self.gopls.is_none() && now < self.changed_at + UNSETTLED;
        // While nothing has changed below us, a look at our own descendants is enough.
        if !changed && !unsettled && now < self.full_scan_at {
            return;
        }
        self.full_scan_at = now + FULL_SCAN_EVERY;
        let Some(found) = self.finder.find(self.clock.unix_ms(self.clock.now_ns())) else { return };
        let same = self.gopls.as_ref().is_some_and(|known| {
            known.identity.pid == found.gopls.identity.pid
                && known.identity.started_unix_ms == found.gopls.identity.started_unix_ms
        });
        if !same {
            self.gopls_gone();
            self.gopls_found(found, now);
        }
    }

    pub fn gopls_found(&mut self, found: Found, now: Instant) {
        let Found { gopls, process } = found;
        let identity = gopls.identity.clone();
        let pid = identity.pid;
        if !self.tidied {
            self.tidied = true;
            let alive = self.finder.processes.iter().map(|process| process.pid).collect();
            self.writer.send(Job::TidyBaselines { alive });
        }
        self.last_load = None;
        let earlier_loads = self.store.earlier_loads(&self.options.workspace);
        let uptime_ns = gopls.uptime_ns;
        self.gopls = Some(gopls);
        self.keep_spans_now();
        // Not before another one comes: the last spans of a gopls that has gone belong to its last incident.
        self.spans.set_gopls(Some(pid));
        self.sampler.watch(Some(process));
        self.looks.watch(pid);
        self.profiles.clear();
        self.debug = DebugServer::Unknown;
        self.cost = Cost::default();
        self.found_at = now;
        self.due.sample = now;
        self.due.discover = now;
        self.feed(Event::GoplsFound { gopls: identity, uptime_ns, earlier_loads });
        if let Some(settings) = self.looks.gc_settings() {
            self.feed(Event::GcSettings(settings));
        }
        self.set_source(self.options.target.source_without_server());
        self.tell(WatchEvent::GoplsFound { pid });
    }

    pub fn gopls_gone(&mut self) {
        let Some(gone) = self.gopls.take() else { return };
        self.changed_at = Instant::now();
        self.sampler.watch(None);
        // Captures that run will end by themselves with what they have; those that wait would find nobody.
        self.forget_server("gopls is gone");
        self.go_children = 0;
        self.look_for_oom_kill();
        self.keep_history();
        self.feed(Event::GoplsGone);
        self.tell(WatchEvent::GoplsGone { pid: gone.identity.pid });
        self.due.scan = Instant::now();
    }

    pub fn pause(&mut self) {
        if self.paused {
            return;
        }
        self.paused = true;
        self.keep_history();
        self.feed(Event::Paused);
        self.gopls = None;
        self.keep_spans_now();
        self.spans.set_gopls(None);
        self.sampler.watch(None);
        self.go_children = 0;
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
