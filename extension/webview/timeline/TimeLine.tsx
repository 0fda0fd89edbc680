// The time line with its controls: what is looked at, zoom, pan, crosshair.
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { IncidentSummary, Timeline } from '../../shared/model';
import { useSettled, useSize } from '../base/dom';
import * as fmt from '../base/format';
import { sentences, t } from '../base/l10n';
import { Failed } from '../ui/Feedback';
import { Segmented } from '../ui/Segmented';
import { methodName } from '../words/sources';
import { Chart, chartHeight, LEFT, RIGHT } from './Chart';
import { Legend } from './Legend';
import { Readout } from './Readout';
import { momentAt } from './read';
import { length, LIVE_SPAN_NS, padded, panBy, within, zoomAt, type Span } from './view';
import { useTimeline } from './useTimeline';

const ZOOM_STEP = 0.7;
const SETTLE_MS = 120;
/** Right after the start, live shows at least this much. */
const SHORTEST_LIVE_NS = 10e9;

interface Props {
  /** The selected incident, if one. */
  incident: IncidentSummary | null;
  mode: 'live' | 'incident';
  /** Not there where there is nothing live to show. */
  onMode?(mode: 'live' | 'incident'): void;
  onSelect?(incident: string): void;
  /** The watcher's clock at the latest status; null before the first. */
  now_ns: number | null;
  visible: boolean;
}

export function TimeLine({ incident, mode, onMode, onSelect, now_ns, visible }: Props) {
  const [box, { width }] = useSize<HTMLDivElement>();
  /** What the user zoomed to; null for "all of the incident" or "follow now". */
  const [chosen, setChosen] = useState<Span | null>(null);
  const [liveSpan_ns, setLiveSpan] = useState(LIVE_SPAN_NS);
  const [cursor_ns, setCursor] = useState<number | null>(null);
  const id = mode === 'incident' ? (incident?.id ?? null) : null;
  const live = id === null;
  useEffect(() => {
    setChosen(null);
    setCursor(null);
  }, [id]);

  const settled = useSettled(chosen, SETTLE_MS);
  const now = Math.max(0, now_ns ?? 0);
  const query = useMemo(() => {
    if (width <= 0 || (live && now_ns === null)) return null;
    const asked = settled ?? (live ? { from_ns: Math.max(0, now - liveSpan_ns), to_ns: now } : null);
    // A margin on both sides, so that a small pan shows data at once.
    const margin = asked && settled ? length(asked) * 0.25 : 0;
    return {
      incident: id,
      from_ns: asked && Math.max(0, asked.from_ns - margin),
      to_ns: asked && (live && !settled ? null : asked.to_ns + margin),
      points: (width - LEFT - RIGHT) * (margin > 0 ? 1.5 : 1),
    };
  }, [id, settled, live && !settled ? now : 0, liveSpan_ns, width > 0 ? width : 0, now_ns === null]);
  // The same question has another answer as time goes by, while something goes on.
  const ongoing = live ? !settled : incident?.state === 'open';
  const { timeline, error, retry } = useTimeline(
    visible ? query : null,
    ongoing ? now : Number(incident?.by_spans ?? false),
  );

  // How far one may zoom out: all of the incident, or what the watcher has seen.
  const extent = useRef<{ id: string | null; span: Span } | null>(null);
  if (timeline && !settled && !live) extent.current = { id, span: timeline };
  const known = extent.current?.id === id && !live ? extent.current?.span : null;
  const bounds: Span = live
    ? { from_ns: 0, to_ns: Math.max(now, timeline?.to_ns ?? 0, SHORTEST_LIVE_NS) }
    : (known ?? timeline ?? { from_ns: 0, to_ns: 1e9 });

  const stall = timeline?.stalls[0] ?? null;
  const fitted: Span = live
    ? { from_ns: Math.max(bounds.from_ns, bounds.to_ns - liveSpan_ns), to_ns: bounds.to_ns }
    : stall && known
      ? padded({ from_ns: stall.start_ns, to_ns: stall.end_ns ?? bounds.to_ns }, 0.15, bounds)
      : bounds;
  const view = chosen ?? fitted;
  const plot = Math.max(1, width - LEFT - RIGHT);

  const zoom = (factor: number, anchor_ns?: number) => {
    if (live && !chosen) {
      // Following now: the right edge stays.
      setLiveSpan(Math.min(Math.max(liveSpan_ns * factor, 2e9), Math.max(bounds.to_ns, 2e9)));
    } else {
      setChosen(zoomAt(view, anchor_ns ?? view.from_ns + length(view) / 2, factor, bounds));
    }
  };
  const pan = (share: number) => setChosen(panBy(view, share * length(view), bounds));
  const reset = () => {
    setChosen(null);
    setLiveSpan(LIVE_SPAN_NS);
  };
  const moment_ns = (event: MouseEvent) => {
    const left = box.current?.getBoundingClientRect().left ?? 0;
    return view.from_ns + ((event.clientX - left - LEFT) / plot) * length(view);
  };

  // Wheel handlers must not be passive to keep the page from scrolling, which JSX cannot say.
  const onWheel = useRef<(event: WheelEvent) => void>(() => {});
  onWheel.current = (event) => {
    if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
      event.preventDefault();
      pan((event.deltaX || event.deltaY) / plot);
    } else if (event.deltaY !== 0) {
      event.preventDefault();
      zoom(Math.exp(Math.max(-100, Math.min(100, event.deltaY)) / 250), moment_ns(event));
    }
  };
  useEffect(() => {
    const element = box.current;
    const handle = (event: WheelEvent) => onWheel.current(event);
    element?.addEventListener('wheel', handle, { passive: false });
    return () => element?.removeEventListener('wheel', handle);
  }, []);

  const drag = useRef<{ x: number; view: Span; moved: boolean } | null>(null);
  const onPointerMove = (event: PointerEvent) => {
    const start = drag.current;
    if (!start) {
      const ns = moment_ns(event);
      setCursor(ns >= view.from_ns && ns <= view.to_ns ? ns : null);
      return;
    }
    const by = event.clientX - start.x;
    if (!start.moved && Math.abs(by) < 4) return;
    start.moved = true;
    setCursor(null);
    setChosen(panBy(start.view, (-by / plot) * length(start.view), bounds));
  };
  const onPointerUp = (event: PointerEvent) => {
    const start = drag.current;
    drag.current = null;
    if (!start || start.moved || !timeline || !live) return;
    const clicked = momentAt(timeline, moment_ns(event), 0).stall?.incident;
    if (clicked) onSelect?.(clicked);
  };
  const onKey = (event: KeyboardEvent) => {
    const step = event.shiftKey ? 10 : 1;
    const at = cursor_ns ?? view.from_ns + length(view) / 2;
    const moveCursor = (by: number) => {
      const to = within(
        { from_ns: at + by, to_ns: at + by },
        { from_ns: bounds.from_ns, to_ns: bounds.to_ns },
      ).from_ns;
      setCursor(to);
      if (to < view.from_ns || to > view.to_ns) setChosen(panBy(view, by, bounds));
    };
    const pixel = (length(view) / plot) * 4;
    const action = {
      ArrowLeft: () => (event.altKey ? pan(-0.2) : moveCursor(-pixel * step)),
      ArrowRight: () => (event.altKey ? pan(0.2) : moveCursor(pixel * step)),
      PageUp: () => pan(-0.8),
      PageDown: () => pan(0.8),
      '+': () => zoom(ZOOM_STEP, at),
      '=': () => zoom(ZOOM_STEP, at),
      '-': () => zoom(1 / ZOOM_STEP, at),
      '0': reset,
      Home: reset,
      Escape: () => setCursor(null),
    }[event.key];
    if (!action || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    action();
  };

  const height = chartHeight(timeline);
  const zero_ns = live ? null : (stall?.start_ns ?? view.from_ns);
  const moment =
    timeline && cursor_ns !== null ? momentAt(timeline, cursor_ns, (length(view) / plot) * 5) : null;
  const cursorX = cursor_ns === null ? 0 : LEFT + ((cursor_ns - view.from_ns) / length(view)) * plot;

  return (
    <section class="timeline" aria-label={t('Time line')}>
      <div class="timeline-bar">
        {onMode && (
          <Segmented
            label={t('What the time line shows')}
            selected={live ? 'live' : 'incident'}
            onSelect={onMode}
            options={[
              { key: 'live', label: t('Live'), title: t('Follow gopls as it works') },
              {
                key: 'incident',
                label: t('Incident'),
                title: t('Show the selected incident'),
                disabled: !incident,
              },
            ]}
          />
        )}
        <Legend />
        <div class="zoom" role="group" aria-label={t('Zoom')}>
          <button
            type="button"
            class="icon-button"
            title={t('Zoom out (−)')}
            aria-label={t('Zoom out')}
            onClick={() => zoom(1 / ZOOM_STEP)}
          >
            −
          </button>
          <button
            type="button"
            class="icon-button"
            title={t('Zoom in (+)')}
            aria-label={t('Zoom in')}
            onClick={() => zoom(ZOOM_STEP)}
          >
            +
          </button>
          <button
            type="button"
            class="button secondary small"
            title={t('Show all (0)')}
            onClick={reset}
            disabled={!chosen && (!live || liveSpan_ns === LIVE_SPAN_NS)}
          >
            {live && chosen ? t('Follow now') : t('Reset')}
          </button>
        </div>
      </div>
      <div
        ref={box}
        class="plot"
        style={{ height: `${height}px` }}
        tabIndex={0}
        role="img"
        aria-roledescription={t('chart')}
        aria-label={timeline ? summary(timeline, view) : t('Time line of memory and requests')}
        onPointerDown={(event) => {
          if (event.button !== 0) return;
          drag.current = { x: event.clientX, view, moved: false };
          event.currentTarget.setPointerCapture(event.pointerId);
        }}
        onPointerMove={onPointerMove}
        onPointerUp={onPointerUp}
        onPointerCancel={() => (drag.current = null)}
        onPointerLeave={() => !drag.current && setCursor(null)}
        onDblClick={reset}
        onKeyDown={onKey}
      >
        {timeline && width > 0 && (
          <Chart timeline={timeline} view={view} width={width} zero_ns={zero_ns}>
            {moment && <line class="crosshair" x1={cursorX} x2={cursorX} y1={8} y2={height - 18} />}
          </Chart>
        )}
        {!timeline && !error && <p class="plot-note">{t('Waiting for the first values…')}</p>}
        {timeline && timeline.rss.length === 0 && (
          <p class="plot-note">{t('Nothing was measured in this span.')}</p>
        )}
        {moment && timeline && (
          <Readout moment={moment} timeline={timeline} zero_ns={zero_ns} x={cursorX} width={width} />
        )}
      </div>
      {error && <Failed message={error} onRetry={retry} />}
    </section>
  );
}

/** What a sighted user takes from the chart at a glance, as a sentence or two. */
function summary(timeline: Timeline, view: Span): string {
  const values = timeline.rss
    .filter(({ at_ns }) => at_ns >= view.from_ns && at_ns <= view.to_ns)
    .map(({ rss_bytes }) => rss_bytes);
  if (values.length === 0) return t('Nothing was measured in this span.');
  const longest = timeline.requests
    .filter(({ request }) => request.start_ns < view.to_ns && (request.end_ns ?? Infinity) > view.from_ns)
    .filter(({ request }) => request.interactive)
    .map(({ request }) => ({ ...request, took: (request.end_ns ?? timeline.to_ns) - request.start_ns }))
    .sort((a, b) => b.took - a.took)[0];
  const memory = t('{span} of time: memory from {least} to {most}.', {
    span: fmt.duration(length(view)),
    least: fmt.bytes(Math.min(...values)),
    most: fmt.bytes(Math.max(...values)),
  });
  if (!longest) return sentences(memory, t('Nobody waited.'));
  const words = { method: methodName(longest.method), duration: fmt.duration(longest.took) };
  return sentences(memory, t('Longest wait: {method}, {duration}.', words));
}
