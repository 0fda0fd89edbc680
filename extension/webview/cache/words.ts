// What the names of the cache are called.
import type { CacheBlind, CacheOwner } from '../../shared/doctor';
import type { CacheWork } from '../../shared/panel';
import { t } from '../base/l10n';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

export function ownerName(owner: CacheOwner): string {
  switch (owner) {
    case 'running':
      return t('in use');
    case 'installed':
      return t('installed');
    case 'orphan':
      return t('orphan');
    case 'unsure':
      return t('unsure');
    case 'leftover':
      return t('leftover');
    case 'unrecognised':
      return t('unrecognised');
  }
}

export function ownerDetail(owner: CacheOwner): string {
  switch (owner) {
    case 'running':
      return t('A gopls runs that uses it.');
    case 'installed':
      return t('Its executable is installed, and does not run now.');
    case 'orphan':
      return t('Its executable neither runs nor is installed: nobody will read it again.');
    case 'unsure':
      return t('Perhaps of an executable that cannot be seen from here; it was used lately.');
    case 'leftover':
      return t('Left by a removal that was interrupted; the next one finishes it.');
    case 'unrecognised':
      return t('Not laid out as gopls does: it is never touched.');
  }
}

export function workWords(work: CacheWork): string {
  switch (work) {
    case 'removing':
      return t('Removing what nobody will read again…');
    case 'emptying':
      return t('gopls is restarted without its cache…');
    case 'loading-cold':
      return t('gopls loads the workspace, cold…');
    case 'loading-warm':
      return t('gopls loads the workspace, warm…');
    case 'none':
      return '';
  }
}

/** Why not all executables are seen. */
export function blindWords(blind: CacheBlind): string {
  switch (blind.kind) {
    case 'remote':
      return t('The cache is on {file_system}, where other machines may use it.', {
        file_system: blind.file_system,
      });
    case 'script':
      return t('{path} is a script: which executable it starts is not known.', { path: blind.path });
    case 'process':
      return t('The executable of process {pid} cannot be read.', { pid: String(blind.pid) });
  }
}

/** A figure that may be too small, because there was no time to count it all. */
export const atLeast = (figure: string, complete: boolean): string => (complete ? figure : `≥ ${figure}`);

/** How long ago, to the hour: gopls notes no more. */
export function age(ms: number): string {
  if (ms < 2 * HOUR_MS) return t('now');
  if (ms < 2 * DAY_MS) return t('{hours} hours ago', { hours: String(Math.floor(ms / HOUR_MS)) });
  return t('{days} days ago', { days: String(Math.floor(ms / DAY_MS)) });
}
