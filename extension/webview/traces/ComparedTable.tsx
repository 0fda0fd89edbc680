import { useState } from 'preact/hooks';
import type { ComparedRow, TraceComparison, TraceLengths } from '../../shared/model';
import { cx } from '../base/dom';
import * as fmt from '../base/format';
import { t } from '../base/l10n';
import { groupName } from './words';

/** By method and phase: what both took, the largest difference first. */
export function ComparedTable({ comparison: { rows, left_out_rows } }: { comparison: TraceComparison }) {
  const [filter, setFilter] = useState('');
  const wanted = filter.trim().toLowerCase();
  const shown = rows.filter(({ name }) => name.toLowerCase().includes(wanted));
  const largest = Math.max(1, ...rows.map(({ difference_ns }) => Math.abs(difference_ns)));
  return (
    <section>
      <div class="query-bar">
        <input
          class="input"
          type="search"
          aria-label={t('Filter by name')}
          placeholder={t('Filter by name')}
          value={filter}
          onInput={(event) => setFilter(event.currentTarget.value)}
        />
        {left_out_rows > 0 && (
          <span class="dim">
            {t('{count} names with the smallest differences are left out', {
              count: fmt.count(left_out_rows),
            })}
          </span>
        )}
      </div>
      <div class="table-frame">
        <table class="allocation compared" aria-label={t('Methods and phases of both')}>
          <thead>
            <tr>
              <th rowSpan={2}>{t('Method or phase')}</th>
              <th rowSpan={2} class="numeric" title={t('The total of this one minus that of the other')}>
                {t('Difference')}
              </th>
              <th colSpan={4} class="side">
                {t('This')}
              </th>
              <th colSpan={4} class="side">
                {t('Other')}
              </th>
            </tr>
            <tr>
              <Heads />
              <Heads />
            </tr>
          </thead>
          <tbody>
            {shown.map((row) => (
              <Row key={`${row.group} ${row.is_part} ${row.name}`} row={row} largest={largest} />
            ))}
          </tbody>
        </table>
      </div>
      {shown.length === 0 && <p class="dim">{t('Nothing matches.')}</p>}
      <p class="dim view-note">
        {t(
          'Totals add up what ran at the same time. What was cancelled or had not ended is not counted, where the trace tells.',
        )}
      </p>
    </section>
  );
}

function Heads() {
  return (
    <>
      <th class="numeric side">{t('Count')}</th>
      <th class="numeric">{t('Total')}</th>
      <th class="numeric">{t('Median')}</th>
      <th class="numeric">{t('p95')}</th>
    </>
  );
}

function Row({ row, largest }: { row: ComparedRow; largest: number }) {
  const { name, group, is_part, difference_ns } = row;
  const more = difference_ns > 0;
  return (
    <tr>
      <td class="function">
        {name}{' '}
        <span class="dim">
          · {is_part ? t('within {group}', { group: groupName(group) }) : groupName(group)}
        </span>
      </td>
      <td class="numeric difference">
        <span
          class={cx('difference-bar', more ? 'more' : 'less')}
          aria-hidden="true"
          style={{ width: `${(100 * Math.abs(difference_ns)) / largest}%` }}
        />
        <span class={cx('amount', difference_ns !== 0 && (more ? 'more' : 'less'))}>
          {fmt.signed(difference_ns, fmt.duration)}
        </span>
      </td>
      <Cells of={row.this} />
      <Cells of={row.other} />
    </tr>
  );
}

function Cells({ of }: { of: TraceLengths | null }) {
  const figures = of && of.count > 0 ? [of.total_ns, of.median_ns, of.p95_ns] : [null, null, null];
  const unfinished = of && of.unfinished > 0;
  return (
    <>
      <td
        class={cx('numeric side', !of && 'dim')}
        title={
          unfinished ? t('and {count} that did not end', { count: fmt.count(of.unfinished) }) : undefined
        }
      >
        {of ? fmt.count(of.count) : '–'}
        {unfinished && <span class="dim"> +{fmt.count(of.unfinished)}</span>}
      </td>
      {figures.map((ns, at) => (
        <td key={at} class={cx('numeric', ns === null && 'dim')}>
          {ns === null ? '–' : fmt.duration(ns)}
        </td>
      ))}
    </>
  );
}
