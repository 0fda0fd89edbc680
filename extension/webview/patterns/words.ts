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
        counter: counterName(missing.counter),
        more: fmt.count(missing.more),
      });
    case 'fact':
      return t('what the workspace has ({fact})', { fact: factName(missing.fact) });
  }
}

/** What was measured. A name without words, of a later core, is shown as it is. */
export function measuredName(name: string): string {
  const [fact, per] = name.split('_per_');
  if (isFact(fact)) {
    return per === undefined
      ? factName(fact)
      : t('{fact}, compared with {other}', { fact: factName(fact), other: factName(per) });
  }
  if (name.endsWith('_growth'))
    return t('growth: {what}', { what: counterName(name.slice(0, -'_growth'.length)) });
  switch (name) {
    case 'held':
      return t('held');
    case 'held_share':
      return t('share of the live heap');
    case 'largest_object':
      return t('largest object');
    case 'growth':
      return t('growth');
    case 'growth_per_cycle':
      return t('growth per GC cycle');
    case 'growth_per_save':
      return t('growth per save');
    case 'growth_share':
      return t('share of all growth of the live heap');
    case 'cycles':
      return t('GC cycles seen');
    default:
      return name;
  }
}

function counterName(counter: string): string {
  switch (counter) {
    case 'live_heap_bytes':
      return t('live heap');
    case 'goroutines':
      return t('goroutines');
    default:
      return factName(counter);
  }
}

const isFact = (name: string | undefined): name is string => name !== undefined && factName(name) !== name;

/** A fact about the workspace. */
export function factName(fact: string): string {
  switch (fact) {
    case 'views':
      return t('views of gopls');
    case 'views_recreated':
      return t('views created again');
    case 'files':
      return t('different files read');
    case 'compiled_go_files':
      return t('files compiled over all views');
    case 'packages':
      return t('packages over all views');
    case 'workspace_modules':
      return t('modules of the workspace');
    case 'largest_file_bytes':
      return t('size of the largest file');
    case 'diagnostics':
      return t('diagnostics in all views');
    case 'gopls_processes':
      return t('gopls processes of this window');
    default:
      return fact;
  }
}
