import { useState } from 'preact/hooks';
import type { HistoryView } from '../../shared/model';
import { cx } from '../base/dom';
import * as fmt from '../base/format';
import { t } from '../base/l10n';
import { stepped } from '../base/stepped';
import { columns, watchedLongest, type Column } from './columns';
import { partName, workspaceName } from './words';

interface Strip {
  name: string;
  hue: 'stall' | 'waited' | 'rss';
  /** The whole bar, and the part of it that is darker. */
  high(column: Column): number | null;
  low(column: Column): number | null;
  format(value: number): string;
  /** What the two are; null where they are one. */
  legend: { high: string; low: string } | null;
}

/** Stalls, waits and memory, a bar a day; arrow keys go from day to day, and what the day says is below. */
export function Days({ view, midnights }: { view: HistoryView; midnights: readonly number[] }) {
  const all = columns(view, midnights);
  const [chosen, setChosen] = useState<number | null>(null);
  if (all.length === 0) return <p class="dim">{t('Nothing was seen in this time.')}</p>;
  const last = all.length - 1;
  const at = Math.min(chosen ?? last, last);
  const move = (event: KeyboardEvent) => {
    const to = stepped(event, at, last);
    if (to === undefined) return;
    event.preventDefault();
    setChosen(to);
  };
  const longest = watchedLongest(view);
  const strips: Strip[] = [
    {
      name: t('Stalls per day'),
      hue: 'stall',
      high: ({ day }) => day?.stalls ?? null,
      low: ({ day }) => day?.stalls ?? null,
      format: fmt.count,
      legend: null,
    },
    {
      name: t('How long answers took'),
      hue: 'waited',
      high: ({ day }) => day?.p95_ns ?? null,
      low: ({ day }) => day?.p50_ns ?? null,
      format: fmt.duration,
      legend: { low: t('half came within'), high: t('19 of 20') },
    },
  ];
  if (longest)
    strips.push({
      name: t('Memory of {workspace}', { workspace: workspaceName(longest.workspace) }),
      hue: 'rss',
      high: ({ memory }) => memory?.peak_bytes ?? null,
      low: ({ memory }) => memory?.average_bytes ?? null,
      format: fmt.bytes,
      legend: { low: t('RSS on average'), high: t('most RSS') },
    });
  const told = tell(all[at]!);
  return (
    <section
      class="history-days"
      role="slider"
      tabIndex={0}
      aria-label={t('Days')}
      aria-valuemin={1}
      aria-valuemax={all.length}
      aria-valuenow={at + 1}
      aria-valuetext={told}
      onKeyDown={move}
    >
      {strips.map((strip) => (
        <Chart key={strip.hue} strip={strip} all={all} at={at} onChosen={setChosen} />
      ))}
      <div class="history-axis dim" aria-hidden="true">
        <span>{fmt.day(all[0]!.from_unix_ms)}</span>
        {last > 0 && <span>{fmt.day(all[last]!.from_unix_ms)}</span>}
      </div>
      <p class="history-told">{told}</p>
    </section>
  );
}

interface ChartProps {
  strip: Strip;
  all: readonly Column[];
  at: number;
  onChosen(index: number): void;
}

function Chart({ strip, all, at, onChosen }: ChartProps) {
  const most = Math.max(...all.map((column) => strip.high(column) ?? 0), 0);
  const height = (value: number | null) => `${most > 0 ? (100 * (value ?? 0)) / most : 0}%`;
  return (
    <figure class={cx('history-strip', strip.hue)}>
      <figcaption>
        <span>{strip.name}</span>
        {strip.legend && (
          <span class="dim history-legend">
            <span class="swatch low" /> {strip.legend.low} <span class="swatch high" /> {strip.legend.high}
          </span>
        )}
        <span class="dim history-most">{t('at most {value}', { value: strip.format(most) })}</span>
      </figcaption>
      <div class="history-bars">
        {all.map((column, index) => (
          <div
            key={column.from_unix_ms}
            class={cx('history-column', index === at && 'chosen', column.changes.length > 0 && 'changed')}
            onMouseEnter={() => onChosen(index)}
          >
            <span class="high" style={{ height: height(strip.high(column)) }} />
            <span class="low" style={{ height: height(strip.low(column)) }} />
          </div>
        ))}
      </div>
    </figure>
  );
}

/** What a day says, in a line. */
function tell({ from_unix_ms, day, memory, changes }: Column): string {
  const parts: string[] = [];
  if (day) {
    parts.push(
      day.stalls === 1 ? t('one stall') : t('{count} stalls', { count: fmt.count(day.stalls) }),
      t('{count} answers', { count: fmt.count(day.waits) }),
    );
    if (day.p50_ns !== null && day.p95_ns !== null)
      parts.push(
        t('median {median}, 95 % {most}', {
          median: fmt.duration(day.p50_ns),
          most: fmt.duration(day.p95_ns),
        }),
      );
  }
  if (memory)
    parts.push(
      t('RSS {average} on average, {most} at most', {
        average: fmt.bytes(memory.average_bytes),
        most: fmt.bytes(memory.peak_bytes),
      }),
    );
  for (const { part, from, to } of changes)
    parts.push(t('{part}: {from}, from then on {to}', { part: partName(part), from, to }));
  if (parts.length === 0) parts.push(t('nothing was seen'));
  return `${fmt.day(from_unix_ms)}: ${parts.join(' · ')}`;
}
