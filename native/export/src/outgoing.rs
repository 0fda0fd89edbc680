//! An incident as it leaves the machine: its requests, encoded.

use opentelemetry_proto::tonic::resource::v1::Resource;
use prost::Message;
use stallscope_core::model::{CaptureKind, CaptureState, Incident};
use stallscope_core::report::redact_incident;
use stallscope_probe::report::{strict_redactor, strictly_redacted_profile};
use stallscope_probe::store::Store;

use crate::config::{Destination, Signal};
use crate::otlp::{Told, log, main_cause, method, trace};
use crate::sampling::Verdict;
use crate::send::push_request;
use crate::spool::{Kind, Request};

/// How incidents are told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Telling {
    /// Whether names of documents, folders, packages and the executable go along.
    pub names: bool,
    /// Words that must not be read either.
    pub also_hide: Vec<String>,
}

/// An incident as it may be told. Names are left out where it is encoded; in what is left, everything that looks like one is
/// hidden all the same.
pub(crate) fn tellable(original: &Incident, telling: &Telling) -> Incident {
    if telling.names {
        return original.clone();
    }
    let mut redactor = strict_redactor(original, &telling.also_hide);
    let mut incident = redact_incident(&mut redactor, original);
    // In a report these stay: somebody looks at it.
    let methods = incident.requests.iter_mut().map(|request| &mut request.method);
    let versions = [&mut incident.gopls.version, &mut incident.gopls.go_version].into_iter().flatten();
    for text in methods.chain(versions).chain([&mut incident.request.method]) {
        *text = redactor.text(text);
    }
    incident
}

/// The requests of an incident, `tellable` for its own, and what could not be put in.
pub(crate) fn requests(
    store: &Store,
    told: &Told<'_>,
    original: &Incident,
    telling: &Telling,
    destination: &Destination,
    resource: &Resource,
) -> (Vec<Request>, Vec<String>) {
    let (mut requests, mut left_out) = (Vec::new(), Vec::new());
    if told.verdict == Verdict::LeftOut {
        return (requests, left_out);
    }
    if destination.target(Signal::Traces).is_some() {
        requests.push(Request { kind: Kind::Traces, body: trace(told, resource).encode_to_vec() });
    }
    if destination.target(Signal::Logs).is_some() {
        requests.push(Request { kind: Kind::Logs, body: log(told, resource).encode_to_vec() });
    }
    if destination.profiles.is_some() {
        match profile(store, told.incident, original, telling, resource) {
            Some(Ok(request)) => requests.push(request),
            Some(Err(why)) => left_out.push(format!("the heap profile of {}: {why}", original.id)),
            None => {}
        }
    }
    (requests, left_out)
}

/// The last whole heap profile of an incident; always redacted, because names of functions tell of modules.
fn profile(
    store: &Store,
    told: &Incident,
    original: &Incident,
    telling: &Telling,
    resource: &Resource,
) -> Option<Result<Request, String>> {
    let is_whole = |kind, state| kind == CaptureKind::Heap && state == CaptureState::Complete;
    let mut heaps = original.captures.iter().rev().filter(|capture| is_whole(capture.kind, capture.state));
    let capture = heaps.find(|capture| !capture.file.is_empty())?;
    let profile = strictly_redacted_profile(store, original, capture, &telling.also_hide);
    Some(profile.map(|profile| {
        let service = resource.attributes.iter().find(|attribute| attribute.key == "service.name");
        let service = service.and_then(|attribute| attribute.value.as_ref()?.value.clone());
        let service = match service {
            Some(opentelemetry_proto::tonic::common::v1::any_value::Value::StringValue(name)) => name,
            _ => "stallscope".to_owned(),
        };
        let labels = [
            ("__name__", "memory"),
            ("service_name", service.as_str()),
            ("method", method(&told.request.method)),
            ("cause", main_cause(told)),
        ];
        let id = format!("{}-{}", told.id, capture.number);
        Request { kind: Kind::Profile(capture.number), body: push_request(&labels, id, profile) }
    }))
}
