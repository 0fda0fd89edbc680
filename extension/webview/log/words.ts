// Sentences and units of the log page.
import type { LogLevel, LogRequestState, LogSender } from '../../shared/model';
import * as fmt from '../base/format';
import { t } from '../base/l10n';

const DAY_MS = 24 * 60 * 60 * 1000;

/** A length in milliseconds as elsewhere in the panel. */
export const length = (ms: number): string => fmt.duration(ms * 1e6);

/** The time of day in a log, `21:08:53.042`; with the day where the log goes on over midnight. */
export function clock(at_ms: number): string {
  const day = Math.floor(at_ms / DAY_MS);
  const time = new Date(at_ms % DAY_MS).toISOString().slice(11, 23);
  return day === 0 ? time : t('{time}, day {day}', { time, day: fmt.count(day + 1) });
}

export function state(of: LogRequestState): string {
  const words: Record<LogRequestState, string> = {
    ok: t('answered'),
    error: t('error'),
    cancelled: t('cancelled'),
    pending: t('pending'),
    unanswered: t('never answered'),
  };
  return words[of];
}

export const sender = (of: LogSender): string => (of === 'editor' ? t('the editor') : 'gopls');

export function level(of: LogLevel): string {
  const words: Record<LogLevel, string> = {
    error: t('Error'),
    warning: t('Warning'),
    info: t('Information'),
    log: t('Log'),
  };
  return words[of];
}
