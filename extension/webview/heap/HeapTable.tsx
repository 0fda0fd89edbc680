import { useMemo } from 'preact/hooks';
import type { ProfileRef } from '../../shared/core';
import type { HeapPage, HeapQuery, HeapRow, HeapSort } from '../../shared/model';
import { usePanel } from '../base/context';
import * as fmt from '../base/format';
import { t } from '../base/l10n';
import { Empty } from '../ui/Feedback';
import { Grid, type Column } from '../ui/Grid';
import { subsystemName } from '../words/subsystems';
import { FunctionCell, functionTitle } from './FunctionCell';
import { QueryBar } from './QueryBar';
import { Share } from './Share';
import { useUnit } from './sampleTypes';
import { ballastDetail, stateOf } from './words';
import { useFilter, type TableQuery } from './useTableQuery';

interface Props {
  profile: ProfileRef;
  query: TableQuery;
  onQuery(change: Partial<TableQuery>): void;
  /** The values are changes, some below zero. */
  isDifference?: boolean;
}

export function HeapTable(props: Props) {
  return (
    <div class="view">
      <QueryBar query={props.query} onQuery={props.onQuery} />
      <HeapGrid {...props} subsystem={null} />
    </div>
  );
}

/** The functions of a profile, or of one part of gopls in it. */
export function HeapGrid({
  profile,
  query,
  onQuery,
  subsystem,
  isDifference = false,
}: Props & { subsystem: string | null }) {
  const { rpc, openSource } = usePanel();
  const filter = useFilter(query.filter);
  const asked: HeapQuery = { ...query, filter, subsystem, with_subsystems: true, offset: 0, limit: 0 };
  const key = JSON.stringify([profile, asked]);
  const unit = useUnit(query.sample_type);
  const columns = useMemo(() => columnsOf(unit), [unit]);
  return (
    <Grid<HeapRow, HeapPage, HeapSort>
      label={
        subsystem === null
          ? unit === 'nanoseconds'
            ? t('CPU time by function')
            : t('Heap by function')
          : t('Functions of {subsystem}', { subsystem: subsystemName(subsystem) })
      }
      columns={columns}
      sort={query.sort}
      descending={query.descending}
      onSort={(sort, descending) => onQuery({ sort, descending })}
      query={key}
      fetch={(offset, limit) => rpc.ask('heapTable', { ref: profile, query: { ...asked, offset, limit } })}
      onOpen={(row) => row.file && openSource(row.file, row.line)}
      rowTitle={functionTitle}
      summary={(page) => (
        <Totals page={page} subsystem={subsystem} isDifference={isDifference} filtered={filter !== ''} />
      )}
      empty={() => (
        <Empty
          title={
            filter
              ? t('No function matches “{filter}”.', { filter })
              : t('The profile has no values of this kind.')
          }
        />
      )}
    />
  );
}

function Totals({
  page,
  subsystem,
  isDifference,
  filtered,
}: {
  page: HeapPage;
  subsystem: string | null;
  isDifference: boolean;
  filtered: boolean;
}) {
  return (
    <p>
      <b>{fmt.amount(page.counted, page.unit)}</b>{' '}
      {isDifference
        ? t('gained and lost, added up')
        : subsystem === null
          ? t('in total')
          : t('in {subsystem}', { subsystem: subsystemName(subsystem) })}
      {subsystem === null && page.ballast > 0 && (
        <span title={ballastDetail()}>
          {t(', {amount} of it gopls’s ballast', { amount: fmt.amount(page.ballast, page.unit) })}
        </span>
      )}
      {' · '}
      {countOf(page, subsystem, filtered)}
      {subsystem === null && (
        <>
          {' · '}
          <span class="dim">{stateOf(page.unit)}</span>
        </>
      )}
    </p>
  );
}

function countOf(page: HeapPage, subsystem: string | null, filtered: boolean): string {
  const count = fmt.count(page.matched_rows);
  if (filtered) return t('{count} matching functions', { count });
  return subsystem === null
    ? t('{count} functions', { count })
    : t('{count} functions, those that called them included', { count });
}

function columnsOf(unit: string): Column<HeapRow, HeapSort>[] {
  const isTime = unit === 'nanoseconds';
  return [
    {
      key: 'flat',
      label: t('Flat'),
      title: isTime ? t('Spent in the function itself') : t('Allocated in the function itself'),
      sort: 'flat',
      numeric: true,
      cell: (row) => <Share value={row.flat} share={row.flat_share} unit={unit} />,
    },
    {
      key: 'cum',
      label: t('Cumulative'),
      title: isTime
        ? t('Spent in the function and in what it called')
        : t('Allocated in the function and in what it called'),
      sort: 'cum',
      numeric: true,
      cell: (row) => <Share value={row.cum} share={row.cum_share} unit={unit} />,
    },
    { key: 'name', label: t('Function'), sort: 'name', cell: (row) => <FunctionCell row={row} /> },
  ];
}
