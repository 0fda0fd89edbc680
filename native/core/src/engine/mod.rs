//! Stall detection: one state machine, fed with events that carry their time, answering with actions.
//!
//! It owns no clock and does no IO, so a whole stall is a test of ten lines (see `tests.rs`). The watcher in the
//! probe turns the world into [`Event`]s and [`Action`]s into deeds.
//!
//! This file is the machine's state and the way of an event through it. What is decided about a wait is in `rules.rs`,
//! what happens to it at its end in `closing.rs`, what is known of gopls beside its requests in `gopls.rs`; the rest
//! are parts with a state of their own.

mod closing;
mod doing;
mod event;
mod gc;
mod gopls;
pub mod load;
pub mod memory;
pub mod methods;
mod readings;
mod recording;
pub mod requests;
mod rules;
mod stall;
#[cfg(test)]
mod tests;
mod view;
mod waiting;

use std::collections::VecDeque;

pub use event::{Action, Event, Urgency};
pub use readings::MemoryRead;
pub use stall::StallKey;

use gc::GcLog;
use gopls::Watched;
use load::LoadDetector;
use memory::{Alert, RssRing};
use readings::Readings;
use requests::RequestTracker;
use stall::Stall;

use crate::history::Tally;
use crate::limits::{Limits, UnixMs};
use crate::machine::{MachineLog, OomKill, Span};
use crate::model::{Capture, Cost, Decision, MS, Note, Ns, RequestRecord, Value, WatchSettings};
use crate::verify::Recording;
use crate::wait::WaitLog;

/// The decision log in memory: the oldest make room.
const MOST_DECISIONS: usize = 2_000;

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
    recording: Option<Recording>,
    wait_log: WaitLog,
    machine_log: MachineLog,
    oom_kill: Option<OomKill>,
    host_lags: VecDeque<Span>,
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
            recording: None,
            wait_log: WaitLog::default(),
            machine_log: MachineLog::default(),
            oom_kill: None,
            host_lags: VecDeque::new(),
            next_key: 0,
            latest_ns: 0,
        }
    }

    /// Takes one event at `now_ns` and answers with what is to be done, in this order.
    pub fn handle(&mut self, now_ns: Ns, event: Event) -> Vec<Action> {
        let mut actions = Vec::new();
        match event {
            Event::GoplsFound { gopls, uptime_ns, earlier_loads } => {
                self.lose_gopls(now_ns, &mut actions);
                self.ring.clear();
                self.past.clear();
                self.recent.clear();
                self.wait_log.clear();
                self.machine_log.clear();
                self.oom_kill = None;
                self.alert = Alert::default();
                self.cost = Cost::default();
                self.gopls = Some(Watched {
                    identity: gopls,
                    cpu: VecDeque::new(),
                    cpu_share: 0.0,
                    calm_since_ns: None,
                    load: LoadDetector::new(now_ns, uptime_ns, earlier_loads),
                    baseline: None,
                    baseline_before: None,
                    readings: Readings::default(),
                    gc_settings: None,
                    gc_log: GcLog::default(),
                    tally: Tally::default(),
                });
            }
            Event::GcSettings(settings) => {
                if let Some(gopls) = &mut self.gopls {
                    gopls.gc_settings = Some(settings);
                }
            }
            Event::Version { version, go_version } => self.learn_version(version, go_version),
            Event::OomKilled(how) => self.oom_kill = Some(how),
            Event::GoplsGone => self.lose_gopls(now_ns, &mut actions),
            Event::Source { source, debug } => {
                self.tracker.set_source(source);
                self.debug = debug;
            }
            Event::Sample { rss_bytes, cpu_ns, go_children } => {
                self.sample(now_ns, rss_bytes, cpu_ns, go_children, &mut actions);
            }
            Event::Counters { sent_ns, counters } => {
                self.count_documents(&counters);
                let kept = self.kept_from_running(sent_ns, now_ns);
                let ended = self.tracker.counters(sent_ns, now_ns, counters, kept);
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
            Event::CaptureRequested(request) => self.capture_requested(now_ns, request, &mut actions),
            Event::GcForced => self.gc_forced(),
            Event::CaptureUpdate { key, capture } => {
                self.count_gc(key, &capture);
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
                self.cut_short(now_ns);
                self.lose_gopls(now_ns, &mut actions);
            }
            Event::Noted { key, note } => {
                if let Some(stall) = self.find(key) {
                    stall.notes.push(note);
                }
            }
            Event::BaselineTaken(result) => self.baseline_taken(now_ns, result),
            Event::MemoryRead(read) => self.memory_read(now_ns, read.map(|read| *read)),
            Event::WaitSampled(sample) => self.wait_sampled(*sample),
            Event::HostLagged { lag_ns } => self.host_lagged(now_ns, lag_ns, &mut actions),
            Event::MachineRead(reading) => self.machine_log.add(*reading),
            Event::WorkspaceTold(facts) => self.workspace_told(now_ns, facts),
            Event::BaselineGivenUp => self.baseline_given_up(now_ns),
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

    /// Joins what other windows have taken; what was taken here meanwhile stays.
    pub fn join_limits(&mut self, others: &Limits, now_ns: Ns) {
        let now = self.unix_ms(now_ns);
        self.limits.merge(others, now);
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
