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

/// The requests of an incident, and what could not be put in.
pub(crate) fn requests(
    store: &Store,
    original: &Incident,
    verdict: Verdict,
    telling: &Telling,
    destination: &Destination,
    resource: &Resource,
) -> (Vec<Request>, Vec<String>) {
    if verdict == Verdict::LeftOut {
        return (Vec::new(), Vec::new());
    }
    // Names are left out, and in what is left everything that looks like one is hidden all the same.
    let redacted = match telling.names {
        true => None,
        false => Some(redact_incident(&mut strict_redactor(store, original, &telling.also_hide), original)),
    };
    let incident = redacted.as_ref().unwrap_or(original);
    let told = Told { incident, verdict, names: telling.names };
    let mut requests = Vec::new();
    if destination.target(Signal::Traces).is_some() {
        requests.push(Request { kind: Kind::Traces, body: trace(&told, resource).encode_to_vec() });
    }
    if destination.target(Signal::Logs).is_some() {
        requests.push(Request { kind: Kind::Logs, body: log(&told, resource).encode_to_vec() });
    }
    let mut left_out = Vec::new();
    if destination.profiles.is_some() {
        match profile(store, original, telling, resource) {
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
    incident: &Incident,
    telling: &Telling,
    resource: &Resource,
) -> Option<Result<Request, String>> {
    let is_whole = |kind, state| kind == CaptureKind::Heap && state == CaptureState::Complete;
    let mut heaps = incident.captures.iter().rev().filter(|capture| is_whole(capture.kind, capture.state));
    let capture = heaps.find(|capture| !capture.file.is_empty())?;
    let profile = strictly_redacted_profile(store, incident, capture, &telling.also_hide);
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
            ("method", method(&incident.request.method)),
            ("cause", main_cause(incident)),
        ];
        let id = format!("{}-{}", incident.id, capture.number);
        Request { kind: Kind::Profile(capture.number), body: push_request(&labels, id, profile) }
    }))
}
