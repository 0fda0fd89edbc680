// Where numbers come from, said plainly. Every number the panel shows can name its source through these.
import { openAddress } from '../../shared/address';
import type {
  Capture,
  CaptureKind,
  CaptureState,
  DebugServer,
  IncidentState,
  LatencySource,
  TimingSource,
} from '../../shared/model';
import { requestWords } from '../../shared/words';
import { t } from '../base/l10n';
import { valueByName } from './values';

export function latencySource(source: LatencySource): string {
  switch (source) {
    case 'counters':
      return t("Latency: gopls's own request counters");
    case 'replies':
      return t("Latency: gopls's counters of requests and replies");
    case 'echo':
      return t('Latency: an echo of the request through the editor (approximate)');
    case 'none':
      return t('Latency: no source yet');
  }
}

export function latencySourceDetail(source: LatencySource): string {
  switch (source) {
    case 'counters':
      return t('This gopls counts started and completed requests; the difference is what is in flight.');
    case 'replies':
      return t(
        'This gopls (before v0.22) counts requests and replies but not how long they took, so durations are known to within one reading of its counters.',
      );
    case 'echo':
      return t(
        'The metrics of this gopls cannot be used, so Stallscope repeats the request through the editor and times that, one at a time.',
      );
    case 'none':
      return t(
        'Without a debug server only memory is watched; switch it on to see requests and capture heaps.',
      );
  }
}

export function timingSource(source: TimingSource): string {
  switch (source) {
    case 'observer':
      return t('the editor asking');
    case 'counters':
      return t("gopls's request counters");
    case 'gopls-latency':
      return t("gopls's own latency metric");
    case 'echo':
      return t('an echo of the request');
    case 'save':
      return t('the save events of the editor');
    case 'process-end':
      return t('the end of the gopls process');
  }
}

export function debugServer(debug: DebugServer): string {
  switch (debug.state) {
    case 'unknown':
      return t('Looking for the debug server…');
    case 'off':
      return t('Debug server off: no heap can be captured');
    case 'on':
      return debug.loopback_only
        ? t('Debug server on {address}', { address: debug.address })
        : t('Debug server on {address}, open to other machines', { address: openAddress(debug.address) });
    case 'failing':
      return t('Debug server on {address} fails: {error}', { address: debug.address, error: debug.error });
  }
}

export function captureKind(kind: CaptureKind): string {
  switch (kind) {
    case 'heap':
      return t('Heap profile');
    case 'baseline':
      return t('Baseline heap profile');
    case 'goroutines':
      return t('Goroutine profile');
    case 'memory':
      return t('Memory statistics');
    case 'heap-delta':
      return t('Heap difference over time');
    case 'allocs':
      return t('Allocations since the start');
    case 'cpu':
      return t('CPU profile');
    case 'heap-text':
      return t('Heap as text');
  }
}

/** A capture by what makes it another one than its kind alone says. */
export function captureName({
  kind,
  after_gc,
  seconds,
}: Pick<Capture, 'kind' | 'after_gc' | 'seconds'>): string {
  if (after_gc === true) return t('Heap profile after a forced collection');
  if (seconds !== undefined)
    return t('{what}, {seconds} s', { what: captureKind(kind), seconds: String(seconds) });
  return captureKind(kind);
}

export function captureState(state: CaptureState): string {
  switch (state) {
    case 'running':
      return t('running');
    case 'complete':
      return t('complete');
    case 'partial':
      return t('cut off');
    case 'failed':
      return t('failed');
  }
}

export function incidentState(state: IncidentState): string {
  switch (state) {
    case 'open':
      return t('still going on');
    case 'complete':
      return t('finished');
    case 'gopls-gone':
      return t('gopls ended before it answered');
    case 'interrupted':
      return t('the editor closed before it ended');
  }
}

/** What the user calls this request. */
export const methodName = (method: string): string => requestWords(method, { t, valueByName });
