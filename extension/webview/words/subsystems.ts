import * as words from '../../shared/subsystems';
import { t } from '../base/l10n';

export const subsystemName = (id: string): string => words.subsystemName(id, { t });
export const subsystemDetail = (id: string): string => words.subsystemDetail(id, { t }) ?? '';

/** Said wherever memory is shown by subsystem: what a heap profile can tell, and what it cannot. */
export const byAllocation = (): string =>
  t(
    'By the part of gopls that allocated it, which need not be the part that still holds it: a heap profile does not say that.',
  );
