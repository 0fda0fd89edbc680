// Draws one state of the time line as SVG: crisp at any pixel ratio, coloured by the theme's own style sheet.
// Everything shares the one time axis: RSS as an area, requests as bars in lanes below it, stalls as shaded spans.
import type { ComponentChildren } from 'preact';
import { useMemo } from 'preact/hooks';
import type { CaptureMark, PhaseSlice, RequestBar, RssPoint, Timeline } from '../../shared/model';
import { cx } from '../base/dom';
import * as fmt from '../base/format';
import { t } from '../base/l10n';
import { sliceName } from '../waits/words';
import { methodName } from '../words/sources';
import { gapLimit } from './read';
import { length, timeTicks, valueTicks, type Span } from './view';

export const LEFT = 64;
export const RIGHT = 12;
const TOP = 16;
const RSS_HEIGHT = 104;
const LANE = 15;
const BAR = 12;
const MOST_LANES = 6;
const AXIS = 20;
const GAP = 8;
/** Bars narrower than this in the same lane are drawn as one. */
const MERGE_PX = 1;
const LABEL_PX = 48;

export const chartHeight = (timeline: Timeline | null): number => axisAt(timeline) + AXIS;
/** Where the lanes end: those of the requests, and the one of the phases where they are known. */
const axisAt = (timeline: Timeline | null): number =>
  lanesTop + (shownLanes(timeline) + phaseLanes(timeline)) * LANE;
const lanesTop = TOP + RSS_HEIGHT + GAP;
const phaseLanes = (timeline: Timeline | null): number => ((timeline?.phases.length ?? 0) > 0 ? 1 : 0);
const shownLanes = (timeline: Timeline | null): number =>
  Math.min(
    MOST_LANES,
    (timeline?.requests ?? []).reduce((most, { lane }) => Math.max(most, lane + 1), 1),
  );

interface Props {
  timeline: Timeline;
  view: Span;
  width: number;
  /** ns 0 of the labels: the start of the stall, or null for clock time. */
  zero_ns: number | null;
  children?: ComponentChildren;
}

export function Chart({ timeline, view, width, zero_ns, children }: Props) {
  const height = chartHeight(timeline);
  const plot = Math.max(1, width - LEFT - RIGHT);
  const x = (ns: number) => LEFT + ((ns - view.from_ns) / length(view)) * plot;
  const edge = (ns: number) => Math.max(LEFT, Math.min(LEFT + plot, x(ns)));

  const levels = useMemo(() => {
    let [least, most] = [Infinity, 0];
    for (const { at_ns, rss_bytes } of timeline.rss) {
      if (!seen(at_ns, view)) continue;
      least = Math.min(least, rss_bytes);
      most = Math.max(most, rss_bytes);
    }
    return valueTicks(least, most * 1.02, 3);
  }, [timeline, view.from_ns, view.to_ns]);
  const bottom = levels[0] ?? 0;
  const top = Math.max(levels.at(-1) ?? 0, bottom + 1);
  const y = (bytes: number) => TOP + RSS_HEIGHT * (1 - (bytes - bottom) / (top - bottom));
  const floor = TOP + RSS_HEIGHT;
  const axis = axisAt(timeline);
  const phasesTop = lanesTop + shownLanes(timeline) * LANE;

  const ticks = timeTicks(view, Math.max(2, plot / 95), zero_ns ?? -(timeline.origin_unix_ms % 3.6e6) * 1e6);
  const timeLabel = (ns: number) =>
    zero_ns === null
      ? fmt.clock(timeline.origin_unix_ms + ns / 1e6, ticks.step_ns < 1e9 ? 2 : undefined)
      : tickDuration(ns - zero_ns, ticks.step_ns);

  return (
    <svg class="chart" width={width} height={height} viewBox={`0 0 ${width} ${height}`} aria-hidden="true">
      <defs>
        <clipPath id="plot">
          <rect x={LEFT} y={0} width={plot} height={height} />
        </clipPath>
      </defs>
      {timeline.stalls
        .filter((stall) => x(stall.start_ns) < LEFT + plot && x(stall.end_ns ?? timeline.to_ns) > LEFT)
        .map((stall) => {
          const [from, to] = [edge(stall.start_ns), edge(stall.end_ns ?? timeline.to_ns)];
          return (
            <rect
              key={stall.start_ns}
              class="stall"
              x={from}
              y={TOP}
              width={Math.max(1, to - from)}
              height={axis - TOP}
            />
          );
        })}
      {levels.map((level) => (
        <g key={level}>
          <line
            class="grid-line"
            x1={LEFT}
            x2={LEFT + plot}
            y1={Math.round(y(level)) + 0.5}
            y2={Math.round(y(level)) + 0.5}
          />
          <text class="axis-label" x={LEFT - 8} y={y(level) + 4} text-anchor="end">
            {level === 0 ? '0' : fmt.bytes(level)}
          </text>
        </g>
      ))}
      {ticks.at_ns.map((at) => (
        <g key={at}>
          <line
            class="grid-line"
            x1={Math.round(x(at)) + 0.5}
            x2={Math.round(x(at)) + 0.5}
            y1={TOP}
            y2={axis + 4}
          />
          {x(at) > LEFT + 14 && x(at) < LEFT + plot - 20 && (
            <text class="axis-label" x={x(at)} y={axis + 15} text-anchor="middle">
              {timeLabel(at)}
            </text>
          )}
        </g>
      ))}
      <g clip-path="url(#plot)">
        <RssArea points={timeline.rss} x={x} y={y} floor={floor} view={view} cut={bottom > 0} />
        {merge(timeline.requests, x, LEFT, LEFT + plot, timeline.to_ns).map((bar) => (
          <Bar key={`${bar.lane} ${bar.from}`} bar={bar} top={lanesTop + bar.lane * LANE} />
        ))}
        {timeline.phases
          .filter((slice) => slice.begin_ns < view.to_ns && slice.end_ns > view.from_ns)
          .map((slice) => (
            <Phase key={slice.begin_ns} slice={slice} x={x} top={phasesTop} />
          ))}
        {timeline.captures
          .filter(
            ({ trigger_ns, received_ns }) => seen(trigger_ns, view) || seen(received_ns ?? trigger_ns, view),
          )
          .map((mark) => (
            <Mark key={`${mark.kind} ${mark.trigger_ns}`} mark={mark} x={x} bottom={axis} />
          ))}
      </g>
      <text class="axis-label lanes-label" x={LEFT - 8} y={lanesTop + 10} text-anchor="end">
        {t('Requests')}
      </text>
      {timeline.phases.length > 0 && (
        <text class="axis-label lanes-label" x={LEFT - 8} y={phasesTop + 10} text-anchor="end">
          {t('Waited for')}
        </text>
      )}
      {children}
    </svg>
  );
}

const seen = (ns: number, view: Span) => ns >= view.from_ns && ns <= view.to_ns;

function tickDuration(ns: number, step_ns: number): string {
  if (ns === 0) return '0';
  const sign = ns > 0 ? '+' : '';
  if (step_ns < 1e9 && Math.abs(ns) < 1e10) return sign + fmt.duration(Math.round(ns / 1e6) * 1e6);
  const seconds = ns / 1e9;
  return Math.abs(seconds) < 60
    ? `${seconds < 0 ? '\u2212' : '+'}${fmt.plain(Math.abs(seconds))}\u00a0s`
    : sign + fmt.duration(ns);
}

interface AreaProps {
  points: RssPoint[];
  x(ns: number): number;
  y(bytes: number): number;
  floor: number;
  view: Span;
  /** The axis does not begin at zero: the area then says nothing and is only hinted at. */
  cut: boolean;
}

function RssArea({ points, x, y, floor, view, cut }: AreaProps) {
  const limit = gapLimit(points);
  const runs: RssPoint[][] = [];
  let run: RssPoint[] = [];
  points.forEach((point, index) => {
    const [before, after] = [points[index - 1], points[index + 1]];
    // One point beyond either edge, so that the line reaches the edge.
    if ((after && after.at_ns < view.from_ns) || (before && before.at_ns > view.to_ns)) return;
    if (before && run.length > 0 && point.at_ns - before.at_ns > limit) {
      runs.push(run);
      run = [];
    }
    run.push(point);
  });
  runs.push(run);
  return (
    <>
      {runs.map((points) => {
        const [first, last] = [points[0], points.at(-1)];
        if (!first || !last) return null;
        const line = points.map((p) => `${x(p.at_ns).toFixed(1)},${y(p.rss_bytes).toFixed(1)}`).join('L');
        return (
          <g key={first.at_ns}>
            <path
              class={cx('rss-area', cut && 'cut')}
              d={`M${x(first.at_ns)},${floor}L${line}L${x(last.at_ns)},${floor}Z`}
            />
            <path class="rss-line" d={`M${line}`} />
          </g>
        );
      })}
    </>
  );
}

interface MergedBar {
  lane: number;
  from: number;
  to: number;
  count: number;
  open: boolean;
  interactive: boolean;
  label: string;
}

/** Requests as pixels; what would share a pixel becomes one bar, so that thousands cost as much as the width. */
function merge(
  requests: RequestBar[],
  x: (ns: number) => number,
  left: number,
  right: number,
  now_ns: number,
): MergedBar[] {
  const latest = new Map<number, MergedBar>();
  const bars: MergedBar[] = [];
  for (const { request, lane } of requests) {
    if (lane >= MOST_LANES) continue;
    const [from, to] = [x(request.start_ns), x(request.end_ns ?? now_ns)];
    if (to < left || from > right) continue;
    const last = latest.get(lane);
    if (last && from - last.to < MERGE_PX && (to - from < MERGE_PX || last.to - last.from < MERGE_PX)) {
      last.to = Math.max(last.to, to);
      last.count++;
      last.interactive ||= request.interactive;
      continue;
    }
    const open = request.end_ns === null;
    const bar = {
      lane,
      from,
      to,
      count: 1,
      open,
      interactive: request.interactive,
      label: methodName(request.method),
    };
    latest.set(lane, bar);
    bars.push(bar);
  }
  return bars;
}

function Bar({ bar, top }: { bar: MergedBar; top: number }) {
  const width = Math.max(2, bar.to - bar.from);
  const from = Math.max(LEFT, bar.from);
  const room = bar.from + width - from;
  const fits = bar.count === 1 && room > Math.max(LABEL_PX, bar.label.length * 6.4 + 8);
  return (
    <>
      <rect
        class={cx('bar', bar.interactive ? 'waited' : 'background', bar.open && 'open')}
        x={bar.from}
        y={top}
        width={width}
        height={BAR}
        rx={2}
      />
      {fits && (
        <text class="bar-label" x={from + 5} y={top + 9.5}>
          {bar.label}
        </text>
      )}
    </>
  );
}

function Phase({ slice, x, top }: { slice: PhaseSlice; x(ns: number): number; top: number }) {
  const [from, to] = [x(slice.begin_ns), x(slice.end_ns)];
  const label = sliceName(slice);
  const left = Math.max(LEFT, from);
  return (
    <>
      <rect
        class={cx('phase', `phase-${slice.phase}`)}
        x={from}
        y={top}
        width={Math.max(0.5, to - from)}
        height={BAR}
      />
      {to - left > label.length * 6.4 + 8 && (
        <text class="bar-label" x={left + 5} y={top + 9.5}>
          {label}
        </text>
      )}
    </>
  );
}

function Mark({ mark, x, bottom }: { mark: CaptureMark; x(ns: number): number; bottom: number }) {
  const from = x(mark.trigger_ns);
  const to = mark.received_ns === null ? from : x(mark.received_ns);
  const failed = mark.state === 'failed' || mark.state === 'partial';
  return (
    <g class={cx('capture', mark.kind, failed && 'failed')}>
      <rect class="capture-span" x={from} y={TOP} width={Math.max(1, to - from)} height={bottom - TOP} />
      <line x1={from} x2={from} y1={TOP - 6} y2={bottom} />
      <path d={`M${from},${TOP - 1}l-5,-5l5,-5l5,5z`} />
    </g>
  );
}
