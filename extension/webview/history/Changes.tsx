import type { HistoryChange, HistorySide, Told } from '../../shared/model';
import { cx } from '../base/dom';
import * as fmt from '../base/format';
import { t } from '../base/l10n';
import { partName, toldWord } from './words';

/** Less is told as that much. */
const LEAST_CHANCE = 0.0001;

/** Before and after each upgrade, the latest first. */
export function Changes({ changes, oneWorkspace }: { changes: HistoryChange[]; oneWorkspace: boolean }) {
  if (changes.length === 0) return null;
  return (
    <section>
      <h2>{t('Before and after an upgrade')}</h2>
      <p class="dim">
        {t(
          'At most 30 days on each side, without the day itself. A difference is told when no day of one side lies among those of the other. What else changed meanwhile has its part in it: the source, habits, the machine.',
        )}{' '}
        {!oneWorkspace && t('Choose one workspace to compare like with like.')}
      </p>
      {[...changes].reverse().map((change) => (
        <Change key={`${change.part} ${change.at_unix_ms}`} change={change} />
      ))}
    </section>
  );
}

function Change({ change }: { change: HistoryChange }) {
  const { at_unix_ms, part, from, to, before, after, waits, memory, chance } = change;
  const title = t('{part}: {from} → {to}', { part: partName(part), from, to });
  const isTold = [waits, memory].some((told) => told === 'better' || told === 'worse');
  return (
    <article class="history-change" aria-label={title}>
      <h3>
        {title} <span class="dim">{fmt.day(at_unix_ms)}</span>
      </h3>
      <table class="table" aria-label={title}>
        <thead>
          <tr>
            <th scope="col" />
            <th scope="col" class="numeric">
              {t('Before ({days} days)', { days: fmt.count(before.days) })}
            </th>
            <th scope="col" class="numeric">
              {t('After ({days} days)', { days: fmt.count(after.days) })}
            </th>
            <th scope="col" />
          </tr>
        </thead>
        <tbody>
          <Row name={t('Median')} sides={[before, after]} of={({ p50_ns }) => duration(p50_ns)} />
          <Row name={t('95 %')} sides={[before, after]} of={({ p95_ns }) => duration(p95_ns)} told={waits} />
          <Row name={t('Stalls')} sides={[before, after]} of={stalls} />
          <Row
            name={t('RSS on average')}
            sides={[before, after]}
            of={({ rss_average_bytes: rss }) => (rss === null ? '–' : fmt.bytes(rss))}
            told={memory}
          />
        </tbody>
      </table>
      {isTold && (
        <p class="dim">
          {t('By chance alone two such sides are apart in at most {share} of cases.', {
            share: fmt.share(Math.max(chance, LEAST_CHANCE), chance < 0.01 ? 2 : 0),
          })}
        </p>
      )}
    </article>
  );
}

const duration = (ns: number | null): string => (ns === null ? '–' : fmt.duration(ns));

/** How many of how many. */
const stalls = ({ stalls: count, waits }: HistorySide): string =>
  t('{count} of {all}', { count: fmt.count(count), all: fmt.count(Math.max(waits, count)) });

interface RowProps {
  name: string;
  sides: [HistorySide, HistorySide];
  of(side: HistorySide): string;
  told?: Told;
}

function Row({ name, sides: [before, after], of, told }: RowProps) {
  return (
    <tr>
      <th scope="row">{name}</th>
      <td class="numeric">{of(before)}</td>
      <td class="numeric">{of(after)}</td>
      <td>
        {told !== undefined && (
          <span class={cx(told === 'worse' && 'warn', told === 'better' && 'good')}>{toldWord(told)}</span>
        )}
      </td>
    </tr>
  );
}
