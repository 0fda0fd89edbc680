import { useEffect, useMemo, useState } from 'preact/hooks';
import type { HistoryQuery, HistoryView } from '../../shared/model';
import { usePanel } from '../base/context';
import * as fmt from '../base/format';
import { sentences, t } from '../base/l10n';
import { usePushes } from '../base/usePushes';
import { useRequest } from '../base/useRequest';
import { Empty, Failed, Loading } from '../ui/Feedback';
import { Segmented } from '../ui/Segmented';
import { Select } from '../ui/Select';
import { midnights } from '../waits/midnights';
import { methodName } from '../words/sources';
import { Changes } from './Changes';
import { Days } from './Days';
import { Methods } from './Methods';
import { Workspaces } from './Workspaces';
import { workspaceName } from './words';

type Span = '30' | '90' | '365';
/** What a choice of all is called; no workspace and no method has that name. */
const ALL = '';

/** What waits and memory were over weeks: days, methods, workspaces, and before and after an upgrade. */
export function HistoryPage() {
  const { rpc, run } = usePanel();
  const [span, setSpan] = useState<Span>('30');
  const [workspace, setWorkspace] = useState(ALL);
  const [method, setMethod] = useState(ALL);
  // Raised when it was cleared.
  const looks = usePushes('history');
  const days = useMemo(() => midnights(new Date(), Number(span)), [span, looks]);
  const query: HistoryQuery = {
    midnights_unix_ms: days,
    workspace: workspace === ALL ? null : workspace,
    method: method === ALL ? null : method,
  };
  const { value, error, retry } = useRequest(`${looks} ${JSON.stringify([span, workspace, method])}`, () =>
    rpc.ask('history', { query }),
  );
  // The charts stay while another choice is on its way, and so do the methods: one that is chosen is the only one told.
  const [shown, setShown] = useState<HistoryView | null>(null);
  const [methods, setMethods] = useState<string[]>([]);
  useEffect(() => {
    if (!value) return;
    setShown(value);
    if (method === ALL) setMethods(value.methods.map((one) => one.method));
  }, [value]);
  if (error !== null) return <Failed message={error} onRetry={retry} />;
  if (!shown) return <Loading what={t('Reading the history…')} />;
  const isEmpty = shown.since_unix_ms === null;
  return (
    <main class="history-page">
      <div class="history-bar">
        <Segmented
          label={t('How far back')}
          selected={span}
          onSelect={(key: Span) => setSpan(key)}
          options={[
            { key: '30', label: t('30 days') },
            { key: '90', label: t('90 days') },
            { key: '365', label: t('A year') },
          ]}
        />
        <Select
          label={t('Workspace')}
          selected={workspace}
          onSelect={setWorkspace}
          options={[
            { key: ALL, label: t('All workspaces') },
            ...shown.known_workspaces.map((key) => ({ key, label: workspaceName(key) })),
          ]}
        />
        <Select
          label={t('Request')}
          selected={method}
          onSelect={setMethod}
          options={[
            { key: ALL, label: t('All requests') },
            ...methods.map((key) => ({ key, label: methodName(key) })),
          ]}
        />
        <button type="button" class="button secondary" onClick={retry}>
          {t('Read again')}
        </button>
      </div>
      {isEmpty ? (
        <Empty title={t('Nothing has been kept yet')}>
          <p>
            {t('What Stallscope sees is added once a minute, as long as the setting {name} is not 0.', {
              name: 'stallscope.historyDays',
            })}
          </p>
        </Empty>
      ) : (
        <>
          <Days view={shown} midnights={days} />
          <Methods methods={shown.methods} />
          <Workspaces workspaces={shown.workspaces} />
          <Changes changes={shown.changes} oneWorkspace={workspace !== ALL} />
          <p class="dim history-rests">
            {restsOn(shown)}{' '}
            <button type="button" class="link" onClick={() => run('clearHistory')}>
              {t('Clear the history…')}
            </button>
          </p>
        </>
      )}
    </main>
  );
}

function restsOn({ since_unix_ms, disk_bytes }: HistoryView): string {
  return sentences(
    t('Kept by the hour since {day}, {size} on this disk; nothing of it leaves this machine.', {
      day: fmt.day(since_unix_ms ?? 0),
      size: fmt.bytes(disk_bytes),
    }),
    t('Percentiles are good to 3 %. Where gopls has no debug server only waits that were late are known.'),
  );
}
