// Words for what the core only names: methods, sources, states.
import { env, l10n } from 'vscode';
import { openAddress } from '../../shared/address';
import type { Failure } from '../../shared/core';
import type {
  CurrentPhase,
  DebugServer,
  IncidentSummary,
  LatencySource,
  SpansView,
  Status,
} from '../../shared/model';
import { timingWords } from '../../shared/spanWords';
import * as waitWords from '../../shared/waitWords';
import { evidenceWords, NOTABLE_GROWTH_BYTES, requestWords } from '../../shared/words';
import * as units from './units';

export const bytes = (value: number) => units.bytes(value, env.language);
export const duration = (ns: number) => units.duration(ns, env.language);
export const coreShare = (share: number) => units.coreShare(share, env.language);
export const valueByName = (name: string, value: number | string) =>
  units.valueByName(name, value, env.language);

/** What the user calls this request. */
export const requestName = (method: string): string =>
  requestWords(method, { t: (text, args) => l10n.t(text, args ?? {}), valueByName });

/** What a request waits for at this moment. */
export const currentPhase = (phase: CurrentPhase): string =>
  waitWords.currentPhase(phase, { t: (text, args) => l10n.t(text, args ?? {}), valueByName });

/** Whether gopls's own timing comes. */
export const timing = (spans: SpansView, status: Status) =>
  timingWords(spans, status, { t: (text, args) => l10n.t(text, args ?? {}), valueByName });

/** The same within a line: `gopls hover 3.2 s`. What is left of an LSP name stays as it is. */
export function requestNameInline(method: string): string {
  const name = requestName(method);
  return method.endsWith(name) ? name : name.toLocaleLowerCase(env.language);
}

/** Where latencies come from, so that nobody takes an estimate for a measurement. */
export function latencySource(source: LatencySource): string {
  switch (source) {
    case 'counters':
      return l10n.t("gopls's own counters (exact)");
    case 'replies':
      return l10n.t("gopls's counters of requests and replies (older gopls: to within one reading)");
    case 'echo':
      return l10n.t('an echo of your request (estimate)');
    case 'none':
      return l10n.t('none yet');
  }
}

export function debugServer(debug: DebugServer): string {
  switch (debug.state) {
    case 'unknown':
      return l10n.t('looking for it');
    case 'off':
      return l10n.t('off, so no heap can be captured');
    case 'on':
      return debug.loopback_only
        ? l10n.t('on at {address}, this machine only', { address: debug.address })
        : l10n.t('on at {address}, open to other machines', { address: openAddress(debug.address) });
    case 'failing':
      return l10n.t('{address} does not answer: {error}', { address: debug.address, error: debug.error });
  }
}

/** `Hover took 5.3 s`, or what else there is to say about how an incident ended. */
export function incidentTitle(incident: IncidentSummary): string {
  const request = requestName(incident.method);
  if (incident.problem !== null) return l10n.t('{id} cannot be read', { id: incident.id });
  if (incident.method === 'capture-on-request') return request;
  if (incident.state === 'gopls-gone') return l10n.t('{request}: gopls ended meanwhile', { request });
  if (incident.duration_ns === null) return l10n.t('{request}: end not seen', { request });
  return l10n.t('{request} took {duration}', { request, duration: duration(incident.duration_ns) });
}

/** What was captured of it, in a word. */
export const evidence = (incident: IncidentSummary): string =>
  evidenceWords(incident, { t: (text, args) => l10n.t(text, args ?? {}) });

/** How much gopls grew during it; undefined when it hardly did. */
export function incidentGrowth(incident: IncidentSummary): string | undefined {
  const growth = incident.rss_peak_bytes - incident.rss_start_bytes;
  return growth >= NOTABLE_GROWTH_BYTES ? bytes(growth) : undefined;
}

/** An expected failure of the core, in words. Codes without words of their own keep the core's sentence. */
export function failure({ code, message }: Failure): string {
  switch (code) {
    case 'no-gopls':
      return l10n.t(
        'No gopls of this window was found. Open a Go file, or check that the Go extension starts gopls.',
      );
    case 'no-debug-server':
      return l10n.t(
        'gopls\'s debug server is off, so its heap cannot be captured. Run "Stallscope: Enable gopls Debug Server".',
      );
    case 'debug-server-failing':
      return l10n.t("gopls's heap cannot be captured now. ({message})", { message });
    case 'incident-not-found':
      return l10n.t('This incident is not there any more.');
    case 'disk-full':
      return l10n.t(
        'The disk is full, so nothing more can be saved. Delete incidents or free some space. ({message})',
        {
          message,
        },
      );
    case 'storage-read-only':
      return l10n.t('Stallscope cannot write to its storage folder. ({message})', { message });
    case 'capture-failed':
      return l10n.t('The capture failed. ({message})', { message });
    case 'capture-cancelled':
      return l10n.t('The capture was cancelled. ({message})', { message });
    case 'watcher-ended':
      return l10n.t("Stallscope's watcher has ended. Reload the window to start it again.");
    case 'incident-unreadable':
      return l10n.t('This incident cannot be read. ({message})', { message });
    case 'profile-invalid':
      return l10n.t('This profile cannot be read. ({message})', { message });
    case 'not-a-log':
      return l10n.t('There is no message of gopls in this file. ({message})', { message });
    case 'log-unreadable':
      return l10n.t('This log cannot be read. ({message})', { message });
    case 'log-cancelled':
      return l10n.t('Reading the log was cancelled.');
    case 'no-log-open':
      return l10n.t('No log is open.');
    case 'no-baseline':
      return l10n.t('This incident has no baseline: gopls had not been calm before it.');
    default:
      return message;
  }
}

/** A moment as local date and time. */
export function localTime(rfc3339: string): string {
  const time = new Date(rfc3339);
  if (Number.isNaN(time.getTime())) return rfc3339;
  try {
    return time.toLocaleString(env.language);
  } catch {
    return time.toLocaleString();
  }
}
