// What part of the time line is seen, as plain arithmetic: no DOM, no clock.
import { clamp } from '../base/dom';

/** All on the watcher's clock. */
export interface Span {
  from_ns: number;
  to_ns: number;
}

const MS = 1e6;
const SECOND = 1e9;
/** Closer than this there is nothing to see: RSS is read every 50 ms. */
export const CLOSEST_NS = 20 * MS;
/** What live shows until the user zooms. */
export const LIVE_SPAN_NS = 120 * SECOND;

export const length = (span: Span): number => span.to_ns - span.from_ns;

/** Keeps a span inside `bounds`, moved before it is cut. */
export function within(span: Span, bounds: Span): Span {
  const size = Math.min(Math.max(length(span), CLOSEST_NS), Math.max(length(bounds), CLOSEST_NS));
  const from_ns = clamp(span.from_ns, bounds.from_ns, Math.max(bounds.from_ns, bounds.to_ns - size));
  return { from_ns, to_ns: from_ns + size };
}

/** Shorter (`factor` < 1) or longer, while the moment under the pointer stays where it is. */
export function zoomAt(span: Span, anchor_ns: number, factor: number, bounds: Span): Span {
  const size = clamp(length(span) * factor, CLOSEST_NS, Math.max(length(bounds), CLOSEST_NS));
  const share = length(span) > 0 ? (anchor_ns - span.from_ns) / length(span) : 0.5;
  const from_ns = anchor_ns - size * share;
  return within({ from_ns, to_ns: from_ns + size }, bounds);
}

export function panBy(span: Span, by_ns: number, bounds: Span): Span {
  return within({ from_ns: span.from_ns + by_ns, to_ns: span.to_ns + by_ns }, bounds);
}

/** The span with some air around it. */
export function padded(span: Span, share: number, bounds: Span): Span {
  const air = Math.max(length(span) * share, 100 * MS);
  return {
    from_ns: Math.max(bounds.from_ns, span.from_ns - air),
    to_ns: Math.min(bounds.to_ns, span.to_ns + air),
  };
}

const STEPS_NS = [1, 2, 5, 10, 20, 50, 100, 200, 500]
  .map((ms) => ms * MS)
  .concat(
    [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 43_200].map((s) => s * SECOND),
  );

/** Round moments to label, at most about `most` of them. `zero_ns` is a multiple of every step. */
export function timeTicks(span: Span, most: number, zero_ns: number): { step_ns: number; at_ns: number[] } {
  const wanted = length(span) / Math.max(1, most);
  const step_ns = STEPS_NS.find((step) => step >= wanted) ?? 86_400 * SECOND;
  const at_ns: number[] = [];
  for (let n = Math.ceil((span.from_ns - zero_ns) / step_ns); at_ns.length < 100; n++) {
    const at = zero_ns + n * step_ns;
    if (at > span.to_ns) break;
    at_ns.push(at);
  }
  return { step_ns, at_ns };
}

/**
 * Round values that cover `least` to `most`, in the 1-2-5 manner; about `count` of them. They begin at 0 unless that
 * would flatten the curve: then at a round value, so that never less than a quarter of `most` is spanned and a small
 * wobble does not look like a mountain.
 */
export function valueTicks(least: number, most: number, count: number): number[] {
  if (!(most > 0)) return [0];
  const floor = least < most / 2 ? 0 : Math.min(least, most * 0.75);
  const raw = (most - floor) / Math.max(1, count);
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = power * ([1, 2, 2.5, 5, 10].find((n) => n * power >= raw) ?? 10);
  const ticks = [];
  for (let n = Math.floor(floor / step); n * step < most + step; n++) ticks.push(n * step);
  return ticks;
}
