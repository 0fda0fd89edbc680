// How the history's names are called.
import type { ChangedPart, Told } from '../../shared/model';
import { t } from '../base/l10n';

/** A workspace by the names of its folders; several lines are several folders. */
export const workspaceName = (folders: string): string =>
  folders === ''
    ? t('no folder')
    : folders
        .split('\n')
        .map((folder) => folder.split(/[\\/]/).findLast((part) => part !== '') ?? folder)
        .join(', ');

export function partName(part: ChangedPart): string {
  switch (part) {
    case 'gopls':
      return 'gopls';
    case 'go':
      return 'Go';
    case 'stallscope':
      return 'Stallscope';
    case 'go-extension':
      return t('the Go extension');
  }
}

export function toldWord(told: Told): string {
  switch (told) {
    case 'better':
      return t('less');
    case 'worse':
      return t('more');
    case 'same':
      return t('no clear difference');
    case 'unknown':
      return t('too few days to tell');
  }
}
