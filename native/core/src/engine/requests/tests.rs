//! Stamps and pages of counters on a clock of our own, joined to requests.

use super::*;
use crate::model::MS;

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
    tracker.counters(0, MS, Counters::new(), None);
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
    assert!(t.counters(120 * MS, 122 * MS, page(1, 0, 0.0), None).is_empty());
    assert!(t.counters(5_300 * MS, 5_310 * MS, page(1, 0, 0.0), None).is_empty());
    let closed = t.counters(5_360 * MS, 5_370 * MS, page(1, 1, 5.258), None);
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
    t.counters(1_000 * MS, 1_001 * MS, page(0, 0, 0.0), None);
    t.counters(2_000 * MS, 2_001 * MS, page(1, 0, 0.0), None);
    let open = t.in_flight().next().expect("in flight");
    assert_eq!(open.start_source, TimingSource::Counters);
    assert!(open.uncertainty_ns >= 500 * MS);
    let closed = t.counters(2_100 * MS, 2_102 * MS, page(1, 1, 0.700), None);
    assert_eq!(closed[0].duration_ns, Some(700 * MS));
    assert!(closed[0].start_ns >= 1_000 * MS);
}

#[test]
fn started_and_completed_between_two_pages_is_not_lost() {
    let mut t = tracker();
    t.observed(50 * MS, hover_at(1));
    // The page itself hung for two seconds.
    let closed = t.counters(60 * MS, 2_000 * MS, page(1, 1, 1.5), None);
    assert_eq!(closed[0].duration_ns, Some(1_500 * MS));
}

#[test]
fn a_stamp_without_a_request_is_denied_and_forgotten() {
    let mut t = tracker();
    t.observed(100 * MS, hover_at(1));
    t.counters(110 * MS, 112 * MS, page(0, 0, 0.0), None);
    assert_eq!(methods(&t), [HOVER], "too early to tell");
    t.counters(160 * MS, 162 * MS, page(0, 0, 0.0), None);
    assert!(t.in_flight().next().is_none());
    // It was only slow to be sent.
    t.counters(400 * MS, 402 * MS, page(1, 0, 0.0), None);
    assert_eq!(t.in_flight().next().map(|r| r.start_ns), Some(100 * MS));
}

#[test]
fn a_starved_gopls_that_answers_pages_denies_nothing() {
    let mut t = tracker();
    t.observed(100 * MS, hover_at(1));
    for page_ms in [300, 600, 1_200, 4_000] {
        t.counters((page_ms - 20) * MS, page_ms * MS, page(0, 0, 0.0), Some(Kept::Starved));
        assert_eq!(methods(&t), [HOVER], "it has not read the message yet");
    }
    let closed = t.counters(4_400 * MS, 4_500 * MS, page(1, 1, 0.030), None);
    let (duration, uncertainty) = (closed[0].duration_ns.expect("ended"), closed[0].uncertainty_ns);
    assert!(duration >= 3_900 * MS && uncertainty <= 600 * MS, "{duration} ± {uncertainty}");
    assert_eq!(closed[0].line, Some(1));
}

#[test]
fn a_stopped_gopls_owes_the_whole_wait() {
    // Stopped at 90 ms, continued at 4 s: the pages it owes are answered before it has read its messages, and by its
    // own clock the hover then took a millisecond.
    for first_page_sent_ms in [110, 160] {
        let mut t = tracker();
        t.observed(100 * MS, hover_at(1));
        t.counters(first_page_sent_ms * MS, 4_000 * MS, page(0, 0, 0.0), None);
        assert_eq!(methods(&t), [HOVER], "still waited for");
        let closed = t.counters(4_050 * MS, 4_052 * MS, page(1, 1, 0.001), None);
        let [hover] = &closed[..] else { panic!("{closed:?}") };
        let (duration, uncertainty) = (hover.duration_ns.expect("ended"), hover.uncertainty_ns);
        assert!(duration.abs_diff(3_901 * MS) <= uncertainty, "{duration} ± {uncertainty}");
        assert!(uncertainty <= 60 * MS, "{uncertainty}");
        assert_eq!(hover.line, Some(1));
    }
}

#[test]
fn of_a_late_page_the_cpu_tells_what_it_means() {
    let caught = |kept| {
        let mut t = tracker();
        t.observed(100 * MS, hover_at(1));
        // Asked for before gopls was stopped, answered after it had gone on and had answered the hover too.
        let closed = t.counters(120 * MS, 3_000 * MS, page(1, 1, 0.001), kept);
        (closed[0].duration_ns.expect("ended"), closed[0].uncertainty_ns)
    };
    let (duration, uncertainty) = caught(Some(Kept::Stopped));
    assert!(duration.abs_diff(2_899 * MS) <= uncertainty && uncertainty <= 150 * MS, "{duration}");
    let (duration, uncertainty) = caught(Some(Kept::Starved));
    assert_eq!(duration, 2_900 * MS, "when it read the message is not known: it counts until the page");
    assert!(uncertainty >= 2_800 * MS, "{uncertainty}");
    assert!(caught(None).0 <= 30 * MS, "a busy gopls had answered long before it came to our page");
}

#[test]
fn a_stopped_gopls_that_still_works_on_it_owes_the_whole_wait() {
    let mut t = tracker();
    t.observed(100 * MS, hover_at(1));
    t.counters(90 * MS, 1_900 * MS, page(1, 0, 0.0), Some(Kept::Stopped));
    let closed = t.counters(1_950 * MS, 1_952 * MS, page(1, 1, 0.036), None);
    let (duration, uncertainty) = (closed[0].duration_ns.expect("ended"), closed[0].uncertainty_ns);
    assert!(duration.abs_diff(1_836 * MS) <= uncertainty.max(10 * MS), "{duration} ± {uncertainty}");
}

#[test]
fn two_slow_pages_deny_a_stamp_as_one_prompt_page_does() {
    let mut t = tracker();
    t.observed(100 * MS, hover_at(1));
    t.counters(160 * MS, 900 * MS, page(0, 0, 0.0), None);
    assert_eq!(methods(&t), [HOVER]);
    t.counters(950 * MS, 1_700 * MS, page(0, 0, 0.0), None);
    assert!(t.in_flight().next().is_none());
}

#[test]
fn counted_a_moment_before_the_stamp_is_one_request() {
    let mut t = tracker();
    t.counters(98 * MS, 100 * MS, page(1, 0, 0.0), None);
    t.observed(101 * MS, hover_at(3));
    assert_eq!(t.in_flight().count(), 1);
    assert_eq!(t.in_flight().next().and_then(|r| r.line), Some(3));
}

#[test]
fn two_at_once_are_told_apart_by_their_length() {
    let mut t = tracker();
    t.observed(0, hover_at(1));
    t.counters(10 * MS, 12 * MS, page(1, 0, 0.0), None);
    t.observed(1_000 * MS, hover_at(2));
    t.counters(1_010 * MS, 1_012 * MS, page(2, 0, 0.0), None);
    // The second one, cancelled after 300 ms, ends first.
    let closed = t.counters(1_310 * MS, 1_320 * MS, page(2, 1, 0.310), None);
    assert_eq!(closed[0].line, Some(2));
    assert_eq!(t.in_flight().next().and_then(|r| r.line), Some(1));
}

#[test]
fn another_gopls_behind_the_same_port_starts_afresh() {
    let mut t = tracker();
    t.counters(0, MS, page(40, 40, 9.0), None);
    let closed = t.counters(1_000 * MS, 1_001 * MS, page(1, 0, 0.0), None);
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
    t.counters(0, MS, replied(4, 4), None);
    t.observed(100 * MS, hover_at(1));
    t.counters(150 * MS, 152 * MS, replied(5, 4), None);
    let closed = t.counters(900 * MS, 902 * MS, replied(5, 5), None);
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
    t.counters(0, MS, Counters::from(before.clone()), None);
    assert_eq!(t.initialized(), Initialized::Unknown, "nothing waits behind it that would tell");
    let mut waiting = Counters::from(before);
    waiting.extend([count(HOVER, 1, Some(0))]);
    t.counters(200 * MS, 201 * MS, waiting.clone(), None);
    assert_eq!(t.initialized(), Initialized::Running);
    waiting.extend([count("textDocument/codeLens", 2, Some(1))]);
    t.counters(400 * MS, 401 * MS, waiting, None);
    assert_eq!(t.initialized(), Initialized::Done);
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
    t.counters(9_000 * MS, 9_001 * MS, page(1, 1, 0.5), None);
    assert_eq!(t.in_flight().count(), 0);
}

#[test]
fn a_hover_from_before_the_debug_server_was_found_keeps_its_start() {
    let mut t = RequestTracker::default();
    t.set_source(LatencySource::Echo);
    t.observed(100 * MS, hover_at(4));
    t.set_source(LatencySource::Counters);
    t.counters(700 * MS, 702 * MS, page(1, 0, 0.0), None);
    assert_eq!(t.in_flight().map(|r| (r.start_ns, r.line)).collect::<Vec<_>>(), [(100 * MS, Some(4))]);
}

#[test]
fn learning_which_counters_they_are_forgets_nothing() {
    let mut t = tracker();
    t.observed(100 * MS, hover_at(1));
    t.counters(150 * MS, 152 * MS, page(1, 0, 0.0), None);
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
    t.counters(10 * MS, 11 * MS, formatting(1), None);
    assert!(t.in_flight().all(|r| r.interactive));
    t.save_ended(500 * MS, "file:///a.go");
    t.counters(600 * MS, 601 * MS, formatting(2), None);
    assert_eq!(t.in_flight().filter(|r| !r.interactive).count(), 1);
}
