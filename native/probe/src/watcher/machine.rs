//! Looks at the machine while somebody waits or a workspace is loaded, as the engine asks for them, and one more right after;
//! and while the panel shows what goes on.

use std::time::{Duration, Instant};

use stallscope_core::engine::Event;
use stallscope_core::gc::{GcMachine, GcSettings, GcView, gc_view};
use stallscope_core::machine::OomKill;
use stallscope_core::model::{Bytes, Ns, SECOND, WatchEvent};

use super::run::Loop;
use super::tell::note;
use crate::machine::Machine;

/// What the loop keeps of them.
#[derive(Default)]
pub(super) struct MachineLooks {
    machine: Option<Machine>,
    /// When the next one is due; `None` while there is nothing to look for.
    due: Option<Instant>,
    /// When somebody last looked at what goes on now.
    shown_at: Option<Instant>,
}

/// The panel asks every second or two while it shows what goes on; after this it does not any more.
const SHOWN_FOR: Duration = Duration::from_secs(4);
const EVERY_NS_SHOWN: Ns = SECOND;

impl MachineLooks {
    pub fn watch(&mut self, pid: u32) {
        *self = Self { machine: Some(Machine::of(pid)), due: None, ..std::mem::take(self) };
    }

    /// Somebody looks at what goes on now.
    pub fn shown(&mut self, now: Instant) {
        self.shown_at = Some(now);
    }

    /// What gopls was started with, where that can be read.
    pub fn gc_settings(&self) -> Option<GcSettings> {
        self.machine.as_ref()?.gc_settings()
    }

    fn limits(&self) -> GcMachine {
        self.machine.as_ref().map(Machine::limits).unwrap_or_default()
    }
}

impl Loop {
    /// Looks when that is due. The last one is taken when nobody waits any more: it tells of the end.
    pub fn look_at_machine(&mut self, now: Instant) {
        let shown = self.looks.shown_at.is_some_and(|at| now.duration_since(at) < SHOWN_FOR);
        let interval_ns = self.engine.machine_interval_ns(self.clock.now_ns());
        let interval_ns = interval_ns.or(shown.then_some(EVERY_NS_SHOWN));
        if interval_ns.is_none() && self.looks.due.is_none()
            || self.looks.due.is_some_and(|due| interval_ns.is_some() && now < due)
        {
            return;
        }
        self.looks.due = interval_ns.map(|ns| now + Duration::from_nanos(ns));
        let at_ns = self.clock.now_ns();
        if let Some(reading) = self.looks.machine.as_mut().and_then(|machine| machine.read(at_ns)) {
            self.feed_at(at_ns, Event::MachineRead(Box::new(reading)));
        }
    }

    /// What garbage collection costs the watched gopls, and what is advised; `setting_bytes` is the user's `memoryLimit`.
    pub fn gc(&mut self, setting_bytes: Option<Bytes>) -> Option<GcView> {
        if let Some(settings) = self.looks.gc_settings() {
            self.feed(Event::GcSettings(settings));
        }
        let measured = self.engine.gc_measured(self.clock.now_ns())?;
        Some(gc_view(measured, self.looks.limits(), setting_bytes))
    }

    /// gopls is gone: was it the OOM killer?
    pub fn look_for_oom_kill(&mut self) {
        let Some(how) = self.looks.machine.take().and_then(|machine| machine.oom_kill()) else { return };
        self.feed(Event::OomKilled(how));
        let sure = match how {
            OomKill::InCgroup => "in-cgroup",
            OomKill::OnMachine => "on-machine",
        };
        self.tell(WatchEvent::Problem { note: note("gopls-oom-killed", [("seen", sure.into())]) });
    }
}
