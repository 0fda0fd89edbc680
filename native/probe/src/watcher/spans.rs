//! gopls's own spans of a stall: awaited for a moment after it, then kept with its incident.

use std::sync::Arc;
use std::time::{Duration, Instant};

use stallscope_core::model::{Incident, Ns, SECOND};

use super::run::Loop;
use super::writer::Job;
use crate::store::IncidentFolder;

/// gopls posts what has ended every two seconds, and takes a moment to write it down while it is busy.
const PATIENCE: Duration = Duration::from_millis(4_500);
/// What came before a wait may be what it waits for.
const LEAD_NS: Ns = 2 * SECOND;

/// An incident whose spans are still to come.
pub(super) struct AwaitedSpans {
    pub due: Instant,
    /// Held, so that no other window takes it for done.
    folder: Arc<IncidentFolder>,
    from_ns: Ns,
    to_ns: Ns,
}

impl Loop {
    /// Has the spans of an incident that ends now kept, once they have come.
    pub fn await_spans(&mut self, folder: &Arc<IncidentFolder>, incident: &Incident) {
        if !self.spans.is_on() {
            return;
        }
        let now_ns = self.clock.now_ns();
        let requests = || incident.requests.iter().chain([&incident.request]);
        let load_ns = incident.load.as_ref().map(|load| load.start_ns);
        let from_ns = requests().map(|request| request.start_ns).chain(load_ns).min().unwrap_or(now_ns);
        let to_ns = requests().map(|request| request.end_ns.unwrap_or(now_ns)).max().unwrap_or(now_ns);
        self.spans_awaited.push(AwaitedSpans {
            due: Instant::now() + PATIENCE,
            folder: Arc::clone(folder),
            from_ns: from_ns.saturating_sub(LEAD_NS),
            to_ns,
        });
    }

    /// Keeps those that were awaited long enough.
    pub fn keep_spans(&mut self, now: Instant) {
        let (due, awaited) =
            std::mem::take(&mut self.spans_awaited).into_iter().partition(|awaited| awaited.due <= now);
        self.spans_awaited = awaited;
        let due: Vec<AwaitedSpans> = due;
        for AwaitedSpans { folder, from_ns, to_ns, .. } in due {
            let record = self.spans.record(from_ns, to_ns);
            if !record.spans.is_empty() {
                self.writer.send(Job::Spans { folder, record: Box::new(record) });
            }
        }
    }

    /// Keeps what has come so far: nothing more will.
    pub fn keep_spans_now(&mut self) {
        self.spans_awaited.iter_mut().for_each(|awaited| awaited.due = Instant::now());
        self.keep_spans(Instant::now());
    }
}
