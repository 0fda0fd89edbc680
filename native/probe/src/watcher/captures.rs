//! The loop's captures: asked for one at a time, written and checked by workers, and told to the engine.

use std::net::SocketAddr;
use std::sync::Arc;

use stallscope_core::engine::{Event, StallKey, Urgency};
use stallscope_core::model::{Capture, CaptureKind, CaptureState};
use tokio::sync::Notify;
use tokio::task::AbortHandle;

use super::fetch::{self, BaselineJob, BaselineResult, CaptureJob, CaptureResult};
use super::queue::{Task, Ticket, Wanted};
use super::run::{Done, Loop};
use crate::debug::Limits;
use crate::evidence;

impl Loop {
    pub fn want_capture(&mut self, key: StallKey, number: u32, urgency: Urgency) {
        self.captures.push(Wanted::Capture { key, number, urgency });
    }

    pub fn want_baseline(&mut self) {
        if self.captures_address.is_some() {
            self.captures.push(Wanted::Baseline);
        } else {
            self.feed(Event::BaselineTaken(Err("there is no debug server".to_owned())));
        }
    }

    /// Asks for what is wanted most. True when a request was made.
    pub fn start_captures(&mut self) -> bool {
        let Some(address) = self.captures_address else { return false };
        if self.captures.evidence_waits() {
            self.give_up_reading();
            self.give_up_wait_sample();
            if self.captures.drop_baseline() {
                self.feed(Event::BaselineGivenUp);
            }
        }
        self.captures.make_way();
        while let Some((ticket, wanted)) = self.captures.next() {
            let cancel = Arc::new(Notify::new());
            let started = match wanted {
                Wanted::Capture { key, number, .. } => {
                    self.start_capture(ticket, key, number, address, Arc::clone(&cancel))
                }
                Wanted::Baseline => self.start_baseline(ticket, address),
            };
            if let Some(abort) = started {
                self.captures.started(ticket, wanted, Task { abort, cancel });
                return true;
            }
        }
        false
    }

    fn start_capture(
        &mut self,
        ticket: Ticket,
        key: StallKey,
        number: u32,
        address: SocketAddr,
        cancel: Arc<Notify>,
    ) -> Option<AbortHandle> {
        let incident = self.engine.incident(key, self.clock.now_ns())?;
        let Some(folder) = self.folders.get(&key).map(Arc::clone) else {
            self.abandon(key, number, "its folder could not be made");
            return None;
        };
        let capture = incident.captures.into_iter().find(|capture| capture.number == number)?;
        let late = incident.request.end_ns.is_some() && capture.trigger != "user";
        if matches!(capture.kind, CaptureKind::Goroutines | CaptureKind::Cpu) && late {
            self.abandon(key, number, "the request had ended before it could be asked for");
            return None;
        }
        if capture.after_gc {
            if self.engine.stall_status(self.clock.now_ns()).is_some() {
                let why =
                    "somebody waits for gopls, and a forced collection makes that longer: ask again after it";
                self.abandon(key, number, why);
                return None;
            }
            self.feed(Event::GcForced);
        }
        let limits = fetch::limits(&capture, Limits::capture(self.engine.settings()));
        let gopls = incident.gopls;
        let job = CaptureJob { key, capture, folder, gopls, address, limits, clock: self.clock, cancel };
        Some(
            self.tasks
                .spawn(async move { Done::Captured { ticket, result: Box::new(fetch::fetch(job).await) } }),
        )
    }

    fn start_baseline(&mut self, ticket: Ticket, address: SocketAddr) -> Option<AbortHandle> {
        let identity = &self.gopls.as_ref()?.identity;
        let job = BaselineJob {
            store: self.store.clone(),
            pid: identity.pid,
            started_unix_ms: identity.started_unix_ms,
            address,
            limits: Limits::capture(self.engine.settings()),
            clock: self.clock,
        };
        Some(
            self.tasks.spawn(async move {
                Done::Baseline { ticket, result: Box::new(fetch::baseline(job).await) }
            }),
        )
    }

    pub fn captured(&mut self, ticket: Ticket, result: CaptureResult) {
        let CaptureResult { key, capture, folder, received_bytes, open, storage_error } = result;
        self.add_cost(received_bytes, open);
        if !self.captures.ended(ticket) {
            return;
        }
        if let Some(error) = storage_error {
            self.problem(&error);
        }
        if capture.state == CaptureState::Running {
            // Safe on disk. Now it is parsed, away from the samples.
            self.feed(Event::CaptureUpdate { key, capture: Box::new(capture.clone()) });
            self.settle(key, move || evidence::check(folder.path(), capture));
        } else {
            self.capture_ended(key, Box::new(capture));
        }
    }

    pub fn baseline_taken(&mut self, ticket: Ticket, result: BaselineResult) {
        let BaselineResult { received_bytes, open, baseline } = result;
        self.add_cost(received_bytes, open);
        if !self.captures.ended(ticket) {
            return;
        }
        let taken = baseline.map(|baseline| self.baseline = Some(Arc::new(baseline)));
        self.feed(Event::BaselineTaken(taken));
    }

    /// Has a worker do something about a capture.
    pub fn settle(&mut self, key: StallKey, work: impl FnOnce() -> Capture + Send + 'static) {
        self.unsettled += 1;
        self.tasks.spawn_blocking(move || Done::Settled { key, capture: Box::new(work()) });
    }

    pub fn capture_ended(&mut self, key: StallKey, capture: Box<Capture>) {
        self.feed(Event::CaptureUpdate { key, capture });
        self.write_progress(key);
    }

    /// Ends a capture which its user does not want any more; what has come of it is kept.
    pub fn cancel_capture(&mut self, key: StallKey, number: u32) {
        if self.captures.cancel(key, number) {
            self.abandon(key, number, "it was cancelled before it could be asked for");
        }
    }

    /// A capture that will not be taken.
    fn abandon(&mut self, key: StallKey, number: u32, why: &str) {
        let incident = self.engine.incident(key, self.clock.now_ns());
        let Some(mut capture) = incident.and_then(|i| i.captures.into_iter().find(|c| c.number == number))
        else {
            return;
        };
        capture.state = CaptureState::Failed;
        capture.error = Some(why.to_owned());
        self.capture_ended(key, Box::new(capture));
    }

    /// Captures that nobody will answer any more.
    pub fn refuse_waiting(&mut self, why: &str) {
        for wanted in self.captures.drain() {
            if let Wanted::Capture { key, number, .. } = wanted {
                self.abandon(key, number, why);
            }
        }
    }
}
