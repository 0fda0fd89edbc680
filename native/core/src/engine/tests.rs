//! Whole stalls, on a clock of our own. One line per step: time in milliseconds, then what happens.

#![allow(clippy::unwrap_used)]

use super::requests::{Counters, MethodCounters};
use super::*;
use crate::heap::{AllocationSite, AllocationSites};
use crate::memory::MemoryVerdictKind;
use crate::model::{
    CaptureKind, CaptureRequest, CaptureState, CaptureWhat, GoplsIdentity, Incident, IncidentState,
    LatencySource, MB, ObservedRequest, SECOND,
};
use crate::patterns::{Facts, WorkspaceFacts};

const HOVER: &str = "textDocument/hover";
const ORIGIN: u128 = 1_795_500_000_000_000_000;

/// An engine with a gopls that has been up for `uptime`, and the counters to feed it.
struct Desk {
    engine: Engine,
    counters: Counters,
    rss_mb: u64,
    cpu_ms: u64,
    told: Vec<Action>,
    /// Readings of the statistics come at once; otherwise the test says when.
    readings_come: bool,
}

impl Desk {
    fn new(uptime_ns: Ns) -> Self {
        Self::with(WatchSettings::default(), uptime_ns)
    }

    fn with(settings: WatchSettings, uptime_ns: Ns) -> Self {
        let mut engine = Engine::new(settings, ORIGIN, vec!["/w".into()], Limits::default());
        engine.handle(0, Event::GoplsFound { gopls: identity(), uptime_ns, earlier_loads: vec![] });
        engine.handle(0, Event::Source { source: LatencySource::Counters, debug: true });
        let mut desk = Self {
            engine,
            counters: Counters::new(),
            rss_mb: 200,
            cpu_ms: 0,
            told: Vec::new(),
            readings_come: true,
        };
        desk.poll(1);
        desk
    }

    fn at(&mut self, at_ms: u64, event: Event) -> Vec<Action> {
        let mut actions = self.engine.handle(at_ms * MS, event);
        self.read_after_wait(at_ms, &mut actions);
        self.told.extend(actions.iter().cloned());
        if self.readings_come && !readings(&actions).is_empty() {
            self.engine.handle(at_ms * MS, Event::MemoryRead(None));
        }
        actions
    }

    /// What is read right after a wait comes at once.
    fn read_after_wait(&mut self, at_ms: u64, actions: &mut Vec<Action>) {
        let asked = actions.iter().position(|action| match action {
            Action::Capture { number, kind: CaptureKind::Memory, .. } => {
                self.capture(*number).trigger == "after-wait"
            }
            _ => false,
        });
        let Some(asked) = asked else { return };
        let Action::Capture { key, number, .. } = actions.remove(asked) else { return };
        let capture = Capture {
            state: CaptureState::Complete,
            received_ns: Some(at_ms * MS),
            file: "memory".into(),
            ..self.capture(number)
        };
        let update = Event::CaptureUpdate { key, capture: Box::new(capture) };
        actions.extend(self.engine.handle(at_ms * MS, update));
    }

    fn poll(&mut self, at_ms: u64) -> Vec<Action> {
        let counters = self.counters.clone();
        self.at(at_ms, Event::Counters { sent_ns: at_ms * MS - MS, counters })
    }

    fn observe(&mut self, at_ms: u64, method: &str) {
        self.at(
            at_ms,
            Event::Observed(ObservedRequest {
                method: method.into(),
                uri: Some("file:///w/a.go".into()),
                line: Some(9),
            }),
        );
        self.count(method, 1, None);
    }

    fn count(&mut self, method: &str, started: u64, ended_after_ms: Option<u64>) {
        let entry = self
            .counters
            .entry(method.to_owned())
            .or_insert(MethodCounters { completed: Some(0), ..MethodCounters::default() });
        entry.started += started;
        if let Some(ms) = ended_after_ms {
            entry.completed = entry.completed.map(|n| n + 1);
            entry.latency_count += 1;
            entry.latency_sum_s += ms as f64 / 1e3;
        }
    }

    /// 50 ms of life: a sample, and a poll.
    fn tick(&mut self, at_ms: u64, rise_mb: u64) -> Vec<Action> {
        self.rss_mb += rise_mb;
        let (rss_bytes, cpu_ns) = (self.rss_mb * MB, self.cpu_ms * MS);
        let mut actions = self.at(at_ms, Event::Sample { rss_bytes, cpu_ns: Some(cpu_ns), go_children: 0 });
        actions.extend(self.poll(at_ms + 2));
        actions
    }

    fn run(&mut self, from_ms: u64, to_ms: u64, rise_mb: u64) -> Vec<Action> {
        (from_ms..to_ms).step_by(50).flat_map(|at| self.tick(at, rise_mb)).collect()
    }

    /// A capture of a stall that is not forgotten yet.
    fn capture(&self, number: u32) -> Capture {
        let stalls = self.engine.stall.iter().chain(&self.engine.closing);
        stalls.flat_map(|stall| &stall.captures).find(|capture| capture.number == number).unwrap().clone()
    }

    /// The capture arrives.
    fn arrives(&mut self, at_ms: u64, key: StallKey, number: u32) -> Vec<Action> {
        let mut capture = self.capture(number);
        capture.state = CaptureState::Complete;
        capture.sent_ns = Some(capture.trigger_ns);
        capture.received_ns = Some(at_ms * MS);
        capture.file = "heap-1.pb.gz".into();
        self.at(at_ms, Event::CaptureUpdate { key, capture: Box::new(capture) })
    }
}

fn identity() -> GoplsIdentity {
    GoplsIdentity {
        pid: 4711,
        started_unix_ms: 1.7955e12,
        exe: "/go/bin/gopls".into(),
        version: Some("v0.23.0".into()),
        go_version: None,
    }
}

fn captures(actions: &[Action]) -> Vec<CaptureKind> {
    actions
        .iter()
        .filter_map(|a| if let Action::Capture { kind, .. } = a { Some(*kind) } else { None })
        .collect()
}

/// A request by hand.
fn by_hand(what: CaptureWhat) -> Event {
    let seconds = what.kind().is_recording().then_some(30);
    Event::CaptureRequested(CaptureRequest::new(what, seconds).unwrap())
}

fn closed(actions: &[Action]) -> Option<(StallKey, bool)> {
    actions
        .iter()
        .find_map(|a| if let Action::Close { key, prompt, .. } = a { Some((*key, *prompt)) } else { None })
}

fn rules(incident: &Incident) -> Vec<String> {
    incident
        .decisions
        .iter()
        .map(|d| if d.fired { d.rule.clone() } else { format!("{} held: {}", d.rule, d.reason) })
        .collect()
}

#[test]
fn a_stopped_gopls_that_catches_up_before_it_answers_owes_the_wait() {
    let mut desk = Desk::new(60 * SECOND);
    desk.run(500, 1_000, 0);
    desk.observe(1_000, HOVER);
    let key = 1;
    // Stopped: samples without CPU, and the page that was asked for stays away.
    for at_ms in (1_050..2_600).step_by(50) {
        let cpu_ns = Some(desk.cpu_ms * MS);
        desk.at(at_ms, Event::Sample { rss_bytes: 200 * MB, cpu_ns, go_children: 0 });
    }
    // It goes on: 150 ms of CPU for all that has queued up, then the page, with the hover answered in 2 ms.
    desk.cpu_ms += 150;
    let cpu_ns = Some(desk.cpu_ms * MS);
    desk.at(2_700, Event::Sample { rss_bytes: 200 * MB, cpu_ns, go_children: 0 });
    desk.count(HOVER, 0, Some(2));
    let counters = desk.counters.clone();
    desk.at(2_710, Event::Counters { sent_ns: 1_040 * MS, counters });
    desk.run(2_750, 3_100, 0);
    for number in [1, 2] {
        desk.arrives(3_100, key, number);
    }
    assert!(desk.told.iter().any(|a| matches!(a, Action::Close { prompt: true, .. })), "{:?}", desk.told);
    let incident = desk.engine.incident(key, 3_200 * MS).unwrap();
    let waited = incident.request.duration_ns.unwrap();
    // The page tells of it 10 ms later.
    assert!(waited.abs_diff(1_700 * MS) <= 15 * MS, "{waited}");
}

#[test]
fn a_request_that_only_looked_unanswered_is_no_stall() {
    let mut desk = Desk::new(60 * SECOND);
    desk.run(500, 1_000, 0);
    desk.observe(1_000, HOVER);
    // The page that tells of the answer after 160 ms comes late.
    desk.tick(1_050, 0);
    let sample = Event::Sample { rss_bytes: 200 * MB, cpu_ns: Some(0), go_children: 0 };
    let begun = desk.at(1_220, sample);
    let Some(Action::Open { key }) = begun.iter().find(|a| matches!(a, Action::Open { .. })) else {
        panic!("{begun:?}")
    };
    desk.count(HOVER, 0, Some(160));
    desk.poll(1_240);
    desk.run(1_250, 1_600, 0);
    for number in [1, 2] {
        desk.arrives(1_600, *key, number);
    }
    assert!(desk.told.contains(&Action::Withdraw { key: *key }), "{:?}", desk.told);
    assert!(!desk.told.iter().any(|a| matches!(a, Action::Close { .. })));
    let last = desk.engine.decisions().next_back().unwrap();
    assert_eq!((last.rule.as_str(), last.reason.as_str()), ("stall", "answered-in-time"));
}

#[test]
fn a_hover_that_grows_the_heap_is_caught_with_the_heap_inside_it() {
    let mut desk = Desk::new(60 * SECOND);
    desk.run(500, 1_000, 0);
    desk.observe(1_000, HOVER);
    // 5 MB every 50 ms: 15 MB are exceeded at the fourth sample, before the request is a stall at all.
    let quiet = desk.run(1_050, 1_200, 5);
    assert_eq!(captures(&quiet), [], "not a stall before 200 ms");
    let actions = desk.run(1_200, 1_300, 5);
    assert_eq!(captures(&actions), [CaptureKind::Heap, CaptureKind::Goroutines, CaptureKind::Memory]);
    let key = desk.engine.stall.as_ref().unwrap().key;
    desk.arrives(1_400, key, 1);
    desk.arrives(1_410, key, 2);
    desk.arrives(1_420, key, 3);
    desk.run(1_450, 3_000, 1);
    desk.count(HOVER, 0, Some(2_000));
    let (closed_key, prompt) = closed(&desk.run(3_000, 3_500, 0)).expect("over");
    assert_eq!((closed_key, prompt), (key, true));

    let incident = desk.engine.incident(key, 3_500 * MS).unwrap();
    assert_eq!(incident.state, IncidentState::Complete);
    assert_eq!(incident.request.method, HOVER);
    assert_eq!(incident.request.duration_ns, Some(2_000 * MS));
    assert_eq!(incident.request.line, Some(9));
    assert_eq!(incident.captures[0].during_request, Some(true));
    assert!(incident.rss.peak_bytes > incident.rss.start_bytes);
    assert_eq!(rules(&incident), ["stall", "heap-on-growth", "light-evidence"]);
    assert_eq!(incident.started_at, "2026-11-24T06:00:01.000Z");
}

/// What a busy gopls computes while a hover waits from 1,000 ms on: when each CPU profile is asked for, in ms. Each takes its
/// second and 100 ms more.
fn cpu_slices(desk: &mut Desk, cpu_ms_per_tick: u64, until_ms: u64) -> Vec<u64> {
    desk.observe(1_000, HOVER);
    let mut asked = Vec::new();
    let mut recording = None;
    for at in (1_050..until_ms).step_by(50) {
        desk.cpu_ms += cpu_ms_per_tick;
        let mut actions = desk.tick(at, 0);
        if let Some((key, number)) = recording.take_if(|_| asked.last() == Some(&(at - 1_100))) {
            assert_eq!(desk.capture(number).seconds, Some(1));
            actions.extend(desk.arrives(at, key, number));
        }
        for action in actions {
            if let Action::Capture { key, number, kind: CaptureKind::Cpu, urgency } = action {
                assert_eq!(urgency, Urgency::Recording, "it holds up nothing");
                asked.push(at);
                recording = Some((key, number));
            }
        }
    }
    asked
}

#[test]
fn what_a_busy_gopls_computes_is_recorded_a_second_at_a_time_three_times_at_most() {
    let mut desk = Desk::new(60 * SECOND);
    assert_eq!(cpu_slices(&mut desk, 45, 9_000), [2_000, 3_100, 4_200]);
    let stall = desk.engine.stall.as_ref().unwrap();
    let fired = stall.decisions.iter().find(|d| d.rule == "cpu-while-busy" && d.fired).unwrap();
    assert_eq!(fired.values["cpu_share"], Value::Number(0.9));
    assert_eq!(cpu_slices(&mut Desk::new(60 * SECOND), 45, 1_950), [0; 0], "not of a wait below a second");
    assert_eq!(cpu_slices(&mut Desk::new(60 * SECOND), 30, 9_000), [0; 0], "0.6 of a core is not busy");
    let off = WatchSettings { capture_enabled: false, ..WatchSettings::default() };
    let mut desk = Desk::with(off, 60 * SECOND);
    assert_eq!(cpu_slices(&mut desk, 45, 9_000), [0; 0]);
    let held = desk.engine.decisions().filter(|d| d.rule == "cpu-while-busy");
    assert_eq!(held.map(|d| d.reason.as_str()).collect::<Vec<_>>(), ["captures-off"], "said once");
}

#[test]
fn a_recording_of_the_users_own_is_not_disturbed() {
    let mut desk = Desk::new(60 * SECOND);
    let request = CaptureRequest::new(CaptureWhat::Cpu, Some(30)).unwrap();
    desk.at(500, Event::CaptureRequested(request));
    assert_eq!(cpu_slices(&mut desk, 45, 5_000), [0; 0]);
    let held = desk.engine.decisions().filter(|d| d.rule == "cpu-while-busy");
    assert_eq!(held.map(|d| d.reason.as_str()).collect::<Vec<_>>(), ["one-at-a-time"]);
}

#[test]
fn what_the_memory_became_is_captured_at_each_doubling_but_not_for_ever() {
    let mut desk = Desk::new(60 * SECOND);
    desk.observe(1_000, HOVER);
    let mut heaps = Vec::new();
    for at in (1_050..9_000).step_by(50) {
        desk.rss_mb += 20;
        let rss_bytes = desk.rss_mb * MB;
        let mut actions = desk.at(at, Event::Sample { rss_bytes, cpu_ns: Some(0), go_children: 0 });
        actions.extend(desk.poll(at + 2));
        for action in actions {
            if let Action::Capture { key, number, kind: CaptureKind::Heap, .. } = action {
                heaps.push(desk.rss_mb);
                desk.arrives(at + 10, key, number);
            }
        }
    }
    assert_eq!(heaps, [280, 560, 1_120], "RSS in MB; 2,240 and more followed");
    let stall = desk.engine.stall.as_ref().unwrap();
    let fired = stall.decisions.iter().filter(|d| d.rule == "heap-high-water" && d.fired).count();
    assert_eq!(fired, 2);
}

#[test]
fn a_wait_without_growth_keeps_the_light_evidence_and_says_why_no_heap() {
    let mut desk = Desk::new(60 * SECOND);
    desk.observe(1_000, HOVER);
    let actions = desk.run(1_050, 2_000, 0);
    assert_eq!(captures(&actions), [CaptureKind::Goroutines, CaptureKind::Memory]);
    let key = desk.engine.stall.as_ref().unwrap().key;
    desk.arrives(1_300, key, 1);
    desk.arrives(1_310, key, 2);
    desk.count(HOVER, 0, Some(1_000));
    assert!(closed(&desk.run(2_000, 2_500, 0)).is_some());
    let incident = desk.engine.incident(key, 2_500 * MS).unwrap();
    assert_eq!(rules(&incident), ["stall", "light-evidence", "heap-on-growth held: below-threshold"]);
}

#[test]
fn a_quick_hover_is_nothing() {
    let mut desk = Desk::new(60 * SECOND);
    desk.observe(1_000, HOVER);
    desk.run(1_050, 1_150, 40);
    desk.count(HOVER, 0, Some(120));
    let actions = desk.run(1_150, 3_000, 40);
    assert_eq!(captures(&actions), []);
    assert!(desk.engine.stall.is_none() && !desk.engine.decisions().any(|d| d.rule == "stall"));
}

#[test]
fn background_requests_alone_are_no_stall() {
    let mut desk = Desk::new(60 * SECOND);
    desk.count("textDocument/codeLens", 1, None);
    let actions = desk.run(1_000, 4_000, 20);
    assert_eq!(captures(&actions), []);
    assert_eq!(desk.engine.in_flight(4_000 * MS).len(), 1, "shown all the same");
}

#[test]
fn a_second_heap_within_the_cool_down_is_held_back_and_says_so() {
    let mut desk = Desk::new(60 * SECOND);
    for (start, number_of_heaps) in [(1_000, 1), (10_000, 0)] {
        desk.observe(start, HOVER);
        let actions = desk.run(start + 50, start + 600, 10);
        let heaps = captures(&actions).iter().filter(|k| **k == CaptureKind::Heap).count();
        assert_eq!(heaps, number_of_heaps, "stall at {start}");
        let stall = desk.engine.stall.as_ref().unwrap();
        let (key, numbers) = (stall.key, stall.captures.iter().map(|c| c.number).collect::<Vec<_>>());
        for number in numbers {
            desk.arrives(start + 610, key, number);
        }
        desk.count(HOVER, 0, Some(600));
        desk.run(start + 620, start + 1_200, 0);
        let incident = desk.engine.incident(key, (start + 1_200) * MS).unwrap();
        if number_of_heaps == 0 {
            assert!(
                rules(&incident).contains(&"heap-on-growth held: cool-down".to_owned()),
                "{:?}",
                rules(&incident)
            );
        }
        desk.engine.forget(key);
    }
}

#[test]
fn a_first_load_is_known_and_does_not_prompt() {
    let mut desk = Desk::new(SECOND);
    desk.counters.insert(
        "initialized".into(),
        MethodCounters { started: 1, completed: Some(0), ..MethodCounters::default() },
    );
    desk.observe(2_000, HOVER);
    desk.run(2_050, 6_000, 20);
    let stall = desk.engine.stall.as_ref().unwrap();
    let (key, count) = (stall.key, stall.captures.len() as u32);
    assert!(desk.engine.loading());
    desk.count(HOVER, 0, Some(4_000));
    desk.run(6_050, 6_600, 0);
    let arrivals: Vec<_> = (1..=count).flat_map(|number| desk.arrives(6_600, key, number)).collect();
    let (_, prompt) = closed(&arrivals).expect("over");
    assert!(!prompt);
    let load = desk.engine.incident(key, 6_600 * MS).unwrap().load.expect("during a load");
    assert!(load.ordinary && load.peak_rss_bytes > 1_000 * MB);
}

#[test]
fn gopls_gone_mid_capture_keeps_what_is_known() {
    let mut desk = Desk::new(60 * SECOND);
    desk.observe(1_000, HOVER);
    desk.run(1_050, 1_500, 10);
    let key = desk.engine.stall.as_ref().unwrap().key;
    let actions = desk.at(1_500, Event::GoplsGone);
    assert!(closed(&actions).is_none(), "captures are still to be reported");
    for number in 1..=3 {
        let mut capture = desk.capture(number);
        capture.state = CaptureState::Partial;
        capture.error = Some("connection closed after 4096 bytes".into());
        desk.at(1_510, Event::CaptureUpdate { key, capture: Box::new(capture) });
    }
    assert!(desk.told.iter().any(|a| matches!(a, Action::Close { prompt: false, .. })));
    let incident = desk.engine.incident(key, 1_600 * MS).unwrap();
    assert_eq!(incident.state, IncidentState::GoplsGone);
    assert_eq!(incident.request.end_ns, Some(1_500 * MS));
    assert_eq!(incident.notes[0].code, "gopls-gone");
}

#[test]
fn a_wait_in_which_gopls_ends_is_an_incident_right_after_another_one() {
    let mut desk = Desk::new(60 * SECOND);
    desk.observe(1_000, HOVER);
    desk.run(1_050, 1_400, 0);
    desk.count(HOVER, 0, Some(400));
    desk.run(1_400, 2_400, 0);
    desk.observe(3_000, HOVER);
    desk.run(3_050, 3_400, 0);
    let stall = desk.engine.stall.as_ref().unwrap();
    let (key, recorded) = (stall.key, stall.recorded);
    assert!(!recorded, "so soon after another one it is only a line in the log");
    let actions = desk.at(3_500, Event::GoplsGone);
    assert!(actions.iter().any(|a| matches!(a, Action::Open { .. })), "{actions:?}");
    let incident = desk.engine.incident(key, 3_600 * MS).unwrap();
    assert_eq!(incident.state, IncidentState::GoplsGone);
    assert_eq!(incident.request.method, HOVER);
}

#[test]
fn a_page_that_hung_longer_than_the_whole_request_still_gives_an_incident() {
    let mut desk = Desk::new(60 * SECOND);
    desk.count(HOVER, 1, Some(1_500));
    let actions = desk.poll(2_500);
    assert!(actions.iter().any(|a| matches!(a, Action::Open { .. })), "{actions:?}");
    let stall = desk.engine.stall.as_ref().unwrap();
    assert_eq!(stall.decisions[0].values["how"], Value::Text("after-the-fact".into()));
}

#[test]
fn a_wait_for_the_extension_host_is_an_incident_that_blames_nothing_on_gopls() {
    let mut desk = Desk::new(60 * SECOND);
    desk.at(4_000, Event::HostLagged { lag_ns: 3_000 * MS });
    desk.observe(4_002, HOVER);
    desk.count(HOVER, 0, Some(1));
    desk.poll(4_040);
    let key = desk.engine.stall.as_ref().unwrap().key;
    desk.run(4_100, 4_600, 0);
    assert!(desk.told.iter().any(|a| matches!(a, Action::Close { prompt: false, .. })), "{:?}", desk.told);
    assert!(!desk.told.iter().any(|a| matches!(a, Action::Capture { .. } | Action::TellStall { .. })));
    let incident = desk.engine.incident(key, 5_000 * MS).unwrap();
    assert_eq!((incident.state, incident.held_up_ns), (IncidentState::Complete, 3_000 * MS));
    assert_eq!(incident.decisions[0].rule, "held-up");
    let kinds: Vec<_> = incident.causes.iter().map(|cause| cause.kind).collect();
    assert_eq!(kinds, [crate::wait::CauseKind::ExtensionHost]);
    assert!(incident.causes[0].share > 0.99, "{:?}", incident.causes);
}

#[test]
fn a_long_wait_for_the_extension_host_is_kept_however_soon_it_follows_another() {
    let mut desk = Desk::new(60 * SECOND);
    for (at_ms, lag_ms) in [(2_000, 900), (4_000, 900), (5_500, 1_400)] {
        desk.at(at_ms, Event::HostLagged { lag_ns: lag_ms * MS });
        desk.observe(at_ms + 2, HOVER);
        desk.count(HOVER, 0, Some(1));
        desk.poll(at_ms + 40);
        desk.run(at_ms + 100, at_ms + 700, 0);
    }
    desk.observe(7_000, HOVER);
    desk.count(HOVER, 0, Some(20));
    desk.poll(7_040);
    desk.at(8_300, Event::HostLagged { lag_ns: 1_285 * MS });
    let told: Vec<_> = desk.engine.decisions().map(|d| (d.rule.as_str(), d.fired)).collect();
    let by_host: Vec<_> =
        told.into_iter().filter(|(rule, _)| ["held-up", "taken-late"].contains(rule)).collect();
    assert_eq!(
        by_host,
        [("held-up", true), ("held-up", false), ("held-up", true), ("taken-late", true)],
        "of rows of short ones only the first is kept"
    );
}

#[test]
fn what_looked_like_a_stall_after_a_busy_host_is_kept_and_nobody_is_prompted() {
    let mut desk = Desk::new(60 * SECOND);
    desk.at(4_000, Event::HostLagged { lag_ns: 3_000 * MS });
    desk.observe(4_002, HOVER);
    // The page comes late, so that it looks unanswered; gopls's own clock says that it was not.
    desk.at(4_300, Event::Tick);
    assert!(!desk.engine.stall.as_ref().unwrap().held_up);
    desk.count(HOVER, 0, Some(1));
    let key = desk.engine.stall.as_ref().unwrap().key;
    desk.poll(4_310);
    desk.run(4_350, 4_900, 0);
    for number in 1..=2 {
        desk.arrives(4_900, key, number);
    }
    assert!(desk.told.iter().any(|a| matches!(a, Action::Close { prompt: false, .. })), "{:?}", desk.told);
    assert!(!desk.told.iter().any(|a| matches!(a, Action::Withdraw { .. })));
    let incident = desk.engine.incident(key, 5_000 * MS).unwrap();
    assert_eq!(incident.causes[0].kind, crate::wait::CauseKind::ExtensionHost);
}

#[test]
fn an_answer_that_a_busy_extension_host_takes_late_is_an_incident_that_blames_nothing_on_gopls() {
    let mut desk = Desk::new(60 * SECOND);
    desk.observe(2_000, HOVER);
    desk.count(HOVER, 0, Some(20));
    desk.poll(2_040);
    assert!(desk.engine.stall.is_none(), "gopls answered in time");
    // Busy from the moment it had asked; the beat was due a little later, so that much is not seen.
    desk.at(5_000, Event::HostLagged { lag_ns: 2_985 * MS });
    let stall = desk.engine.stall.as_ref().unwrap();
    let (key, held_up) = (stall.key, stall.held_up);
    assert!(held_up);
    desk.run(5_050, 5_600, 0);
    assert!(desk.told.iter().any(|a| matches!(a, Action::Close { prompt: false, .. })), "{:?}", desk.told);
    assert!(!desk.told.iter().any(|a| matches!(a, Action::Capture { .. } | Action::TellStall { .. })));
    let incident = desk.engine.incident(key, 6_000 * MS).unwrap();
    let end_ns = incident.request.end_ns.unwrap();
    assert_eq!((incident.held_up_ns, incident.taken_late_ns), (0, 5_000 * MS - end_ns));
    assert_eq!(incident.decisions[0].rule, "taken-late");
    let kinds: Vec<_> = incident.causes.iter().map(|cause| cause.kind).collect();
    assert_eq!(kinds, [crate::wait::CauseKind::ExtensionHost]);
    assert_eq!(incident.waited_ns(), Some(incident.request.duration_ns.unwrap() + incident.taken_late_ns));
    // The next one is a wait of its own.
    desk.at(7_000, Event::HostLagged { lag_ns: 1_500 * MS });
    assert!(desk.engine.stall.is_none());
}

#[test]
fn a_stall_whose_answer_is_taken_late_learns_it_before_it_is_closed() {
    let mut desk = Desk::new(60 * SECOND);
    desk.observe(2_000, HOVER);
    desk.run(2_050, 3_400, 0);
    let key = desk.engine.stall.as_ref().unwrap().key;
    desk.count(HOVER, 0, Some(1_400));
    desk.run(3_400, 4_000, 0);
    assert!(desk.engine.stall.is_none(), "sealed, its captures on the way");
    desk.at(5_400, Event::HostLagged { lag_ns: 2_500 * MS });
    assert!(desk.engine.stall.is_none(), "no second incident of the same wait");
    let incident = desk.engine.incident(key, 6_000 * MS).unwrap();
    let late_ns = 5_400 * MS - incident.request.end_ns.unwrap();
    assert_eq!(incident.taken_late_ns, late_ns);
    let host = incident.causes.iter().find(|c| c.kind == crate::wait::CauseKind::ExtensionHost).unwrap();
    assert!(host.duration_ns >= late_ns, "{:?}", incident.causes);
}

#[test]
fn a_stall_of_gopls_right_after_is_another_one_and_a_short_lag_is_none() {
    let mut desk = Desk::new(60 * SECOND);
    desk.at(2_000, Event::HostLagged { lag_ns: 150 * MS });
    desk.observe(2_001, HOVER);
    desk.count(HOVER, 0, Some(1));
    desk.poll(2_040);
    assert!(desk.engine.stall.is_none(), "150 ms are no wait");
    // Somebody asked long after the lag.
    desk.at(3_000, Event::HostLagged { lag_ns: 900 * MS });
    desk.observe(3_200, HOVER);
    desk.count(HOVER, 0, Some(1));
    desk.poll(3_240);
    assert!(desk.engine.stall.is_none());

    desk.at(6_000, Event::HostLagged { lag_ns: 2_000 * MS });
    desk.observe(6_001, HOVER);
    desk.observe(6_002, "textDocument/definition");
    desk.count(HOVER, 0, Some(1));
    desk.poll(6_040);
    assert!(desk.engine.stall.as_ref().unwrap().held_up);
    desk.run(6_050, 6_400, 0);
    let stall = desk.engine.stall.as_ref().unwrap();
    assert_eq!(
        (stall.held_up, stall.asked.as_ref().unwrap().method.as_str()),
        (false, "textDocument/definition")
    );
    assert!(
        desk.told.iter().any(|a| matches!(a, Action::Close { prompt: false, .. })),
        "the first is written"
    );
}

#[test]
fn cancelled_and_asked_again_is_one_wait() {
    let mut desk = Desk::new(60 * SECOND);
    desk.observe(1_000, HOVER);
    desk.run(1_050, 1_400, 0);
    desk.count(HOVER, 0, Some(400));
    desk.run(1_400, 1_500, 0);
    desk.observe(1_500, HOVER);
    desk.run(1_550, 2_500, 0);
    desk.count(HOVER, 0, Some(1_000));
    desk.run(2_500, 3_000, 0);
    let stalls = desk.engine.decisions().filter(|d| d.rule == "stall").count();
    assert_eq!(stalls, 1);
    assert_eq!(desk.engine.closing[0].sealed.as_ref().unwrap().requests.len(), 2);
}

#[test]
fn no_debug_server_no_captures_and_the_log_says_so() {
    let mut desk = Desk::new(60 * SECOND);
    desk.at(100, Event::Source { source: LatencySource::Echo, debug: false });
    desk.observe(1_000, HOVER);
    desk.at(1_001, Event::EchoBegan { method: HOVER.into(), uri: "file:///w/a.go".into() });
    let mut actions = Vec::new();
    for at in (1_050..2_000).step_by(50) {
        desk.rss_mb += 10;
        let rss_bytes = desk.rss_mb * MB;
        actions.extend(desk.at(at, Event::Sample { rss_bytes, cpu_ns: Some(0), go_children: 0 }));
    }
    assert_eq!(captures(&actions), []);
    let key = desk.engine.stall.as_ref().unwrap().key;
    desk.at(2_000, Event::EchoEnded { method: HOVER.into(), uri: "file:///w/a.go".into() });
    assert!(closed(&desk.at(2_500, Event::Tick)).is_some());
    let incident = desk.engine.incident(key, 2_500 * MS).unwrap();
    assert_eq!(incident.request.duration_ns, Some(1_000 * MS));
    assert!(rules(&incident).contains(&"heap-on-growth held: no-debug-server".to_owned()));
}

#[test]
fn a_calm_gopls_gives_one_baseline_and_not_another_without_work() {
    let mut desk = Desk::new(60 * SECOND);
    let actions = desk.run(1_000, 20_000, 0);
    assert_eq!(actions.iter().filter(|a| matches!(a, Action::Baseline)).count(), 1);
    desk.at(20_000, Event::BaselineTaken(Ok(())));
    let later = desk.run(400_000, 410_000, 0);
    assert_eq!(later.iter().filter(|a| matches!(a, Action::Baseline)).count(), 0, "nothing happened since");
    desk.cpu_ms = 30_000;
    desk.run(410_000, 412_000, 0);
    let later = desk.run(412_000, 420_000, 0);
    assert_eq!(later.iter().filter(|a| matches!(a, Action::Baseline)).count(), 1);
}

#[test]
fn a_baseline_given_up_is_taken_at_the_next_calm_moment_and_a_failed_one_is_not() {
    let baselines = |actions: &[Action]| actions.iter().filter(|a| matches!(a, Action::Baseline)).count();
    let mut desk = Desk::new(60 * SECOND);
    assert_eq!(baselines(&desk.run(1_000, 5_000, 0)), 1);
    desk.at(5_000, Event::BaselineGivenUp);
    assert_eq!(baselines(&desk.run(5_000, 7_900, 0)), 0, "not calm for long enough");
    assert_eq!(baselines(&desk.run(7_900, 9_000, 0)), 1);
    desk.at(9_000, Event::BaselineTaken(Err("no answer".into())));
    assert_eq!(baselines(&desk.run(9_000, 20_000, 0)), 0);
}

#[test]
fn polling_is_fast_only_while_somebody_waits() {
    let mut desk = Desk::new(60 * SECOND);
    desk.observe(1_000, HOVER);
    assert_eq!(desk.engine.poll_interval_ns(1_010 * MS), Some(50 * MS));
    assert_eq!(desk.engine.poll_interval_ns(9_000 * MS), Some(250 * MS), "the end is exact anyway");
    let off = WatchSettings { poll_idle_ms: 0.0, ..WatchSettings::default() };
    assert_eq!(Desk::with(off, 60 * SECOND).engine.poll_interval_ns(10 * MS), None);
}

#[test]
fn a_capture_on_request_is_an_incident_of_its_own() {
    let mut desk = Desk::new(60 * SECOND);
    let actions = desk.at(1_000, Event::CaptureRequested(CaptureRequest::HEAP));
    assert_eq!(captures(&actions), [CaptureKind::Heap, CaptureKind::Memory]);
    let key = desk.engine.closing[0].key;
    desk.arrives(1_100, key, 1);
    let actions = desk.arrives(1_120, key, 2);
    assert!(matches!(actions[..], [Action::Close { on_request: true, prompt: false, .. }]), "{actions:?}");
    let incident = desk.engine.incident(key, 1_200 * MS).unwrap();
    assert_eq!(incident.request.method, "capture-on-request");
    assert_eq!(incident.request.duration_ns, Some(120 * MS));
}

#[test]
fn a_recording_that_is_cancelled_lasts_until_then_whatever_is_beside_it() {
    let mut desk = Desk::new(60 * SECOND);
    desk.at(1_000, by_hand(CaptureWhat::Cpu));
    let key = desk.engine.closing[0].key;
    let cpu = desk.engine.closing[0].captures[0].clone();
    let baseline = Capture {
        kind: CaptureKind::Baseline,
        state: CaptureState::Complete,
        received_ns: Some(400 * MS),
        ..cpu.clone()
    };
    desk.at(1_050, Event::CaptureAdded { key, capture: Box::new(baseline) });
    let cancelled = Capture { state: CaptureState::Failed, ..cpu };
    let actions = desk.at(3_000, Event::CaptureUpdate { key, capture: Box::new(cancelled) });
    assert!(matches!(actions[..], [Action::Close { on_request: true, .. }]), "{actions:?}");
    let incident = desk.engine.incident(key, 3_100 * MS).unwrap();
    assert_eq!(incident.request.duration_ns, Some(2_000 * MS));
}

#[test]
fn stalls_beyond_the_budget_have_no_folder_but_a_line_in_the_log() {
    let mut desk = Desk::new(60 * SECOND);
    let mut opened = Vec::new();
    for start in [1_000, 2_500] {
        desk.observe(start, HOVER);
        let actions = desk.run(start + 50, start + 400, 0);
        opened.push(actions.iter().filter(|a| matches!(a, Action::Open { .. })).count());
        desk.count(HOVER, 0, Some(400));
        desk.run(start + 400, start + 1_000, 0);
    }
    assert_eq!(opened, [1, 0], "a light incident every five seconds at most");
    let held = desk.engine.decisions().any(|d| d.rule == "light-evidence" && d.reason == "cool-down");
    assert!(held);
}

/// The readings asked for: of each whether a heap comes with it.
fn readings(actions: &[Action]) -> Vec<bool> {
    let heap = |action: &Action| if let Action::ReadMemory { heap } = action { Some(*heap) } else { None };
    actions.iter().filter_map(heap).collect()
}

#[test]
fn statistics_are_read_while_nobody_waits_and_one_at_a_time() {
    let settings = WatchSettings { baseline_interval_s: 0.0, ..WatchSettings::default() };
    let mut desk = Desk::with(settings, 600 * SECOND);
    desk.readings_come = false;
    assert_eq!(readings(&desk.run(500, 1_000, 0)), [true], "the first one at once, with the heap");
    assert_eq!(readings(&desk.run(1_000, 200_000, 0)), [false; 0], "not again before that one has come");
    desk.at(200_000, Event::MemoryRead(None));

    desk.observe(200_010, HOVER);
    let waiting = desk.run(200_050, 360_000, 0);
    assert_eq!(readings(&waiting), [false; 0], "somebody waits, however long");
    let key = desk.engine.stall.as_ref().unwrap().key;
    for number in [1, 2] {
        desk.arrives(360_000, key, number);
    }
    desk.count(HOVER, 0, Some(159_000));
    assert!(closed(&desk.run(360_000, 361_000, 0)).is_some());
    desk.engine.forget(key);
    assert_eq!(readings(&desk.run(361_000, 362_000, 0)), [true], "when it is over");
}

#[test]
fn who_allocates_is_told_from_two_readings_with_a_heap_and_forgotten_with_its_gopls() {
    let mut desk = Desk::new(600 * SECOND);
    desk.readings_come = false;
    let rate = |desk: &mut Desk, at_ms: u64| desk.engine.memory(at_ms * MS).and_then(|view| view.allocation);
    desk.at(60_000, memory_read(1_000));
    assert_eq!(rate(&mut desk, 60_000), None, "one tells nothing");
    desk.at(120_000, memory_read(1_000));
    assert_eq!(rate(&mut desk, 120_000), None, "no GC cycle in between");
    desk.at(180_000, memory_read(2_200));
    let found = rate(&mut desk, 200_000).unwrap();
    assert_eq!((found.at_ns, found.over_ns), (180 * SECOND, 120 * SECOND));
    assert_eq!((found.bytes_per_s / 1e6, found.sites[0].function.as_str()), (10.0, "go/types.New"));
    desk.at(200_000, Event::GoplsGone);
    desk.at(200_100, Event::GoplsFound { gopls: identity(), uptime_ns: 600 * SECOND, earlier_loads: vec![] });
    desk.at(240_000, memory_read(3_000));
    assert_eq!(rate(&mut desk, 240_000), None);
}

#[test]
fn a_version_that_only_gopls_itself_tells_is_known_from_then_on_and_the_executable_knows_best() {
    let mut desk = Desk::new(60 * SECOND);
    let untold = GoplsIdentity { version: None, go_version: Some("go1.26.8".into()), ..identity() };
    desk.at(100, Event::GoplsFound { gopls: untold, uptime_ns: 60 * SECOND, earlier_loads: vec![] });
    let actions = desk.at(200, Event::CaptureRequested(CaptureRequest::HEAP));
    let Some(Action::Open { key }) = actions.first() else { panic!("{actions:?}") };
    desk.at(300, Event::Version { version: Some("v0.23.0".into()), go_version: Some("go1.25".into()) });
    let gopls = desk.engine.incident(*key, 400 * MS).unwrap().gopls;
    assert_eq!((gopls.version.as_deref(), gopls.go_version.as_deref()), (Some("v0.23.0"), Some("go1.26.8")));
    let actions = desk.at(500, Event::CaptureRequested(CaptureRequest::HEAP));
    let Some(Action::Open { key }) = actions.first() else { panic!("{actions:?}") };
    assert_eq!(desk.engine.incident(*key, 600 * MS).unwrap().gopls.version.as_deref(), Some("v0.23.0"));
}

#[test]
fn a_command_that_gopls_works_on_is_nobodys_wait() {
    let mut desk = Desk::new(60 * SECOND);
    // As our own question about the workspace is counted, should gopls take ten seconds to answer it and grow meanwhile.
    desk.count("workspace/executeCommand", 1, None);
    let actions = desk.run(100, 10_000, 10);
    assert_eq!(captures(&actions), []);
    assert!(desk.engine.stall_status(10_000 * MS).is_none() && desk.engine.is_calm());
    assert!(desk.engine.in_flight(10_000 * MS).is_empty());
    let stalls = desk.engine.decisions().filter(|decision| decision.rule == "stall").count();
    assert_eq!(stalls, 0, "{:?}", desk.engine.decisions().collect::<Vec<_>>());
    // Who asks for something behind it waits as ever.
    desk.observe(10_000, HOVER);
    desk.run(10_050, 11_000, 0);
    assert_eq!(desk.engine.stall_status(11_000 * MS).unwrap().method, HOVER);
}

#[test]
fn what_gopls_said_of_its_workspace_is_kept_with_an_incident_and_forgotten_in_time() {
    let facts = Facts { views: Some(3), workspace_modules: Some(52), ..Facts::default() };
    let mut desk = Desk::new(60 * SECOND);
    desk.at(1_000, Event::WorkspaceTold(facts));
    let actions = desk.at(2_000, Event::CaptureRequested(CaptureRequest::HEAP));
    let Some(Action::Open { key }) = actions.first() else { panic!("{actions:?}") };
    let kept = |desk: &Desk| desk.engine.incident(*key, 3_000 * MS).unwrap().workspace_facts;
    assert_eq!(kept(&desk), Some(WorkspaceFacts { at_ns: SECOND, facts }));
    let known = |desk: &Desk, at_s: u64| desk.engine.workspace_facts(at_s * SECOND).is_some();
    assert!(known(&desk, 600) && !known(&desk, 7_200), "two hours later it may be another workspace");
    // Another gopls has said nothing yet, and the incident is not its own.
    let next = GoplsIdentity { pid: 4712, ..identity() };
    desk.at(4_000, Event::GoplsFound { gopls: next, uptime_ns: 60 * SECOND, earlier_loads: vec![] });
    desk.at(4_001, Event::WorkspaceTold(Facts::default()));
    assert_ne!(kept(&desk), Some(WorkspaceFacts { at_ns: 4_001 * MS, facts: Facts::default() }));
}

#[test]
fn what_is_said_of_a_workspace_that_is_being_loaded_is_not_kept() {
    let mut desk = Desk::new(0);
    desk.tick(100, 0);
    assert!(desk.engine.loading());
    desk.at(200, Event::WorkspaceTold(Facts { views: Some(1), ..Facts::default() }));
    assert_eq!(desk.engine.workspace_facts(300 * MS), None);
}

#[test]
fn an_incident_keeps_what_the_live_heap_had_done_when_it_began() {
    let mut desk = Desk::new(600 * SECOND);
    desk.readings_come = false;
    let hover = |desk: &mut Desk, at_ms: u64| {
        desk.observe(at_ms, HOVER);
        desk.run(at_ms + 50, at_ms + 400, 0);
        let key = desk.engine.stall.as_ref().unwrap().key;
        // What is read later does not change it.
        let began = desk.engine.incident(key, (at_ms + 400) * MS).unwrap().memory_verdict;
        desk.at(at_ms + 410, memory_read(9_000_000));
        assert_eq!(desk.engine.incident(key, (at_ms + 420) * MS).unwrap().memory_verdict, began);
        began
    };
    assert_eq!(hover(&mut desk, 1_000), None, "nothing was read");

    let mut desk = Desk::new(600 * SECOND);
    desk.readings_come = false;
    for cycle in 1..=3 {
        desk.at(1_000 * cycle, memory_read(1_000 * cycle));
    }
    let verdict = hover(&mut desk, 10_000).unwrap();
    assert_eq!(verdict.kind, MemoryVerdictKind::NotEnoughEvidence);
    assert_eq!((verdict.cycles, verdict.needed_cycles), (3, 5));

    let mut desk = Desk::new(100 * MS);
    let verdict = hover(&mut desk, 1_000).unwrap();
    assert_eq!(verdict.kind, MemoryVerdictKind::WorkspaceLoad, "seen by its signs, without a reading");
}

/// A reading of a gopls which has allocated so much since it began.
fn memory_read(allocated_mb: u64) -> Event {
    let reading = crate::memory::tests::reading(0, 300, allocated_mb);
    let bytes = (allocated_mb * MB) as f64;
    let site = AllocationSite {
        function: "go/types.New".to_owned(),
        subsystem: "type-checking".to_owned(),
        bytes,
        variance: bytes,
    };
    let sites = AllocationSites { total_bytes: bytes, sites: vec![site], left_out_bytes: 0.0 };
    Event::MemoryRead(Some(Box::new(MemoryRead {
        stats: reading.stats,
        resident: reading.resident,
        heap: reading.heap,
        sites: Some(sites),
        goroutines: Some(20),
    })))
}

#[test]
fn no_reading_beside_a_baseline_and_no_baseline_beside_a_reading() {
    let mut desk = Desk::new(600 * SECOND);
    desk.readings_come = false;
    let is_baseline = |action: &&Action| matches!(action, Action::Baseline);
    let first = desk.run(500, 10_000, 0);
    assert_eq!((readings(&first).len(), first.iter().filter(is_baseline).count()), (1, 0));
    desk.at(10_000, Event::MemoryRead(None));
    let second = desk.run(10_050, 400_000, 0);
    assert_eq!((readings(&second).len(), second.iter().filter(is_baseline).count()), (0, 1));
}

/// A stamp that no page confirms is taken for one that gopls was never asked about; by then it may be a stall.
#[test]
fn a_request_that_is_lost_keeps_its_name() {
    let mut desk = Desk::new(3_600 * SECOND);
    let uri = Some("file:///w/a.go".to_owned());
    desk.at(100, Event::Observed(ObservedRequest { method: HOVER.into(), uri, line: Some(9) }));
    for at_ms in (150..600).step_by(50) {
        desk.at(at_ms, Event::Sample { rss_bytes: 200 * MB, cpu_ns: None, go_children: 0 });
    }
    let key = desk.engine.stall.as_ref().expect("a stall").key;
    desk.run(600, 4_000, 0);
    assert!(desk.engine.stall.is_none() && desk.engine.in_flight(4_000 * MS).is_empty());
    let incident = desk.engine.incident(key, 4_000 * MS).unwrap();
    assert_eq!(incident.requests, []);
    assert_eq!((incident.request.method.as_str(), incident.request.start_ns), (HOVER, 100 * MS));
    assert_eq!(incident.request.end_ns, None);
}

#[test]
fn a_long_wait_soon_after_another_has_a_folder() {
    let mut desk = Desk::new(60 * SECOND);
    desk.observe(1_000, HOVER);
    desk.run(1_050, 1_400, 0);
    desk.count(HOVER, 0, Some(400));
    desk.run(1_400, 2_000, 0);
    desk.observe(2_500, HOVER);
    assert_eq!(captures(&desk.run(2_550, 3_450, 0)), [], "the cool-down, as long as it is short");
    let actions = desk.run(3_450, 3_600, 0);
    assert!(actions.iter().any(|a| matches!(a, Action::Open { .. })), "{actions:?}");
    assert_eq!(captures(&actions), [CaptureKind::Goroutines, CaptureKind::Memory]);
    let incident = desk.engine.incident(desk.engine.stall.as_ref().unwrap().key, 3_600 * MS).unwrap();
    assert_eq!(rules(&incident), ["stall", "light-evidence held: cool-down", "light-evidence"]);
}

#[test]
fn a_load_given_up_is_neither_told_nor_a_load() {
    let mut desk = Desk::new(SECOND);
    desk.counters.insert(
        "initialized".into(),
        MethodCounters { started: 1, completed: Some(0), ..MethodCounters::default() },
    );
    for at in (2_000..16 * 60_000).step_by(1_000) {
        desk.tick(at, 0);
    }
    assert!(!desk.engine.loading());
    let told = desk.told.iter().find(|a| matches!(a, Action::LoadEnded { .. }));
    assert_eq!(told, None, "its length would be remembered as that of a load");
    assert!(!desk.engine.decisions().any(|d| d.rule == "load-ended"));
    desk.observe(960_000, HOVER);
    desk.run(960_050, 961_000, 0);
    assert_eq!(desk.engine.stall.as_ref().unwrap().load, None);
}

#[test]
fn a_wait_that_we_stop_watching_is_interrupted_not_complete() {
    let mut desk = Desk::new(60 * SECOND);
    desk.observe(1_000, HOVER);
    desk.run(1_050, 1_500, 0);
    let key = desk.engine.stall.as_ref().unwrap().key;
    desk.arrives(1_500, key, 1);
    desk.arrives(1_510, key, 2);
    assert_eq!(closed(&desk.at(1_600, Event::Paused)), Some((key, false)), "and nobody is asked about it");
    let incident = desk.engine.incident(key, 1_700 * MS).unwrap();
    assert_eq!((incident.state, incident.request.end_ns), (IncidentState::Interrupted, None));
}

#[test]
fn an_answered_wait_is_complete_even_if_we_stop_right_after() {
    let mut desk = Desk::new(60 * SECOND);
    desk.observe(1_000, HOVER);
    desk.run(1_050, 1_500, 0);
    let key = desk.engine.stall.as_ref().unwrap().key;
    desk.arrives(1_500, key, 1);
    desk.arrives(1_510, key, 2);
    desk.count(HOVER, 0, Some(500));
    desk.poll(1_520);
    assert_eq!(desk.engine.wind_up(1_600 * MS), [key]);
    let incident = desk.engine.incident(key, 1_600 * MS).unwrap();
    assert_eq!((incident.state, incident.request.end_ns), (IncidentState::Complete, Some(1_500 * MS)));
}

#[test]
fn what_is_still_on_its_way_when_we_end_is_said_to_be_cut_off() {
    let mut desk = Desk::new(60 * SECOND);
    desk.at(1_000, Event::CaptureRequested(CaptureRequest::HEAP));
    let key = desk.engine.closing[0].key;
    desk.arrives(1_100, key, 1);
    assert_eq!(desk.engine.wind_up(1_200 * MS), [key]);
    let incident = desk.engine.incident(key, 1_200 * MS).unwrap();
    assert_eq!(incident.state, IncidentState::Interrupted);
    let states: Vec<_> = incident.captures.iter().map(|c| (c.state, c.error.is_some())).collect();
    assert_eq!(states, [(CaptureState::Complete, false), (CaptureState::Failed, true)]);
}

#[test]
fn what_another_window_took_joins_what_was_taken_here_meanwhile() {
    let mut desk = Desk::new(60 * SECOND);
    let written = desk.engine.limits().clone();
    desk.observe(1_000, HOVER);
    let actions = desk.run(1_050, 1_500, 10);
    assert!(captures(&actions).contains(&CaptureKind::Heap));
    // The answer of a write from before the capture.
    desk.engine.join_limits(&written, 1_500 * MS);
    let now = desk.engine.unix_ms(2_000 * MS);
    assert!(desk.engine.limits().heap(now, desk.engine.settings()).is_err(), "the cool-down is forgotten");
}

#[test]
fn it_knows_the_moment_at_which_the_oldest_wait_becomes_a_stall() {
    let mut desk = Desk::new(60 * SECOND);
    assert!(desk.engine.is_calm());
    assert_eq!(desk.engine.stall_due_ns(), None);
    desk.observe(1_000, HOVER);
    desk.observe(1_100, "textDocument/definition");
    desk.observe(1_000, "textDocument/codeLens");
    assert!(!desk.engine.is_calm());
    let due_ns = desk.engine.stall_due_ns().unwrap();
    assert_eq!(due_ns, 1_200 * MS + 1, "that of the hover, and nobody waits for a code lens");
    let sample = || Event::Sample { rss_bytes: 200 * MB, cpu_ns: None, go_children: 0 };
    assert!(desk.engine.handle(due_ns - 1, sample()).is_empty());
    let begun = desk.engine.handle(due_ns, sample());
    assert!(begun.iter().any(|action| matches!(action, Action::TellStall { .. })), "{begun:?}");
    assert_eq!(desk.engine.stall_due_ns(), None, "it goes on");
}

#[test]
fn samples_that_come_late_and_in_a_bundle_say_the_same() {
    let mut desk = Desk::new(60 * SECOND);
    desk.at(2_100, Event::BaselineGivenUp);
    // Half a core, told with every fifth sample only.
    for at in (1_000..2_000).step_by(50) {
        let cpu_ns = (at % 250 == 0).then_some(at / 2 * MS);
        desk.at(at, Event::Sample { rss_bytes: at * MB / 10, cpu_ns, go_children: 0 });
    }
    assert_eq!(desk.engine.ring().range(0, 3_000 * MS).count(), 20);
    assert!((desk.engine.cpu_share() - 0.5).abs() < 1e-9, "{}", desk.engine.cpu_share());
}

#[test]
fn a_gopls_that_uses_no_cpu_is_asked_half_as_often() {
    let mut desk = Desk::new(60 * SECOND);
    desk.run(1_000, 2_000, 0);
    assert_eq!(desk.engine.poll_interval_ns(2_000 * MS), Some(2 * SECOND));
    for at in (2_000..3_000).step_by(50) {
        desk.cpu_ms += 20;
        desk.tick(at, 0);
    }
    assert_eq!(desk.engine.poll_interval_ns(3_000 * MS), Some(SECOND));
    desk.observe(3_000, HOVER);
    assert_eq!(desk.engine.poll_interval_ns(3_010 * MS), Some(50 * MS));
}

/// Nothing more is asked while somebody waits; right after it one page, behind what else is wanted.
#[test]
fn what_a_wait_allocated_is_read_right_after_it_and_kept_with_it() {
    let mut desk = Desk::new(3_600 * SECOND);
    desk.at(100, memory_read(1_000));
    desk.observe(1_000, HOVER);
    let during = desk.run(1_000, 3_000, 0);
    assert_eq!(captures(&during), [CaptureKind::Goroutines, CaptureKind::Memory]);
    let key = desk.engine.stall.as_ref().unwrap().key;
    desk.arrives(3_000, key, 1);
    desk.arrives(3_001, key, 2);
    desk.count(HOVER, 0, Some(2_000));
    desk.run(3_000, 3_400, 0);
    let incident = desk.engine.incident(key, 3_400 * MS).unwrap();
    let asked: Vec<_> = incident.captures.iter().map(|c| (c.kind, c.trigger.as_str())).collect();
    assert_eq!(asked[2..], [(CaptureKind::Memory, "after-wait")]);
    assert_eq!(incident.state, IncidentState::Complete);
    let begin = incident.gc.unwrap().begin.unwrap();
    assert_eq!((begin.at_ns, begin.allocated_bytes / MB), (100 * MS, 1_100));
}

#[test]
fn recorded_cpu_time_is_counted_once_and_for_its_own_gopls() {
    let mut desk = Desk::new(3_600 * SECOND);
    desk.at(100, memory_read(1_000));
    let actions = desk.at(1_000, by_hand(CaptureWhat::Cpu));
    let Action::Open { key } = actions[0] else { panic!("{actions:?}") };
    let gc_cpu = Some(crate::gc::GcCpu { cpu_ns: SECOND, samples: 100, share: 0.2, ..Default::default() });
    let capture = Capture { state: CaptureState::Complete, gc_cpu, ..desk.capture(1) };
    let update = || Event::CaptureUpdate { key, capture: Box::new(capture.clone()) };
    desk.at(2_000, update());
    desk.at(2_001, update());
    let measured = desk.engine.gc_measured(2_002 * MS).unwrap();
    assert_eq!((measured.recordings, measured.cpu.map(|cpu| cpu.samples)), (1, Some(100)));
    desk.engine.handle(3 * SECOND, Event::GoplsGone);
    let gopls = GoplsIdentity { started_unix_ms: 1.7956e12, ..identity() };
    desk.engine.handle(3 * SECOND, Event::GoplsFound { gopls, uptime_ns: SECOND, earlier_loads: vec![] });
    desk.engine.handle(3 * SECOND, memory_read(1_000));
    assert_eq!(desk.engine.gc_measured(4 * SECOND).unwrap().recordings, 0);
}

#[test]
fn what_is_asked_for_by_hand_is_told_from_what_a_rule_captures() {
    let mut desk = Desk::new(3_600 * SECOND);
    let actions = desk.at(1_000, by_hand(CaptureWhat::HeapAfterGc));
    let [
        Action::Open { .. },
        Action::Capture { key, number: 1, urgency: Urgency::OnRequest, .. },
        ref statistics,
        ref goroutines,
    ] = actions[..]
    else {
        panic!("{actions:?}")
    };
    // Not light evidence: that would make the heap before it give way.
    let beside = |number, kind| Action::Capture { key, number, kind, urgency: Urgency::OnRequest };
    assert_eq!(*statistics, beside(2, CaptureKind::Memory));
    assert_eq!(*goroutines, beside(3, CaptureKind::Goroutines));
    let incident = desk.engine.incident(key, SECOND).unwrap();
    let heap = &incident.captures[0];
    assert_eq!((heap.kind, heap.after_gc, heap.seconds), (CaptureKind::Heap, true, None));
    let actions = desk.at(1_001, by_hand(CaptureWhat::Cpu));
    assert_eq!(captures(&actions), [CaptureKind::Cpu]);
    let urgent = |a: &Action| matches!(a, Action::Capture { urgency, .. } if *urgency != Urgency::Recording);
    assert!(!actions.iter().any(urgent));
}

#[test]
fn only_what_is_evidence_of_a_stall_joins_it() {
    let mut desk = Desk::new(3_600 * SECOND);
    desk.observe(1_000, HOVER);
    desk.run(1_000, 1_400, 0);
    let stall = desk.engine.stall.as_ref().unwrap().key;
    for (at_ms, what, joins) in [
        (1_400, CaptureWhat::Heap, true),
        (1_401, CaptureWhat::Goroutines, true),
        (1_402, CaptureWhat::HeapAfterGc, false),
        (1_403, CaptureWhat::HeapDelta, false),
        (1_404, CaptureWhat::Allocs, false),
        (1_405, CaptureWhat::Cpu, false),
        (1_406, CaptureWhat::HeapText, false),
    ] {
        let actions = desk.at(at_ms, by_hand(what));
        let into = actions.iter().find_map(|a| match a {
            Action::Capture { key, kind, .. } if *kind == what.kind() => Some(*key),
            _ => None,
        });
        assert_eq!(into.unwrap() == stall, joins, "{what:?}");
    }
}

#[test]
fn a_heap_after_a_forced_collection_keeps_no_rule_from_capturing() {
    let mut desk = Desk::new(3_600 * SECOND);
    desk.at(1_000, by_hand(CaptureWhat::HeapAfterGc));
    desk.at(1_001, by_hand(CaptureWhat::HeapDelta));
    desk.observe(1_050, HOVER);
    let actions = desk.run(1_050, 1_600, 20);
    assert!(captures(&actions).contains(&CaptureKind::Heap), "{actions:?}");
}

#[test]
fn readings_go_on_beside_a_recording_and_not_beside_other_captures() {
    for (what, reads) in [(CaptureWhat::Cpu, true), (CaptureWhat::Allocs, false)] {
        let settings = WatchSettings { baseline_interval_s: 0.0, ..WatchSettings::default() };
        let mut desk = Desk::with(settings, 3_600 * SECOND);
        desk.run(1_000, 2_000, 0);
        desk.at(2_000, by_hand(what));
        desk.cpu_ms += 5_000;
        let actions: Vec<_> = (2_050..45_000).step_by(1_000).flat_map(|at| desk.tick(at, 0)).collect();
        assert_eq!(!readings(&actions).is_empty(), reads, "{what:?}");
    }
}

#[test]
fn what_is_no_heap_is_not_offered_as_one() {
    let mut desk = Desk::new(3_600 * SECOND);
    for what in [CaptureWhat::HeapDelta, CaptureWhat::Allocs, CaptureWhat::Cpu, CaptureWhat::HeapText] {
        let actions = desk.at(1_000, by_hand(what));
        let [Action::Open { key }, Action::Capture { number: 1, .. }] = actions[..] else {
            panic!("{actions:?}")
        };
        let mut capture = desk.engine.incident(key, SECOND).unwrap().captures[0].clone();
        capture.state = CaptureState::Complete;
        capture.file = "kept".into();
        capture.received_ns = Some(2 * SECOND);
        desk.at(2_000, Event::CaptureUpdate { key, capture: Box::new(capture) });
        let incident = desk.engine.incident(key, 2 * SECOND).unwrap();
        assert_eq!(incident.state, IncidentState::Complete);
        let summary = incident.summary(0);
        assert_eq!((summary.has_heap, summary.on_request), (false, Some(what.kind())), "{what:?}");
        assert_eq!(incident.heap_captures().count(), 0, "{what:?}");
        desk.engine.forget(key);
    }
}

#[test]
fn a_heap_that_did_not_come_whole_is_told_of_in_the_list() {
    let mut desk = Desk::new(3_600 * SECOND);
    let actions = desk.at(1_000, by_hand(CaptureWhat::Heap));
    let Action::Open { key } = actions[0] else { panic!("{actions:?}") };
    let told = |desk: &Desk| {
        let summary = desk.engine.incident(key, SECOND).unwrap().summary(0);
        (summary.has_heap, summary.heap_failed, summary.on_request)
    };
    assert_eq!(told(&desk), (false, false, None), "it is on its way");
    let mut capture = desk.capture(1);
    capture.state = CaptureState::Partial;
    desk.at(1_100, Event::CaptureUpdate { key, capture: Box::new(capture.clone()) });
    assert_eq!(told(&desk), (false, true, None));
    capture.state = CaptureState::Complete;
    desk.at(1_200, Event::CaptureUpdate { key, capture: Box::new(capture) });
    assert_eq!(told(&desk), (true, false, Some(CaptureKind::Heap)));
}

#[test]
fn an_incident_from_before_there_were_requests_still_reads() {
    let mut desk = Desk::new(3_600 * SECOND);
    let actions = desk.at(1_000, by_hand(CaptureWhat::Heap));
    let Action::Open { key } = actions[0] else { panic!("{actions:?}") };
    let incident = desk.engine.incident(key, SECOND).unwrap();
    // A plain capture is written as it always was.
    let text = serde_json::to_string(&incident).unwrap();
    assert!(!text.contains("after_gc") && !text.contains("seconds\""), "{text}");
    assert_eq!(serde_json::from_str::<Incident>(&text).unwrap(), incident);
}
