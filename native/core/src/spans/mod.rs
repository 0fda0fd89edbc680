//! gopls's own spans: what it says of its work when it is started with `-otel`, and what a wait was made of by them.
//!
//! gopls v0.22 and later posts the spans that have ended every two seconds, as OTLP over HTTP with JSON bodies.
//! [`SpanBatch::parse`] is the door for such a body, [`SpanRing`] holds the latest spans of one gopls, [`SpanRecord`] is
//! what is kept of them with an incident, and [`phases_of`] names each nanosecond of a request's wait.
//! `docs/spans.md` has the rules and what they rest on.

mod breakdown;
mod critical_path;
mod meaning;
mod otlp;
mod packages;
mod phases;
mod queue;
mod record;
mod ring;
mod span;
#[cfg(test)]
mod tests;
mod walk;

pub(crate) use otlp::{Capped, cut};
pub use otlp::{MOST_BODY_BYTES, MOST_TEXT_BYTES, NotSpans, SpanBatch};
pub use phases::{phases_of, request_span};
pub use record::{NotARecord, RECORD_FORMAT, SpanRecord};
pub use ring::{MOST_BYTES, MOST_SPANS, SpanRing};
pub use span::{Rpc, Span, SpanId, TraceId};
pub use walk::Walk;
