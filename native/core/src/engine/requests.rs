//! Which requests are in flight, put together from what the editor was seen to ask and what gopls counts.
//!
//! The observer knows the moment of a request and the document but not its end; gopls's counters know that one of a
//! method has started or completed, and how long it took, but only between two reads of the page. Joined, they give
//! both ends of each request, and say how far off they may be.

use std::collections::{BTreeMap, VecDeque};

use super::methods::{self, Role, SAVE, role};
use crate::model::{LatencySource, MS, Ns, ObservedRequest, RequestRecord, SECOND, TimingSource};

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

/// A stamp is right to within this: the editor asks all providers in the same millisecond.
const STAMP_UNCERTAINTY_NS: Ns = 2 * MS;
/// A page asked for this long after a stamp and not showing the request tells that it had not arrived.
const DELIVERY_GRACE_NS: Ns = 30 * MS;
/// A page answered within this comes from a gopls that runs. A slower one may come from a gopls that was stopped or
/// starved and has not come to read its messages yet.
const PROMPT_PAGE_NS: Ns = 100 * MS;
/// So many doubts and a stamp is taken for one that gopls was never asked about: one prompt page, or two slow ones.
const MOST_DOUBTS: u8 = 2;
/// A stamp without a counted request is forgotten after this.
const STAMP_LIFE_NS: Ns = 3 * SECOND;
/// A save that never reported its end (it failed, or the editor closed) is forgotten after this.
const SAVE_LIFE_NS: Ns = 60 * SECOND;
/// More requests in flight than this are not tracked one by one: a broken counter must not eat memory.
const MOST_OPEN: usize = 500;

/// A request in flight.
#[derive(Debug, Clone)]
struct Open {
    record: RequestRecord,
    /// gopls has counted it (or it is a save or an echo, whose end we see ourselves).
    confirmed: bool,
    /// Pages that should have shown it and did not, see [`MOST_DOUBTS`].
    doubts: u8,
    /// When the last of them was answered: the request arrived after that, if at all.
    not_before_ns: Option<Ns>,
}

impl Open {
    fn new(record: RequestRecord, confirmed: bool) -> Self {
        Self { record, confirmed, doubts: 0, not_before_ns: None }
    }

    fn is_denied(&self) -> bool {
        !self.confirmed && self.doubts >= MOST_DOUBTS
    }

    /// A page asked for at `sent_ns` and answered at `received_ns` does not show it.
    fn doubt(&mut self, sent_ns: Ns, received_ns: Ns) {
        if self.record.start_ns + DELIVERY_GRACE_NS <= sent_ns {
            let prompt = received_ns.saturating_sub(sent_ns) <= PROMPT_PAGE_NS;
            self.doubts = self.doubts.saturating_add(if prompt { MOST_DOUBTS } else { 1 });
        }
        // A page tells of the moment it is answered: what delays it is the waiting for gopls, not the way back.
        if self.record.start_ns + PROMPT_PAGE_NS <= received_ns {
            self.not_before_ns = Some(received_ns);
        }
    }

    /// A page received at `received_ns` shows it.
    fn confirm(&mut self, received_ns: Ns) {
        self.confirmed = true;
        if let Some(not_before) = self.not_before_ns {
            self.record.uncertainty_ns += received_ns.saturating_sub(not_before);
        }
    }

    /// When gopls got it, whose own clock starts then; the user's started with the stamp.
    fn arrival_ns(&self) -> Ns {
        self.not_before_ns.unwrap_or(self.record.start_ns)
    }
}

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
    /// `dormant`: gopls used next to no CPU in between. Then a late page means that it was stopped, and what both began
    /// and ended by its own clock in that time was done when it went on, at the end; not before, in the first moment.
    pub fn counters(
        &mut self,
        sent_ns: Ns,
        received_ns: Ns,
        counters: Counters,
        dormant: bool,
    ) -> Vec<RequestRecord> {
        let stopped = dormant && received_ns.saturating_sub(sent_ns) > PROMPT_PAGE_NS;
        let mut closed = Vec::new();
        let previous = self.last.take().filter(|page| !went_back(&page.counters, &counters));
        let saving = self.saving();
        for (method, now) in &counters {
            if role(method) == Role::Ignored {
                continue;
            }
            let before = previous.as_ref().and_then(|page| page.counters.get(method)).copied();
            let window = match &previous {
                Some(page) => (page.sent_ns, received_ns),
                // First page of this gopls: what is in flight began some time before.
                None => (sent_ns, received_ns),
            };
            let started = match (&previous, before) {
                (_, Some(before)) => now.started - before.started,
                (Some(_), None) => now.started,
                (None, None) => now.started.saturating_sub(now.completed.unwrap_or(now.started)),
            };
            self.confirm_or_open(method, started, (window, stopped), saving);
            if previous.is_some()
                && let Some(completed) = now.completed
            {
                let before = before.unwrap_or_default();
                let ended = completed.saturating_sub(before.completed.unwrap_or(0));
                let durations = now.latency_count.saturating_sub(before.latency_count);
                let exact_ns = (ended == 1 && durations == 1)
                    .then(|| seconds_to_ns(now.latency_sum_s - before.latency_sum_s));
                self.close_counted(method, ended, exact_ns, (window, stopped), &mut closed);
            }
        }
        // Stamps that this page should have shown.
        for open in self.open.iter_mut().filter(|open| !open.confirmed) {
            open.doubt(sent_ns, received_ns);
        }
        self.forget_old(received_ns);
        self.last = Some(Page { sent_ns, counters });
        closed
    }

    /// Requests in flight as of now, oldest first. A stamp counts until a page has denied it.
    pub fn in_flight(&self) -> impl Iterator<Item = &RequestRecord> {
        self.open.iter().filter(|open| !open.is_denied()).map(|open| &open.record)
    }

    /// Whether gopls was working on `initialized` at the last page; `None` when nothing tells.
    pub fn initialized_in_flight(&self) -> Option<bool> {
        let counters = &self.last.as_ref()?.counters;
        let initialized = counters.get("initialized").copied().unwrap_or_default();
        match self.source {
            LatencySource::Counters => Some(initialized.started > initialized.completed.unwrap_or(0)),
            // Its own end is not counted. But gopls lets nothing past it, so the first answer to a later request tells.
            LatencySource::Replies if initialized.started > 0 => {
                let later = || counters.iter().filter(|(method, _)| *method != "initialize").map(|(_, c)| c);
                let answered = later().any(|c| c.completed > Some(0));
                let asked = later().any(|c| c.completed.is_some() && c.started > 0);
                (answered || asked).then_some(!answered)
            }
            _ => None,
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

    fn confirm_or_open(
        &mut self,
        method: &str,
        started: u64,
        (window, stopped): ((Ns, Ns), bool),
        saving: bool,
    ) {
        let mut unseen = started;
        for open in self.open.iter_mut().filter(|open| !open.confirmed && open.record.method == method) {
            if unseen == 0 {
                break;
            }
            if open.record.start_ns <= window.1 {
                if stopped {
                    // It was read when gopls went on, and may still be worked on.
                    open.not_before_ns = Some(window.1);
                }
                open.confirm(window.1);
                unseen -= 1;
            }
        }
        let (from, to) = window;
        for _ in 0..unseen.min(MOST_OPEN as u64) {
            let middle = from + (to - from) / 2;
            let record = begun(method, middle, TimingSource::Counters, (to - from) / 2, saving);
            self.push(Open::new(record, true));
        }
    }

    fn close_counted(
        &mut self,
        method: &str,
        ended: u64,
        exact_ns: Option<Ns>,
        ((from, to), stopped): ((Ns, Ns), bool),
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
                Some(duration) => candidates
                    .min_by_key(|(_, open)| distance(open.arrival_ns().saturating_add(duration), (from, to)))
                    .map(|(index, _)| index),
                None => candidates.map(|(index, _)| index).next(),
            };
            let Some(index) = chosen else { return };
            let open = self.open.remove(index);
            let arrival_ns = open.arrival_ns();
            let mut record = open.record;
            // Its own clock counts from when it reads the message: what it read before it stopped, that clock tells.
            let by_clock = exact_ns.map(|duration| arrival_ns.saturating_add(duration));
            if stopped && by_clock.is_none_or(|at| at.saturating_add(PROMPT_PAGE_NS) < to) {
                end(&mut record, to, TimingSource::Counters, PROMPT_PAGE_NS);
                closed.push(record);
                continue;
            }
            let middle = from + (to - from) / 2;
            match exact_ns {
                Some(duration) if record.start_source == TimingSource::Observer => {
                    let by_latency = arrival_ns.saturating_add(duration);
                    let end_ns = by_latency.clamp(from.max(record.start_ns), to);
                    end(&mut record, end_ns, TimingSource::GoplsLatency, by_latency.abs_diff(end_ns));
                }
                Some(duration) => {
                    let end_ns = (record.start_ns + duration).clamp(from.max(record.start_ns), to);
                    record.start_ns = end_ns.saturating_sub(duration);
                    record.start_source = TimingSource::GoplsLatency;
                    // The length is exact; only where it lies on the time line is not.
                    record.uncertainty_ns = 0;
                    end(&mut record, end_ns, TimingSource::GoplsLatency, 0);
                }
                None => {
                    let end_ns = middle.max(record.start_ns);
                    end(&mut record, end_ns, TimingSource::Counters, (to - from) / 2);
                }
            }
            closed.push(record);
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

fn begun(
    method: &str,
    start_ns: Ns,
    start_source: TimingSource,
    uncertainty_ns: Ns,
    saving: bool,
) -> RequestRecord {
    let interactive = match methods::role(method) {
        Role::Interactive => true,
        Role::SaveStep => saving,
        Role::Background | Role::Ignored => false,
    };
    RequestRecord {
        method: method.to_owned(),
        start_ns,
        end_ns: None,
        duration_ns: None,
        start_source,
        end_source: None,
        uncertainty_ns,
        interactive,
        uri: None,
        line: None,
    }
}

fn end(record: &mut RequestRecord, end_ns: Ns, source: TimingSource, uncertainty_ns: Ns) {
    record.end_ns = Some(end_ns.max(record.start_ns));
    record.duration_ns = Some(end_ns.saturating_sub(record.start_ns));
    record.end_source = Some(source);
    record.uncertainty_ns += uncertainty_ns;
}

/// How far `at` lies outside of `[from, to]`.
fn distance(at: Ns, (from, to): (Ns, Ns)) -> Ns {
    from.saturating_sub(at).max(at.saturating_sub(to))
}

/// Counters only grow; one that fell means another gopls answers at this address now.
fn went_back(before: &Counters, now: &Counters) -> bool {
    before.iter().any(|(method, b)| now.get(method).is_none_or(|n| n.started < b.started))
}

fn seconds_to_ns(seconds: f64) -> Ns {
    // `as` saturates: a page that claims 1e300 seconds gives a bounded number.
    (seconds.max(0.0) * 1e9) as Ns
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOVER: &str = "textDocument/hover";

    fn page(started: u64, completed: u64, sum_s: f64) -> Counters {
        let counters = MethodCounters {
            started,
            completed: Some(completed),
            latency_sum_s: sum_s,
            latency_count: completed,
        };
        Counters::from([(HOVER.to_owned(), counters)])
    }

    fn tracker() -> RequestTracker {
        let mut tracker = RequestTracker::default();
        tracker.set_source(LatencySource::Counters);
        tracker.counters(0, MS, Counters::new(), false);
        tracker
    }

    fn hover_at(line: u32) -> ObservedRequest {
        ObservedRequest { method: HOVER.into(), uri: Some("file:///a.go".into()), line: Some(line) }
    }

    fn methods(tracker: &RequestTracker) -> Vec<&str> {
        tracker.in_flight().map(|r| r.method.as_str()).collect()
    }

    #[test]
    fn stamp_and_latency_give_both_ends() {
        let mut t = tracker();
        t.observed(100 * MS, hover_at(7));
        assert_eq!(methods(&t), [HOVER], "in flight before gopls has told anything");
        assert!(t.counters(120 * MS, 122 * MS, page(1, 0, 0.0), false).is_empty());
        assert!(t.counters(5_300 * MS, 5_310 * MS, page(1, 0, 0.0), false).is_empty());
        let closed = t.counters(5_360 * MS, 5_370 * MS, page(1, 1, 5.258), false);
        let [hover] = &closed[..] else { panic!("{closed:?}") };
        assert_eq!((hover.start_ns, hover.duration_ns), (100 * MS, Some(5_258 * MS)));
        assert_eq!(hover.end_source, Some(TimingSource::GoplsLatency));
        assert_eq!(hover.line, Some(7));
        assert!(hover.uncertainty_ns <= 2 * MS, "{}", hover.uncertainty_ns);
        assert!(t.in_flight().next().is_none());
    }

    #[test]
    fn a_request_nobody_saw_begins_between_two_pages_and_ends_exactly() {
        let mut t = tracker();
        t.counters(1_000 * MS, 1_001 * MS, page(0, 0, 0.0), false);
        t.counters(2_000 * MS, 2_001 * MS, page(1, 0, 0.0), false);
        let open = t.in_flight().next().expect("in flight");
        assert_eq!(open.start_source, TimingSource::Counters);
        assert!(open.uncertainty_ns >= 500 * MS);
        let closed = t.counters(2_100 * MS, 2_102 * MS, page(1, 1, 0.700), false);
        assert_eq!(closed[0].duration_ns, Some(700 * MS));
        assert!(closed[0].start_ns >= 1_000 * MS);
    }

    #[test]
    fn started_and_completed_between_two_pages_is_not_lost() {
        let mut t = tracker();
        t.observed(50 * MS, hover_at(1));
        // The page itself hung for two seconds.
        let closed = t.counters(60 * MS, 2_000 * MS, page(1, 1, 1.5), false);
        assert_eq!(closed[0].duration_ns, Some(1_500 * MS));
    }

    #[test]
    fn a_stamp_without_a_request_is_denied_and_forgotten() {
        let mut t = tracker();
        t.observed(100 * MS, hover_at(1));
        t.counters(110 * MS, 112 * MS, page(0, 0, 0.0), false);
        assert_eq!(methods(&t), [HOVER], "too early to tell");
        t.counters(160 * MS, 162 * MS, page(0, 0, 0.0), false);
        assert!(t.in_flight().next().is_none());
        // It was only slow to be sent.
        t.counters(400 * MS, 402 * MS, page(1, 0, 0.0), false);
        assert_eq!(t.in_flight().next().map(|r| r.start_ns), Some(100 * MS));
    }

    #[test]
    fn a_stopped_gopls_owes_the_whole_wait() {
        // Stopped at 90 ms, continued at 4 s: the pages it owes are answered before it has read its messages, and by its
        // own clock the hover then took a millisecond.
        for first_page_sent_ms in [110, 160] {
            let mut t = tracker();
            t.observed(100 * MS, hover_at(1));
            t.counters(first_page_sent_ms * MS, 4_000 * MS, page(0, 0, 0.0), false);
            assert_eq!(methods(&t), [HOVER], "still waited for");
            let closed = t.counters(4_050 * MS, 4_052 * MS, page(1, 1, 0.001), false);
            let [hover] = &closed[..] else { panic!("{closed:?}") };
            let (duration, uncertainty) = (hover.duration_ns.expect("ended"), hover.uncertainty_ns);
            assert!(duration.abs_diff(3_901 * MS) <= uncertainty, "{duration} ± {uncertainty}");
            assert!(uncertainty <= 60 * MS, "{uncertainty}");
            assert_eq!(hover.line, Some(1));
        }
    }

    #[test]
    fn of_a_late_page_the_cpu_tells_what_it_means() {
        let caught = |dormant| {
            let mut t = tracker();
            t.observed(100 * MS, hover_at(1));
            // Asked for before gopls was stopped, answered after it had gone on and had answered the hover too.
            let closed = t.counters(120 * MS, 3_000 * MS, page(1, 1, 0.001), dormant);
            (closed[0].duration_ns.expect("ended"), closed[0].uncertainty_ns)
        };
        let (duration, uncertainty) = caught(true);
        assert!(duration.abs_diff(2_899 * MS) <= uncertainty && uncertainty <= 150 * MS, "{duration}");
        assert!(caught(false).0 <= 30 * MS, "a busy gopls had answered long before it came to our page");
    }

    #[test]
    fn a_stopped_gopls_that_still_works_on_it_owes_the_whole_wait() {
        let mut t = tracker();
        t.observed(100 * MS, hover_at(1));
        t.counters(90 * MS, 1_900 * MS, page(1, 0, 0.0), true);
        let closed = t.counters(1_950 * MS, 1_952 * MS, page(1, 1, 0.036), false);
        let (duration, uncertainty) = (closed[0].duration_ns.expect("ended"), closed[0].uncertainty_ns);
        assert!(duration.abs_diff(1_836 * MS) <= uncertainty.max(10 * MS), "{duration} ± {uncertainty}");
    }

    #[test]
    fn two_slow_pages_deny_a_stamp_as_one_prompt_page_does() {
        let mut t = tracker();
        t.observed(100 * MS, hover_at(1));
        t.counters(160 * MS, 900 * MS, page(0, 0, 0.0), false);
        assert_eq!(methods(&t), [HOVER]);
        t.counters(950 * MS, 1_700 * MS, page(0, 0, 0.0), false);
        assert!(t.in_flight().next().is_none());
    }

    #[test]
    fn counted_a_moment_before_the_stamp_is_one_request() {
        let mut t = tracker();
        t.counters(98 * MS, 100 * MS, page(1, 0, 0.0), false);
        t.observed(101 * MS, hover_at(3));
        assert_eq!(t.in_flight().count(), 1);
        assert_eq!(t.in_flight().next().and_then(|r| r.line), Some(3));
    }

    #[test]
    fn two_at_once_are_told_apart_by_their_length() {
        let mut t = tracker();
        t.observed(0, hover_at(1));
        t.counters(10 * MS, 12 * MS, page(1, 0, 0.0), false);
        t.observed(1_000 * MS, hover_at(2));
        t.counters(1_010 * MS, 1_012 * MS, page(2, 0, 0.0), false);
        // The second one, cancelled after 300 ms, ends first.
        let closed = t.counters(1_310 * MS, 1_320 * MS, page(2, 1, 0.310), false);
        assert_eq!(closed[0].line, Some(2));
        assert_eq!(t.in_flight().next().and_then(|r| r.line), Some(1));
    }

    #[test]
    fn another_gopls_behind_the_same_port_starts_afresh() {
        let mut t = tracker();
        t.counters(0, MS, page(40, 40, 9.0), false);
        let closed = t.counters(1_000 * MS, 1_001 * MS, page(1, 0, 0.0), false);
        assert!(closed.is_empty());
        assert_eq!(t.in_flight().count(), 1);
    }

    #[test]
    fn old_gopls_ends_between_two_pages() {
        let mut t = RequestTracker::default();
        t.set_source(LatencySource::Replies);
        // Before v0.22 the page has no durations, only that a reply was sent.
        let replied = |started, replied| {
            let counters = MethodCounters { started, completed: Some(replied), ..MethodCounters::default() };
            Counters::from([(HOVER.to_owned(), counters)])
        };
        t.counters(0, MS, replied(4, 4), false);
        t.observed(100 * MS, hover_at(1));
        t.counters(150 * MS, 152 * MS, replied(5, 4), false);
        let closed = t.counters(900 * MS, 902 * MS, replied(5, 5), false);
        assert_eq!(closed[0].end_source, Some(TimingSource::Counters));
        let (duration, uncertainty) = (closed[0].duration_ns.expect("ended"), closed[0].uncertainty_ns);
        assert!(duration.abs_diff(800 * MS) <= uncertainty, "{duration} ± {uncertainty}");
    }

    #[test]
    fn old_gopls_is_loading_until_it_answers_something() {
        let mut t = RequestTracker::default();
        t.set_source(LatencySource::Replies);
        let count = |method: &str, started, completed| {
            (method.to_owned(), MethodCounters { started, completed, ..MethodCounters::default() })
        };
        let before =
            [count("initialize", 1, Some(1)), count("initialized", 1, None), count("$/setTrace", 1, None)];
        t.counters(0, MS, Counters::from(before.clone()), false);
        assert_eq!(t.initialized_in_flight(), None, "nothing waits behind it that would tell");
        let mut waiting = Counters::from(before);
        waiting.extend([count(HOVER, 1, Some(0))]);
        t.counters(200 * MS, 201 * MS, waiting.clone(), false);
        assert_eq!(t.initialized_in_flight(), Some(true));
        waiting.extend([count("textDocument/codeLens", 2, Some(1))]);
        t.counters(400 * MS, 401 * MS, waiting, false);
        assert_eq!(t.initialized_in_flight(), Some(false));
    }

    #[test]
    fn echo_mode_opens_only_what_is_echoed() {
        let mut t = RequestTracker::default();
        t.set_source(LatencySource::Echo);
        t.observed(100 * MS, hover_at(1));
        assert!(t.in_flight().next().is_none(), "without an echo nothing would end it");
        t.echo_began(105 * MS, HOVER, "file:///a.go");
        assert_eq!(t.in_flight().next().map(|r| r.start_ns), Some(100 * MS));
        let closed = t.echo_ended(900 * MS, HOVER, "file:///a.go");
        assert_eq!(closed[0].duration_ns, Some(800 * MS));
    }

    #[test]
    fn a_hover_from_when_the_debug_server_was_silent_is_not_in_flight_when_it_answers_again() {
        let mut t = RequestTracker::default();
        t.set_source(LatencySource::Echo);
        t.observed(1_000 * MS, hover_at(1));
        t.echo_began(1_000 * MS, HOVER, "file:///a.go");
        t.echo_ended(1_500 * MS, HOVER, "file:///a.go");
        t.set_source(LatencySource::Counters);
        assert_eq!(t.in_flight().count(), 0, "answered, or at least nothing says that it is not");
        t.counters(9_000 * MS, 9_001 * MS, page(1, 1, 0.5), false);
        assert_eq!(t.in_flight().count(), 0);
    }

    #[test]
    fn a_hover_from_before_the_debug_server_was_found_keeps_its_start() {
        let mut t = RequestTracker::default();
        t.set_source(LatencySource::Echo);
        t.observed(100 * MS, hover_at(4));
        t.set_source(LatencySource::Counters);
        t.counters(700 * MS, 702 * MS, page(1, 0, 0.0), false);
        assert_eq!(t.in_flight().map(|r| (r.start_ns, r.line)).collect::<Vec<_>>(), [(100 * MS, Some(4))]);
    }

    #[test]
    fn learning_which_counters_they_are_forgets_nothing() {
        let mut t = tracker();
        t.observed(100 * MS, hover_at(1));
        t.counters(150 * MS, 152 * MS, page(1, 0, 0.0), false);
        t.set_source(LatencySource::Replies);
        assert_eq!(methods(&t), [HOVER]);
    }

    #[test]
    fn formatting_is_a_wait_only_while_saving() {
        let mut t = tracker();
        t.save_began(0, "file:///a.go");
        let formatting = |n| {
            Counters::from([(
                "textDocument/formatting".to_owned(),
                MethodCounters { started: n, completed: Some(0), ..MethodCounters::default() },
            )])
        };
        t.counters(10 * MS, 11 * MS, formatting(1), false);
        assert!(t.in_flight().all(|r| r.interactive));
        t.save_ended(500 * MS, "file:///a.go");
        t.counters(600 * MS, 601 * MS, formatting(2), false);
        assert_eq!(t.in_flight().filter(|r| !r.interactive).count(), 1);
    }
}
