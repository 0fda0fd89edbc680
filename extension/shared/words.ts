// What the core only names, in words: requests, decisions, notes. The shell and the panel say the same; how a text is
// translated and a number is written differs between them and is an argument.
import type { Decision, IncidentSummary, Note, Value } from './model';

export interface Language {
  /** The text in the display language, its `{placeholders}` filled. */
  t(text: string, args?: Record<string, string>): string;
  /** A value by the unit its name ends with: `rise_bytes`, `age_ms`. */
  valueByName(name: string, value: Value): string;
}

/** What of an incident's evidence is worth a word in a list: its heap, or what somebody captured by hand instead. */
export function evidenceWords(
  { has_heap, on_request, method }: Pick<IncidentSummary, 'has_heap' | 'on_request' | 'method'>,
  { t }: Pick<Language, 't'>,
): string {
  if (has_heap) return t('heap');
  switch (on_request) {
    case 'cpu':
      return t('CPU time');
    case 'allocs':
      return t('allocations');
    case 'heap-delta':
      return t('heap difference');
    case 'heap-text':
      return t('heap as text');
    case 'goroutines':
      return t('goroutines');
    default:
      return method === 'capture-on-request' ? t('nothing captured') : t('no heap');
  }
}

/** Less growth than this is noise: a garbage collection moves RSS by more. */
export const NOTABLE_GROWTH_BYTES = 5e6;

/** What the user calls this request. Methods without a word of their own keep their LSP name. */
export function requestWords(method: string, { t }: Language): string {
  switch (method) {
    case 'initialized':
      return t('Start of the workspace');
    case 'textDocument/hover':
      return t('Hover');
    case 'textDocument/definition':
      return t('Go to definition');
    case 'textDocument/typeDefinition':
      return t('Go to type definition');
    case 'textDocument/implementation':
      return t('Go to implementations');
    case 'textDocument/references':
      return t('Find references');
    case 'textDocument/completion':
      return t('Completion');
    case 'textDocument/signatureHelp':
      return t('Parameter hints');
    case 'textDocument/rename':
    case 'textDocument/prepareRename':
      return t('Rename');
    case 'textDocument/formatting':
      return t('Formatting');
    case 'textDocument/codeAction':
      return t('Code actions');
    case 'workspace/symbol':
      return t('Symbol search');
    case 'save':
      return t('Saving');
    case 'capture-on-request':
      return t('Capture on request');
    default:
      return method.replace(/^textDocument\//, '');
  }
}

/** One line of the decision log, without its time. */
export function decisionWords(decision: Decision, language: Language): string {
  const { rule, reason, fired } = decision;
  const values = formatted(decision.values, language);
  const said = fired ? firedWords(rule, values, language) : heldWords(rule, reason, values, language);
  // A decision without words of its own: its name and values, which is still the truth.
  return said ?? [rule, reason, listed(values)].filter(Boolean).join(' – ');
}

type Values = Record<string, string>;

function firedWords(rule: string, values: Values, { t }: Language): string | undefined {
  switch (rule) {
    case 'stall':
      return values['how'] === 'after-the-fact'
        ? t('Stall: {method} had taken {age_ms} when its end was seen (limit {limit_ms}).', values)
        : t('Stall: {method} has been waiting for {age_ms} (limit {limit_ms}).', values);
    case 'held-up':
      return t(
        'Held up: the extension host was busy for {held_up_ms} before {method} could be asked; gopls answered in {age_ms}.',
        values,
      );
    case 'taken-late':
      return t(
        'Taken late: gopls answered {method} in {age_ms}, and the extension host was busy for {taken_late_ms} after that.',
        values,
      );
    case 'heap-on-growth':
      return t('Heap captured: gopls grew by {rise_bytes} within {window_ms} (limit {limit_bytes}).', values);
    case 'heap-high-water':
      return t(
        'Heap captured again: gopls has reached {rss_bytes}, up from {last_capture_rss_bytes} at the last capture.',
        values,
      );
    case 'cpu-while-busy':
      return t(
        'CPU time recorded for a second: gopls used {cpu_share} of a core after a wait of {age_ms} (limit {limit_share}).',
        values,
      );
    case 'light-evidence':
      return t('Goroutines and memory statistics captured.');
    case 'capture-on-request':
      return values['what'] === undefined || values['what'] === 'heap'
        ? t('Heap captured because you asked for it.')
        : t('Captured because you asked for it.');
    case 'memory-alert':
      return t('Memory alert: gopls uses {rss_bytes} (limit {limit_bytes}).', values);
    case 'load-ended':
      return t('The workspace was loaded in {duration_ms}, with a peak of {peak_rss_bytes}.', values);
    case 'baseline':
      return t('Calm: a baseline profile is taken, at most every {every_s}.', values);
    default:
      return undefined;
  }
}

function heldWords(rule: string, reason: string, values: Values, language: Language): string | undefined {
  const { t } = language;
  const why = reasonWords(reason, values, language);
  if (why === undefined) return undefined;
  switch (rule) {
    case 'stall':
      return t('No stall after all: {why}.', { why });
    case 'held-up':
      return t('Not recorded that the extension host was busy for {held_up_ms} before {method}: {why}.', {
        ...values,
        why,
      });
    case 'taken-late':
      return t('Not recorded that the extension host was busy for {taken_late_ms} after {method}: {why}.', {
        ...values,
        why,
      });
    case 'heap-on-growth':
      return reason === 'below-threshold'
        ? t('No heap captured: {why}.', { why })
        : t('No heap captured although gopls grew by {rise_bytes} within {window_ms}: {why}.', {
            ...values,
            why,
          });
    case 'heap-high-water':
      return t('Heap not captured again at {rss_bytes}: {why}.', { ...values, why });
    case 'cpu-while-busy':
      return t('CPU time not recorded although gopls used {cpu_share} of a core: {why}.', { ...values, why });
    case 'light-evidence':
      return t('No goroutines captured: {why}.', { why });
    case 'baseline':
      return t('No baseline profile: {why}.', { why });
    default:
      return undefined;
  }
}

function reasonWords(reason: string, values: Values, { t }: Language): string | undefined {
  switch (reason) {
    case 'below-threshold':
      return t('gopls grew by at most {rise_bytes} within {window_ms}, the limit is {limit_bytes}', values);
    case 'answered-in-time':
      return t('{method} was answered after {age_ms}, the limit is {limit_ms}', values);
    case 'captures-off':
      return t('capture is switched off');
    case 'no-debug-server':
      return t("gopls's debug server is off, not found yet, or does not answer");
    case 'one-at-a-time':
      return t('another capture was still running');
    case 'cool-down':
      return t('the last capture was a moment ago; the next is possible in {left_ms}', values);
    case 'hourly-budget':
      return t('the captures of this hour are used up; the next is possible in {left_ms}', values);
    case 'failed':
      return t('it failed ({error})', values);
    default:
      return undefined;
  }
}

/** Something the user must know, in words; undefined when it has none of its own. */
export function noteWords({ code, values }: Note, language: Language): string | undefined {
  const { t } = language;
  const error = typeof values['error'] === 'string' ? values['error'] : code;
  switch (code) {
    case 'gopls-gone':
      return t('gopls ended while Stallscope was watching a stall. What was captured until then is kept.');
    case 'gopls-oom-killed':
      return values['seen'] === 'in-cgroup'
        ? t(
            'gopls has ended, and the system killed a program of its container or cgroup at that time because memory had run out: most likely gopls. Give it more memory, or open a smaller part of the workspace.',
          )
        : t(
            'gopls has ended, and the system killed some program at that time because memory had run out: possibly gopls.',
          );
    case 'disk-full':
      return t(
        'The disk is full: Stallscope cannot save captures. Earlier incidents are untouched. Delete some of them, or free space.',
      );
    case 'storage-read-only':
    case 'storage-failed':
      return t('Stallscope cannot write to its storage folder, so nothing is captured. ({error})', { error });
    case 'debug-server-failing':
      return t(
        "gopls's debug server does not answer as it should ({error}). Until it does, no heap can be captured and durations are estimates. If that lasts, restart gopls.",
        { error },
      );
    case 'history-failed':
      return t('The history of waits and memory cannot be kept: {error}', { error });
    case 'incidents-pruned':
      return t('Old incidents were deleted to stay within the disk budget: {count}.', {
        count: String(values['count'] ?? ''),
      });
    case 'internal-error':
      return t(
        'Stallscope met an internal error while writing to its storage folder; watching goes on. Please report it. ({error})',
        { error },
      );
    case 'watcher-ended':
      return t(
        "Stallscope's watcher stopped because of an internal error. Reload the window to start it again. ({error})",
        { error },
      );
    default:
      return undefined;
  }
}

/** A note by its name and values, for logs and as a last resort. */
export function noteNamed({ code, values }: Note, language: Language): string {
  return [code, listed(formatted(values, language))].filter(Boolean).join(' – ');
}

function listed(values: Values): string {
  return Object.entries(values)
    .map(([name, value]) => `${name}=${value}`)
    .join(', ');
}

function formatted(values: { [name in string]: Value }, language: Language): Values {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [
      name,
      name === 'method' ? requestWords(String(value), language) : language.valueByName(name, value),
    ]),
  );
}
