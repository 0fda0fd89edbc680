//! Stall detection: one state machine, fed with events that carry their time, answering with actions.
//!
//! It owns no clock and does no IO, so a whole stall is a test of ten lines (see `tests.rs`). The watcher in the
//! probe turns the world into [`Event`]s and [`Action`]s into deeds.

pub mod load;
pub mod memory;
pub mod methods;
pub mod requests;
mod stall;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;

pub use stall::StallKey;

use load::{LoadDetector, LoadSigns};
use memory::{Alert, RssRing};
use requests::{Counters, RequestTracker};
use stall::{ON_REQUEST, Stall, age, incident_id};

use crate::limits::{Limits, Refusal, UnixMs};
use crate::model::{
    Bytes, Capture, CaptureKind, CaptureState, Cost, Decision, GoplsIdentity, InFlight, Incident,
    LatencySource, MS, Note, Ns, ObservedRequest, RequestRecord, SECOND, StallStatus, Value, WatchSettings,
};

/// A stall ends when no request has been over the threshold for this long: a hover that is cancelled and asked again
/// because the mouse moved is one wait …
const LINGER_NS: Ns = 250 * MS;
/// … and it is, too, while the next request is on its way to become one, but not for ever: somebody who types is
/// answered quickly again and again.
const LINGER_BUSY_NS: Ns = SECOND;
/// Window over which gopls's CPU share is measured.
const CPU_WINDOW_NS: Ns = SECOND;
/// gopls must be this quiet …
const CALM_CPU_SHARE: f64 = 0.05;
/// … for this long before a baseline is taken.
const CALM_FOR_NS: Ns = 3 * SECOND;
/// Bounds of what is kept in memory.
const MOST_DECISIONS: usize = 2_000;
const MOST_RECENT_REQUESTS: usize = 2_000;
/// The live time line reaches back as far as the ring; more stalls than this do not fit into ten minutes.
const MOST_PAST_STALLS: usize = 200;
const MOST_REQUESTS_PER_STALL: usize = 1_000;
/// The first heap of a stall and two at doublings of RSS.
const MOST_HEAPS_PER_STALL: u32 = 3;

/// What happened.
#[derive(Debug)]
pub enum Event {
    /// A gopls of this window was found.
    GoplsFound {
        /// Which.
        gopls: GoplsIdentity,
        /// Its age.
        uptime_ns: Ns,
        /// Lengths of earlier loads of this workspace.
        earlier_loads_ns: Vec<Ns>,
    },
    /// It is gone.
    GoplsGone,
    /// Where latencies come from, and whether the debug server can be asked for captures.
    Source {
        /// Source.
        source: LatencySource,
        /// Whether captures can be asked for.
        debug: bool,
    },
    /// gopls's memory and CPU time.
    Sample {
        /// RSS.
        rss_bytes: Bytes,
        /// User and system time since its start.
        cpu_ns: Ns,
        /// Its `go` children.
        go_children: u32,
    },
    /// Its counters.
    Counters {
        /// When they were asked for; the event's own time is when they came.
        sent_ns: Ns,
        /// Them.
        counters: Counters,
    },
    /// The editor asked for something.
    Observed(ObservedRequest),
    /// An echo was sent.
    EchoBegan {
        /// Method.
        method: String,
        /// Document.
        uri: String,
    },
    /// It was answered.
    EchoEnded {
        /// Method.
        method: String,
        /// Document.
        uri: String,
    },
    /// A save began.
    SaveBegan(String),
    /// It ended.
    SaveEnded(String),
    /// The user asked for a heap capture.
    CaptureRequested,
    /// A capture has moved on.
    CaptureUpdate {
        /// Its stall.
        key: StallKey,
        /// Its state now.
        capture: Box<Capture>,
    },
    /// Evidence that was there already (the baseline): added under the next free number.
    CaptureAdded {
        /// Its stall.
        key: StallKey,
        /// It.
        capture: Box<Capture>,
    },
    /// The user has paused watching.
    Paused,
    /// A note for the running or closing stall with this key.
    Noted {
        /// Its stall.
        key: StallKey,
        /// The note.
        note: Note,
    },
    /// A baseline profile was taken (or failed, with why).
    BaselineTaken(Result<(), String>),
    /// The debug server has cost this much so far, since gopls was found.
    Cost(Cost),
    /// New settings.
    Settings(Box<WatchSettings>),
    /// Time passes.
    Tick,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    /// Make a folder for the stall and write what [`Engine::incident`] says.
    Open {
        /// The stall.
        key: StallKey,
    },
    /// Fetch evidence into the stall's folder.
    Capture {
        /// The stall.
        key: StallKey,
        /// Number within the incident.
        number: u32,
        /// What.
        kind: CaptureKind,
    },
    /// The stall is over and its captures have ended: write it for the last time, then [`Engine::forget`] it.
    Close {
        /// The stall.
        key: StallKey,
        /// Whether a prompt is in order.
        prompt: bool,
        /// Whether the user asked for the capture.
        on_request: bool,
    },
    /// A stall without a folder is over.
    Dropped {
        /// The stall.
        key: StallKey,
    },
    /// Take a baseline profile.
    Baseline,
    /// Tell the user interface that a stall has begun.
    TellStall {
        /// Main request's method.
        method: String,
    },
    /// Tell it that memory is over the alert threshold.
    TellMemory {
        /// RSS.
        rss_bytes: Bytes,
        /// Threshold.
        limit_bytes: Bytes,
    },
    /// A load has ended: remember and tell.
    LoadEnded {
        /// Length.
        duration_ns: Ns,
        /// Most RSS.
        peak_rss_bytes: Bytes,
        /// Median of earlier ones.
        earlier_median_ns: Option<Ns>,
    },
    /// The limits have changed: write them.
    SaveLimits,
}

/// The watched gopls.
#[derive(Debug)]
struct Watched {
    identity: GoplsIdentity,
    cpu: VecDeque<(Ns, Ns)>,
    cpu_share: f64,
    calm_since_ns: Option<Ns>,
    load: Option<LoadDetector>,
    /// CPU time at the last baseline: without work since, a new one would say the same.
    baseline: Option<(Ns, Ns)>,
}

/// What the live time line shows of a stall: while it goes on, and after it was forgotten.
#[derive(Debug, Clone)]
pub struct StallMark {
    /// The incident's folder; absent for a stall that was not recorded.
    pub incident: Option<String>,
    /// Start of the wait.
    pub start_ns: Ns,
    /// Its end, when it has ended.
    pub end_ns: Option<Ns>,
    /// Asked for by the user: captures without a stall.
    pub on_request: bool,
    /// What was captured.
    pub captures: Vec<Capture>,
}

/// See the module's text.
#[derive(Debug)]
pub struct Engine {
    settings: WatchSettings,
    origin_unix_ns: u128,
    workspace: Vec<String>,
    limits: Limits,
    ring: RssRing,
    alert: Alert,
    tracker: RequestTracker,
    debug: bool,
    gopls: Option<Watched>,
    stall: Option<Stall>,
    closing: Vec<Stall>,
    baseline_running: bool,
    recent: VecDeque<RequestRecord>,
    past: VecDeque<StallMark>,
    decisions: VecDeque<Decision>,
    cost: Cost,
    next_key: StallKey,
    latest_ns: Ns,
}

impl Engine {
    /// A new engine. `origin_unix_ns` is the Unix time of ns 0; `limits` are those of the last run.
    pub fn new(
        settings: WatchSettings,
        origin_unix_ns: u128,
        workspace: Vec<String>,
        limits: Limits,
    ) -> Self {
        Self {
            settings,
            origin_unix_ns,
            workspace,
            limits,
            ring: RssRing::default(),
            alert: Alert::default(),
            tracker: RequestTracker::default(),
            debug: false,
            gopls: None,
            stall: None,
            closing: Vec::new(),
            baseline_running: false,
            recent: VecDeque::new(),
            past: VecDeque::new(),
            decisions: VecDeque::new(),
            cost: Cost::default(),
            next_key: 0,
            latest_ns: 0,
        }
    }

    /// Takes one event at `now_ns` and answers with what is to be done, in this order.
    pub fn handle(&mut self, now_ns: Ns, event: Event) -> Vec<Action> {
        let mut actions = Vec::new();
        match event {
            Event::GoplsFound { gopls, uptime_ns, earlier_loads_ns } => {
                self.lose_gopls(now_ns, &mut actions);
                self.ring.clear();
                self.past.clear();
                self.recent.clear();
                self.alert = Alert::default();
                self.cost = Cost::default();
                self.gopls = Some(Watched {
                    identity: gopls,
                    cpu: VecDeque::new(),
                    cpu_share: 0.0,
                    calm_since_ns: None,
                    load: LoadDetector::new(now_ns, uptime_ns, earlier_loads_ns),
                    baseline: None,
                });
            }
            Event::GoplsGone => self.lose_gopls(now_ns, &mut actions),
            Event::Source { source, debug } => {
                self.tracker.set_source(source);
                self.debug = debug;
            }
            Event::Sample { rss_bytes, cpu_ns, go_children } => {
                self.sample(now_ns, rss_bytes, cpu_ns, go_children, &mut actions);
            }
            Event::Counters { sent_ns, counters } => {
                let ended = self.tracker.counters(sent_ns, now_ns, counters);
                self.ended(now_ns, ended, &mut actions);
            }
            Event::Observed(request) => self.tracker.observed(now_ns, request),
            Event::EchoBegan { method, uri } => self.tracker.echo_began(now_ns, &method, &uri),
            Event::EchoEnded { method, uri } => {
                let ended = self.tracker.echo_ended(now_ns, &method, &uri);
                self.ended(now_ns, ended, &mut actions);
            }
            Event::SaveBegan(uri) => self.tracker.save_began(now_ns, &uri),
            Event::SaveEnded(uri) => {
                let ended = self.tracker.save_ended(now_ns, &uri);
                self.ended(now_ns, ended, &mut actions);
            }
            Event::CaptureRequested => self.capture_requested(now_ns, &mut actions),
            Event::CaptureUpdate { key, capture } => {
                if let Some(stall) = self.find(key)
                    && let Some(slot) = stall.captures.iter_mut().find(|c| c.number == capture.number)
                {
                    *slot = *capture;
                }
            }
            Event::CaptureAdded { key, mut capture } => {
                if let Some(stall) = self.find(key) {
                    capture.number = stall.captures.len() as u32 + 1;
                    stall.captures.push(*capture);
                }
            }
            Event::Paused => {
                self.cut_short(now_ns, &mut actions);
                self.lose_gopls(now_ns, &mut actions);
            }
            Event::Noted { key, note } => {
                if let Some(stall) = self.find(key) {
                    stall.notes.push(note);
                }
            }
            Event::BaselineTaken(result) => self.baseline_taken(now_ns, result),
            Event::Cost(cost) => self.cost = cost,
            Event::Settings(settings) => self.settings = *settings,
            Event::Tick => self.tracker.forget_old(now_ns),
        }
        // Stamps carry the moment of the editor's call and may reach us after a later sample.
        self.latest_ns = self.latest_ns.max(now_ns);
        self.judge(self.latest_ns, &mut actions);
        self.close_finished(&mut actions);
        actions
    }

    // ---- what others may ask ----

    /// The incident of a stall that has not been forgotten yet.
    pub fn incident(&self, key: StallKey, now_ns: Ns) -> Option<Incident> {
        let stall = self.stall.iter().chain(&self.closing).find(|s| s.key == key)?;
        let open: Vec<_> = self.tracker.in_flight().cloned().collect();
        Some(stall.incident(self.origin_unix_ns, &self.workspace, &open, &self.ring, now_ns))
    }

    /// Forgets a stall after its last write, except for its place on the live time line.
    pub fn forget(&mut self, key: StallKey) {
        if let Some(index) = self.closing.iter().position(|stall| stall.key == key) {
            let stall = self.closing.remove(index);
            self.remember(&stall);
        }
    }

    /// Ends everything at once, because we are about to end: returns the stalls that are to be written once more.
    pub fn wind_up(&mut self, now_ns: Ns) -> Vec<StallKey> {
        self.cut_short(now_ns, &mut Vec::new());
        for stall in &mut self.closing {
            stall.give_up_captures("the window closed before it arrived");
            stall.seal_request(&self.ring);
        }
        self.closing.iter().filter(|stall| stall.recorded).map(|stall| stall.key).collect()
    }

    /// The stall that goes on, for the status bar.
    pub fn stall_status(&self, now_ns: Ns) -> Option<StallStatus> {
        let stall = self.stall.as_ref()?;
        stall.status(&stall.requests(self.tracker.in_flight()), &self.ring, now_ns)
    }

    /// Requests in flight, oldest first.
    pub fn in_flight(&self, now_ns: Ns) -> Vec<InFlight> {
        let mut all: Vec<_> = self
            .tracker
            .in_flight()
            .map(|r| InFlight {
                method: r.method.clone(),
                age_ns: age(r, now_ns),
                interactive: r.interactive,
                source: r.start_source,
            })
            .collect();
        all.sort_by_key(|r| std::cmp::Reverse(r.age_ns));
        all
    }

    /// Requests in flight and those that ended lately, for the live time line.
    pub fn requests(&self) -> impl Iterator<Item = &RequestRecord> {
        self.recent.iter().chain(self.tracker.in_flight())
    }

    /// RSS over time.
    pub fn ring(&self) -> &RssRing {
        &self.ring
    }

    /// Latest decisions, oldest first.
    pub fn decisions(&self) -> impl DoubleEndedIterator<Item = &Decision> {
        self.decisions.iter()
    }

    /// Captures of the stalls that are not forgotten yet.
    pub fn captures(&self) -> impl Iterator<Item = &Capture> {
        self.stall.iter().chain(&self.closing).flat_map(|stall| &stall.captures)
    }

    /// The stalls (and captures on request) of the live time line, oldest first.
    pub fn stall_marks(&self) -> impl Iterator<Item = StallMark> {
        self.past.iter().cloned().chain(self.closing.iter().chain(&self.stall).map(Stall::mark))
    }

    /// Whether a first load goes on.
    pub fn loading(&self) -> bool {
        self.gopls.as_ref().and_then(|g| g.load.as_ref()).is_some_and(LoadDetector::running)
    }

    /// gopls's CPU over the last second, as a share of one core.
    pub fn cpu_share(&self) -> f64 {
        self.gopls.as_ref().map_or(0.0, |g| g.cpu_share)
    }

    /// Where latencies come from.
    pub fn source(&self) -> LatencySource {
        self.tracker.source()
    }

    /// The limits, to be written.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Joins what other windows have taken; what was taken here meanwhile stays.
    pub fn join_limits(&mut self, others: &Limits, now_ns: Ns) {
        let now = self.unix_ms(now_ns);
        self.limits.merge(others, now);
    }

    /// The settings in force.
    pub fn settings(&self) -> &WatchSettings {
        &self.settings
    }

    /// How long to wait between two readings of the counters; `None` when there is no reason to read them.
    ///
    /// Fast only while somebody waits, and slower the longer they already do: a reading costs gopls about 0.6 ms, and
    /// the end of a request is told exactly by gopls's own latency whenever we look.
    pub fn poll_interval_ns(&self, now_ns: Ns) -> Option<Ns> {
        let fast = (self.settings.poll_fast_ms * MS as f64) as Ns;
        let idle = (self.settings.poll_idle_ms * MS as f64) as Ns;
        let oldest_wait = self.tracker.in_flight().filter(|r| r.interactive).map(|r| age(r, now_ns)).max();
        if let Some(wait) = oldest_wait {
            return Some((wait / 20).clamp(fast, fast.max(250 * MS)));
        }
        let background = self.tracker.in_flight().next().is_some();
        if self.stall.is_some() || background || self.loading() {
            return Some(fast.max(200 * MS));
        }
        (idle > 0).then_some(idle.max(fast))
    }

    // ---- events ----

    fn sample(&mut self, now: Ns, rss_bytes: Bytes, cpu_ns: Ns, go_children: u32, actions: &mut Vec<Action>) {
        self.ring.push(now, rss_bytes);
        let initialized_in_flight = self.tracker.initialized_in_flight();
        let waited_for = self.tracker.in_flight().any(|request| request.interactive);
        let Some(gopls) = &mut self.gopls else { return };
        gopls.cpu.push_back((now, cpu_ns));
        while gopls.cpu.len() > 2 && gopls.cpu.get(1).is_some_and(|(at, _)| now - at >= CPU_WINDOW_NS) {
            gopls.cpu.pop_front();
        }
        if let Some((at, cpu)) = gopls.cpu.front()
            && now > *at
        {
            gopls.cpu_share = cpu_ns.saturating_sub(*cpu) as f64 / (now - at) as f64;
        }
        if gopls.cpu_share > CALM_CPU_SHARE {
            gopls.calm_since_ns = None;
        } else {
            gopls.calm_since_ns.get_or_insert(now);
        }
        let signs = LoadSigns {
            at_ns: now,
            rss_bytes,
            cpu_share: gopls.cpu_share,
            go_children,
            initialized_in_flight,
            waited_for,
        };
        if let Some(load) = &mut gopls.load
            && load.feed(signs)
        {
            actions.push(Action::LoadEnded {
                duration_ns: load.length_ns(now),
                peak_rss_bytes: load.peak_rss_bytes(),
                earlier_median_ns: load.earlier_median_ns(),
            });
            let decision = Decision::fired(
                now,
                "load-ended",
                [
                    ("duration_ms", ms(load.length_ns(now))),
                    ("peak_rss_bytes", load.peak_rss_bytes().into()),
                    ("earlier_median_ms", ms(load.earlier_median_ns().unwrap_or(0))),
                ],
            );
            self.log(decision);
        }
        let limit = self.settings.memory_alert_bytes();
        if self.alert.feed(now, rss_bytes, limit) {
            let limit_bytes = limit.unwrap_or(0);
            self.log(Decision::fired(
                now,
                "memory-alert",
                [("rss_bytes", rss_bytes.into()), ("limit_bytes", limit_bytes.into())],
            ));
            actions.push(Action::TellMemory { rss_bytes, limit_bytes });
        }
        self.consider_baseline(now, cpu_ns, actions);
    }

    fn consider_baseline(&mut self, now: Ns, cpu_ns: Ns, actions: &mut Vec<Action>) {
        let Some(every_ns) = self.settings.baseline_interval_ns() else { return };
        let Some(gopls) = &self.gopls else { return };
        let calm = gopls.calm_since_ns.is_some_and(|since| now - since >= CALM_FOR_NS);
        let due = gopls.baseline.is_none_or(|(at, cpu)| now - at >= every_ns && cpu_ns > cpu + SECOND);
        let free = self.debug
            && self.settings.capture_enabled
            && !self.baseline_running
            && self.stall.is_none()
            && self.closing.is_empty()
            && !self.loading()
            && self.tracker.in_flight().next().is_none();
        if calm && due && free {
            self.baseline_running = true;
            if let Some(gopls) = &mut self.gopls {
                gopls.baseline = Some((now, cpu_ns));
            }
            self.log(Decision::fired(
                now,
                "baseline",
                [("every_s", self.settings.baseline_interval_s.into())],
            ));
            actions.push(Action::Baseline);
        }
    }

    fn baseline_taken(&mut self, now: Ns, result: Result<(), String>) {
        self.baseline_running = false;
        if let Err(error) = result {
            self.log(Decision::held(now, "baseline", "failed", [("error", error.into())]));
        }
    }

    fn lose_gopls(&mut self, now: Ns, actions: &mut Vec<Action>) {
        if self.gopls.take().is_none() {
            return;
        }
        self.debug = false;
        self.baseline_running = false;
        if let Some(stall) = &mut self.stall {
            stall.gopls_gone = true;
            stall.notes.push(note("gopls-gone", [("pid", u64::from(stall.gopls.pid).into())]));
        }
        let ended = self.tracker.gone(now);
        self.ended(now, ended, actions);
        self.tracker.set_source(LatencySource::None);
        if let Some(stall) = self.stall.take() {
            self.seal(stall, now, actions);
        }
    }

    /// Requests that have ended: kept for the time line, counted to the stall, and caught if no sample saw them wait.
    fn ended(&mut self, now: Ns, ended: Vec<RequestRecord>, actions: &mut Vec<Action>) {
        for record in ended {
            let long = age(&record, now) > self.settings.stall_after_ns();
            if record.interactive
                && long
                && self.stall.is_none()
                && self.gopls.is_some()
                && self.counts(&record)
            {
                self.begin(now, &record, "after-the-fact", actions);
            }
            if let Some(stall) = &mut self.stall
                && stall.ended.len() < MOST_REQUESTS_PER_STALL
            {
                stall.ended.push(record.clone());
            }
            if self.recent.len() == MOST_RECENT_REQUESTS {
                self.recent.pop_front();
            }
            self.recent.push_back(record);
        }
    }

    fn capture_requested(&mut self, now: Ns, actions: &mut Vec<Action>) {
        let Some(gopls) = self.gopls.as_ref().map(|g| g.identity.clone()) else { return };
        if self.stall.as_ref().is_some_and(|stall| stall.recorded) {
            self.ask_for(now, CaptureKind::Heap, "user", actions);
            return;
        }
        let mut stall = self.new_stall(now, now, ON_REQUEST, gopls);
        stall.on_request = true;
        stall.recorded = true;
        let key = stall.key;
        let mut decision = Decision::fired(now, "capture-on-request", []);
        decision.values.insert("pid".into(), Value::from(u64::from(stall.gopls.pid)));
        stall.decisions.push(decision.clone());
        actions.push(Action::Open { key });
        for kind in [CaptureKind::Heap, CaptureKind::Memory] {
            add_capture(&mut stall, now, kind, "user", actions);
        }
        self.log(decision);
        self.closing.push(stall);
    }

    // ---- judging ----

    /// Whether a wait for this request may be held against gopls. A save may be slow for reasons of its own: with
    /// trusted counters it counts only when gopls itself was asked for something in it.
    fn counts(&self, record: &RequestRecord) -> bool {
        let counted = matches!(self.tracker.source(), LatencySource::Counters | LatencySource::Replies);
        if record.method != methods::SAVE || !counted {
            return true;
        }
        let (from, to) = (record.start_ns, record.end_ns.unwrap_or(Ns::MAX));
        self.requests().any(|r| {
            r.method != methods::SAVE
                && methods::role(&r.method) == methods::Role::SaveStep
                && r.start_ns <= to
                && r.end_ns.is_none_or(|end| end >= from)
        })
    }

    fn judge(&mut self, now: Ns, actions: &mut Vec<Action>) {
        let limit = self.settings.stall_after_ns();
        let oldest = self
            .tracker
            .in_flight()
            .filter(|r| r.interactive && age(r, now) > limit && self.counts(r))
            .max_by_key(|r| (methods::is_wait_itself(&r.method), age(r, now)))
            .cloned();
        match (&mut self.stall, oldest) {
            (None, Some(request)) if self.gopls.is_some() => self.begin(now, &request, "in-flight", actions),
            (Some(stall), Some(_)) => {
                stall.last_seen_ns = now;
                // Only while somebody waits: what grows in the moment after the answer did not delay it.
                self.judge_growth(now, actions);
            }
            _ => {}
        }
        let busy = self.tracker.in_flight().any(|r| r.interactive);
        if let Some(stall) = &mut self.stall {
            // What the load and our cost are as long as the stall goes on.
            let load = self.gopls.as_ref().and_then(|g| g.load.as_ref());
            stall.load = load.and_then(|l| l.context(stall.start_ns, now)).or(stall.load.take());
            stall.cost = since(self.cost, stall.cost_at_start);
            let linger = if busy { LINGER_BUSY_NS } else { LINGER_NS };
            if now.saturating_sub(stall.last_seen_ns) >= linger
                && let Some(stall) = self.stall.take()
            {
                self.seal(stall, now, actions);
            }
        }
    }

    fn begin(&mut self, now: Ns, request: &RequestRecord, how: &str, actions: &mut Vec<Action>) {
        let Some(gopls) = self.gopls.as_ref().map(|g| g.identity.clone()) else { return };
        let mut stall = self.new_stall(request.start_ns, now, &request.method, gopls);
        let decision = Decision::fired(
            now,
            "stall",
            [
                ("method", request.method.as_str().into()),
                ("age_ms", ms(age(request, now))),
                ("limit_ms", self.settings.stall_after_ms.into()),
                ("how", how.into()),
            ],
        );
        stall.decisions.push(decision.clone());
        self.log(decision);
        self.stall = Some(stall);
        actions.push(Action::TellStall { method: request.method.clone() });
        // The heap first: every millisecond it waits, the picture ages. The light evidence follows it.
        self.judge_growth(now, actions);
        self.judge_light(now, actions);
    }

    /// The rules `heap-on-growth` and, once that has fired in this stall, `heap-high-water`.
    fn judge_growth(&mut self, now: Ns, actions: &mut Vec<Action>) {
        let Some(stall) = &mut self.stall else { return };
        let rise = self.ring.rise(now, self.settings.capture_window_ns(), stall.start_ns);
        stall.steepest_rise_bytes = stall.steepest_rise_bytes.max(rise);
        let rss = self.ring.last().map_or(0, |p| p.rss_bytes);
        let limit = self.settings.capture_rise_bytes();
        match stall.rss_at_heap_bytes {
            None if rise > limit => {
                let values = [
                    ("rise_bytes", Value::from(rise)),
                    ("limit_bytes", limit.into()),
                    ("window_ms", self.settings.capture_window_ms.into()),
                ];
                let allowed = self.limits.heap(self.unix_ms(now), &self.settings);
                self.judge_heap(now, "heap-on-growth", allowed, rss, values, actions);
            }
            // The first profile of a ramp-up describes the last GC cycle before it, so it may be nearly empty. What
            // the memory has become is seen later: at each doubling, a few times at most. The cool-down is between
            // ramp-ups, so it does not count here; the hourly budget does.
            Some(before) if rss >= 2 * before.max(limit) && stall.heaps < MOST_HEAPS_PER_STALL => {
                let values = [("rss_bytes", Value::from(rss)), ("last_capture_rss_bytes", before.into())];
                let allowed = self.limits.heap_budget(self.unix_ms(now), &self.settings);
                self.judge_heap(now, "heap-high-water", allowed, rss, values, actions);
            }
            _ => {}
        }
    }

    /// Captures the heap unless something forbids it; either way the log says so.
    fn judge_heap<const N: usize>(
        &mut self,
        now: Ns,
        rule: &str,
        allowed: Result<(), Refusal>,
        rss_bytes: Bytes,
        values: [(&str, Value); N],
        actions: &mut Vec<Action>,
    ) {
        let running = |stall: &Stall| stall.heap_state() == Some(CaptureState::Running);
        let refusal = if !self.settings.capture_enabled {
            Some(("captures-off", 0))
        } else if !self.debug {
            Some(("no-debug-server", 0))
        } else if self.stall.iter().chain(&self.closing).any(running) {
            Some(("one-at-a-time", 0))
        } else {
            allowed.err().map(|refusal| (refusal.reason(), refusal.left_ms()))
        };
        let Some((reason, left_ms)) = refusal else {
            self.limits.took_heap(self.unix_ms(now));
            if let Some(stall) = &mut self.stall {
                stall.rss_at_heap_bytes = Some(rss_bytes);
                stall.heaps += 1;
            }
            self.log_to_stall(Decision::fired(now, rule, values));
            self.record(actions);
            self.ask_for(now, CaptureKind::Heap, rule, actions);
            actions.push(Action::SaveLimits);
            return;
        };
        // Once for each reason: this is evaluated twenty times a second.
        if self.stall.as_mut().is_some_and(|stall| stall.held.insert(format!("{rule} {reason}"))) {
            let mut decision = Decision::held(now, rule, reason, values);
            if left_ms > 0 {
                decision.values.insert("left_ms".into(), left_ms.into());
            }
            self.log_to_stall(decision);
        }
    }

    /// The rule `light-evidence`: a folder for the stall, with what gopls's goroutines and memory say.
    fn judge_light(&mut self, now: Ns, actions: &mut Vec<Action>) {
        let unix_ms = self.unix_ms(now);
        let refusal = self.limits.light(unix_ms).err();
        let already = self.stall.as_ref().is_some_and(|stall| stall.recorded);
        if let (Some(refusal), false) = (refusal, already) {
            let left = [("left_ms", Value::from(refusal.left_ms()))];
            self.log_to_stall(Decision::held(now, "light-evidence", refusal.reason(), left));
            return;
        }
        self.record(actions);
        self.limits.took_light(unix_ms);
        actions.push(Action::SaveLimits);
        let reason = if !self.settings.capture_enabled {
            Some("captures-off")
        } else if !self.debug {
            Some("no-debug-server")
        } else {
            None
        };
        if let Some(reason) = reason {
            self.log_to_stall(Decision::held(now, "light-evidence", reason, []));
            return;
        }
        self.log_to_stall(Decision::fired(now, "light-evidence", []));
        self.ask_for(now, CaptureKind::Goroutines, "light-evidence", actions);
        self.ask_for(now, CaptureKind::Memory, "light-evidence", actions);
    }

    fn record(&mut self, actions: &mut Vec<Action>) {
        if let Some(stall) = &mut self.stall
            && !stall.recorded
        {
            stall.recorded = true;
            actions.push(Action::Open { key: stall.key });
        }
    }

    fn ask_for(&mut self, now: Ns, kind: CaptureKind, trigger: &str, actions: &mut Vec<Action>) {
        if let Some(stall) = &mut self.stall {
            add_capture(stall, now, kind, trigger, actions);
        }
    }

    /// We stop looking: the end of a wait that still goes on will not be seen.
    fn cut_short(&mut self, now: Ns, actions: &mut Vec<Action>) {
        let Some(mut stall) = self.stall.take() else { return };
        let requests = stall.requests(self.tracker.in_flight());
        stall.interrupted = Stall::main_request(&requests, now).is_some_and(|main| main.end_ns.is_none());
        self.seal(stall, now, actions);
    }

    /// The stall is over: fix what was seen, and say why no heap was captured if none was.
    fn seal(&mut self, mut stall: Stall, now: Ns, actions: &mut Vec<Action>) {
        let end_ns = stall.ended.iter().filter_map(|r| r.end_ns).max().unwrap_or(now).max(stall.start_ns);
        let requests: Vec<_> = stall
            .requests(self.tracker.in_flight())
            .into_iter()
            .filter(|r| r.end_ns.is_none_or(|end| end >= stall.start_ns))
            .collect();
        if stall.heap_state().is_none() && stall.held.is_empty() {
            let decision = Decision::held(
                now,
                "heap-on-growth",
                "below-threshold",
                [
                    ("rise_bytes", Value::from(stall.steepest_rise_bytes)),
                    ("limit_bytes", self.settings.capture_rise_bytes().into()),
                    ("window_ms", self.settings.capture_window_ms.into()),
                ],
            );
            stall.decisions.push(decision.clone());
            self.log(decision);
        }
        stall.cost = since(self.cost, stall.cost_at_start);
        stall.seal(requests, &self.ring, end_ns);
        if stall.recorded {
            self.closing.push(stall);
        } else {
            actions.push(Action::Dropped { key: stall.key });
            self.remember(&stall);
        }
    }

    fn remember(&mut self, stall: &Stall) {
        if self.past.len() == MOST_PAST_STALLS {
            self.past.pop_front();
        }
        self.past.push_back(stall.mark());
    }

    /// Stalls (and captures on request) whose captures have all ended.
    fn close_finished(&mut self, actions: &mut Vec<Action>) {
        for index in 0..self.closing.len() {
            let Some(stall) = self.closing.get_mut(index) else { continue };
            let announced =
                actions.iter().any(|a| matches!(a, Action::Close { key, .. } if *key == stall.key));
            if stall.waiting_for_captures() || announced {
                continue;
            }
            stall.seal_request(&self.ring);
            let ordinary_load = stall.load.as_ref().is_some_and(|load| load.ordinary);
            let prompt = !(stall.on_request || ordinary_load || stall.gopls_gone || stall.interrupted);
            actions.push(Action::Close { key: stall.key, prompt, on_request: stall.on_request });
        }
    }

    // ---- small things ----

    fn new_stall(&mut self, start_ns: Ns, now_ns: Ns, method: &str, gopls: GoplsIdentity) -> Stall {
        self.next_key += 1;
        Stall {
            key: self.next_key,
            id: incident_id(self.origin_unix_ns, start_ns, method, gopls.pid),
            gopls,
            source: self.tracker.source(),
            start_ns,
            last_seen_ns: now_ns,
            ended: Vec::new(),
            captures: Vec::new(),
            decisions: Vec::new(),
            notes: Vec::new(),
            load: None,
            steepest_rise_bytes: 0,
            held: std::collections::BTreeSet::new(),
            rss_at_heap_bytes: None,
            heaps: 0,
            recorded: false,
            gopls_gone: false,
            interrupted: false,
            cost_at_start: self.cost,
            cost: Cost::default(),
            on_request: false,
            sealed: None,
        }
    }

    fn find(&mut self, key: StallKey) -> Option<&mut Stall> {
        self.stall.iter_mut().chain(&mut self.closing).find(|stall| stall.key == key)
    }

    fn log(&mut self, decision: Decision) {
        if self.decisions.len() == MOST_DECISIONS {
            self.decisions.pop_front();
        }
        self.decisions.push_back(decision);
    }

    fn log_to_stall(&mut self, decision: Decision) {
        if let Some(stall) = &mut self.stall {
            stall.decisions.push(decision.clone());
        }
        self.log(decision);
    }

    fn unix_ms(&self, at_ns: Ns) -> UnixMs {
        u64::try_from((self.origin_unix_ns + u128::from(at_ns)) / u128::from(MS)).unwrap_or(UnixMs::MAX)
    }
}

fn add_capture(stall: &mut Stall, now: Ns, kind: CaptureKind, trigger: &str, actions: &mut Vec<Action>) {
    let number = stall.captures.len() as u32 + 1;
    stall.captures.push(Capture {
        number,
        kind,
        state: CaptureState::Running,
        file: String::new(),
        size_bytes: 0,
        trigger: trigger.to_owned(),
        trigger_ns: now,
        sent_ns: None,
        first_byte_ns: None,
        received_ns: None,
        on_disk_ns: None,
        during_request: None,
        inuse_space_bytes: None,
        error: None,
    });
    actions.push(Action::Capture { key: stall.key, number, kind });
}

fn since(now: Cost, before: Cost) -> Cost {
    Cost {
        debug_requests: now.debug_requests.saturating_sub(before.debug_requests),
        debug_bytes: now.debug_bytes.saturating_sub(before.debug_bytes),
        debug_open_ns: now.debug_open_ns.saturating_sub(before.debug_open_ns),
    }
}

fn note<const N: usize>(code: &str, values: [(&str, Value); N]) -> Note {
    Note { code: code.to_owned(), values: values.into_iter().map(|(k, v)| (k.to_owned(), v)).collect() }
}

fn ms(ns: Ns) -> Value {
    Value::Number(ns as f64 / MS as f64)
}
