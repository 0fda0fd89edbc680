// What leak patterns are said with, beside the texts of the rules themselves.
import type { PatternConfidence, PatternMissing } from '../../shared/model';
import * as fmt from '../base/format';
import { t } from '../base/l10n';

export function confidenceName(confidence: PatternConfidence): string {
  switch (confidence) {
    case 'low':
      return t('(seen once; whether it stays is not known)');
    case 'medium':
      return t('(fairly sure)');
    case 'high':
      return t('(sure)');
  }
}

export function missingText(missing: PatternMissing): string {
  switch (missing.what) {
    case 'profile':
      return t('a heap profile');
    case 'gc_cycles':
      return t('heap profiles of more GC cycles ({more})', { more: fmt.count(missing.more) });
    case 'points':
      return t('more readings of {counter} ({more})', {
        counter: missing.counter,
        more: fmt.count(missing.more),
      });
    case 'fact':
      return t('what the workspace has ({fact})', { fact: missing.fact });
  }
}
