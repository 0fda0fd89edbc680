//! Our own traces come back as they were; those of others as far as they have slices, and nothing makes the reader panic.

use proptest::prelude::*;
use serde_json::{Value as Json, json};

use super::*;
use crate::model::Value;
use crate::trace::{Counter, Facts, Group, Mark, Slice, Trace, TraceFormat};

fn read(json: &Json) -> ReadTrace {
    ReadTrace::parse(json.to_string().as_bytes()).unwrap()
}

/// `hover 1000-9000 (queued 1000-3000, …)`, in the order of the file's rows.
fn drawn(read: &ReadTrace) -> String {
    fn slice(of: &Slice) -> String {
        let inside: Vec<_> = of.inside.iter().map(slice).collect();
        let inside = if inside.is_empty() { String::new() } else { format!(" ({})", inside.join(", ")) };
        format!("{} {}-{}{inside}", of.name, of.start_ns, of.end_ns)
    }
    let group = |group: &Group| {
        format!("{}: {}", group.name, group.slices.iter().map(slice).collect::<Vec<_>>().join(", "))
    };
    read.trace.groups.iter().map(group).collect::<Vec<_>>().join("; ")
}

// ---- Chrome ----

#[test]
fn begun_and_ended_on_threads_and_anywhere() {
    let events = json!([
        { "ph": "M", "name": "process_name", "pid": 7, "args": { "name": "gopls" } },
        { "ph": "B", "name": "outer", "cat": "work", "pid": 7, "tid": 1, "ts": 1, "args": { "n": 3, "deep": { "x": 1 } } },
        { "ph": "B", "name": "inner", "cat": "work", "pid": 7, "tid": 1, "ts": 2 },
        { "ph": "X", "name": "elsewhere", "cat": "work", "pid": 7, "tid": 2, "ts": "2.5", "dur": 1 },
        // Not in order of time, as a file may be.
        { "ph": "E", "pid": 7, "tid": 1, "ts": 9 },
        { "ph": "E", "pid": 7, "tid": 1, "ts": 5 },
        { "ph": "b", "name": "request", "cat": "rpc", "id": "0x1", "pid": 7, "tid": 1, "ts": 3 },
        { "ph": "b", "name": "request", "cat": "rpc", "id": "0x2", "pid": 7, "tid": 1, "ts": 4 },
        { "ph": "n", "name": "step", "cat": "rpc", "id": "0x1", "pid": 7, "ts": 4 },
        { "ph": "e", "name": "request", "cat": "rpc", "id": "0x1", "pid": 7, "tid": 2, "ts": 6 },
        { "ph": "e", "name": "request", "cat": "rpc", "id": "0x2", "pid": 7, "tid": 2, "ts": 8 },
        { "ph": "b", "name": "far", "id2": { "global": 5 }, "pid": 7, "ts": 1 },
        { "ph": "e", "name": "far", "id2": { "global": 5 }, "pid": 8, "ts": 2 },
        { "ph": "S", "name": "old", "cat": "old", "id": 1, "pid": 7, "tid": 1, "ts": 10 },
        { "ph": "F", "name": "old", "cat": "old", "id": 1, "pid": 7, "tid": 1, "ts": 12 },
        { "ph": "C", "name": "memory", "pid": 7, "ts": 3, "args": { "used": 4, "free": 5.5 } },
        { "ph": "s", "name": "flow", "id": 9, "pid": 7, "tid": 1, "ts": 3 },
    ]);
    for file in [events.clone(), json!({ "displayTimeUnit": "ns", "stackFrames": {}, "traceEvents": events })]
    {
        let read = read(&file);
        assert_eq!(
            drawn(&read),
            "work: outer 1000-9000 (inner 2000-5000), elsewhere 2500-3500; rpc: request 3000-6000, request 4000-8000; \
             slices: far 1000-2000; old: old 10000-12000"
        );
        assert_eq!(read.skipped, Skipped { other_kinds: 2, ..Skipped::default() });
        assert_eq!((read.trace.pid, &*read.trace.process), (7, "gopls"));
        assert_eq!(read.trace.groups[0].slices[0].facts, Facts::from([("n".to_owned(), Value::Number(3.0))]));
        let counters: Vec<_> =
            read.trace.counters.iter().map(|counter| (&*counter.name, counter.points[0])).collect();
        assert_eq!(counters, [("memory free", (3_000, 5.5)), ("memory used", (3_000, 4.0))]);
    }
}

#[test]
fn what_cannot_be_is_left_out_and_counted() {
    let whole = json!({ "ph": "X", "name": "good", "ts": 1, "dur": 1 });
    for (bad, expected) in [
        (
            json!({ "ph": "X", "name": "a", "ts": -1, "dur": 5 }),
            Skipped { malformed: 1, ..Skipped::default() },
        ),
        (
            json!({ "ph": "X", "name": "a", "ts": 1, "dur": -5 }),
            Skipped { malformed: 1, ..Skipped::default() },
        ),
        (
            json!({ "ph": "X", "name": "a", "ts": 1e300, "dur": 1 }),
            Skipped { malformed: 1, ..Skipped::default() },
        ),
        (
            json!({ "ph": "X", "name": "a", "ts": "NaN", "dur": 1 }),
            Skipped { malformed: 1, ..Skipped::default() },
        ),
        (json!({ "ph": "X", "name": "a", "ts": 1 }), Skipped { malformed: 1, ..Skipped::default() }),
        (json!({ "ph": "X", "name": "", "ts": 1, "dur": 1 }), Skipped { malformed: 1, ..Skipped::default() }),
        (json!({ "ph": 7, "name": "a", "ts": 1, "dur": 1 }), Skipped { malformed: 1, ..Skipped::default() }),
        (json!({ "ph": "b", "name": "a", "ts": 1 }), Skipped { malformed: 1, ..Skipped::default() }),
        (json!("text"), Skipped { malformed: 1, ..Skipped::default() }),
        (json!({ "ph": "B", "name": "a", "ts": 1 }), Skipped { unbalanced: 1, ..Skipped::default() }),
        (json!({ "ph": "E", "ts": 1 }), Skipped { unbalanced: 1, ..Skipped::default() }),
        (json!({ "ph": "P", "name": "sample", "ts": 1 }), Skipped { other_kinds: 1, ..Skipped::default() }),
    ] {
        let read = read(&json!([whole, bad]));
        assert_eq!((drawn(&read), read.skipped), ("slices: good 1000-2000".to_owned(), expected), "{bad}");
    }
}

#[test]
fn a_list_that_is_never_closed_is_read_up_to_there() {
    let event = r#"{"ph":"X","name":"a","ts":1,"dur":1}"#;
    for text in [
        format!("[{event},\n"),
        format!("[{event}"),
        format!("[{event},{{\"ph\":\"X\",\"na"),
        format!("{{\"traceEvents\":[{event},"),
    ] {
        let read = ReadTrace::parse(text.as_bytes()).unwrap();
        assert_eq!((drawn(&read).as_str(), read.skipped.is_cut_off), ("slices: a 1000-2000", true), "{text}");
    }
}

#[test]
fn what_reaches_out_of_its_slice_is_within_none() {
    let event = |name: &str, ts: u32, dur: u32| json!({ "ph": "X", "name": name, "ts": ts, "dur": dur });
    let read = read(&json!([
        event("a", 0, 10),
        event("b", 2, 4),
        event("c", 5, 9),
        event("d", 10, 0),
        event("e", 6, 1)
    ]));
    assert_eq!(drawn(&read), "slices: a 0-10000 (b 2000-6000), c 5000-14000 (e 6000-7000, d 10000-10000)");
}

#[test]
fn depth_and_numbers_are_capped() {
    let deep: Vec<_> =
        (0..1_000).map(|n| json!({ "ph": "X", "name": "a", "ts": n, "dur": 5_000 - 2 * n })).collect();
    let read_deep = read(&json!(deep));
    assert_eq!(
        (read_deep.trace.slice_count(), read_deep.skipped.beyond_limits),
        (MOST_DEPTH, 1_000 - MOST_DEPTH as u64)
    );
    let event = r#"{"ph":"X","name":"a","ts":1,"dur":1},"#;
    let many = format!("[{}{{}}]", event.repeat(MOST_EVENTS + 7));
    let read_many = ReadTrace::parse(many.as_bytes()).unwrap();
    assert_eq!(
        read_many.skipped.beyond_limits + read_many.trace.slice_count() as u64,
        MOST_EVENTS as u64 + 7
    );
    assert!(matches!(ReadTrace::parse(&vec![b' '; MOST_FILE_BYTES + 1]), Err(NotATrace::TooLarge { .. })));
}

#[test]
fn what_is_no_trace_says_what_to_do() {
    let refused = |text: &str| ReadTrace::parse(text.as_bytes()).unwrap_err().to_string();
    assert!(refused("").contains("speedscope"));
    assert!(refused("\x0a\x03abc").contains("binary"));
    assert!(refused("[1, 2").contains("nothing to compare"));
    assert!(refused(&"[".repeat(100_000)).contains("nothing to compare"));
    assert!(refused(r#"{"format":1,"id":"x"}"#).contains("traceEvents"));
    assert!(refused(r#"{"profiles":[],"shared":{"frames":[]}}"#).contains("nothing to compare"));
    assert!(ReadTrace::looks_like_one(b" [ {") && ReadTrace::looks_like_one(b"{\"a\""));
    assert!(
        !ReadTrace::looks_like_one(b"[Trace - 09:00:00.000 AM] Sending")
            && !ReadTrace::looks_like_one(b"gc 1")
    );
}

// ---- speedscope ----

fn speedscope(profile: &Json) -> Json {
    json!({
        "$schema": "https://www.speedscope.app/file-format-schema.json", "name": "a file",
        "profiles": [profile],
        "shared": { "frames": [{ "name": "main", "file": "x.go" }, { "name": "parse" }, { "name": "check" }] },
    })
}

#[test]
fn samples_become_slices() {
    let sampled = json!({
        "type": "sampled", "name": "CPU", "unit": "milliseconds", "startValue": 10, "endValue": 16,
        "samples": [[0, 1], [0, 1], [0, 2], [1]], "weights": [1, 2, 2, 1],
    });
    let read = read(&speedscope(&sampled));
    assert_eq!(
        drawn(&read),
        "CPU: main 10000000-15000000 (parse 10000000-13000000, check 13000000-15000000), parse 15000000-16000000"
    );
    assert_eq!((&*read.trace.title, read.format), ("a file", TraceFormat::Speedscope));
    assert_eq!(read.skipped, Skipped::default());
}

#[test]
fn frames_that_do_not_nest_or_are_not_there_are_counted() {
    let open = |frame: u32, at: f64| json!({ "type": "O", "frame": frame, "at": at });
    let close = |frame: u32, at: f64| json!({ "type": "C", "frame": frame, "at": at });
    let events = json!([
        open(0, 1.0),
        open(1, 2.0),
        close(0, 3.0),
        close(1, 4.0),
        open(9, 4.0),
        close(2, -5.0),
        close(0, 6.0),
        open(2, 7.0),
    ]);
    let evented = json!({ "type": "evented", "name": "rows (3)", "unit": "microseconds", "events": events });
    let told = read(&speedscope(&evented));
    assert_eq!(drawn(&told), "rows: main 1000-6000 (parse 2000-4000)");
    assert_eq!(told.skipped, Skipped { unbalanced: 2, malformed: 2, ..Skipped::default() });
    let bytes = json!({ "type": "sampled", "unit": "bytes", "samples": [[0]], "weights": [1] });
    let mut file = speedscope(&evented);
    file["profiles"].as_array_mut().unwrap().extend([bytes, json!(7)]);
    assert_eq!(
        read(&file).skipped,
        Skipped { unbalanced: 2, malformed: 3, other_kinds: 1, ..Skipped::default() }
    );
}

// ---- ours ----

/// Slices one after the other within `from` to `to`, each with such within it. Lengths are at least one.
fn slices(depth: u32, from: Ns, to: Ns) -> BoxedStrategy<Vec<Slice>> {
    let names = prop::sample::select(vec!["hover", "type checking", "a (2)", "\u{1f980} \"q\"\n", "解析"]);
    prop::collection::vec((names, prop::collection::btree_set(from..to, 0..8)), 0..2)
        .prop_flat_map(move |rows| {
            let ends: Vec<(String, Ns, Ns)> = rows
                .into_iter()
                .take(1)
                .flat_map(|(name, ends)| {
                    let ends: Vec<_> = ends.into_iter().collect();
                    ends.chunks_exact(2).map(|pair| (name.to_owned(), pair[0], pair[1])).collect::<Vec<_>>()
                })
                .collect();
            let one = |(name, begin_ns, end_ns): (String, Ns, Ns)| {
                let inside = if depth > 0 && end_ns - begin_ns > 2 {
                    slices(depth - 1, begin_ns, end_ns)
                } else {
                    Just(Vec::new()).boxed()
                };
                let facts = prop::option::of((0_u32..9).prop_map(|n| Value::Number(n.into())));
                (inside, facts).prop_map(move |(inside, fact)| Slice {
                    name: name.clone(),
                    start_ns: begin_ns,
                    end_ns,
                    facts: fact.map(|fact| ("n_count".to_owned(), fact)).into_iter().collect(),
                    inside,
                })
            };
            ends.into_iter().map(one).collect::<Vec<_>>()
        })
        .boxed()
}

/// Ten days in nanoseconds: no watcher's clock counts further.
const LONG_NS: Ns = 864_000_000_000_000;

/// A trace whose slices overlap, and lie at moments of every size.
fn trace() -> impl Strategy<Value = Trace> {
    let end = prop::sample::select(vec![40, 5_000, 10_000_000_000, LONG_NS]);
    let rows = end.prop_flat_map(|end| prop::collection::vec(slices(2, 0, end), 1..4));
    let group = |name: &'static str| {
        let rows = rows.clone();
        rows.prop_map(move |rows| Group { name: name.into(), slices: rows.into_iter().flatten().collect() })
    };
    let marks = prop::collection::vec(
        (0..LONG_NS).prop_map(|at_ns| Mark { name: "stall".into(), at_ns, facts: Facts::new() }),
        0..3,
    );
    (group("Requests of the editor"), group("Captures"), marks, 1_u32..70_000).prop_map(
        |(first, second, marks, pid)| Trace {
            title: "20261124T041900.123Z-hover-4711".into(),
            pid,
            process: "gopls v0.23.0".into(),
            groups: [first, second].into_iter().filter(|group| !group.slices.is_empty()).collect(),
            counters: vec![Counter { name: "RSS (bytes)".into(), points: vec![(1_234, 5.0), (9_999, 6.5)] }],
            marks,
        },
    )
}

/// In an order that does not depend on rows.
fn ordered(mut trace: Trace) -> Trace {
    fn key(slice: &Slice) -> (Ns, Ns, String) {
        (slice.start_ns, slice.end_ns, format!("{slice:?}"))
    }
    trace.groups.iter_mut().for_each(|group| group.slices.sort_by_key(key));
    trace.groups.sort_by(|a, b| a.name.cmp(&b.name));
    trace
}

fn without_facts(slices: &mut [Slice]) {
    slices.iter_mut().for_each(|slice| {
        slice.facts.clear();
        without_facts(&mut slice.inside);
    });
}

fn round_trip(trace: &Trace, format: TraceFormat) -> ReadTrace {
    let mut out = Vec::new();
    trace.write(format, &mut out).unwrap();
    ReadTrace::parse(&out).unwrap()
}

proptest! {
    #[test]
    fn ours_come_back_as_they_were(trace in trace().prop_filter("nothing in it", |trace| trace.slice_count() > 0)) {
        let back = round_trip(&trace, TraceFormat::Chrome);
        prop_assert_eq!(back.skipped, Skipped::default());
        prop_assert_eq!(ordered(back.trace), ordered(trace.clone()));
        // speedscope's format has slices only.
        let back = round_trip(&trace, TraceFormat::Speedscope);
        prop_assert_eq!(back.skipped, Skipped::default());
        let mut bare = Trace { pid: 0, process: String::new(), counters: vec![], marks: vec![], ..trace };
        bare.groups.iter_mut().for_each(|group| without_facts(&mut group.slices));
        prop_assert_eq!(ordered(back.trace), ordered(bare));
    }

    #[test]
    fn any_bytes_are_no_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let _ = ReadTrace::parse(&bytes);
        let _ = ReadTrace::looks_like_one(&bytes);
    }

    #[test]
    fn any_events_are_no_panic_and_never_end_before_they_begin(
        events in prop::collection::vec((prop::sample::select(vec!["X", "B", "E", "b", "e", "C", "i", "M", "S", "F", "?"]),
            any::<f64>(), any::<f64>(), -5_i64..50, 0_u8..3), 0..60),
    ) {
        let events: Vec<_> = events.into_iter().map(|(ph, ts, dur, small, id)| {
            let ts = if id == 0 { json!(ts) } else { json!(small) };
            json!({ "ph": ph, "name": "a", "cat": "c", "ts": ts, "dur": if id == 1 { json!(dur) } else { json!(small) }, "id": id, "tid": id })
        }).collect();
        if let Ok(read) = ReadTrace::parse(json!(events).to_string().as_bytes()) {
            let slices = read.trace.groups.iter().flat_map(|group| &group.slices);
            prop_assert!(slices.into_iter().all(is_sound), "{:?}", read);
            let _ = round_trip(&read.trace, TraceFormat::Chrome);
        }
    }

    #[test]
    fn any_frames_are_no_panic(
        events in prop::collection::vec((any::<bool>(), 0_usize..5, -10.0_f64..1e12), 0..60),
        samples in prop::collection::vec((prop::collection::vec(0_usize..5, 0..5), -1.0_f64..10.0), 0..30),
    ) {
        let events: Vec<_> =
            events.into_iter().map(|(opens, frame, at)| json!({ "type": if opens { "O" } else { "C" }, "frame": frame, "at": at })).collect();
        let (samples, weights): (Vec<_>, Vec<_>) = samples.into_iter().unzip();
        let file = speedscope(&json!({ "name": "", "unit": "seconds", "events": events, "samples": samples, "weights": weights }));
        if let Ok(read) = ReadTrace::parse(file.to_string().as_bytes()) {
            let slices = read.trace.groups.iter().flat_map(|group| &group.slices);
            prop_assert!(slices.into_iter().all(is_sound), "{:?}", read);
        }
    }
}

/// Ends after it begins, and what is in it lies in it, one after the other.
fn is_sound(slice: &Slice) -> bool {
    let within = |inner: &Slice| slice.start_ns <= inner.start_ns && inner.end_ns <= slice.end_ns;
    slice.start_ns <= slice.end_ns
        && slice.inside.iter().all(|inner| within(inner) && is_sound(inner))
        && slice.inside.windows(2).all(|pair| pair[0].end_ns <= pair[1].start_ns)
}
