// Decisions and notes in words, the same ones the extension logs: the panel cannot import them from there.
import type { Decision, Note, Value } from '../../shared/model';
import { t } from '../base/l10n';
import { methodName } from './sources';
import { valueByName } from './values';

/** One line of the decision log, without its time. */
export function decisionText(decision: Decision): string {
  const values = formatted(decision.values);
  const said = decision.fired
    ? firedText(decision.rule, values)
    : heldText(decision.rule, decision.reason, values);
  return said ?? generic(decision, values);
}

function firedText(rule: string, values: Record<string, string>): string | undefined {
  switch (rule) {
    case 'stall':
      return values['how'] === 'after-the-fact'
        ? t('Stall: {method} had taken {age_ms} when its end was seen (limit {limit_ms}).', values)
        : t('Stall: {method} has been waiting for {age_ms} (limit {limit_ms}).', values);
    case 'heap-on-growth':
      return t(
        'Heap captured: gopls grew by {rise_bytes} within {window_ms} (limit {limit_bytes}).',
        values,
      );
    case 'heap-high-water':
      return t(
        'Heap captured again: gopls has reached {rss_bytes}, up from {last_capture_rss_bytes} at the last capture.',
        values,
      );
    case 'light-evidence':
      return t('Goroutines and memory statistics captured.');
    case 'capture-on-request':
      return t('Heap captured because you asked for it.');
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

function heldText(rule: string, reason: string, values: Record<string, string>): string | undefined {
  const why = reasonText(reason, values);
  if (why === undefined) return undefined;
  switch (rule) {
    case 'heap-on-growth':
      return reason === 'below-threshold'
        ? t('No heap captured: {why}.', { why })
        : t('No heap captured although gopls grew by {rise_bytes} within {window_ms}: {why}.', {
            ...values,
            why,
          });
    case 'heap-high-water':
      return t('Heap not captured again at {rss_bytes}: {why}.', { ...values, why });
    case 'light-evidence':
      return t('No goroutines captured: {why}.', { why });
    case 'baseline':
      return t('No baseline profile: {why}.', { why });
    default:
      return undefined;
  }
}

function reasonText(reason: string, values: Record<string, string>): string | undefined {
  switch (reason) {
    case 'below-threshold':
      return t(
        'gopls grew by at most {rise_bytes} within {window_ms}, the limit is {limit_bytes}',
        values,
      );
    case 'captures-off':
      return t('capture is switched off');
    case 'no-debug-server':
      return t("gopls's debug server is off or not found yet");
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

/** Something a reader of an incident must know, in words. */
export function noteText(note: Note): string {
  const values = formatted(note.values);
  switch (note.code) {
    case 'gopls-gone':
    case 'gopls-gone-mid-capture':
      return t(
        'gopls ended while Stallscope was watching a stall. What was captured until then is kept.',
      );
    case 'disk-full':
      return t(
        'The disk is full: Stallscope cannot save captures. Delete incidents or free some space.',
      );
    case 'storage-read-only':
    case 'storage-unwritable':
      return t('Stallscope cannot write to its storage folder, so nothing is captured. ({error})', {
        error: values['error'] ?? values['path'] ?? note.code,
      });
    case 'gopls-too-old':
    case 'counters-incomplete':
      return t(
        'This gopls does not tell when a request ends, so durations are estimated. gopls v0.22 or later is exact.',
      );
    case 'metrics-untrusted':
      return t("gopls's metrics cannot be read, so durations are estimated. ({error})", {
        error: values['error'] ?? note.code,
      });
    case 'debug-server-failing':
      return t("gopls's debug server does not answer as it should: {error}", {
        error: values['error'] ?? note.code,
      });
    case 'core-stopped':
    case 'panic':
      return t(
        "Stallscope's watcher stopped because of an internal error. Reload the window to start it again. ({error})",
        {
          error: values['error'] ?? note.code,
        },
      );
    default:
      return [note.code, listed(values)].filter(Boolean).join(' – ');
  }
}

/** A decision or note without words of its own: its name and values, which is still the truth. */
function generic({ rule, reason, fired }: Decision, values: Record<string, string>): string {
  return [rule, fired ? undefined : reason, listed(values)].filter(Boolean).join(' – ');
}

function listed(values: Record<string, string>): string {
  return Object.entries(values)
    .map(([name, value]) => `${name}=${value}`)
    .join(', ');
}

function formatted(values: { [name in string]: Value }): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [
      name,
      name === 'method' && typeof value === 'string' ? methodName(value) : valueByName(name, value),
    ]),
  );
}
