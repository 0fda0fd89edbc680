//! The time line and the sparkline, cut from what the engine remembers (live) or what an incident kept.

use stallscope_core::engine::memory::thin;
use stallscope_core::engine::{Engine, StallMark};
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
    let stalls: Vec<_> =
        engine.stall_marks().filter(|stall| stall.end_ns.is_none_or(|end| end >= from)).collect();
    Timeline {
        from_ns: from,
        to_ns: to,
        origin_unix_ms: (origin_unix_ns / 1_000_000) as f64,
        rss: thin(&samples, points(query)),
        requests: bars(engine.requests(), from, to),
        captures: marks(stalls.iter().flat_map(|stall| &stall.captures)),
        stalls: stalls.iter().filter(|stall| !stall.on_request).map(span).collect(),
        phases: Vec::new(),
    }
}

fn span(stall: &StallMark) -> StallSpan {
    StallSpan { incident: stall.incident.clone(), start_ns: stall.start_ns, end_ns: stall.end_ns }
}

/// The time line of one incident.
pub(crate) fn of_incident(incident: &Incident, query: &TimelineQuery) -> Timeline {
    let request = &incident.request;
    let first = incident.series.first().map_or(request.start_ns, |p| p.at_ns);
    let last = incident.series.last().map_or(request.start_ns, |p| p.at_ns);
    // A capture on request is no request of the editor's, and may be over before memory is read again.
    let ends = incident.requests.iter().chain([request]).filter_map(|r| r.end_ns);
    let end = ends.chain([last]).max().unwrap_or(last);
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
        phases: incident.best_wait().map_or_else(Vec::new, |wait| wait.slices.clone()),
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

/// Requests that overlap the window, each in a lane that is free: what people wait for above, what the editor asks by
/// itself below, so that the wait is never the bar that a small chart leaves out.
fn bars<'a>(requests: impl Iterator<Item = &'a RequestRecord>, from: Ns, to: Ns) -> Vec<RequestBar> {
    let mut visible: Vec<&RequestRecord> =
        requests.filter(|r| r.start_ns <= to && r.end_ns.is_none_or(|end| end >= from)).collect();
    if visible.len() > MOST_BARS {
        visible.sort_by_key(|r| std::cmp::Reverse((r.interactive, r.duration_ns.unwrap_or(Ns::MAX))));
        visible.truncate(MOST_BARS);
    }
    visible.sort_by_key(|r| r.start_ns);
    let (waited, background): (Vec<_>, Vec<_>) = visible.into_iter().partition(|r| r.interactive);
    let mut bars = in_lanes(&waited, 0);
    let below = bars.iter().map(|bar| bar.lane + 1).max().unwrap_or(0);
    bars.extend(in_lanes(&background, below));
    bars
}

/// Requests by start, each in the lowest lane from `first` on that is free.
fn in_lanes(requests: &[&RequestRecord], first: u32) -> Vec<RequestBar> {
    let mut lane_ends: Vec<Ns> = Vec::new();
    let place = |request: &&RequestRecord| {
        let end = request.end_ns.unwrap_or(Ns::MAX);
        let free = lane_ends.iter().position(|lane_end| *lane_end <= request.start_ns);
        let lane = free.unwrap_or(lane_ends.len());
        match lane_ends.get_mut(lane) {
            Some(lane_end) => *lane_end = end,
            None => lane_ends.push(end),
        }
        RequestBar { request: (*request).clone(), lane: first + lane as u32 }
    };
    requests.iter().map(place).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use stallscope_core::model::TimingSource;

    fn request(method: &str, interactive: bool, start_ns: Ns, end_ns: Ns) -> RequestRecord {
        RequestRecord {
            method: method.to_owned(),
            start_ns,
            end_ns: Some(end_ns),
            duration_ns: Some(end_ns - start_ns),
            start_source: TimingSource::Counters,
            end_source: Some(TimingSource::Counters),
            uncertainty_ns: 0,
            interactive,
            uri: None,
            line: None,
        }
    }

    #[test]
    fn what_people_wait_for_is_in_the_first_lanes() {
        let requests = [
            request("codeLens", false, 0, 90),
            request("documentLink", false, 1, 90),
            request("hover", true, 20, 80),
            request("completion", true, 30, 40),
            request("foldingRange", false, 95, 99),
        ];
        let bars = bars(requests.iter(), 0, 100);
        let lanes: Vec<_> = bars.iter().map(|bar| (bar.request.method.as_str(), bar.lane)).collect();
        assert_eq!(
            lanes,
            [("hover", 0), ("completion", 1), ("codeLens", 2), ("documentLink", 3), ("foldingRange", 2)]
        );
    }

    #[test]
    fn of_too_many_the_waits_stay() {
        let mut requests: Vec<_> = (0..2_000).map(|n| request("codeLens", false, n, n + 5_000)).collect();
        requests.push(request("hover", true, 7, 8));
        let bars = bars(requests.iter(), 0, 10_000);
        assert_eq!(bars.len(), MOST_BARS);
        assert_eq!(bars[0].request.method, "hover");
    }
}
