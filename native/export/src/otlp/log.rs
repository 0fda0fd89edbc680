//! An incident as one log record, beside its trace.

use std::fmt::Write;

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::common::v1::AnyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs, SeverityNumber};
use opentelemetry_proto::tonic::resource::v1::Resource;
use stallscope_core::model::{Incident, MB, SECOND};

use super::attributes::{main_cause, method, of_incident};
use super::ids::{span_id, trace_id};
use super::{Told, ended_unix_ns, scope};
use crate::sampling::Verdict;

/// The log record of an incident, of the moment its wait ended.
pub fn log(told: &Told<'_>, resource: &Resource) -> ExportLogsServiceRequest {
    let incident = told.incident;
    let ended_unix_ns = ended_unix_ns(incident);
    let (severity, severity_text) = match told.verdict {
        Verdict::Severe(_) => (SeverityNumber::Error, "ERROR"),
        Verdict::Sampled | Verdict::LeftOut => (SeverityNumber::Warn, "WARN"),
    };
    let record = LogRecord {
        time_unix_nano: ended_unix_ns,
        observed_time_unix_nano: ended_unix_ns,
        severity_number: severity as i32,
        severity_text: severity_text.to_owned(),
        body: Some(AnyValue { value: Some(Value::StringValue(sentence(incident))) }),
        attributes: of_incident(told),
        trace_id: trace_id(incident),
        span_id: span_id(incident, "wait", 0),
        event_name: "stallscope.incident".to_owned(),
        ..LogRecord::default()
    };
    let scope_logs =
        vec![ScopeLogs { scope: Some(scope()), log_records: vec![record], ..ScopeLogs::default() }];
    let of_resource =
        ResourceLogs { resource: Some(resource.clone()), scope_logs, ..ResourceLogs::default() };
    ExportLogsServiceRequest { resource_logs: vec![of_resource] }
}

fn sentence(incident: &Incident) -> String {
    let method = method(&incident.request.method);
    let mut text = match incident.waited_ns() {
        Some(waited_ns) => format!("{method} took {:.3} s", waited_ns as f64 / SECOND as f64),
        None => format!("{method} was not seen to end"),
    };
    let peak_mb = incident.rss.peak_bytes / MB;
    let _ = write!(text, ", mostly for {}; gopls had {peak_mb} MB at most", main_cause(incident));
    text
}
