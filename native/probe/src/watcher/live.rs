//! The time line and the sparkline, cut from what the engine remembers (live) or what an incident kept.

use stallscope_core::engine::Engine;
use stallscope_core::engine::memory::thin;
use stallscope_core::model::{
    Bytes, Capture, CaptureKind, CaptureMark, Incident, Ns, RequestBar, RequestRecord, RssPoint, StallSpan,
    Timeline, TimelineQuery,
};

/// Most points a query may ask for.
const MOST_POINTS: u32 = 4_000;
/// Most request bars on one time line; the longest ones stay.
const MOST_BARS: usize = 500;

/// What happened in the last minutes.
pub(super) fn timeline(engine: &Engine, query: &TimelineQuery, origin_unix_ns: u128, now_ns: Ns) -> Timeline {
    let first = engine.ring().first().map_or(now_ns, |p| p.at_ns);
    let (from, to) = window(query, first, now_ns);
    let samples: Vec<_> = engine.ring().range(from, to).collect();
    let stalls = engine.stall_spans().map(|(incident, start_ns, end_ns)| StallSpan {
        incident: incident.map(str::to_owned),
        start_ns,
        end_ns,
    });
    Timeline {
        from_ns: from,
        to_ns: to,
        origin_unix_ms: (origin_unix_ns / 1_000_000) as f64,
        rss: thin(&samples, points(query)),
        requests: bars(engine.requests(), from, to),
        captures: marks(engine.captures()),
        stalls: stalls.collect(),
    }
}

/// The time line of one incident.
pub(crate) fn of_incident(incident: &Incident, query: &TimelineQuery) -> Timeline {
    let request = &incident.request;
    let first = incident.series.first().map_or(request.start_ns, |p| p.at_ns);
    let last = incident.series.last().map_or(request.start_ns, |p| p.at_ns);
    let end = incident.requests.iter().filter_map(|r| r.end_ns).chain([last]).max().unwrap_or(last);
    let (from, to) = window(query, first, end.max(first + 1));
    let samples: Vec<RssPoint> =
        incident.series.iter().copied().filter(|p| p.at_ns >= from && p.at_ns <= to).collect();
    let origin_unix_ns: u128 = incident.origin_unix_ns.parse().unwrap_or(0);
    Timeline {
        from_ns: from,
        to_ns: to,
        origin_unix_ms: (origin_unix_ns / 1_000_000) as f64,
        rss: thin(&samples, points(query)),
        requests: bars(incident.requests.iter(), from, to),
        captures: marks(incident.captures.iter()),
        stalls: vec![StallSpan {
            incident: Some(incident.id.clone()),
            start_ns: request.start_ns,
            end_ns: request.end_ns,
        }],
    }
}

/// RSS in `count` steps over the last `span_ns`, the greatest of each step.
pub(super) fn spark(engine: &Engine, now_ns: Ns, span_ns: Ns, count: u64) -> Vec<Bytes> {
    let step = span_ns / count;
    let from = now_ns.saturating_sub(span_ns);
    let mut peaks: Vec<Option<Bytes>> = vec![None; count as usize];
    for point in engine.ring().range(from, now_ns) {
        let index = (((point.at_ns - from) / step) as usize).min(peaks.len() - 1);
        if let Some(peak) = peaks.get_mut(index) {
            *peak = Some(peak.map_or(point.rss_bytes, |p| p.max(point.rss_bytes)));
        }
    }
    peaks.into_iter().flatten().collect()
}

fn window(query: &TimelineQuery, first: Ns, last: Ns) -> (Ns, Ns) {
    // `as` saturates and turns NaN into 0: whatever the panel sends is a window.
    let from = query.from_ns.map_or(first, |ns| ns as Ns);
    let to = query.to_ns.map_or(last, |ns| ns as Ns);
    (from, to.max(from.saturating_add(1)))
}

fn points(query: &TimelineQuery) -> usize {
    query.points.clamp(10, MOST_POINTS) as usize
}

fn marks<'a>(captures: impl Iterator<Item = &'a Capture>) -> Vec<CaptureMark> {
    captures
        .filter(|c| c.kind != CaptureKind::Baseline)
        .map(|c| CaptureMark {
            kind: c.kind,
            state: c.state,
            trigger_ns: c.trigger_ns,
            received_ns: c.received_ns,
        })
        .collect()
}

/// Requests that overlap the window, each in the lowest lane that is free.
fn bars<'a>(requests: impl Iterator<Item = &'a RequestRecord>, from: Ns, to: Ns) -> Vec<RequestBar> {
    let mut visible: Vec<&RequestRecord> =
        requests.filter(|r| r.start_ns <= to && r.end_ns.is_none_or(|end| end >= from)).collect();
    if visible.len() > MOST_BARS {
        visible.sort_by_key(|r| std::cmp::Reverse(r.duration_ns.unwrap_or(Ns::MAX)));
        visible.truncate(MOST_BARS);
    }
    visible.sort_by_key(|r| r.start_ns);
    let mut lane_ends: Vec<Ns> = Vec::new();
    visible
        .into_iter()
        .map(|request| {
            let end = request.end_ns.unwrap_or(Ns::MAX);
            let free = lane_ends.iter().position(|lane_end| *lane_end <= request.start_ns);
            let lane = free.unwrap_or(lane_ends.len());
            match lane_ends.get_mut(lane) {
                Some(lane_end) => *lane_end = end,
                None => lane_ends.push(end),
            }
            RequestBar { request: request.clone(), lane: lane as u32 }
        })
        .collect()
}
