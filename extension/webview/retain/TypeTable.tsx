import { useMemo, useState } from 'preact/hooks';
import type { HeapAnswers, HeldSort } from '../../shared/heap';
import { useSettled } from '../base/dom';
import * as fmt from '../base/format';
import { t } from '../base/l10n';
import { Empty } from '../ui/Feedback';
import { Grid, type Column } from '../ui/Grid';
import { useHeap } from './ask';
import { Bar } from './Bar';
import { shortType } from './names';
import type { ChosenType } from './TypeDetail';

type Row = HeapAnswers['types']['rows'][number];
interface Page {
  matched_rows: number;
  rows: Row[];
}

const TYPING_MS = 200;

interface Props {
  total: number;
  onChoose(type: ChosenType): void;
}

/** Every type that is alive. */
export function TypeTable({ total, onChoose }: Props) {
  const heap = useHeap();
  const [search, setSearch] = useState('');
  const [sort, setSort] = useState<HeldSort>('retained');
  const [descending, setDescending] = useState(true);
  const settled = useSettled(search, TYPING_MS);
  // The core sorts numbers from the largest and names from A.
  const reversed = sort === 'name' ? descending : !descending;
  const columns = useMemo(() => columnsOf(total, onChoose), [total]);
  return (
    <div class="retain-table">
      <input
        class="input"
        type="search"
        value={search}
        placeholder={t('Find a type')}
        aria-label={t('Find a type')}
        onInput={(event) => setSearch(event.currentTarget.value)}
      />
      <Grid<Row, Page, HeldSort>
        label={t('Types; Enter shows who holds one')}
        columns={columns}
        sort={sort}
        descending={descending}
        onSort={(by, down) => {
          setSort(by);
          setDescending(down);
        }}
        query={JSON.stringify([settled, sort, reversed])}
        fetch={async (offset, limit) => {
          const { total: matched_rows, rows } = await heap.ask({
            ask: 'types',
            search: settled,
            sort,
            reversed,
            offset,
            limit,
          });
          return { matched_rows, rows };
        }}
        onOpen={onChoose}
        rowTitle={({ type, words }) => (words === undefined ? type : `${type}\n${words}`)}
        summary={({ matched_rows }) => (
          <p class="dim">
            {matched_rows === 1 ? t('one type') : t('{count} types', { count: fmt.count(matched_rows) })}
          </p>
        )}
        empty={() => <Empty title={t('No type matches “{search}”.', { search: settled })} />}
      />
    </div>
  );
}

function columnsOf(total: number, onChoose: Props['onChoose']): Column<Row, HeldSort>[] {
  return [
    {
      key: 'retained',
      label: t('Retained'),
      title: t('What would be freed if all of them were gone'),
      sort: 'retained',
      numeric: true,
      cell: (row) => <Bar bytes={row.retained_bytes} of={total} />,
    },
    {
      key: 'own',
      label: t('Own'),
      title: t('What they take themselves'),
      sort: 'bytes',
      numeric: true,
      cell: (row) => fmt.bytes(row.bytes),
    },
    {
      key: 'count',
      label: t('Objects'),
      sort: 'count',
      numeric: true,
      cell: (row) => fmt.count(row.count),
    },
    {
      key: 'type',
      label: t('Type'),
      sort: 'name',
      cell: (row) => (
        <>
          <button type="button" class="link" tabIndex={-1} onClick={() => onChoose(row)}>
            {shortType(row.type)}
          </button>{' '}
          {row.words !== undefined && <span class="dim">{row.words}</span>}
        </>
      ),
    },
  ];
}
