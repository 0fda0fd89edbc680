//! Which requests are in flight, put together from what the editor was seen to ask and what gopls counts.
//!
//! The observer knows the moment of a request and the document but not its end; gopls's counters know that one of a
//! method has started or completed, and how long it took, but only between two reads of the page. Joined, they give
//! both ends of each request, and say how far off they may be.

mod open;
#[cfg(test)]
mod tests;
mod window;

use std::collections::{BTreeMap, VecDeque};

use open::{DELIVERY_GRACE_NS, MOST_DOUBTS, Open, STAMP_UNCERTAINTY_NS, begun, end};
pub(super) use window::Kept;
use window::{Window, is_late};

use super::load::Initialized;
use super::methods::{Role, SAVE, role};
use crate::model::{LatencySource, Ns, ObservedRequest, RequestRecord, SECOND, TimingSource};

/// Counters of one method, incoming direction.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct MethodCounters {
    /// Arrived, counted before gopls's queue.
    pub started: u64,
    /// Answered; `None` where this gopls does not count it (notifications before v0.22).
    pub completed: Option<u64>,
    /// Durations of the answered ones, added up, in seconds.
    pub latency_sum_s: f64,
    /// How many durations that are.
    pub latency_count: u64,
}

/// One reading of gopls's counters: method → counters.
pub type Counters = BTreeMap<String, MethodCounters>;

/// A stamp without a counted request is forgotten after this.
const STAMP_LIFE_NS: Ns = 3 * SECOND;
/// A save that never reported its end (it failed, or the editor closed) is forgotten after this.
const SAVE_LIFE_NS: Ns = 60 * SECOND;
/// More requests in flight than this are not tracked one by one: a broken counter must not eat memory.
const MOST_OPEN: usize = 500;

/// See the module's text.
#[derive(Debug)]
pub struct RequestTracker {
    source: LatencySource,
    open: Vec<Open>,
    /// Stamps in echo mode: they become requests only when the echo of one begins.
    stamps: VecDeque<(Ns, ObservedRequest)>,
    last: Option<Page>,
}

#[derive(Debug)]
struct Page {
    sent_ns: Ns,
    counters: Counters,
}

impl Default for RequestTracker {
    fn default() -> Self {
        Self { source: LatencySource::None, open: Vec::new(), stamps: VecDeque::new(), last: None }
    }
}

impl RequestTracker {
    /// Where ends come from, from now on. A change forgets what the old source could not finish; stamps that only
    /// waited for a source that can (the debug server was just being found) become requests.
    pub fn set_source(&mut self, source: LatencySource) {
        if source == self.source {
            return;
        }
        let counted = |source| matches!(source, LatencySource::Counters | LatencySource::Replies);
        // From one kind of counter to the other nothing is lost: the pages go on counting the same requests.
        if !(counted(self.source) && counted(source)) {
            self.last = None;
            self.open.retain(|open| open.record.method == SAVE);
        }
        self.source = source;
        if counted(source) {
            for (at_ns, request) in std::mem::take(&mut self.stamps) {
                self.observed(at_ns, request);
                // They may have been answered long ago: they count once a page shows them.
                if let Some(open) = self.open.last_mut() {
                    open.doubts = MOST_DOUBTS;
                }
            }
        }
    }

    /// The source in use.
    pub fn source(&self) -> LatencySource {
        self.source
    }

    /// The editor was seen to ask.
    pub fn observed(&mut self, at_ns: Ns, request: ObservedRequest) {
        if matches!(self.source, LatencySource::Echo | LatencySource::None) {
            if self.stamps.len() == 64 {
                self.stamps.pop_front();
            }
            self.stamps.push_back((at_ns, request));
            return;
        }
        // gopls may have counted the request a millisecond before our own provider was asked.
        let counted = self.open.iter_mut().rev().find(|open| {
            open.record.method == request.method
                && open.record.uri.is_none()
                && at_ns.saturating_sub(open.record.start_ns) < DELIVERY_GRACE_NS + open.record.uncertainty_ns
        });
        if let Some(open) = counted {
            open.record.uri = request.uri;
            open.record.line = request.line;
            open.record.start_ns = at_ns.min(open.record.start_ns + open.record.uncertainty_ns);
            open.record.start_source = TimingSource::Observer;
            open.record.uncertainty_ns = STAMP_UNCERTAINTY_NS;
            return;
        }
        let record = RequestRecord {
            uri: request.uri,
            line: request.line,
            ..begun(&request.method, at_ns, TimingSource::Observer, STAMP_UNCERTAINTY_NS, self.saving())
        };
        self.push(Open::new(record, false));
    }

    /// The echo of an observed request was sent through the editor.
    pub fn echo_began(&mut self, at_ns: Ns, method: &str, uri: &str) {
        let stamp = self
            .stamps
            .iter()
            .rev()
            .find(|(at, r)| {
                r.method == method && r.uri.as_deref() == Some(uri) && at_ns.saturating_sub(*at) < SECOND
            })
            .cloned();
        let (start_ns, line) = stamp.map_or((at_ns, None), |(at, request)| (at, request.line));
        let record = RequestRecord {
            uri: Some(uri.to_owned()),
            line,
            ..begun(method, start_ns, TimingSource::Observer, STAMP_UNCERTAINTY_NS, false)
        };
        self.push(Open::new(record, true));
    }

    /// That echo was answered.
    pub fn echo_ended(&mut self, at_ns: Ns, method: &str, uri: &str) -> Vec<RequestRecord> {
        self.close_where(at_ns, TimingSource::Echo, |record| {
            record.method == method && record.uri.as_deref() == Some(uri)
        })
    }

    /// A save began.
    pub fn save_began(&mut self, at_ns: Ns, uri: &str) {
        let record = RequestRecord {
            uri: Some(uri.to_owned()),
            ..begun(SAVE, at_ns, TimingSource::Save, STAMP_UNCERTAINTY_NS, true)
        };
        self.push(Open::new(record, true));
    }

    /// It ended.
    pub fn save_ended(&mut self, at_ns: Ns, uri: &str) -> Vec<RequestRecord> {
        self.close_where(at_ns, TimingSource::Save, |record| {
            record.method == SAVE && record.uri.as_deref() == Some(uri)
        })
    }

    /// gopls is gone: everything in flight has ended, unanswered.
    pub fn gone(&mut self, at_ns: Ns) -> Vec<RequestRecord> {
        self.last = None;
        self.stamps.clear();
        let closed = self.close_where(at_ns, TimingSource::ProcessEnd, |_| true);
        self.open.clear();
        closed
    }

    /// A reading of the counters, asked for at `sent_ns` and received at `received_ns`. Returns what has ended.
    ///
    /// `kept`: what kept gopls from running in between. Then a late page means that it read its messages late, too, and what
    /// both began and ended by its own clock in that time was done at the end; not before, in the first moment.
    pub fn counters(
        &mut self,
        sent_ns: Ns,
        received_ns: Ns,
        counters: Counters,
        kept: Option<Kept>,
    ) -> Vec<RequestRecord> {
        let mut closed = Vec::new();
        let previous = self.last.take().filter(|page| !went_back(&page.counters, &counters));
        // On the first page of this gopls: what is in flight began some time before.
        let from_ns = previous.as_ref().map_or(sent_ns, |page| page.sent_ns);
        let window =
            Window { from_ns, to_ns: received_ns, kept: kept.filter(|_| is_late(sent_ns, received_ns)) };
        let saving = self.saving();
        for (method, now) in &counters {
            if role(method) == Role::Ignored {
                continue;
            }
            let before = previous.as_ref().and_then(|page| page.counters.get(method)).copied();
            let started = match (&previous, before) {
                (_, Some(before)) => now.started - before.started,
                (Some(_), None) => now.started,
                (None, None) => now.started.saturating_sub(now.completed.unwrap_or(now.started)),
            };
            self.confirm_or_open(method, started, window, saving);
            if previous.is_some()
                && let Some(completed) = now.completed
            {
                let before = before.unwrap_or_default();
                let ended = completed.saturating_sub(before.completed.unwrap_or(0));
                let durations = now.latency_count.saturating_sub(before.latency_count);
                let exact_ns = (ended == 1 && durations == 1)
                    .then(|| seconds_to_ns(now.latency_sum_s - before.latency_sum_s));
                self.close_counted(method, ended, exact_ns, window, &mut closed);
            }
        }
        // Stamps that this page should have shown.
        for open in self.open.iter_mut().filter(|open| !open.confirmed) {
            open.doubt(sent_ns, received_ns, kept);
        }
        self.forget_old(received_ns);
        self.last = Some(Page { sent_ns, counters });
        closed
    }

    /// Requests in flight as of now, oldest first. A stamp counts until a page has denied it.
    pub fn in_flight(&self) -> impl Iterator<Item = &RequestRecord> {
        self.open.iter().filter(|open| !open.is_denied()).map(|open| &open.record)
    }

    /// How far gopls was with `initialized` at the last page.
    pub fn initialized(&self) -> Initialized {
        let Some(counters) = self.last.as_ref().map(|last| &last.counters) else {
            return Initialized::Unknown;
        };
        let initialized = counters.get("initialized").copied().unwrap_or_default();
        let step = |done| if done { Initialized::Done } else { Initialized::Running };
        match self.source {
            LatencySource::Counters | LatencySource::Replies if initialized.started == 0 => {
                Initialized::Unsent
            }
            LatencySource::Counters => step(initialized.completed >= Some(initialized.started)),
            // Its own end is not counted. But gopls lets nothing past it, so the first answer to a later request tells.
            LatencySource::Replies => {
                let later = || counters.iter().filter(|(method, _)| *method != "initialize").map(|(_, c)| c);
                let answered = later().any(|c| c.completed > Some(0));
                let asked = later().any(|c| c.completed.is_some() && c.started > 0);
                if answered || asked { step(answered) } else { Initialized::Unknown }
            }
            LatencySource::Echo | LatencySource::None => Initialized::Unknown,
        }
    }

    /// Whether a save is going on.
    pub fn saving(&self) -> bool {
        self.open.iter().any(|open| open.record.method == SAVE)
    }

    fn push(&mut self, open: Open) {
        if self.open.len() < MOST_OPEN {
            self.open.push(open);
        }
    }

    fn confirm_or_open(&mut self, method: &str, started: u64, window: Window, saving: bool) {
        let mut unseen = started;
        for open in self.open.iter_mut().filter(|open| !open.confirmed && open.record.method == method) {
            if unseen == 0 {
                break;
            }
            if window.may_hold(open) {
                window.confirm(open);
                unseen -= 1;
            }
        }
        for _ in 0..unseen.min(MOST_OPEN as u64) {
            self.push(Open::new(window.begun(method, saving), true));
        }
    }

    fn close_counted(
        &mut self,
        method: &str,
        ended: u64,
        exact_ns: Option<Ns>,
        window: Window,
        closed: &mut Vec<RequestRecord>,
    ) {
        for _ in 0..ended.min(MOST_OPEN as u64) {
            let candidates = self
                .open
                .iter()
                .enumerate()
                .filter(|(_, open)| open.confirmed && open.record.method == method);
            // With gopls's own duration the request is the one that it fits best; without, the oldest.
            let chosen = match exact_ns {
                Some(duration) => {
                    candidates.min_by_key(|(_, open)| window.misses(open, duration)).map(|(index, _)| index)
                }
                None => candidates.map(|(index, _)| index).next(),
            };
            let Some(index) = chosen else { return };
            closed.push(window.end(self.open.remove(index), exact_ns));
        }
    }

    fn close_where(
        &mut self,
        at_ns: Ns,
        source: TimingSource,
        wanted: impl Fn(&RequestRecord) -> bool,
    ) -> Vec<RequestRecord> {
        let mut closed = Vec::new();
        self.open.retain_mut(|open| {
            if !open.confirmed || !wanted(&open.record) {
                return true;
            }
            end(&mut open.record, at_ns, source, 0);
            closed.push(open.record.clone());
            false
        });
        closed
    }

    /// Drops what will never be finished; called with every page and every sample.
    pub fn forget_old(&mut self, now_ns: Ns) {
        self.open.retain(|open| {
            let age = now_ns.saturating_sub(open.record.start_ns);
            let never_sent = open.is_denied() && age > STAMP_LIFE_NS;
            let never_ended = open.record.method == SAVE && age > SAVE_LIFE_NS;
            !never_sent && !never_ended
        });
        self.stamps.retain(|(at, _)| now_ns.saturating_sub(*at) < STAMP_LIFE_NS);
    }
}

/// Counters only grow; one that fell means another gopls answers at this address now.
fn went_back(before: &Counters, now: &Counters) -> bool {
    before.iter().any(|(method, b)| now.get(method).is_none_or(|n| n.started < b.started))
}

fn seconds_to_ns(seconds: f64) -> Ns {
    // `as` saturates: a page that claims 1e300 seconds gives a bounded number.
    (seconds.max(0.0) * 1e9) as Ns
}
