//! The body of an answer that says yes.

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceResponse;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceResponse;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceResponse;
use prost::Message;

use crate::config::Signal;

/// What was left out and why.
pub(super) type Partial = (i64, String);

/// Nothing is expected in it.
pub(super) fn any(_body: &[u8]) -> Option<Partial> {
    None
}

/// What an answer of OTLP says besides yes. One that cannot be read says nothing.
pub(super) fn partial(signal: Signal, body: &[u8]) -> Option<Partial> {
    match signal {
        Signal::Traces => of_traces(ExportTraceServiceResponse::decode(body).ok()?),
        Signal::Logs => of_logs(ExportLogsServiceResponse::decode(body).ok()?),
        Signal::Metrics => of_metrics(ExportMetricsServiceResponse::decode(body).ok()?),
    }
}

pub(super) fn of_traces(answer: ExportTraceServiceResponse) -> Option<Partial> {
    answer.partial_success.map(|partial| (partial.rejected_spans, partial.error_message))
}

pub(super) fn of_logs(answer: ExportLogsServiceResponse) -> Option<Partial> {
    answer.partial_success.map(|partial| (partial.rejected_log_records, partial.error_message))
}

pub(super) fn of_metrics(answer: ExportMetricsServiceResponse) -> Option<Partial> {
    answer.partial_success.map(|partial| (partial.rejected_data_points, partial.error_message))
}
