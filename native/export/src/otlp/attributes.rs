//! Attributes: what an incident says of itself, on its span and on its log record.

use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, ArrayValue, KeyValue};
use stallscope_core::model::{Bytes, CaptureKind, CaptureState, Incident};

use super::Told;
use crate::sampling::Verdict;

/// Longer texts are cut: they are for a person, and backends refuse long ones.
const MOST_TEXT: usize = 1_024;
const MOST_LIST: usize = 50;

pub(super) fn text(name: &str, value: &str) -> KeyValue {
    attribute(name, string(value))
}

pub(super) fn number(name: &str, value: u64) -> KeyValue {
    attribute(name, Value::IntValue(i64::try_from(value).unwrap_or(i64::MAX)))
}

pub(super) fn truth(name: &str, value: bool) -> KeyValue {
    attribute(name, Value::BoolValue(value))
}

fn list<'a>(name: &str, values: impl Iterator<Item = &'a str>) -> KeyValue {
    let values = values.take(MOST_LIST).map(|value| AnyValue { value: Some(string(value)) }).collect();
    attribute(name, Value::ArrayValue(ArrayValue { values }))
}

fn string(value: &str) -> Value {
    let end = (0..=MOST_TEXT.min(value.len())).rev().find(|end| value.is_char_boundary(*end)).unwrap_or(0);
    Value::StringValue(value[..end].to_owned())
}

fn attribute(name: &str, value: Value) -> KeyValue {
    KeyValue { key: name.to_owned(), value: Some(AnyValue { value: Some(value) }), ..KeyValue::default() }
}

/// What a method is called in attributes and metrics. A custom command of somebody's own may be called anything.
pub(crate) fn method(method: &str) -> &str {
    let is_plain =
        |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'$' | b'_' | b'-' | b'.');
    if method.len() <= 64 && !method.is_empty() && method.bytes().all(is_plain) { method } else { "other" }
}

/// The largest cause, `unknown` when nothing tells.
pub(crate) fn main_cause(incident: &Incident) -> &'static str {
    incident.causes.first().map_or("unknown", |cause| cause.kind.name())
}

/// The live heap by the last whole heap profile of an incident.
pub(crate) fn live_heap_bytes(incident: &Incident) -> Option<Bytes> {
    let whole = |kind, state| kind == CaptureKind::Heap && state == CaptureState::Complete;
    let heaps = incident.captures.iter().rev().filter(|capture| whole(capture.kind, capture.state));
    heaps.filter_map(|capture| capture.inuse_space_bytes).next()
}

/// A name as serde spells it.
pub(crate) fn spelled(value: &impl serde::Serialize) -> String {
    serde_json::to_value(value).ok().and_then(|value| Some(value.as_str()?.to_owned())).unwrap_or_default()
}

pub(super) fn of_incident(told: &Told<'_>) -> Vec<KeyValue> {
    let incident = told.incident;
    let request = &incident.request;
    let mut all = vec![
        text("stallscope.incident.id", &incident.id),
        text("stallscope.incident.state", &spelled(&incident.state)),
        text("stallscope.method", method(&request.method)),
        text("stallscope.latency_source", &spelled(&incident.latency_source)),
        number("stallscope.uncertainty_ns", request.uncertainty_ns),
        text("stallscope.sampling", told.verdict.key()),
        text("stallscope.cause", main_cause(incident)),
        number("stallscope.rss.start_bytes", incident.rss.start_bytes),
        number("stallscope.rss.peak_bytes", incident.rss.peak_bytes),
        number("stallscope.rss.end_bytes", incident.rss.end_bytes),
        number("stallscope.rss.steepest_rise_bytes", incident.rss.steepest_rise_bytes),
        number("stallscope.captures", incident.captures.len() as u64),
        truth("stallscope.first_load", incident.load.is_some()),
    ];
    if let Verdict::Severe(why) = told.verdict {
        all.push(text("stallscope.severe", why.key()));
    }
    if let Some(duration_ns) = request.duration_ns {
        all.push(number("stallscope.request.duration_ns", duration_ns));
    }
    if let Some(waited_ns) = incident.waited_ns() {
        all.push(number("stallscope.waited_ns", waited_ns));
    }
    if incident.by_host_ns() > 0 {
        all.push(number("stallscope.extension_host_ns", incident.by_host_ns()));
    }
    if let Some(bytes) = live_heap_bytes(incident) {
        all.push(number("stallscope.heap.live_bytes", bytes));
    }
    let versions = [
        ("stallscope.gopls.version", &incident.gopls.version),
        ("stallscope.go.version", &incident.gopls.go_version),
    ];
    all.extend(versions.into_iter().filter_map(|(name, version)| Some(text(name, version.as_deref()?))));
    for cause in &incident.causes {
        all.push(number(&format!("stallscope.cause.{}.duration_ns", cause.kind.name()), cause.duration_ns));
    }
    for share in incident.best_wait().iter().flat_map(|wait| &wait.phases) {
        all.push(number(&format!("stallscope.phase.{}.duration_ns", share.phase.key()), share.duration_ns));
    }
    if told.names {
        all.push(text("stallscope.gopls.exe", &incident.gopls.exe));
        all.push(list("stallscope.workspace", incident.workspace.iter().map(String::as_str)));
        all.extend(request.uri.iter().map(|uri| text("stallscope.document", uri)));
        let packages = incident.best_wait().and_then(|wait| wait.packages.as_ref());
        let packages = packages.map(|work| work.packages.iter().map(|share| share.package.as_str()));
        all.extend(packages.map(|names| list("stallscope.packages", names)));
    }
    all
}
