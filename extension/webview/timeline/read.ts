// Answers about a moment of the time line, for the crosshair and for screen readers.
import type { CaptureMark, PhaseSlice, RequestBar, RssPoint, StallSpan, Timeline } from '../../shared/model';

export interface Moment {
  at_ns: number;
  /** The last value read before it; null where nothing was read for `STALE_NS`. */
  rss_bytes: number | null;
  requests: RequestBar[];
  captures: CaptureMark[];
  stall: StallSpan | null;
  /** What was waited for. */
  phase: PhaseSlice | null;
}

/** Points are thinned on long views, so "no data" is only said for gaps far longer than the distance of points. */
const GAP_FACTOR = 8;

/** The index of the last point at or before `at_ns`, -1 when there is none. */
export function lastBefore(points: RssPoint[], at_ns: number): number {
  let low = 0;
  let high = points.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((points[middle]?.at_ns ?? Infinity) <= at_ns) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** Longer pauses than this between two points are gaps: nothing was measured there. */
export function gapLimit(points: RssPoint[]): number {
  const [first, last] = [points[0], points.at(-1)];
  if (!first || !last || points.length < 3) return Infinity;
  return Math.max(1e9, (GAP_FACTOR * (last.at_ns - first.at_ns)) / (points.length - 1));
}

export function momentAt(timeline: Timeline, at_ns: number, captureSlack_ns: number): Moment {
  const point = timeline.rss[lastBefore(timeline.rss, at_ns)];
  const ends = (end: number | null) => end ?? Infinity;
  return {
    at_ns,
    rss_bytes: point && at_ns - point.at_ns <= gapLimit(timeline.rss) ? point.rss_bytes : null,
    requests: timeline.requests.filter(
      ({ request }) => request.start_ns <= at_ns && at_ns <= ends(request.end_ns) && at_ns <= timeline.to_ns,
    ),
    captures: timeline.captures.filter(
      ({ trigger_ns, received_ns }) =>
        trigger_ns - captureSlack_ns <= at_ns && at_ns <= (received_ns ?? trigger_ns) + captureSlack_ns,
    ),
    stall:
      timeline.stalls.find((stall) => stall.start_ns <= at_ns && at_ns <= (stall.end_ns ?? timeline.to_ns)) ??
      null,
    phase: timeline.phases.find(({ begin_ns, end_ns }) => begin_ns <= at_ns && at_ns < end_ns) ?? null,
  };
}
