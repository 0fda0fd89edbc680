//! The door, the ring and the phases, on bodies that a real gopls v0.23.0 posted (`test/fixtures/spans`) and on made-up ones.
#![allow(clippy::unwrap_used, clippy::disallowed_methods)]

use std::path::Path;
use std::sync::Arc;

use proptest::prelude::*;
use serde_json::json;
use stallscope_pprof::Inflater;

use super::*;
use crate::model::{MS, Ns};
use crate::wait::{PackageShare, Phase, PhaseSlice, PhaseSource};

const HOVER: &str = "textDocument/hover";

/// A posted body.
fn body(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../test/fixtures/spans").join(name);
    let compressed = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut inflater = Inflater::new(&compressed[..], &stallscope_pprof::Limits::default()).unwrap();
    let (mut whole, mut chunk) = (Vec::new(), Vec::new());
    while inflater.next_chunk(&mut chunk).unwrap() {
        whole.extend_from_slice(&chunk);
    }
    whole
}

/// The bodies of a recording, one after the other, on a clock that began when gopls did.
fn recorded(name: &str, bodies: usize) -> Vec<Span> {
    const ORIGIN_UNIX_NS: u128 = 1_795_554_400_000_000_000;
    let batches = (1..=bodies).map(|number| {
        let batch = SpanBatch::parse(&body(&format!("{name}-{number}.json.gz")), ORIGIN_UNIX_NS).unwrap();
        assert_eq!((batch.refused, batch.version.as_deref()), (0, Some("v0.23.0")));
        batch.spans
    });
    batches.flatten().collect()
}

/// The phases of the first hover, from its span's beginning to its end.
fn first_hover(spans: &[Span]) -> (&Span, Vec<PhaseSlice>) {
    let hover = spans.iter().filter(|span| &*span.name == HOVER).min_by_key(|span| span.begin_ns).unwrap();
    let all: Vec<_> = spans.iter().collect();
    (hover, slices_of(&all, hover, hover.begin_ns, hover.end_ns))
}

fn slices_of(spans: &[&Span], request: &Span, begin_ns: Ns, end_ns: Ns) -> Vec<PhaseSlice> {
    phases_of(&Walk::of(spans, request), begin_ns, end_ns).0
}

fn total(slices: &[PhaseSlice], phase: Phase) -> Ns {
    slices.iter().filter(|slice| slice.phase == phase).map(|slice| slice.end_ns - slice.begin_ns).sum()
}

/// Slices that follow each other, cover exactly the wait, and are no finer than need be.
fn assert_whole(slices: &[PhaseSlice], begin_ns: Ns, end_ns: Ns) {
    assert_eq!((slices[0].begin_ns, slices[slices.len() - 1].end_ns), (begin_ns, end_ns));
    assert!(slices.iter().all(|slice| slice.begin_ns < slice.end_ns && slice.source == PhaseSource::Spans));
    for pair in slices.windows(2) {
        assert_eq!(pair[0].end_ns, pair[1].begin_ns);
        assert_ne!((pair[0].phase, pair[0].front), (pair[1].phase, pair[1].front));
    }
}

// ---- real bodies ----

#[test]
fn a_cold_first_hover_on_gopls_itself() {
    let spans = recorded("cold", 4);
    let parses = spans.iter().filter(|span| &*span.name == "cache.ParseGoSrc").count();
    assert!(spans.len() > 8_000 && parses > 4_000, "{} spans, {parses} parses", spans.len());
    let (hover, slices) = first_hover(&spans);
    assert_whole(&slices, hover.begin_ns, hover.end_ns);
    let named: Ns = hover.duration_ns() - total(&slices, Phase::Unknown) - total(&slices, Phase::Other);
    for phase in slices.iter().map(|slice| slice.phase).collect::<std::collections::BTreeSet<_>>() {
        println!("{phase:?}: {:.1} ms", total(&slices, phase) as f64 / 1e6);
    }
    assert!(named as f64 >= 0.95 * hover.duration_ns() as f64, "{named} of {}", hover.duration_ns());

    // It is queued behind the load, which is in another message's trace: `go list` and what comes after it. All of the
    // queueing is that, but for the handling of the opened file.
    let own = |name| spans.iter().find(|span| span.trace == hover.trace && &*span.name == name).unwrap();
    let other = |name| spans.iter().find(|span| &*span.name == name).unwrap();
    let (queued, initialized) = (own("queued"), other("initialized"));
    assert_eq!(total(&slices, Phase::Queued), queued.end_ns - initialized.end_ns);
    let loading = [Phase::GoCommand, Phase::Io, Phase::Metadata, Phase::AwaitingLoad];
    let loading: Ns = in_time(&slices, hover.begin_ns, initialized.end_ns, &loading);
    assert_eq!(loading, initialized.end_ns - queued.begin_ns);
    let list = spans.iter().filter(|span| span.subject.as_deref() == Some("list"));
    let list = list.max_by_key(|span| span.duration_ns()).unwrap();
    assert!(list.duration_ns() > 1_000 * MS);
    assert_eq!(in_time(&slices, list.begin_ns, list.end_ns, &[Phase::GoCommand]), list.duration_ns());
    let after = in_time(&slices, list.end_ns, initialized.end_ns, &[Phase::GoCommand]);
    assert_eq!(after, 0, "what comes after it is no `go` command");
    // Then it is served: parsing first, for what the packages refer to, then type checking.
    let first_check =
        spans.iter().filter(|span| span.name.ends_with("checkPackageForImport")).map(|span| span.begin_ns);
    let first_check = first_check.min().unwrap();
    let parsed = in_time(&slices, queued.end_ns, first_check, &[Phase::Parsing]);
    let parses = spans.iter().filter(|span| span.trace == hover.trace && &*span.name == "cache.ParseGoSrc");
    let parses = covered(parses.filter(|span| span.end_ns <= first_check));
    assert!(parsed > 400 * MS && parsed.abs_diff(parses) <= MS, "{parsed} of {parses}");
}

/// The time in which any of the spans was running.
fn covered<'a>(spans: impl Iterator<Item = &'a Span>) -> Ns {
    let mut times: Vec<_> = spans.map(|span| (span.begin_ns, span.end_ns)).collect();
    times.sort_unstable();
    let (mut sum, mut until_ns) = (0, 0);
    for (begin_ns, end_ns) in times {
        sum += end_ns.saturating_sub(begin_ns.max(until_ns));
        until_ns = until_ns.max(end_ns);
    }
    sum
}

/// How much of `from_ns` to `to_ns` is of these phases.
fn in_time(slices: &[PhaseSlice], from_ns: Ns, to_ns: Ns, phases: &[Phase]) -> Ns {
    let within = |slice: &PhaseSlice| slice.end_ns.min(to_ns).saturating_sub(slice.begin_ns.max(from_ns));
    slices.iter().filter(|slice| phases.contains(&slice.phase)).map(within).sum()
}

#[test]
fn a_batch_that_waits_for_the_packages_of_another_requests_batch() {
    // The diagnostics of the opened file need the same packages as the hover, and leave all of them to it.
    let spans = recorded("cold", 4);
    let (hover, _) = first_hover(&spans);
    let all: Vec<_> = spans.iter().collect();
    let diagnosed = spans.iter().find(|span| &*span.name == "server.diagnoseChangedFiles").unwrap();
    let is_check = |span: &&Span| span.name.starts_with("cache.typeCheckBatch.checkPackageForImport");
    let checks = |trace| spans.iter().filter(is_check).filter(|span| span.trace == trace).count();
    assert_eq!((checks(diagnosed.trace), checks(hover.trace) > 500), (0, true));
    let slices = slices_of(&all, diagnosed, diagnosed.begin_ns, diagnosed.end_ns);
    assert_whole(&slices, diagnosed.begin_ns, diagnosed.end_ns);
    assert!(total(&slices, Phase::Parsing) > 0);
    let checking = total(&slices, Phase::TypeChecking);
    assert!(checking > diagnosed.duration_ns() * 6 / 10, "{checking} of {}", diagnosed.duration_ns());
}

#[test]
fn the_request_is_found_by_its_method_and_time() {
    let spans = recorded("cold", 4);
    let (hover, _) = first_hover(&spans);
    let found = |method, begin_ns, end_ns| request_span(&spans, method, begin_ns, end_ns);
    // As the editor saw it: a little earlier and later.
    let seen = found(HOVER, hover.begin_ns - 2 * MS, hover.end_ns + MS).unwrap();
    assert_eq!(seen.id, hover.id);
    assert_eq!(seen.rpc.as_ref().unwrap().id.as_deref(), Some("#2"));
    let next = found(HOVER, hover.end_ns + 100_000, hover.end_ns + 30 * MS).unwrap();
    assert_ne!(next.id, hover.id, "the second hover, which was asked next");
    assert_eq!(found("textDocument/definition", hover.begin_ns, hover.end_ns), None);
    assert_eq!(found("window/workDoneProgress/create", 0, Ns::MAX), None, "gopls asks the editor");
}

#[test]
fn what_the_editor_waited_beyond_gopls_is_the_way_there_and_unknown() {
    let spans = recorded("small", 2);
    let (hover, inside) = first_hover(&spans);
    let all: Vec<_> = spans.iter().collect();
    let (begin_ns, end_ns) = (hover.begin_ns - 7 * MS, hover.end_ns + 3 * MS);
    let slices = slices_of(&all, hover, begin_ns, end_ns);
    assert_whole(&slices, begin_ns, end_ns);
    assert_eq!(total(&slices, Phase::Dispatch), 7 * MS);
    assert_eq!(total(&slices, Phase::Unknown), 3 * MS);
    assert_eq!(slices[1..slices.len() - 1], inside);
    // A part of it is cut out of the whole.
    let middle = slices_of(&all, hover, hover.begin_ns + 100 * MS, hover.begin_ns + 200 * MS);
    assert_whole(&middle, hover.begin_ns + 100 * MS, hover.begin_ns + 200 * MS);
    assert_eq!(total(&middle, Phase::Unknown), 0);
}

#[test]
fn kept_and_read_back_it_says_the_same() {
    let spans = recorded("cold", 4);
    let mut ring = SpanRing::default();
    ring.add(spans.clone());
    let (hover, slices) = first_hover(&spans);
    let record = SpanRecord::of(&ring, hover.begin_ns, hover.end_ns);
    assert!(!record.cut && record.spans.len() > 5_000 && record.spans.len() < spans.len());
    let json = record.to_json();
    assert!(json.len() < record.spans.len() * 90, "{} bytes", json.len());
    let back = SpanRecord::from_json(&json).unwrap();
    let kept: Vec<_> = back.spans.iter().collect();
    let found = request_span(back.spans.iter(), HOVER, hover.begin_ns, hover.end_ns).unwrap();
    assert_eq!((&found.name, &found.rpc, &found.subject), (&hover.name, &hover.rpc, &hover.subject));
    assert_eq!(slices_of(&kept, found, hover.begin_ns, hover.end_ns), slices);
    assert_eq!(SpanRecord::from_json(&back.to_json()).unwrap(), back);
}

// ---- made up ----

fn span(trace: u128, id: u64, parent: u64, name: &str, begin_ns: Ns, end_ns: Ns) -> Span {
    let rpc = name.contains('/').then_some(Rpc { incoming: true, id: None });
    let parent = (parent > 0).then_some(SpanId(parent));
    Span {
        trace: TraceId(trace),
        id: SpanId(id),
        parent,
        name: name.into(),
        begin_ns,
        end_ns,
        subject: None,
        rpc,
    }
}

/// `queued 0-10, parsing 10-30, …` of the span with id 1.
fn drawn(spans: &[Span]) -> String {
    let request = spans.iter().find(|span| span.id == SpanId(1)).unwrap();
    let all: Vec<_> = spans.iter().collect();
    let slices = slices_of(&all, request, request.begin_ns, request.end_ns);
    assert_whole(&slices, request.begin_ns, request.end_ns);
    let slice = |s: &PhaseSlice| {
        format!("{} {}-{}", serde_json::to_value(s.phase).unwrap().as_str().unwrap(), s.begin_ns, s.end_ns)
    };
    slices.iter().map(slice).collect::<Vec<_>>().join(", ")
}

const PARSE: &str = "cache.ParseGoSrc";
const CHECK: &str = "cache.typeCheckBatch.checkPackageForImport";
const BATCH: &str = "cache.forEachPackage";

#[test]
fn a_fan_out_counts_once() {
    // Four at once, one of them longer than the request waited for it.
    let spans = [
        span(1, 1, 0, HOVER, 0, 100),
        span(1, 2, 1, "server.Hover", 10, 95),
        span(1, 3, 2, PARSE, 20, 40),
        span(1, 4, 2, PARSE, 20, 60),
        span(1, 5, 2, PARSE, 35, 50),
        span(1, 6, 2, CHECK, 60, 90),
        span(1, 7, 2, PARSE, 62, 85),
    ];
    assert_eq!(drawn(&spans), "other 0-20, parsing 20-60, type-checking 60-90, other 90-100");
}

#[test]
fn a_part_counts_for_more_than_its_whole() {
    let spans = [
        span(1, 1, 0, HOVER, 0, 100),
        span(1, 2, 1, CHECK, 0, 100),
        span(1, 3, 2, PARSE, 10, 30),
        span(1, 4, 2, "cache.typeCheckBatch.importPackage", 50, 70),
        span(1, 5, 4, CHECK, 55, 60),
    ];
    assert_eq!(
        drawn(&spans),
        "type-checking 0-10, parsing 10-30, type-checking 30-50, importing 50-55, type-checking 55-60, importing 60-70, \
         type-checking 70-100"
    );
}

#[test]
fn queued_behind_a_load_it_waits_for_the_load() {
    let behind = |message: &str| {
        [
            span(2, 11, 0, message, 0, 80),
            span(2, 12, 11, "server.Initialized", 0, 80),
            span(2, 13, 12, "cache.snapshot.load", 20, 70),
            span(2, 14, 13, "gocommand.Runner.RunRaw", 30, 50),
            span(2, 15, 13, "cache.readFile", 45, 55),
            span(1, 1, 0, HOVER, 10, 100),
            span(1, 2, 1, "queued", 10, 90),
            span(1, 3, 1, "server.Hover", 90, 100),
        ]
    };
    let mut first = behind("x/initialized");
    assert_eq!(
        drawn(&first),
        "awaiting-load 10-20, metadata 20-30, go-command 30-50, io 50-55, metadata 55-70, awaiting-load 70-80, \
         queued 80-90, other 90-100"
    );
    // The handler that loaded was done at 40; what it left running holds up nobody.
    first[0].end_ns = 40;
    assert_eq!(
        drawn(&first),
        "awaiting-load 10-20, metadata 20-30, go-command 30-40, queued 40-90, other 90-100"
    );
    // One that came later is behind us.
    let mut later = behind("x/initialized");
    later[0].begin_ns = 11;
    assert_eq!(drawn(&later), "queued 10-90, other 90-100");
}

#[test]
fn what_is_queued_says_what_the_one_in_front_is_at() {
    let command = "workspace/executeCommand";
    let spans = [
        // It lets others pass as soon as it has begun.
        span(3, 31, 0, "textDocument/diagnostic", 0, 90),
        span(2, 21, 0, command, 5, 70),
        span(2, 22, 21, "queued", 5, 20),
        span(2, 23, 21, "server.ExecuteCommand", 20, 70),
        span(2, 24, 23, "gocommand.Runner.RunRaw", 30, 60),
        span(1, 1, 0, HOVER, 10, 100),
        span(1, 2, 1, "queued", 10, 80),
        span(1, 3, 1, "server.Hover", 80, 100),
    ];
    let all: Vec<_> = spans.iter().collect();
    let (slices, behind) = phases_of(&Walk::of(&all, &spans[5]), 10, 100);
    assert_whole(&slices, 10, 100);
    let told: Vec<_> = slices.iter().map(|slice| (slice.phase, slice.front, slice.end_ns)).collect();
    let queued = |front, end_ns| (Phase::Queued, Some(front), end_ns);
    assert_eq!(
        told,
        [
            queued(Phase::Other, 30),
            queued(Phase::GoCommand, 60),
            queued(Phase::Other, 80),
            (Phase::Other, None, 100)
        ]
    );
    let told: Vec<_> = behind
        .iter()
        .map(|queued| {
            let phases = queued.phases.iter().map(|part| (part.phase, part.duration_ns));
            (queued.method.as_str(), queued.duration_ns, phases.collect::<Vec<_>>())
        })
        .collect();
    assert_eq!(
        told,
        [
            (command, 50, vec![(Phase::GoCommand, 30), (Phase::Other, 20)]),
            // Before the command had begun, and after it.
            ("textDocument/diagnostic", 20, vec![(Phase::Other, 20)]),
        ]
    );
}

#[test]
fn a_served_request_waits_for_a_load_and_for_a_shared_batch_of_another() {
    let spans = [
        span(1, 1, 0, HOVER, 0, 100),
        span(1, 2, 1, "server.Hover", 0, 100),
        span(1, 3, 2, BATCH, 40, 90),
        span(1, 4, 3, PARSE, 40, 45),
        span(2, 11, 0, "cache.snapshot.load", 10, 30),
        span(2, 12, 11, "gocommand.Runner.Run", 10, 20),
        // Not for the load: a `go` command of somebody else.
        span(4, 41, 0, "gocommand.Runner.Run", 30, 35),
        // Begun by a handler that is over: its whole is never posted.
        span(3, 20, 19, "server.diagnoseChangedFiles", 36, 95),
        span(3, 21, 20, BATCH, 40, 90),
        span(3, 22, 21, PARSE, 50, 60),
        span(3, 23, 21, CHECK, 55, 70),
        // Parsed for a package that both need, unlike what was parsed before the first check.
        span(3, 25, 23, PARSE, 57, 60),
        span(3, 24, 21, "cache.typeCheckBatch.importPackage", 65, 80),
    ];
    assert_eq!(
        drawn(&spans),
        "other 0-10, go-command 10-20, metadata 20-30, other 30-40, parsing 40-45, type-checking 45-57, parsing 57-60, \
         type-checking 60-65, importing 65-80, type-checking 80-90, other 90-100"
    );
}

/// `type-checking a 20/60, …`: waited and running.
fn packages(spans: &[Span]) -> String {
    let request = spans.iter().find(|span| span.id == SpanId(1)).unwrap();
    let all: Vec<_> = spans.iter().collect();
    let Some(work) = packages::packages_of(&Walk::of(&all, request), request.begin_ns, request.end_ns) else {
        return "none".to_owned();
    };
    assert!(work.waited_ns() <= request.duration_ns());
    let share = |share: &PackageShare| {
        let phase = serde_json::to_value(share.phase).unwrap();
        format!("{} {} {}/{}", phase.as_str().unwrap(), share.package, share.waited_ns, share.running_ns)
    };
    work.packages.iter().map(share).collect::<Vec<_>>().join(", ")
}

fn about(package: &str, span: Span) -> Span {
    Span { subject: Some(package.into()), ..span }
}

#[test]
fn a_package_is_waited_for_where_its_span_is_on_the_path() {
    let spans = [
        span(1, 1, 0, HOVER, 0, 100),
        span(1, 2, 1, BATCH, 0, 100),
        about("big", span(1, 3, 2, CHECK, 10, 90)),
        // What is parsed for it is its own, what it imports is not.
        about("big.go", span(1, 4, 3, PARSE, 10, 30)),
        about("dep", span(1, 5, 3, CHECK, 40, 60)),
        // Beside the path: nobody waits for it.
        about("beside", span(1, 6, 2, CHECK, 20, 50)),
        about("a", span(1, 7, 2, "snapshot.Analyze", 90, 95)),
        about("", span(1, 8, 2, "snapshot.Analyze", 95, 100)),
    ];
    assert_eq!(packages(&spans), "type-checking big 60/80, type-checking dep 20/20, analysis a 5/5");
    assert_eq!(packages(&spans[..2]), "none");
}

#[test]
fn a_shared_batch_names_the_packages_that_another_request_checks() {
    let spans = [
        span(1, 1, 0, HOVER, 0, 100),
        span(1, 3, 1, BATCH, 40, 90),
        span(3, 21, 0, BATCH, 30, 95),
        about("first", span(3, 22, 21, CHECK, 35, 60)),
        about("second", span(3, 23, 21, CHECK, 60, 99)),
    ];
    assert_eq!(packages(&spans), "type-checking second 30/39, type-checking first 20/25");
}

#[test]
fn the_packages_of_a_cold_hover() {
    let spans = recorded("cold", 4);
    let (hover, slices) = first_hover(&spans);
    let all: Vec<_> = spans.iter().collect();
    let work = packages::packages_of(&Walk::of(&all, hover), hover.begin_ns, hover.end_ns).unwrap();
    for share in work.packages.iter().take(5) {
        println!("{:?} {} {} {}", share.phase, share.package, share.waited_ns / MS, share.running_ns / MS);
    }
    assert!(work.packages.is_sorted_by(|a, b| a.waited_ns >= b.waited_ns));
    assert!(work.packages.iter().all(|share| share.waited_ns > 0 && share.waited_ns <= share.running_ns));
    // What is waited for in packages is what the phases say of them, but for the batch itself and the files it parses before.
    let phases = [Phase::TypeChecking, Phase::Importing, Phase::Parsing];
    let worked: Ns = phases.iter().map(|phase| total(&slices, *phase)).sum();
    assert!(work.waited_ns() <= worked && work.waited_ns() > worked / 4, "{} of {worked}", work.waited_ns());
    assert!(work.packages.iter().any(|share| share.package.starts_with("golang.org/x/tools/gopls")));
    assert!(work.others > 0 && work.packages.len() == 30);
}

#[test]
fn hostile_trees_end() {
    // Each the part of the next, and the root of the last.
    let mut ring: Vec<_> = (1..=2_000).map(|id| span(1, id, id % 2_000 + 1, HOVER, 0, 100)).collect();
    assert_eq!(drawn(&ring), "other 0-100");
    // Every id twice.
    ring.extend(ring.clone());
    assert_eq!(drawn(&ring), "other 0-100");
    // A chain as deep as the ring of spans is long.
    let deep: Vec<_> = (1..=MOST_SPANS as u64).map(|id| span(1, id, id - 1, CHECK, 0, 100)).collect();
    assert_eq!(drawn(&deep), "type-checking 0-100");
    // As many parts of one.
    let wide: Vec<_> = (1..=MOST_SPANS as u64)
        .map(|id| if id == 1 { span(1, 1, 0, HOVER, 0, 60_000) } else { span(1, id, 1, PARSE, id, id + 7) })
        .collect();
    assert_eq!(drawn(&wide), "other 0-2, parsing 2-50007, other 50007-60000");
}

// ---- the door ----

fn posted(pid: &str, spans: serde_json::Value) -> Vec<u8> {
    json!({"resourceSpans": [{
        "resource": {"attributes": [
            {"key": "process.pid", "value": {"stringValue": pid}},
            {"key": "host.name", "value": {"stringValue": "secret"}},
        ]},
        "scopeSpans": [{"scope": {"name": "x"}, "spans": spans}],
    }]})
    .to_string()
    .into_bytes()
}

fn wire(changes: serde_json::Value) -> serde_json::Value {
    let mut span = json!({
        "traceId": "07379239b0f8779af7a326e723cfb080", "spanId": "d47a9b3da92a8236", "name": "cache.ParseGoSrc",
        "startTimeUnixNano": "1100", "endTimeUnixNano": "1200", "kind": 1, "status": {"code": 0},
    });
    span.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    span
}

#[test]
fn a_bad_span_is_left_out_and_counted_and_the_others_are_kept() {
    let bad = [
        json!({"name": ""}),
        json!({"name": "x".repeat(201)}),
        json!({"name": ["x"]}),
        json!({"traceId": "07"}),
        json!({"traceId": "0".repeat(32)}),
        json!({"spanId": "zzzzzzzzzzzzzzzz"}),
        json!({"spanId": "+7a9b3da92a8236a"}),
        json!({"parentSpanId": {"deep": {}}}),
        json!({"startTimeUnixNano": "0"}),
        json!({"startTimeUnixNano": "1201"}),
        json!({"endTimeUnixNano": "-1"}),
        json!({"endTimeUnixNano": "99999999999999999999999"}),
        json!({"attributes": 7}),
    ];
    for change in bad {
        let body = posted(
            "4711",
            json!([wire(json!({})), wire(change.clone()), wire(json!({"spanId": "00000000000000ff"}))]),
        );
        let batch = SpanBatch::parse(&body, 1_000).unwrap();
        assert_eq!((batch.pid, batch.refused, batch.spans.len()), (4711, 1, 2), "{change}");
        assert_eq!(
            (batch.spans[1].id, batch.spans[1].begin_ns, batch.spans[1].end_ns),
            (SpanId(255), 100, 200)
        );
    }
}

#[test]
fn numbers_may_be_written_as_such_and_what_we_do_not_know_is_skipped() {
    let good = [
        json!({"startTimeUnixNano": 1100, "endTimeUnixNano": 1200}),
        json!({"parentSpanId": ""}),
        json!({"links": [{"a": [[[]]]}], "events": null}),
        json!({"attributes": [{"key": "n", "value": {"arrayValue": {"values": [1]}}}, {"key": "bare"}]}),
    ];
    for change in good {
        let batch = SpanBatch::parse(&posted("4711", json!([wire(change.clone())])), 1_000).unwrap();
        assert_eq!((batch.refused, batch.spans.len()), (0, 1), "{change}");
        assert_eq!((batch.spans[0].parent, batch.spans[0].duration_ns()), (None, 100));
    }
    // Before the watcher's time: its beginning is not known to it, and later its end neither.
    assert_eq!(SpanBatch::parse(&posted("1", json!([wire(json!({}))])), 1_150).unwrap().spans[0].begin_ns, 0);
    assert_eq!(SpanBatch::parse(&posted("1", json!([wire(json!({}))])), 1_250).unwrap().refused, 1);
}

#[test]
fn texts_are_cut_and_the_name_of_the_machine_is_not_kept() {
    let file = "ö".repeat(1_000);
    let attributes = json!([{"key": "file", "value": {"stringValue": file}}]);
    let batch =
        SpanBatch::parse(&posted("1", json!([wire(json!({"attributes": attributes}))])), 1_000).unwrap();
    assert_eq!(batch.spans[0].subject.as_deref(), Some(&*"ö".repeat(150)));
    assert!(!format!("{batch:?}").contains("secret"));
}

#[test]
fn a_body_that_is_none_says_why() {
    let why = |body: &[u8]| SpanBatch::parse(body, 0).unwrap_err().to_string();
    assert!(why(b"").starts_with("not OTLP as JSON: EOF"));
    assert!(why(b"{\"resourceSpans\": 1}").contains("expected a list"));
    assert!(why(&b"[".repeat(100_000)).starts_with("not OTLP as JSON"));
    assert!(why(b"{}").contains("process.pid"));
    assert!(why(&posted("4294967296", json!([]))).contains("process.pid"));
    assert!(why(&vec![b' '; MOST_BODY_BYTES + 1]).contains("16777217 bytes"));
    let two = [posted("1", json!([])), posted("2", json!([]))]
        .map(|b| serde_json::from_slice::<serde_json::Value>(&b).unwrap());
    let two = json!({"resourceSpans": [two[0]["resourceSpans"][0], two[1]["resourceSpans"][0]]}).to_string();
    assert!(why(two.as_bytes()).contains("two processes, 1 and 2"));
}

#[test]
fn more_than_a_body_may_hold_is_counted() {
    let body = |one: &str, count| {
        let list = vec![one; count].join(",");
        String::from_utf8(posted("1", json!(["@"]))).unwrap().replace("\"@\"", &list).into_bytes()
    };
    let batch = SpanBatch::parse(&body(&wire(json!({})).to_string(), MOST_SPANS + 3), 1_000).unwrap();
    assert_eq!((batch.spans.len(), batch.refused), (MOST_SPANS, 3));
    let batch = SpanBatch::parse(&body("1", 60_000), 1_000).unwrap();
    assert_eq!((batch.spans.len(), batch.refused), (0, 60_000));
}

// ---- the ring ----

#[test]
fn the_oldest_make_room_and_are_counted() {
    let mut ring = SpanRing::default();
    let ends = |ring: &SpanRing| (ring.iter().next().unwrap().end_ns, ring.iter().last().unwrap().end_ns);
    ring.add((0..MOST_SPANS as u64 + 10).map(|n| span(1, n + 1, 0, PARSE, n, n + 1)));
    assert_eq!((ring.received(), ring.dropped(), ring.iter().count()), (50_010, 10, MOST_SPANS));
    assert_eq!(ends(&ring), (11, 50_010));
    assert!(ring.is_cut(9) && !ring.is_cut(10));
    assert_eq!(ring.window(100, 103).map(|span| span.begin_ns).collect::<Vec<_>>(), [100, 101, 102]);
    // By bytes as well.
    let heavy: Box<str> = "x".repeat(10 << 20).into();
    ring.add(
        (0..3)
            .map(|n| Span { subject: Some(heavy.clone()), ..span(1, 90_000 + n, 0, PARSE, 60_000, 60_001) }),
    );
    assert_eq!(ring.iter().count(), 2);
    assert_eq!(ring.received() - ring.dropped(), 2);
}

// ---- garbage ----

#[test]
fn records_that_are_none_say_why() {
    let why = |json: &str| SpanRecord::from_json(json.as_bytes()).unwrap_err().to_string();
    assert!(why("{\"format\":2}").contains("later Stallscope (format 2)"));
    assert!(why("{}").contains("not a record of spans"));
    let record = |row: &str| {
        format!("{{\"format\":1,\"from_ns\":0,\"to_ns\":9,\"cut\":false,\"texts\":[\"a\"],\"rows\":[{row}]}}")
    };
    assert!(SpanRecord::from_json(record("[0,-1,0,1,2,-1,-1,-1]").as_bytes()).is_ok());
    assert!(why(&record("[0,1,0,1,2,-1,-1,-1]")).contains("a span that is not there"));
    assert!(why(&record("[0,-1,1,1,2,-1,-1,-1]")).contains("a text that is not there"));
    assert!(why(&record("[0,-1,0,18446744073709551615,2,-1,-1,-1]")).contains("never ends"));
}

fn any_name() -> impl Strategy<Value = Arc<str>> {
    let names = [
        HOVER,
        "queued",
        "server.Hover",
        BATCH,
        CHECK,
        PARSE,
        "cache.snapshot.load",
        "gocommand.Runner.Run",
        "?",
    ];
    prop::sample::select(names.to_vec()).prop_map(Into::into)
}

proptest! {
    #[test]
    fn the_phases_of_any_tree_add_up(
        rows in prop::collection::vec((1u128..4, 1u64..20, 0u64..20, any_name(), 0u64..1_000, 0u64..300), 1..60),
        wait in (0u64..1_000, 1u64..500),
    ) {
        let spans: Vec<_> = rows
            .into_iter()
            .map(|(trace, id, parent, name, begin, length)| span(trace, id, parent, &name, begin, begin + length))
            .collect();
        let all: Vec<_> = spans.iter().collect();
        let (begin_ns, end_ns) = (wait.0, wait.0 + wait.1);
        let (slices, behind) = phases_of(&Walk::of(&all, &spans[0]), begin_ns, end_ns);
        assert_whole(&slices, begin_ns, end_ns);
        for queued in &behind {
            prop_assert_eq!(queued.phases.iter().map(|part| part.duration_ns).sum::<Ns>(), queued.duration_ns);
        }
        prop_assert!(behind.iter().map(|queued| queued.duration_ns).sum::<Ns>() <= end_ns - begin_ns);
        let in_front: Ns = slices.iter().filter(|s| s.front.is_some()).map(|s| s.end_ns - s.begin_ns).sum();
        prop_assert!(in_front <= behind.iter().map(|queued| queued.duration_ns).sum());
    }

    #[test]
    fn garbage_does_not_panic(bytes in prop::collection::vec(any::<u8>(), 0..300), cut in any::<prop::sample::Index>()) {
        let _ = SpanBatch::parse(&bytes, 0);
        let _ = SpanRecord::from_json(&bytes);
        let good = posted("1", json!([wire(json!({}))]));
        prop_assert!(SpanBatch::parse(&good[..cut.index(good.len())], 0).is_err());
    }
}
