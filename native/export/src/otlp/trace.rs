//! An incident as a trace: the wait, in it the request, in that its phases; beside the request what else went on.

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status};
use stallscope_core::model::{Capture, CaptureState, Incident, IncidentState, Ns, RequestRecord};
use stallscope_core::wait::PhaseSlice;

use super::attributes::{method, number, of_incident, spelled, text, truth};
use super::ids::{span_id, trace_id};
use super::{Told, request_end_ns, scope, unix_ns, whole};

/// The trace of an incident.
pub fn trace(told: &Told<'_>, resource: &Resource) -> ExportTraceServiceRequest {
    let spans = Spans { incident: told.incident, trace_id: trace_id(told.incident) };
    let scope_spans =
        vec![ScopeSpans { scope: Some(scope()), spans: spans.all(told), ..ScopeSpans::default() }];
    let of_resource =
        ResourceSpans { resource: Some(resource.clone()), scope_spans, ..ResourceSpans::default() };
    ExportTraceServiceRequest { resource_spans: vec![of_resource] }
}

struct Spans<'a> {
    incident: &'a Incident,
    trace_id: Vec<u8>,
}

/// A first hover has 3,000 phases where gopls tells every span of it: 1 MB. Collectors take 4 MB.
const MOST_PHASES: usize = 8_000;

/// What a span is called by its kind and number, for its id.
type Name<'a> = (&'a str, usize);
const WAIT: Name<'static> = ("wait", 0);
const REQUEST: Name<'static> = ("request", 0);

impl Spans<'_> {
    fn all(&self, told: &Told<'_>) -> Vec<Span> {
        let incident = self.incident;
        let request = &incident.request;
        let (begin_ns, end_ns) = whole(incident);
        let answered_ns = request_end_ns(incident);
        let title = format!("stall {}", method(&request.method));
        let mut root = self.span(WAIT, None, title, (begin_ns, end_ns), of_incident(told));
        root.status = status(incident);
        let mut spans = vec![root];
        let host = |number, from, to| {
            self.span(("host", number), Some(WAIT), "extension host".to_owned(), (from, to), Vec::new())
        };
        if incident.held_up_ns > 0 {
            spans.push(host(0, begin_ns, request.start_ns));
        }
        spans.push(self.request(REQUEST, request, answered_ns));
        self.phases(&mut spans);
        if incident.taken_late_ns > 0 {
            spans.push(host(1, answered_ns, end_ns));
        }
        let others = incident.requests.iter().filter(|other| *other != request).enumerate();
        spans.extend(others.map(|(number, other)| {
            self.request(("beside", number), other, other.end_ns.unwrap_or(answered_ns).max(other.start_ns))
        }));
        spans.extend(incident.captures.iter().map(|capture| self.capture(capture, told.names)));
        spans
    }

    fn span(
        &self,
        (kind, number): Name<'_>,
        parent: Option<Name<'_>>,
        name: String,
        (begin_ns, end_ns): (Ns, Ns),
        attributes: Vec<KeyValue>,
    ) -> Span {
        Span {
            trace_id: self.trace_id.clone(),
            span_id: span_id(self.incident, kind, number),
            parent_span_id: parent
                .map(|(kind, number)| span_id(self.incident, kind, number))
                .unwrap_or_default(),
            name,
            kind: SpanKind::Internal as i32,
            start_time_unix_nano: unix_ns(self.incident, begin_ns),
            end_time_unix_nano: unix_ns(self.incident, end_ns.max(begin_ns)),
            attributes,
            ..Span::default()
        }
    }

    fn request(&self, name: Name<'_>, request: &RequestRecord, end_ns: Ns) -> Span {
        let mut attributes = vec![
            text("stallscope.method", method(&request.method)),
            number("stallscope.uncertainty_ns", request.uncertainty_ns),
            truth("stallscope.interactive", request.interactive),
            truth("stallscope.end_seen", request.end_ns.is_some()),
        ];
        attributes.extend(request.duration_ns.map(|ns| number("stallscope.request.duration_ns", ns)));
        let called = method(&request.method).to_owned();
        self.span(name, Some(WAIT), called, (request.start_ns, end_ns), attributes)
    }

    /// The phases in time. Where only their sums are known they are attributes of the wait alone; the sums are there in any case.
    fn phases(&self, spans: &mut Vec<Span>) {
        let slices = self.incident.best_wait().map_or(&[][..], |wait| &wait.slices);
        // The shortest go, if there are more than anybody looks at.
        let mut lengths: Vec<Ns> = slices.iter().map(length_ns).collect();
        lengths.sort_unstable_by(|a, b| b.cmp(a));
        let least_ns = lengths.get(MOST_PHASES).map_or(0, |ns| ns.saturating_add(1));
        let kept = slices.iter().enumerate().filter(|(_, slice)| length_ns(slice) >= least_ns);
        spans.extend(kept.map(|(number, slice)| {
            let mut attributes = vec![
                text("stallscope.phase", slice.phase.key()),
                text("stallscope.phase.source", &spelled(&slice.source)),
            ];
            attributes.extend(slice.front.map(|front| text("stallscope.phase.front", front.key())));
            let name = slice.phase.name().to_owned();
            self.span(("phase", number), Some(REQUEST), name, (slice.begin_ns, slice.end_ns), attributes)
        }));
    }

    fn capture(&self, capture: &Capture, names: bool) -> Span {
        let kind = spelled(&capture.kind);
        let mut attributes = vec![
            text("stallscope.capture.kind", &kind),
            text("stallscope.capture.state", &spelled(&capture.state)),
            text("stallscope.capture.trigger", method(&capture.trigger)),
            number("stallscope.capture.size_bytes", capture.size_bytes),
        ];
        attributes.extend(capture.inuse_space_bytes.map(|bytes| number("stallscope.heap.live_bytes", bytes)));
        attributes
            .extend(capture.during_request.map(|during| truth("stallscope.capture.during_request", during)));
        let error = capture.error.as_deref().filter(|_| names);
        attributes.extend(error.map(|error| text("stallscope.capture.error", error)));
        // A baseline was taken before anybody waited: what is told of it is when it was put beside the incident.
        let began_ns =
            capture.sent_ns.filter(|sent_ns| *sent_ns >= capture.trigger_ns).unwrap_or(capture.trigger_ns);
        let ended = [capture.on_disk_ns, capture.received_ns, capture.first_byte_ns];
        let ended_ns = ended.into_iter().flatten().next().unwrap_or(began_ns).max(began_ns);
        let name = ("capture", capture.number as usize);
        let mut span =
            self.span(name, Some(WAIT), format!("capture {kind}"), (began_ns, ended_ns), attributes);
        if capture.state == CaptureState::Failed {
            span.status = Some(Status { code: StatusCode::Error as i32, ..Status::default() });
        }
        span
    }
}

fn length_ns(slice: &PhaseSlice) -> Ns {
    slice.end_ns.saturating_sub(slice.begin_ns)
}

fn status(incident: &Incident) -> Option<Status> {
    let message = match incident.state {
        IncidentState::GoplsGone => "gopls ended before it answered",
        IncidentState::Open | IncidentState::Complete | IncidentState::Interrupted => return None,
    };
    Some(Status { message: message.to_owned(), code: StatusCode::Error as i32 })
}
