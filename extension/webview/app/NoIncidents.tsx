import type { Status } from '../../shared/model';
import { t } from '../base/l10n';
import { usePanel } from '../base/context';
import { useRequest } from '../base/useRequest';
import { Empty } from '../ui/Feedback';
import { Decisions } from './Decisions';

const LATEST = 20;

/** Nothing was caught yet: says so, and what to do to see something. */
export function NoIncidents({ status }: { status: Status | null }) {
  const { rpc } = usePanel();
  const decisions = useRequest('decisions', () => rpc.ask('decisions', { limit: LATEST }));
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
        <p>
          {t(
            'There is no gopls in this window. It starts with the first Go file you open, or by “Restart gopls”.',
          )}
        </p>
      )}
      {decisions.value && decisions.value.length > 0 && (
        <>
          <h3>{t('Latest decisions')}</h3>
          <Decisions decisions={decisions.value} zero_ns={status?.at_ns ?? 0} />
        </>
      )}
    </Empty>
  );
}
