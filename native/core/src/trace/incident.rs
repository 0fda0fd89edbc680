//! The trace of an incident.

use super::{Counter, Group, Mark, Slice, Trace};
use crate::model::{Capture, CaptureKind, CaptureState, Incident, Ns, RequestRecord, Value};
use crate::wait::{PhaseSource, WaitBreakdown};

impl Trace {
    /// Requests, the phases of the main one within it, the load, captures, RSS, the heap where it was captured, and what was decided.
    ///
    /// Times are those of the incident: nanoseconds from its origin.
    pub fn of_incident(incident: &Incident) -> Self {
        let end_ns = end_ns(incident);
        let mut groups = vec![
            Group {
                name: "Requests of the editor".into(),
                slices: incident.requests.iter().map(|record| request(record, incident, end_ns)).collect(),
            },
            Group { name: "Captures".into(), slices: incident.captures.iter().filter_map(capture).collect() },
        ];
        // What was sampled stays to be compared with what gopls itself says.
        if let (Some(_), Some(sampled)) = (&incident.wait_by_spans, &incident.wait) {
            let slices = phases(sampled, (0, Ns::MAX));
            groups.push(Group { name: "Phases by sampling".into(), slices });
        }
        if let Some(load) = &incident.load {
            let facts = [
                ("peak_rss_bytes", load.peak_rss_bytes.into()),
                ("is_ordinary", yes_or_no(load.ordinary)),
                (super::HAS_ENDED, yes_or_no(load.end_ns.is_some())),
            ];
            let slice = Slice::new("workspace load", load.start_ns, load.end_ns.unwrap_or(end_ns), facts);
            groups.push(Group { name: "Workspace load".into(), slices: vec![slice] });
        }
        let version = incident.gopls.version.as_deref().unwrap_or("of unknown version");
        let rss = incident.series.iter().map(|point| (point.at_ns, point.rss_bytes as f64));
        Self {
            title: incident.id.clone(),
            pid: incident.gopls.pid,
            process: format!("gopls {version}"),
            groups,
            counters: vec![
                Counter { name: "RSS (bytes)".into(), points: rss.collect() },
                Counter { name: "heap as of its last GC cycle (bytes)".into(), points: heap(incident) },
            ],
            marks: marks(incident),
        }
    }
}

/// The last moment that anything is known of.
fn end_ns(incident: &Incident) -> Ns {
    let requests = incident.requests.iter().map(|request| request.end_ns.unwrap_or(request.start_ns));
    let captures = incident.captures.iter().map(|capture| capture.received_ns.unwrap_or(capture.trigger_ns));
    let rss = incident.series.iter().map(|point| point.at_ns);
    requests.chain(captures).chain(rss).max().unwrap_or(0)
}

/// A request; the main one with its phases.
fn request(record: &RequestRecord, incident: &Incident, end_ns: Ns) -> Slice {
    // gopls's own length, where it is known, is better than the distance of two moments.
    let measured = record.duration_ns.map(|duration_ns| record.start_ns.saturating_add(duration_ns));
    let end_ns = measured.or(record.end_ns).unwrap_or(end_ns);
    let facts = [
        ("is_main", yes_or_no(*record == incident.request)),
        ("somebody_waits", yes_or_no(record.interactive)),
        (super::HAS_ENDED, yes_or_no(record.end_ns.is_some())),
        ("uncertainty_ns", record.uncertainty_ns.into()),
    ];
    let mut slice = Slice::new(&*record.method, record.start_ns, end_ns, facts);
    if let (true, Some(wait)) = (*record == incident.request, incident.best_wait()) {
        slice.inside = phases(wait, (slice.start_ns, slice.end_ns));
    }
    slice
}

/// The phases of a wait as far as they lie `within` these moments: what gopls has measured may end a little before what was
/// seen of it, and slices must nest.
fn phases(wait: &WaitBreakdown, (begin_ns, end_ns): (Ns, Ns)) -> Vec<Slice> {
    let mut slices = Vec::<Slice>::new();
    for phase in &wait.slices {
        let (from, to) = (phase.begin_ns.max(begin_ns), phase.end_ns.min(end_ns));
        let name = phase.phase.name();
        let source = match phase.source {
            PhaseSource::Spans => "spans",
            PhaseSource::Sampling => "sampling",
        };
        if from >= to {
            continue;
        }
        match slices.last_mut() {
            // What goes on is one slice, as viewers draw it.
            Some(last) if last.end_ns == from && last.name == name => last.end_ns = to,
            _ => slices.push(Slice::new(name, from, to, [("source", source.into())])),
        }
        if let (Some(front), Some(queued)) = (phase.front, slices.last_mut()) {
            let name = format!("in front: {}", front.name());
            queued.inside.push(Slice::new(name, from, to, [("source", source.into())]));
        }
    }
    slices
}

fn capture(capture: &Capture) -> Option<Slice> {
    let (sent_ns, received_ns) = (capture.sent_ns?, capture.received_ns?);
    let facts = [
        ("trigger", capture.trigger.as_str().into()),
        ("size_bytes", capture.size_bytes.into()),
        ("is_whole", yes_or_no(capture.state == CaptureState::Complete)),
    ];
    Some(Slice::new(format!("{} {}", kind(capture.kind), capture.number), sent_ns, received_ns, facts))
}

/// A profile says how large the heap was after the last collection before it.
fn heap(incident: &Incident) -> Vec<(Ns, f64)> {
    let point = |capture: &Capture| {
        let is_heap = matches!(capture.kind, CaptureKind::Heap | CaptureKind::Baseline);
        is_heap.then_some((capture.received_ns?, capture.inuse_space_bytes? as f64))
    };
    let mut points: Vec<_> = incident.captures.iter().filter_map(point).collect();
    points.sort_by_key(|(at_ns, _)| *at_ns);
    points
}

fn marks(incident: &Incident) -> Vec<Mark> {
    let decisions = incident.decisions.iter().map(|decision| {
        // Numbers only: a text may be the name of a file.
        let is_number = |(_, value): &(&String, &Value)| matches!(value, Value::Number(_));
        let numbers = decision.values.iter().filter(is_number);
        let mut facts: super::Facts = numbers.map(|(name, value)| (name.clone(), value.clone())).collect();
        if !decision.fired {
            facts.insert("reason".to_owned(), decision.reason.as_str().into());
        }
        let what = if decision.fired { "" } else { "not " };
        Mark { name: format!("{what}{}", decision.rule), at_ns: decision.at_ns, facts }
    });
    let captures = incident.captures.iter().map(|capture| Mark {
        name: format!("capture of {} decided", kind(capture.kind)),
        at_ns: capture.trigger_ns,
        facts: crate::model::named([("trigger", capture.trigger.as_str().into())]),
    });
    decisions.chain(captures).collect()
}

fn kind(kind: CaptureKind) -> &'static str {
    match kind {
        CaptureKind::Heap => "heap",
        CaptureKind::Baseline => "baseline",
        CaptureKind::Goroutines => "goroutines",
        CaptureKind::Memory => "memory statistics",
        CaptureKind::HeapDelta => "heap difference",
        CaptureKind::Allocs => "allocations",
        CaptureKind::Cpu => "CPU",
        CaptureKind::HeapText => "heap as text",
    }
}

fn yes_or_no(is: bool) -> Value {
    if is { "yes".into() } else { "no".into() }
}
