import type { ComponentChildren } from 'preact';
import { useMemo, useRef } from 'preact/hooks';
import type { ProfileRef } from '../../shared/core';
import type { DiffBy, DiffPage, DiffQuery, DiffRow, HeapSort } from '../../shared/model';
import type { CompareChoice } from '../../shared/panel';
import { usePanel } from '../base/context';
import * as fmt from '../base/format';
import { t } from '../base/l10n';
import { changeWord, SIGNS } from '../flame/growth';
import { Empty } from '../ui/Feedback';
import { Grid, type Column } from '../ui/Grid';
import { subsystemDetail, subsystemName } from '../words/subsystems';
import { FunctionCell, functionTitle } from './FunctionCell';
import { QueryBar } from './QueryBar';
import { useFilter, type TableQuery } from './useTableQuery';

interface Props {
  profile: ProfileRef;
  query: TableQuery;
  onQuery(change: Partial<TableQuery>): void;
  /** Null: the baseline of the profile's incident. */
  base: ProfileRef | null;
  choice: Pick<CompareChoice, 'by' | 'normalize' | 'subsystem'>;
  /** The functions of this package or subsystem are wanted. */
  onFunctionsOf(row: DiffRow): void;
  /** What else is to be said of the base. */
  note: string;
}

/** The profile minus its base. */
export function DiffTable({ profile, base, choice, query, onQuery, onFunctionsOf, note }: Props) {
  const { rpc, openSource, offline } = usePanel();
  const { by, normalize } = choice;
  // A report does not hold which function allocates for which subsystem.
  const leads = by === 'package' || (by === 'subsystem' && !offline);
  const typed = useFilter(query.filter);
  // There are few subsystems, and they are shown by names that the core does not know.
  const filter = by === 'subsystem' ? '' : typed;
  const open = (row: DiffRow) => {
    if (leads) onFunctionsOf(row);
    else if (row.file) openSource(row.file, row.line);
  };
  const subsystem = offline ? null : choice.subsystem;
  const asked: DiffQuery = { ...query, filter, by, normalize, subsystem, offset: 0, limit: 0 };
  // Columns stay the same while what they lead to changes with every choice.
  const lead = useRef(onFunctionsOf);
  lead.current = onFunctionsOf;
  const columns = useMemo(
    () => columnsOf(query.sample_type, by, leads ? (row) => lead.current(row) : null),
    [query.sample_type, by, leads],
  );
  return (
    <div class="view">
      <QueryBar query={query} onQuery={onQuery} {...(by === 'subsystem' && { search: null })} />
      <Grid<DiffRow, DiffPage, HeapSort>
        label={tableLabel(by)}
        columns={columns}
        sort={query.sort}
        descending={query.descending}
        onSort={(sort, descending) => onQuery({ sort, descending })}
        query={JSON.stringify([profile, base, asked])}
        fetch={(offset, limit) =>
          rpc.ask('heapDiff', { ref: profile, query: { ...asked, offset, limit }, base })
        }
        onOpen={open}
        rowTitle={ROW_TITLES[by]}
        summary={(page) => (
          <p>
            <b>{fmt.signed(page.new_total - page.base_total, (value) => fmt.amount(value, page.unit))}</b>
            {t(': from {base} in the base to {now}', {
              base: fmt.amount(page.base_total, page.unit),
              now: fmt.amount(page.new_total, page.unit),
            })}
            {' · '}
            {changedRows(by, fmt.count(page.matched_rows))}
            {normalize && (
              <>
                {' · '}
                {t('the rows compare proportions: this capture is scaled to the total of the base')}
              </>
            )}
            {note !== '' && (
              <>
                {' · '}
                <span class="dim">{note}</span>
              </>
            )}
          </p>
        )}
        empty={() => (
          <Empty
            title={
              filter ? t('No change matches “{filter}”.', { filter }) : t('Nothing changed since the base.')
            }
          />
        )}
      />
    </div>
  );
}

const ROW_TITLES: Record<DiffBy, (row: DiffRow) => string> = {
  function: functionTitle,
  package: (row) => row.package,
  subsystem: (row) => subsystemDetail(row.subsystem),
};

function tableLabel(by: DiffBy): string {
  switch (by) {
    case 'function':
      return t('Change since the base, by function');
    case 'package':
      return t('Change since the base, by package');
    case 'subsystem':
      return t('Change since the base, by subsystem');
  }
}

function changedRows(by: DiffBy, count: string): string {
  switch (by) {
    case 'function':
      return t('{count} functions changed', { count });
    case 'package':
      return t('{count} packages changed', { count });
    case 'subsystem':
      return t('{count} subsystems changed', { count });
  }
}

/** Null: the rows lead nowhere. */
type OnFunctionsOf = ((row: DiffRow) => void) | null;

function columnsOf(
  sampleType: string,
  by: DiffBy,
  onFunctionsOf: OnFunctionsOf,
): Column<DiffRow, HeapSort>[] {
  const unit = sampleType.endsWith('_space') ? 'bytes' : 'count';
  const delta = (value: number, base: number) => (
    <>
      <span class={value > 0 ? 'amount more' : 'amount less'}>
        {fmt.signed(value, (v) => fmt.amount(v, unit))}
      </span>
      <span class="percent">{base > 0 ? fmt.amount(base + value, unit) : ''}</span>
    </>
  );
  const cum: Column<DiffRow, HeapSort> = {
    key: 'cum',
    label: t('Cumulative'),
    title: t('Change of what it and its callees hold, and what they hold now'),
    sort: 'cum',
    numeric: true,
    cell: (row) => delta(row.cum, row.base_cum),
  };
  return [
    {
      key: 'change',
      label: t('Change'),
      cell: ({ change }) => (
        <span class={`change ${change}`}>
          <span aria-hidden="true">{SIGNS[change]}</span> {changeWord(change)}
        </span>
      ),
    },
    {
      key: 'flat',
      label: t('Flat'),
      title: t('Change of what it holds itself, and what it holds now'),
      sort: 'flat',
      numeric: true,
      cell: (row) => (row.flat === 0 ? <span class="dim">–</span> : delta(row.flat, row.base_flat)),
    },
    ...(by === 'subsystem' ? [] : [cum]),
    nameColumn(by, onFunctionsOf),
  ];
}

function nameColumn(by: DiffBy, onFunctionsOf: OnFunctionsOf): Column<DiffRow, HeapSort> {
  switch (by) {
    case 'function':
      return { key: 'name', label: t('Function'), sort: 'name', cell: (row) => <FunctionCell row={row} /> };
    case 'package':
      return {
        key: 'name',
        label: t('Package'),
        sort: 'name',
        cell: (row) =>
          row.package === '' ? (
            <span class="dim">{t('(no package)')}</span>
          ) : (
            <FunctionsLink row={row} onFunctionsOf={onFunctionsOf}>
              {row.package}
            </FunctionsLink>
          ),
      };
    case 'subsystem':
      return {
        key: 'name',
        label: t('Subsystem'),
        cell: (row) => <SubsystemCell row={row} onFunctionsOf={onFunctionsOf} />,
      };
  }
}

interface LeadingRow {
  row: DiffRow;
  onFunctionsOf: OnFunctionsOf;
}

/** Reached by keyboard through the grid: Enter on the row. */
function FunctionsLink({ row, onFunctionsOf, children }: LeadingRow & { children: ComponentChildren }) {
  if (!onFunctionsOf) return <span class="name">{children}</span>;
  return (
    <a class="function" role="link" tabIndex={-1} onClick={() => onFunctionsOf(row)}>
      {children}
    </a>
  );
}

function SubsystemCell({ row, onFunctionsOf }: LeadingRow) {
  const { subsystem: id } = row;
  return (
    <>
      <span class={`swatch subsystem subsystem-${id} function-swatch`} aria-hidden="true" />
      <FunctionsLink row={row} onFunctionsOf={onFunctionsOf}>
        {subsystemName(id)}
      </FunctionsLink>{' '}
      <span class="package">{subsystemDetail(id)}</span>
    </>
  );
}
