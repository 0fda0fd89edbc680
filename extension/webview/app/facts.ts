// An incident in words: a headline, and facts below it. Every number says where it comes from.
import type { Capture, Decision, Incident, PastLoad } from '../../shared/model';
import * as fmt from '../base/format';
import { baseline, heaps, readable } from '../heap/captures';
import { NOTABLE_GROWTH_BYTES } from '../../shared/words';
import { sentences, t } from '../base/l10n';
import { decisionText } from '../words/decisions';
import { captureState, incidentState, methodName, timingSource } from '../words/sources';

export interface Fact {
  label: string;
  text: string;
}

/** What happened, in one line. */
export function headline({ request, state, rss, held_up_ns, taken_late_ns }: Incident): string {
  const method = methodName(request.method);
  if (request.method === 'capture-on-request')
    return t('You asked for this capture; nobody was waiting for gopls.');
  if (request.duration_ns === null) {
    const how = state === 'complete' ? t('its end was not seen') : incidentState(state);
    return t('{method}: {state}', { method, state: how });
  }
  const duration = fmt.duration(request.duration_ns);
  const by_host_ns = held_up_ns + taken_late_ns;
  if (by_host_ns > request.duration_ns) {
    return t('{method} waited {held_up} for the extension host; gopls took {duration}', {
      method,
      held_up: fmt.duration(by_host_ns),
      duration,
    });
  }
  const growth = rss.peak_bytes - rss.start_bytes;
  return growth >= NOTABLE_GROWTH_BYTES
    ? t('{method} took {duration}; gopls grew by {growth} meanwhile', {
        method,
        duration,
        growth: fmt.bytes(growth),
      })
    : t('{method} took {duration}; gopls hardly grew meanwhile', { method, duration });
}

/** What is known of it beyond the headline. */
export function facts(incident: Incident): Fact[] {
  const { gopls } = incident;
  const all: Fact[] = [
    { label: t('Timing'), text: timing(incident) },
    { label: t('Memory (RSS)'), text: memory(incident) },
    { label: t('Heap'), text: heapText(incident) },
    { label: t('Baseline'), text: baselineText(incident) },
    { label: t('Workspace'), text: load(incident) },
    {
      label: 'gopls',
      text: t('{version}, pid {pid}', {
        version: gopls.version ?? t('unknown version'),
        pid: String(gopls.pid),
      }),
    },
  ];
  return all.filter(({ text }) => text !== '');
}

function timing({ request }: Incident): string {
  if (request.method === 'capture-on-request') return '';
  const start = timingSource(request.start_source);
  if (request.end_source === null) return t('Start known from {start}.', { start });
  return t('Accurate to ± {uncertainty}: start from {start}, end from {end}.', {
    uncertainty: fmt.duration(request.uncertainty_ns),
    start,
    end: timingSource(request.end_source),
  });
}

function memory({ rss }: Incident): string {
  return t('{start} at the start, {peak} at the peak, {end} at the end; steepest rise {rise}.', {
    start: fmt.bytes(rss.start_bytes),
    peak: fmt.bytes(rss.peak_bytes),
    end: fmt.bytes(rss.end_bytes),
    rise: fmt.bytes(rss.steepest_rise_bytes),
  });
}

function heapText(incident: Incident): string {
  const all = heaps(incident);
  if (all.length === 0) return sentences(...noHeap(incident).map(decisionText));
  const told = all.map((heap) => heapSentence(incident, heap));
  if (!all.some(readable)) return sentences(...told);
  return sentences(
    ...told,
    t(
      "A heap profile shows gopls's heap as of its last garbage collection, so it may hold less than the memory above.",
    ),
  );
}

/** The decisions which say why there is no heap. */
export const noHeap = ({ decisions }: Incident): Decision[] =>
  decisions.filter(({ rule, fired }) => !fired && rule.startsWith('heap-'));

function heapSentence({ request }: Incident, heap: Capture): string {
  const after = fmt.duration(heap.trigger_ns - request.start_ns);
  if (heap.state !== 'complete') {
    return t('After {after}: {state} ({error}).', {
      after,
      state: captureState(heap.state),
      error: heap.error ?? '–',
    });
  }
  const held =
    heap.inuse_space_bytes === null ? t('A heap of unknown size') : fmt.bytes(heap.inuse_space_bytes);
  if (heap.during_request === true)
    return t('{held} captured after {after}, during the wait.', { held, after });
  if (heap.during_request === false)
    return t('{held} captured after {after}; complete only after the wait had ended.', { held, after });
  return t('{held} captured after {after}.', { held, after });
}

function baselineText(incident: Incident): string {
  const calm = baseline(incident);
  return calm && heaps(incident).length > 0 ? baselineAge(incident, calm) : '';
}

export function baselineAge({ request }: Incident, calm: Capture): string {
  return t('Baseline taken {age} before, while gopls was calm.', {
    age: fmt.duration(request.start_ns - (calm.received_ns ?? calm.trigger_ns)),
  });
}

function load({ load }: Incident): string {
  if (!load) return '';
  const earlier = load.earlier.at(-1);
  const compared =
    earlier === undefined
      ? t('It is the first load Stallscope has seen here, so there is nothing to compare with.')
      : load.ordinary
        ? t('Earlier loads took about as long ({earlier} and {peak} the last time).', figures(earlier))
        : t('That is clearly longer than before ({earlier} and {peak} the last time).', figures(earlier));
  const length =
    load.end_ns === null
      ? t('The workspace was still loading for the first time; slow is normal then.')
      : t(
          'It fell into the first load of the workspace, which took {duration} and reached {peak}; slow is normal then.',
          {
            duration: fmt.duration(load.end_ns - load.start_ns),
            peak: fmt.bytes(load.peak_rss_bytes),
          },
        );
  return sentences(length, compared);
}

const figures = ({ duration_ns, peak_rss_bytes }: PastLoad) => ({
  earlier: fmt.duration(duration_ns),
  peak: fmt.bytes(peak_rss_bytes),
});
