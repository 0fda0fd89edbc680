// An incident as sentences. Every number says where it comes from.
import type { Capture, Incident } from '../../shared/model';
import * as fmt from '../base/format';
import { t } from '../base/l10n';
import { captureState, incidentState, methodName, timingSource } from '../words/sources';

/** Heap captures of the stall itself, in order. */
export const heaps = (incident: Incident): Capture[] =>
  incident.captures.filter(({ kind }) => kind === 'heap');
export const baseline = (incident: Incident): Capture | undefined =>
  incident.captures.find(({ kind, state }) => kind === 'baseline' && state === 'complete');

export const readable = ({ state, file }: Capture): boolean => state === 'complete' && file !== '';

/** The heap capture to look at first: the last whole one, which saw most of the growth. */
export const bestHeap = (incident: Incident): Capture | undefined => heaps(incident).findLast(readable);

export function facts(incident: Incident): string[] {
  return [
    what(incident),
    memory(incident),
    ...heaps(incident).map((heap) => heapSentence(incident, heap)),
    baselineSentence(incident),
    load(incident),
  ].filter((sentence) => sentence !== '');
}

function what({ request, state, gopls }: Incident): string {
  const method = methodName(request.method);
  if (request.method === 'capture-on-request')
    return t('You asked for this capture; nobody was waiting for gopls.');
  if (request.duration_ns === null) {
    return t('{method}: {state}. It was asked at a moment known from {source}.', {
      method,
      state: state === 'complete' ? t('its end was not seen') : incidentState(state),
      source: timingSource(request.start_source),
    });
  }
  return t(
    '{method} took {duration} (± {uncertainty}; start from {start}, end from {end}) in gopls {version}, pid {pid}.',
    {
      method,
      duration: fmt.duration(request.duration_ns),
      uncertainty: fmt.duration(request.uncertainty_ns),
      start: timingSource(request.start_source),
      end: timingSource(request.end_source ?? request.start_source),
      version: gopls.version ?? '?',
      pid: String(gopls.pid),
    },
  );
}

function memory({ rss }: Incident): string {
  return t(
    'Its memory (RSS) went from {start} to a peak of {peak} and was {end} at the end; the steepest rise was {rise}.',
    {
      start: fmt.bytes(rss.start_bytes),
      peak: fmt.bytes(rss.peak_bytes),
      end: fmt.bytes(rss.end_bytes),
      rise: fmt.bytes(rss.steepest_rise_bytes),
    },
  );
}

function heapSentence({ request }: Incident, heap: Capture): string {
  if (heap.state !== 'complete') {
    return t('A heap capture is {state}: {error}', {
      state: captureState(heap.state),
      error: heap.error ?? '–',
    });
  }
  const holds =
    heap.inuse_space_bytes === null ? '' : t('It holds {held}.', { held: fmt.bytes(heap.inuse_space_bytes) });
  return `${heapMoment(request, heap)} ${holds}`.trim();
}

function heapMoment(request: Incident['request'], heap: Capture): string {
  const after = fmt.duration(heap.trigger_ns - request.start_ns);
  if (heap.during_request && request.end_ns !== null && heap.received_ns !== null) {
    return t(
      'The heap was captured {after} after the start and was complete {before} before the end, during the wait.',
      {
        after,
        before: fmt.duration(request.end_ns - heap.received_ns),
      },
    );
  }
  if (heap.during_request === false) {
    return t('The heap capture began {after} after the start and was not complete before the end.', {
      after,
    });
  }
  return t('The heap was captured {after} after the start.', { after });
}

function baselineSentence(incident: Incident): string {
  const calm = baseline(incident);
  return calm && heaps(incident).length > 0 ? baselineAge(incident, calm) : '';
}

export function baselineAge({ request }: Incident, calm: Capture): string {
  return t('The baseline was taken {age} before, while gopls was calm.', {
    age: fmt.duration(request.start_ns - (calm.received_ns ?? calm.trigger_ns)),
  });
}

function load({ load }: Incident): string {
  if (!load) return '';
  const earlier = load.earlier_ns.at(-1);
  const compared =
    earlier === undefined
      ? t('It is the first load Stallscope has seen here, so there is nothing to compare with.')
      : load.ordinary
        ? t('Earlier loads took about as long ({earlier} the last time).', { earlier: fmt.duration(earlier) })
        : t('That is clearly longer than before ({earlier} the last time).', {
            earlier: fmt.duration(earlier),
          });
  const length =
    load.end_ns === null
      ? t('The workspace was still loading for the first time; slow is normal then.')
      : t('It fell into the first load of the workspace, which took {duration}; slow is normal then.', {
          duration: fmt.duration(load.end_ns - load.start_ns),
        });
  return `${length} ${compared}`;
}
