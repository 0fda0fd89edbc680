import type { Timeline } from '../../shared/model';
import * as fmt from '../base/format';
import { t } from '../base/l10n';
import { sliceName } from '../waits/words';
import { captureKind, captureState, methodName } from '../words/sources';
import type { Moment } from './read';

const MOST_LINES = 5;
/** About as wide as the box gets; it changes sides before it would leave the chart. */
const BOX_PX = 250;

interface Props {
  moment: Moment;
  timeline: Timeline;
  zero_ns: number | null;
  x: number;
  width: number;
}

/** The values under the crosshair. */
export function Readout({ moment, timeline, zero_ns, x, width }: Props) {
  const { at_ns, rss_bytes, requests, captures, stall, phase } = moment;
  const clock = fmt.clock(timeline.origin_unix_ms + at_ns / 1e6, 3);
  const side =
    x + BOX_PX + 24 > width ? { right: `${Math.max(4, width - x + 10)}px` } : { left: `${x + 10}px` };
  return (
    <div class="readout" style={side} role="status">
      <div class="readout-time">
        {zero_ns === null
          ? clock
          : t('{duration} after the start · {clock}', { duration: fmt.duration(at_ns - zero_ns), clock })}
      </div>
      <div>
        <b>{rss_bytes === null ? t('no value') : fmt.bytes(rss_bytes)}</b> RSS
      </div>
      {phase && <div>{t('Waited for: {phase}', { phase: sliceName(phase) })}</div>}
      {requests.slice(0, MOST_LINES).map(({ request }) => (
        <div key={`${request.method} ${request.start_ns}`} class="readout-line">
          {request.end_ns === null
            ? t('{method}, in flight for {age}', {
                method: methodName(request.method),
                age: fmt.duration(at_ns - request.start_ns),
              })
            : t('{method}, {age} of {duration}', {
                method: methodName(request.method),
                age: fmt.duration(at_ns - request.start_ns),
                duration: fmt.duration(request.end_ns - request.start_ns),
              })}
        </div>
      ))}
      {requests.length > MOST_LINES && (
        <div>{t('and {count} more requests', { count: fmt.count(requests.length - MOST_LINES) })}</div>
      )}
      {requests.length === 0 && <div class="dim">{t('no request in flight')}</div>}
      {captures.map((mark) => (
        <div key={`${mark.kind} ${mark.trigger_ns}`} class="readout-line">
          {t('{what}: {state}, {duration} from trigger to last byte', {
            what: captureKind(mark.kind),
            state: captureState(mark.state),
            duration: mark.received_ns === null ? '–' : fmt.duration(mark.received_ns - mark.trigger_ns),
          })}
        </div>
      ))}
      {stall?.incident && zero_ns === null && <div class="dim">{t('Click to open this incident')}</div>}
    </div>
  );
}
