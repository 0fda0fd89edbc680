//! What has come, behind a lock: the thread puts it in, the watcher and the panel look.

use std::sync::{Mutex, MutexGuard, PoisonError};

use stallscope_core::model::{Ns, SpansState, SpansView};
use stallscope_core::spans::{SpanBatch, SpanRecord, SpanRing};

use crate::clock::Clock;

/// The spans of this window's gopls, and the count of everything else.
#[derive(Debug)]
pub(super) struct Inbox {
    clock: Clock,
    content: Mutex<Content>,
}

#[derive(Debug, Default)]
struct Content {
    pid: Option<u32>,
    ring: SpanRing,
    view: SpansView,
}

impl Inbox {
    pub fn new(clock: Clock) -> Self {
        Self { clock, content: Mutex::default() }
    }

    fn content(&self) -> MutexGuard<'_, Content> {
        self.content.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn set_state(&self, state: SpansState, port: Option<u16>) {
        let mut content = self.content();
        content.view.state = state;
        content.view.port = port;
    }

    pub fn set_gopls(&self, pid: Option<u32>) {
        let mut content = self.content();
        content.pid = pid;
        content.ring = SpanRing::default();
    }

    /// Takes a body of this window's gopls, `pid`; `false` when it is none. The caller counts that.
    pub fn take(&self, pid: u32, body: &[u8]) -> bool {
        let batch = SpanBatch::parse(body, self.clock.origin_unix_ns_as_of_now());
        let now_ns = self.clock.now_ns();
        let mut content = self.content();
        let Content { ring, view, pid: ours } = &mut *content;
        match batch {
            Ok(batch) if batch.pid == pid && *ours == Some(pid) => {
                let dropped = ring.dropped();
                view.received += batch.spans.len() as u64;
                view.refused += batch.refused;
                view.last_ns = Some(now_ns);
                ring.add(batch.spans);
                view.dropped += ring.dropped() - dropped;
                true
            }
            _ => false,
        }
    }

    /// Counts a body that was not taken.
    pub fn refuse(&self) {
        self.content().view.bodies_refused += 1;
    }

    pub fn view(&self) -> SpansView {
        self.content().view.clone()
    }

    pub fn record(&self, from_ns: Ns, to_ns: Ns) -> SpanRecord {
        SpanRecord::of(&self.content().ring, from_ns, to_ns)
    }
}
