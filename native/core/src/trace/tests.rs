//! What a viewer is given. `test/panel/trace.test.mjs` shows that a viewer can read it.

use serde_json::Value as Json;

use super::*;
use crate::log::{MessageLog, MessageRules};

fn slice(name: &str, start_ns: Ns, end_ns: Ns) -> Slice {
    Slice::new(name, start_ns, end_ns, [])
}

fn trace() -> Trace {
    let mut hover = slice("hover", 1_000, 9_000);
    hover.inside = vec![slice("queued", 1_000, 3_000), slice("type checking", 3_000, 9_000)];
    Trace {
        title: "a stall".into(),
        pid: 7,
        process: "gopls v0.23.0".into(),
        groups: vec![
            Group {
                name: "Requests".into(),
                slices: vec![slice("completion", 9_000, 9_500), hover, slice("symbol", 2_000, 4_500)],
            },
            Group { name: "Load".into(), slices: vec![slice("load", 0, 8_000)] },
        ],
        counters: vec![Counter { name: "RSS".into(), points: vec![(1_000, 5.0), (2_000, 6.5)] }],
        marks: vec![Mark { name: "stall".into(), at_ns: 4_321, facts: Facts::new() }],
    }
}

fn written(trace: &Trace, format: TraceFormat) -> Json {
    let mut out = Vec::new();
    trace.write(format, &mut out).unwrap();
    serde_json::from_slice(&out).unwrap()
}

/// Row, name, start and length of the slices of Chrome's format.
fn slices(chrome: &Json) -> Vec<(u64, &str, f64, f64)> {
    let complete = |event: &&Json| event["ph"] == "X";
    let told = |event| -> Option<(u64, &str, f64, f64)> {
        let event: &Json = event;
        Some((event["tid"].as_u64()?, event["name"].as_str()?, event["ts"].as_f64()?, event["dur"].as_f64()?))
    };
    chrome["traceEvents"].as_array().unwrap().iter().filter(complete).filter_map(told).collect()
}

#[test]
fn overlapping_slices_have_rows_of_their_own_and_parts_lie_within() {
    let chrome = written(&trace(), TraceFormat::Chrome);
    assert_eq!(
        slices(&chrome),
        [
            (1, "hover", 1.0, 8.0),
            (1, "queued", 1.0, 2.0),
            (1, "type checking", 3.0, 6.0),
            (1, "completion", 9.0, 0.5),
            (2, "symbol", 2.0, 2.5),
            (3, "load", 0.0, 8.0),
        ]
    );
    assert_eq!(trace().slice_count(), 6);
    let events = chrome["traceEvents"].as_array().unwrap();
    let named = |name: &str| events.iter().find(|event| event["name"] == name).unwrap();
    assert_eq!(named("process_name")["args"]["name"], "gopls v0.23.0");
    assert_eq!((named("stall")["ph"].as_str(), named("stall")["ts"].as_f64()), (Some("i"), Some(4.321)));
    let rss: Vec<_> =
        events.iter().filter(|event| event["ph"] == "C").map(|event| &event["args"]["value"]).collect();
    assert_eq!(rss, [5.0, 6.5]);
    assert!(events.iter().all(|event| event["pid"] == 7));
}

#[test]
fn a_reader_who_adds_lengths_finds_slices_end_to_end() {
    // Thousandths have no exact fraction in binary.
    let ends: Vec<Ns> = (0..2_000u64).map(|number| 420_220_397 + number * number * 7_919).collect();
    let mut wait = slice("hover", ends[0], *ends.last().unwrap());
    wait.inside = ends.windows(2).map(|pair| slice("phase", pair[0], pair[1])).collect();
    let groups = vec![Group { name: "Requests".into(), slices: vec![wait] }];
    let chrome = written(&Trace { groups, ..trace() }, TraceFormat::Chrome);
    let slices = slices(&chrome);
    let (_, _, begin, length) = slices[0];
    for pair in slices[1..].windows(2) {
        assert_eq!(pair[0].2 + pair[0].3, pair[1].2);
    }
    let last = slices.last().unwrap();
    assert_eq!(last.2 + last.3, begin + length, "and the last with what it is a part of");
}

#[test]
fn speedscopes_rows_open_and_close_in_order() {
    let file = written(&trace(), TraceFormat::Speedscope);
    let profiles = file["profiles"].as_array().unwrap();
    let names: Vec<_> = profiles.iter().map(|profile| profile["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["Requests", "Requests (2)", "Load"]);
    for profile in profiles {
        let (mut open, mut last) = (Vec::new(), profile["startValue"].as_u64().unwrap());
        for event in profile["events"].as_array().unwrap() {
            let at = event["at"].as_u64().unwrap();
            assert!(at >= last, "time goes on: {profile}");
            last = at;
            match event["type"].as_str() {
                Some("O") => open.push(&event["frame"]),
                _ => assert_eq!(open.pop(), Some(&event["frame"])),
            }
        }
        assert!(open.is_empty() && last <= profile["endValue"].as_u64().unwrap());
    }
}

#[test]
fn a_log_becomes_slices_of_both_sides() {
    let text = include_str!("../../../../test/fixtures/logs/v0.23.0.log");
    let mut log = MessageLog::new(MessageRules::built_in().unwrap());
    log.push(text.as_bytes());
    log.end();
    let trace = Trace::of_log(&log, "v0.23.0.log");
    let counts: Vec<_> = trace.groups.iter().map(|group| (&*group.name, group.slices.len())).collect();
    let expected = [
        ("Requests of the editor", 9),
        ("Requests of gopls", 2),
        ("Progress gopls reported", 1),
        ("Loads of packages", 3),
    ];
    assert_eq!(counts, expected);
    let pending = trace.groups[0].slices.iter().find(|slice| slice.name == "workspace/symbol").unwrap();
    assert_eq!(pending.facts["state"], "pending where the log ends".into());
    assert!(trace.counters[0].points.iter().any(|(_, most)| *most >= 1.0));

    let mut out = Vec::new();
    trace.write(TraceFormat::Chrome, &mut out).unwrap();
    let chrome = String::from_utf8(out).unwrap();
    for private in ["/home/gopher", "file://", "price.Of", "generated.go"] {
        assert!(!chrome.contains(private), "{private} is in the trace");
    }
    assert_eq!(slices(&serde_json::from_str(&chrome).unwrap()).len(), trace.slice_count());
}
