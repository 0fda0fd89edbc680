import { useMemo } from 'preact/hooks';
import type { ProfileRef } from '../../shared/core';
import type { DiffPage, DiffRow, HeapQuery, HeapSort } from '../../shared/model';
import { usePanel } from '../base/context';
import * as fmt from '../base/format';
import { t } from '../base/l10n';
import { Empty } from '../ui/Feedback';
import { Grid, type Column } from '../ui/Grid';
import { changeOf, type Change } from './changes';
import { FunctionCell, functionTitle } from './FunctionCell';
import { QueryBar } from './QueryBar';
import { useFilter, type TableQuery } from './useTableQuery';

interface Props {
  profile: ProfileRef;
  query: TableQuery;
  onQuery(change: Partial<TableQuery>): void;
  /** Age of the baseline at the capture, worded. */
  age: string;
}

/** The profile minus the calm baseline. */
export function DiffTable({ profile, query, onQuery, age }: Props) {
  const { rpc, openSource } = usePanel();
  const filter = useFilter(query.filter);
  const asked: HeapQuery = { ...query, filter, subsystem: null, with_subsystems: false, offset: 0, limit: 0 };
  const columns = useMemo(() => columnsOf(query.sample_type), [query.sample_type]);
  return (
    <div class="view">
      <QueryBar query={query} onQuery={onQuery} />
      <Grid<DiffRow, DiffPage, HeapSort>
        label={t('Change since the baseline, by function')}
        columns={columns}
        sort={query.sort}
        descending={query.descending}
        onSort={(sort, descending) => onQuery({ sort, descending })}
        query={JSON.stringify([profile, asked])}
        fetch={(offset, limit) => rpc.ask('heapDiff', { ref: profile, query: { ...asked, offset, limit } })}
        onOpen={(row) => row.file && openSource(row.file, row.line)}
        rowTitle={functionTitle}
        summary={(page) => (
          <p>
            <b>{fmt.signed(page.total, (value) => fmt.amount(value, page.unit))}</b>
            {t(': from {base} in the baseline to {now}', {
              base: fmt.amount(page.base_total, page.unit),
              now: fmt.amount(page.new_total, page.unit),
            })}
            {' · '}
            {t('{count} functions changed', { count: fmt.count(page.matched_rows) })}
            {' · '}
            <span class="dim">{age}</span>
          </p>
        )}
        empty={() => (
          <Empty
            title={
              filter
                ? t('No function matches “{filter}”.', { filter })
                : t('Nothing changed since the baseline.')
            }
          />
        )}
      />
    </div>
  );
}

function changeWord(change: Change): string {
  switch (change) {
    case 'new':
      return t('new');
    case 'gone':
      return t('gone');
    case 'grown':
      return t('grown');
    case 'shrunk':
      return t('shrunk');
  }
}

const SIGNS: Record<Change, string> = { new: '✦', gone: '✕', grown: '▲', shrunk: '▼' };

function columnsOf(sampleType: string): Column<DiffRow, HeapSort>[] {
  const unit = sampleType.endsWith('_space') ? 'bytes' : 'count';
  const delta = (value: number, base: number) => (
    <>
      <span class={value > 0 ? 'amount more' : 'amount less'}>
        {fmt.signed(value, (v) => fmt.amount(v, unit))}
      </span>
      <span class="percent">{base > 0 ? fmt.amount(base + value, unit) : ''}</span>
    </>
  );
  return [
    {
      key: 'change',
      label: t('Change'),
      cell: (row) => {
        const change = changeOf(row);
        return (
          <span class={`change ${change}`}>
            <span aria-hidden="true">{SIGNS[change]}</span> {changeWord(change)}
          </span>
        );
      },
    },
    {
      key: 'flat',
      label: t('Flat'),
      title: t('Change of what the function itself holds, and what it holds now'),
      sort: 'flat',
      numeric: true,
      cell: (row) => (row.flat === 0 ? <span class="dim">–</span> : delta(row.flat, row.base_flat)),
    },
    {
      key: 'cum',
      label: t('Cumulative'),
      title: t('Change of what the function and its callees hold, and what they hold now'),
      sort: 'cum',
      numeric: true,
      cell: (row) => delta(row.cum, row.base_cum),
    },
    { key: 'name', label: t('Function'), sort: 'name', cell: (row) => <FunctionCell row={row} /> },
  ];
}
