import type { Status } from '../../shared/model';
import { t } from '../base/l10n';
import { Empty } from '../ui/Feedback';

/** Nothing was caught yet: says so, and what to do to see something. */
export function NoIncidents({ status }: { status: Status | null }) {
  const debug = status?.gopls?.debug.state;
  return (
    <Empty title={t('No stall was caught yet')}>
      <p>{t('That is good news: gopls answered in time whenever Stallscope looked.')}</p>
      <p>
        {t(
          'To see a stall, open a large Go workspace and hover over a name right after the window has opened, before it is loaded.',
        )}
      </p>
      {debug === 'off' && (
        <p>
          {t('The debug server of gopls is off. Switch it on (above), or a stall is seen without its heap.')}
        </p>
      )}
      {status && !status.gopls && (
        <p>{t('There is no gopls in this window yet. It starts with the first Go file you open.')}</p>
      )}
    </Empty>
  );
}
