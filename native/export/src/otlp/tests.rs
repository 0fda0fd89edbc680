#![allow(clippy::unwrap_used)]
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;
use stallscope_core::model::IncidentState;
use stallscope_core::wait::PhaseSlice;

use super::testing::{SECRETS, incident};
use super::*;
use crate::sampling::Severe;
use crate::tally::Tally;

const SEVERE: Verdict = Verdict::Severe(Severe::Long);
const ORIGIN: u64 = 1_795_493_940_000_000_007;

fn told(incident: &Incident) -> Told<'_> {
    Told { incident, verdict: SEVERE, names: false }
}

fn spans(incident: &Incident) -> Vec<Span> {
    trace(&told(incident), &resource("here", &[])).resource_spans.remove(0).scope_spans.remove(0).spans
}

fn of<'a>(attributes: &'a [KeyValue], name: &str) -> Option<&'a Value> {
    attributes.iter().find(|one| one.key == name)?.value.as_ref()?.value.as_ref()
}

fn int(attributes: &[KeyValue], name: &str) -> i64 {
    match of(attributes, name) {
        Some(Value::IntValue(number)) => *number,
        other => panic!("{name}: {other:?}"),
    }
}

fn string(attributes: &[KeyValue], name: &str) -> String {
    match of(attributes, name) {
        Some(Value::StringValue(text)) => text.clone(),
        other => panic!("{name}: {other:?}"),
    }
}

#[test]
fn the_trace_is_the_wait_to_the_nanosecond_and_its_phases_add_up() {
    let incident = incident();
    let spans = spans(&incident);
    let length = |span: &Span| span.end_time_unix_nano - span.start_time_unix_nano;
    let root = &spans[0];
    assert_eq!((root.name.as_str(), length(root)), ("stall textDocument/hover", 5_300_000_123));
    assert_eq!(root.start_time_unix_nano, ORIGIN + 1_000_000_000);
    assert!(root.parent_span_id.is_empty());
    let request = spans.iter().find(|span| span.name == "textDocument/hover").unwrap();
    assert_eq!((&request.parent_span_id, length(request)), (&root.span_id, 5_300_000_123));
    let phases: Vec<_> = spans.iter().filter(|span| span.parent_span_id == request.span_id).collect();
    let names: Vec<_> = phases.iter().map(|span| (span.name.as_str(), length(span))).collect();
    assert_eq!(names, [("queued", 2_000_000_000), ("type checking", 3_300_000_123)]);
    assert_eq!(phases.iter().map(|span| length(span)).sum::<u64>(), length(request));
    // What was still going on when the wait ended ends with it, and says that its end was not seen.
    let beside = spans.iter().find(|span| span.name == "textDocument/codeLens").unwrap();
    assert_eq!(beside.end_time_unix_nano, root.end_time_unix_nano);
    assert_eq!(of(&beside.attributes, "stallscope.end_seen"), Some(&Value::BoolValue(false)));
    let heap = spans.iter().find(|span| span.name == "capture heap").unwrap();
    assert_eq!(
        (length(heap), int(&heap.attributes, "stallscope.heap.live_bytes")),
        (200_000_000, 321_000_000)
    );
}

#[test]
fn a_trace_stays_small_enough_for_a_collector() {
    let mut one = incident();
    let wait = one.wait.as_mut().unwrap();
    let of = wait.slices[0];
    wait.slices =
        (0..20_000).map(|n| PhaseSlice { begin_ns: n * 1_000, end_ns: n * 1_000 + n % 500, ..of }).collect();
    let request = trace(&told(&one), &resource("here", &[]));
    assert!(request.encoded_len() < 4 << 20, "{} bytes", request.encoded_len());
    let phases = spans(&one).iter().filter(|span| span.name == "queued").count();
    assert!((7_500..=8_000).contains(&phases), "{phases}");
}

#[test]
fn the_extension_hosts_part_lies_around_the_request() {
    let mut one = incident();
    (one.held_up_ns, one.taken_late_ns) = (300_000_000, 50_000_000);
    let spans = spans(&one);
    let host: Vec<_> = spans.iter().filter(|span| span.name == "extension host").collect();
    let (root, request) = (&spans[0], spans.iter().find(|span| span.name == "textDocument/hover").unwrap());
    assert_eq!(host[0].start_time_unix_nano, root.start_time_unix_nano);
    assert_eq!(host[0].end_time_unix_nano, request.start_time_unix_nano);
    assert_eq!(host[1].start_time_unix_nano, request.end_time_unix_nano);
    assert_eq!(host[1].end_time_unix_nano, root.end_time_unix_nano);
    assert_eq!(root.end_time_unix_nano - root.start_time_unix_nano, one.waited_ns().unwrap());
    assert_eq!(int(&root.attributes, "stallscope.waited_ns"), 5_650_000_123);
}

#[test]
fn attributes_and_the_log_record_say_what_the_incident_says() {
    let incident = incident();
    let mut logs = log(&told(&incident), &resource("here", &[]));
    let record = logs.resource_logs.remove(0).scope_logs.remove(0).log_records.remove(0);
    let root = &spans(&incident)[0];
    assert_eq!(record.attributes, root.attributes);
    assert_eq!((&record.trace_id, &record.span_id), (&root.trace_id, &root.span_id));
    assert_eq!((record.time_unix_nano, record.severity_text.as_str()), (root.end_time_unix_nano, "ERROR"));
    let body = record.body.unwrap().value.unwrap();
    let sentence = "textDocument/hover took 5.300 s, mostly for type-checking; gopls had 600 MB at most";
    assert_eq!(body, Value::StringValue(sentence.to_owned()));
    let attributes = &root.attributes;
    for (name, expected) in [
        ("stallscope.request.duration_ns", 5_300_000_123),
        ("stallscope.rss.start_bytes", 200_000_000),
        ("stallscope.rss.peak_bytes", 600_000_000),
        ("stallscope.rss.end_bytes", 550_000_000),
        ("stallscope.heap.live_bytes", 321_000_000),
        ("stallscope.cause.type-checking.duration_ns", 3_300_000_123),
        ("stallscope.cause.queue.duration_ns", 2_000_000_000),
        ("stallscope.phase.queued.duration_ns", 2_000_000_000),
        ("stallscope.captures", 2),
    ] {
        assert_eq!(int(attributes, name), expected, "{name}");
    }
    for (name, expected) in [
        ("stallscope.cause", "type-checking"),
        ("stallscope.severe", "long"),
        ("stallscope.gopls.version", "v0.23.0"),
        ("stallscope.incident.id", "20261124T041900.123Z-hover-4711"),
    ] {
        assert_eq!(string(attributes, name), expected, "{name}");
    }
}

#[test]
fn the_same_incident_is_the_same_bytes_and_another_one_has_other_ids() {
    let bytes = |incident: &Incident| trace(&told(incident), &resource("here", &[])).encode_to_vec();
    let one = incident();
    assert_eq!(bytes(&one), bytes(&one.clone()));
    let mut another = one.clone();
    another.origin_unix_ns = "1795493940000000008".to_owned();
    let ids = |incident: &Incident| -> Vec<Vec<u8>> {
        spans(incident).into_iter().map(|span| span.span_id).collect()
    };
    let (first, second) = (ids(&one), ids(&another));
    assert!(first.iter().all(|id| id.len() == 8 && !second.contains(id)));
    let mut unique = first.clone();
    unique.sort();
    unique.dedup();
    assert_eq!(unique.len(), first.len());
    assert_eq!(spans(&one)[0].trace_id.len(), 16);
    assert_ne!(spans(&one)[0].trace_id, spans(&another)[0].trace_id);
}

#[test]
fn nothing_telling_goes_along_unless_names_are_wanted() {
    let texts = |incident: &Incident, names: bool| {
        let told = Told { names, ..told(incident) };
        let resource = resource("here", &[]);
        let trace = serde_json::to_string(&trace(&told, &resource)).unwrap();
        trace + &serde_json::to_string(&log(&told, &resource)).unwrap()
    };
    let mut odd = incident();
    odd.request.method = "corp.example secret-plan".to_owned();
    for secret in SECRETS {
        assert!(!texts(&odd, false).contains(secret), "{secret}");
    }
    let told = texts(&incident(), true);
    assert!(told.contains("corp.example/billing") && told.contains("/secret-plan/internal/billing.go"));
}

#[test]
fn a_wait_whose_end_was_not_seen_lasts_until_the_last_that_was() {
    let mut one = incident();
    one.state = IncidentState::GoplsGone;
    (one.request.end_ns, one.request.duration_ns) = (None, None);
    one.requests.clear();
    let root = &spans(&one)[0];
    assert_eq!(root.end_time_unix_nano, ORIGIN + 6_500_000_000);
    assert_eq!(root.status.as_ref().unwrap().message, "gopls ended before it answered");
    assert_eq!(of(&root.attributes, "stallscope.waited_ns"), None);
    // Numbers of a file that somebody has changed.
    one.origin_unix_ns = u64::MAX.to_string();
    one.request.start_ns = u64::MAX;
    one.held_up_ns = u64::MAX;
    one.captures[0].trigger_ns = u64::MAX;
    for span in spans(&one) {
        assert!(span.end_time_unix_nano >= span.start_time_unix_nano);
    }
}

#[test]
fn what_somebody_has_set_goes_before_our_attributes() {
    let said = [("service.name".to_owned(), "fleet".to_owned()), ("team".to_owned(), "platform".to_owned())];
    let resource = resource("here", &said);
    assert_eq!(string(&resource.attributes, "service.name"), "fleet");
    assert_eq!(string(&resource.attributes, "service.instance.id"), "here");
    assert_eq!(string(&resource.attributes, "team"), "platform");
    assert_eq!(resource.attributes.iter().filter(|one| one.key == "service.name").count(), 1);
}

#[test]
fn metrics_are_sums_since_the_beginning() {
    let incident = incident();
    let mut tally = Tally::default();
    tally.count(&incident, SEVERE, 1_000);
    let mut shorter = incident.clone();
    shorter.request.duration_ns = Some(700_000_000);
    shorter.rss.end_bytes = 1;
    // Closed later, but it had ended before.
    tally.count(&shorter, Verdict::LeftOut, 900);
    tally.drop("traces", "spool-full", 3);
    let request = metrics(&tally, 5, 2_000, &resource("here", &[]));
    let all = &request.resource_metrics[0].scope_metrics[0].metrics;
    let data = |name: &str| all.iter().find(|metric| metric.name == name).unwrap().data.as_ref().unwrap();
    let Data::Histogram(waits) = data("stallscope.stall.duration") else { panic!() };
    let point = &waits.data_points[0];
    assert_eq!((waits.aggregation_temporality, waits.data_points.len()), (2, 1));
    assert_eq!((point.count, point.sum), (2, Some(6.000_000_123)));
    assert_eq!((point.start_time_unix_nano, point.time_unix_nano), (5, 2_000));
    assert_eq!(point.bucket_counts, [0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
    assert_eq!(point.explicit_bounds[..3], [0.2, 0.5, 1.0]);
    assert_eq!(string(&point.attributes, "method"), "textDocument/hover");
    assert_eq!(string(&point.attributes, "cause"), "type-checking");
    let Data::Histogram(rss) = data("stallscope.stall.rss_peak") else { panic!() };
    assert_eq!(rss.data_points[0].sum, Some(1_200_000_000.0));
    let Data::Gauge(rss) = data("stallscope.gopls.rss") else { panic!() };
    let point = &rss.data_points[0];
    assert_eq!(
        (point.time_unix_nano, format!("{:?}", point.value)),
        (1_000, "Some(AsInt(550000000))".to_owned())
    );
    let Data::Sum(drops) = data("stallscope.export.drops") else { panic!() };
    assert!(drops.is_monotonic);
    assert_eq!(format!("{:?}", drops.data_points[0].value), "Some(AsInt(3))");
    let Data::Sum(incidents) = data("stallscope.incidents") else { panic!() };
    assert_eq!(incidents.data_points.len(), 2);
    assert_eq!(incidents.data_points[0].attributes.len(), 1);
}

#[test]
fn methods_of_somebodys_own_do_not_become_time_series_without_end() {
    let mut tally = Tally::default();
    let mut one = incident();
    for number in 0..1_000 {
        one.request.method = format!("custom/{number}");
        tally.count(&one, Verdict::Sampled, 1);
    }
    assert_eq!(tally.waits.len(), 201);
    assert_eq!(tally.waits.iter().map(|row| row.of.count).sum::<u64>(), 1_000);
    let read: Tally = serde_json::from_str(&serde_json::to_string(&tally).unwrap()).unwrap();
    assert_eq!(read, tally);
}
