//! What is sent: an incident as a trace and a log record, and what was counted as metrics. From data alone.
//!
//! The same incident always becomes the same bytes, with the same ids: what is sent a second time, because nobody can know
//! whether the first time arrived, can be recognised.

mod attributes;
mod ids;
mod log;
mod metrics;
#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
mod trace;

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::InstrumentationScope;
use opentelemetry_proto::tonic::resource::v1::Resource;
use prost::Message;
use stallscope_core::model::{Incident, Ns};

pub(crate) use attributes::{live_heap_bytes, main_cause, method, spelled};
pub use log::log;
pub use metrics::metrics;
pub use trace::trace;

use crate::sampling::Verdict;
use crate::spool::Kind;

/// An incident, ready to be told.
#[derive(Debug, Clone, Copy)]
pub struct Told<'a> {
    /// As it may be told: redacted, unless somebody wants it otherwise.
    pub incident: &'a Incident,
    /// Why it is sent.
    pub verdict: Verdict,
    /// Whether names go along: of the document, the workspace folders, packages and the executable.
    pub names: bool,
}

/// What everything that is sent says of its sender. `instance` tells machines apart; `said` is what somebody has set, and goes
/// before ours.
pub fn resource(instance: &str, said: &[(String, String)]) -> Resource {
    let ours = [
        ("service.name", "stallscope"),
        ("service.version", env!("CARGO_PKG_VERSION")),
        ("service.instance.id", instance),
        ("os.type", if cfg!(target_os = "macos") { "darwin" } else { std::env::consts::OS }),
    ];
    let is_said = |name: &str| said.iter().any(|(said, _)| said == name);
    let ours = ours.into_iter().filter(|(name, _)| !is_said(name));
    let said = said.iter().map(|(name, value)| (&**name, &**value));
    let attributes = ours.chain(said).map(|(name, value)| attributes::text(name, value)).collect();
    Resource { attributes, ..Resource::default() }
}

fn scope() -> InstrumentationScope {
    InstrumentationScope {
        name: "stallscope".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        ..InstrumentationScope::default()
    }
}

/// A moment of an incident as Unix time in nanoseconds. What is on disk is outside input: nothing overflows.
fn unix_ns(incident: &Incident, at_ns: Ns) -> u64 {
    incident.origin_unix_ns.parse::<u64>().unwrap_or(0).saturating_add(at_ns)
}

/// The wait as a whole: from when somebody asked, or would have if the extension host had not been busy, until they could have
/// the answer. When the end of it was not seen, until the last that was.
fn whole(incident: &Incident) -> (Ns, Ns) {
    let begin_ns = incident.request.start_ns.saturating_sub(incident.held_up_ns);
    let end_ns = request_end_ns(incident).saturating_add(incident.taken_late_ns);
    (begin_ns, end_ns)
}

/// When the wait was over, as Unix time.
pub(crate) fn ended_unix_ns(incident: &Incident) -> u64 {
    unix_ns(incident, whole(incident).1)
}

/// A request as the JSON of OTLP, to look at; of a profile only what it is.
pub(crate) fn shown(kind: Kind, body: &[u8]) -> String {
    let json = match kind {
        Kind::Traces => {
            ExportTraceServiceRequest::decode(body).ok().map(|one| serde_json::to_string_pretty(&one))
        }
        Kind::Logs => {
            ExportLogsServiceRequest::decode(body).ok().map(|one| serde_json::to_string_pretty(&one))
        }
        Kind::Profile(_) => None,
    };
    json.and_then(Result::ok).unwrap_or_else(|| format!("a redacted heap profile, {} bytes", body.len()))
}

fn request_end_ns(incident: &Incident) -> Ns {
    let seen_last = || incident.series.last().map_or(0, |point| point.at_ns);
    let end_ns = incident.request.end_ns.unwrap_or_else(seen_last);
    end_ns.max(incident.request.start_ns)
}
