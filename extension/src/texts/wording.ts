// Words for what the core only names: methods, sources, states.
import { env, l10n } from 'vscode';
import { openAddress } from '../../shared/address';
import type { Failure } from '../../shared/core';
import type {
  CurrentPhase,
  DebugServer,
  IncidentSummary,
  LatencySource,
  LoadStatus,
  LoadStep,
  RunningGo,
  SpansView,
  Status,
} from '../../shared/model';
import * as doingWords from '../../shared/doingWords';
import { timingWords } from '../../shared/spanWords';
import * as waitWords from '../../shared/waitWords';
import { evidenceWords, NOTABLE_GROWTH_BYTES, requestWords } from '../../shared/words';
import * as units from './units';

export const bytes = (value: number) => units.bytes(value, env.language);
export const duration = (ns: number) => units.duration(ns, env.language);
export const coreShare = (share: number) => units.coreShare(share, env.language);
export const valueByName = (name: string, value: number | string) =>
  units.valueByName(name, value, env.language);

const language = {
  t: (text: string, args?: Record<string, string>) => l10n.t(text, args ?? {}),
  valueByName,
};

/** What the user calls this request. */
export const requestName = (method: string): string => requestWords(method, language);

/** What a request waits for at this moment. */
export const currentPhase = (phase: CurrentPhase): string => waitWords.currentPhase(phase, language);

/** What a `go` command of gopls uses; undefined before that is known. */
export const commandUse = (command: RunningGo) => doingWords.commandUse(command, language);

/** A step of a load. */
export const loadStep = (step: LoadStep): string => doingWords.loadStep(step, language);

/** How a load compares with earlier ones of this workspace. */
export const loadCompared = (load: LoadStatus) => doingWords.loadCompared(load, language);

/** Whether gopls's own timing comes. */
export const timing = (spans: SpansView, status: Status) => timingWords(spans, status, language);

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
  if (incident.held_up_ns > incident.duration_ns) {
    return l10n.t('{request} waited {held_up} for the extension host', {
      request,
      held_up: duration(incident.held_up_ns),
    });
  }
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
    case 'not-a-trace':
      return l10n.t('This file is no trace that can be read. ({message})', { message });
    case 'trace-unreadable':
      return l10n.t('This file cannot be read. ({message})', { message });
    case 'not-an-incident':
      return l10n.t('This is not the folder of an incident. ({message})', { message });
    case 'cache-unreadable':
      return l10n.t("gopls's cache cannot be read or changed. ({message})", { message });
    case 'cache-not-running':
      return l10n.t('No gopls of this window has a directory in the cache. Open a Go file first.');
    case 'cache-gopls-stays':
      return l10n.t('gopls did not end, so its cache was left as it is. ({message})', { message });
    case 'cache-gopls-back':
      return l10n.t(
        'gopls was at work again before its cache could be moved aside, so it was left as it is. Try again. ({message})',
        { message },
      );
    case 'cache-shared':
    case 'cache-remote':
    case 'cache-unseen':
      return l10n.t("gopls's cache was left as it is. ({message})", { message });
    case 'cache-cancelled':
      return l10n.t("Cancelled before anything was changed in gopls's cache.");
    case 'cache-busy':
      return l10n.t("gopls's cache is being cleaned already.");
    case 'heap-busy':
      return l10n.t("gopls's live heap is being read already.");
    case 'heap-not-at-rest':
      return l10n.t(
        "gopls's live heap was not read: somebody waited for gopls again, or something was being captured of it.",
      );
    case 'heap-kept':
      return l10n.t('What was kept of the heap cannot be read. ({message})', { message });
    case 'no-heap-open':
      return l10n.t('No heap is open any more. Read it again.');
    case 'heap-not-ours':
      return l10n.t(
        'This gopls was not started by this window, so it is not touched. In a terminal: stallscope retain --pid. ({message})',
        { message },
      );
    case 'heap-stripped':
      return l10n.t(
        'This gopls has no debug information, so the types in its memory are not known. Install it again: go install golang.org/x/tools/gopls@latest. ({message})',
        { message },
      );
    case 'heap-memory':
      return l10n.t('There is not enough free memory for this, so nothing was done to gopls. ({message})', {
        message,
      });
    case 'heap-out-of-time':
    case 'heap-not-stopped':
      return l10n.t(
        'gopls went on before all was copied: the bound on its pause was reached. Raise stallscope.retain.maxPauseMs if it may stand still for longer. ({message})',
        { message },
      );
    case 'heap-yama':
    case 'heap-forbidden':
    case 'heap-undumpable':
    case 'heap-no-room':
      return l10n.t('The system does not allow reading gopls’s memory; nothing was done to it. ({message})', {
        message,
      });
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
