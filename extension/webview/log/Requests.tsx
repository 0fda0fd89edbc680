import { useMemo, useState } from 'preact/hooks';
import type {
  LogOverview,
  LogQuery,
  LogRequest,
  LogRequestPage,
  LogRequestState,
  LogSender,
  LogSort,
} from '../../shared/model';
import { usePanel } from '../base/context';
import { useSettled } from '../base/dom';
import * as fmt from '../base/format';
import { t } from '../base/l10n';
import { Empty } from '../ui/Feedback';
import { Grid, type Column } from '../ui/Grid';
import { Select } from '../ui/Select';
import { clock, length, sender, state } from './words';

const TYPING_MS = 150;
const LONGEST_FILTER = 200;
const STATES: LogRequestState[] = ['pending', 'error', 'cancelled', 'unanswered', 'ok'];
const SENDERS: LogSender[] = ['editor', 'gopls'];

/** Every request of the log, the slowest first. */
export function Requests({ overview }: { overview: LogOverview }) {
  const { rpc } = usePanel();
  const [sort, setSort] = useState<LogSort>('waited');
  const [descending, setDescending] = useState(true);
  const [typed, setTyped] = useState('');
  const filter = useSettled(typed.trim().slice(0, LONGEST_FILTER), TYPING_MS);
  const [ended, setEnded] = useState<LogRequestState | 'all'>('all');
  const [from, setFrom] = useState<LogSender | 'both'>('both');
  const columns = useMemo(columnsOf, []);
  const asked: LogQuery = {
    sort,
    descending,
    filter,
    state: ended === 'all' ? null : ended,
    from: from === 'both' ? null : from,
    offset: 0,
    limit: 0,
  };
  return (
    <section>
      <h2>{t('Requests')}</h2>
      <div class="log-filters">
        <input
          class="input"
          type="search"
          spellcheck={false}
          placeholder={t('Filter by method')}
          aria-label={t('Filter by method')}
          value={typed}
          onInput={(event) => setTyped(event.currentTarget.value)}
        />
        <Select<LogRequestState | 'all'>
          label={t('Ended as')}
          selected={ended}
          onSelect={setEnded}
          options={[
            { key: 'all', label: t('However they ended') },
            ...STATES.map((key) => ({ key, label: state(key) })),
          ]}
        />
        <Select<LogSender | 'both'>
          label={t('Asked by')}
          selected={from}
          onSelect={setFrom}
          options={[
            { key: 'both', label: t('Asked by either side') },
            ...SENDERS.map((key) => ({ key, label: t('Asked by {side}', { side: sender(key) }) })),
          ]}
        />
      </div>
      <div class="log-requests">
        <Grid<LogRequest, LogRequestPage, LogSort>
          label={t('Requests')}
          columns={columns}
          sort={sort}
          descending={descending}
          onSort={(by, down) => {
            setSort(by);
            setDescending(down);
          }}
          // A log that is followed has other requests when it has more lines.
          query={JSON.stringify([asked, overview.lines])}
          fetch={(offset, limit) => rpc.ask('logRequests', { query: { ...asked, offset, limit } })}
          onOpen={() => {}}
          rowTitle={(row) => `${row.method} (${row.id})`}
          summary={(page) => (
            <p>
              {t('Requests: {count}', { count: fmt.count(page.matched_rows) })}
              {overview.pending_count > 0 &&
                ` · ${t('{count} pending where the log ends', { count: fmt.count(overview.pending_count) })}`}
            </p>
          )}
          empty={() => <Empty title={t('No request matches.')} />}
        />
      </div>
    </section>
  );
}

function columnsOf(): Column<LogRequest, LogSort>[] {
  return [
    {
      key: 'waited',
      label: t('Waited'),
      title: t('Of a pending request: its age where the log ends'),
      sort: 'waited',
      numeric: true,
      cell: (row) => (row.waited_ms === null ? '–' : length(row.waited_ms)),
    },
    { key: 'began', label: t('Began'), sort: 'began', numeric: true, cell: (row) => clock(row.began_ms) },
    { key: 'state', label: t('Ended as'), sort: 'state', cell: (row) => state(row.state) },
    { key: 'from', label: t('Asked by'), cell: (row) => sender(row.from) },
    { key: 'name', label: t('Method'), sort: 'method', cell: (row) => row.method },
  ];
}
