//! Looks at the machine while somebody waits, as the engine asks for them, and one more right after.

use std::time::{Duration, Instant};

use stallscope_core::engine::Event;
use stallscope_core::machine::OomKill;
use stallscope_core::model::WatchEvent;

use super::run::Loop;
use super::tell::note;
use crate::machine::Machine;

/// What the loop keeps of them.
#[derive(Default)]
pub(super) struct MachineLooks {
    machine: Option<Machine>,
    /// When the next one is due; `None` while nobody waits.
    due: Option<Instant>,
}

impl MachineLooks {
    pub fn watch(&mut self, pid: u32) {
        *self = Self { machine: Some(Machine::of(pid)), due: None };
    }
}

impl Loop {
    /// Looks when that is due. The last one is taken when nobody waits any more: it tells of the end.
    pub fn look_at_machine(&mut self, now: Instant) {
        let interval_ns = self.engine.machine_interval_ns(self.clock.now_ns());
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
