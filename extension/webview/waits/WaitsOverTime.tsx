import { useMemo, useRef, useState } from 'preact/hooks';
import { causeName } from '../../shared/causeWords';
import type { CauseKind, StallSummary, WaitDay, WaitDays, WaitDaysQuery } from '../../shared/model';
import { usePanel } from '../base/context';
import { cx } from '../base/dom';
import * as fmt from '../base/format';
import { sentences, t } from '../base/l10n';
import { stepped } from '../base/stepped';
import { useRequest } from '../base/useRequest';
import { methodName } from '../words/sources';
import { midnights } from './midnights';
import { SpreadCells, SpreadHeads } from './Spread';

/** As far back as the core answers. */
const DAYS = 1_095;

/** All waits, those for a method, or what a cause had its part in. */
type About = '' | `method ${string}` | `cause ${CauseKind}`;

/** Per day how long waits took: half of them, and 19 of 20. `version` changes with the list of incidents. */
export function WaitsOverTime({ summary, version }: { summary: StallSummary; version: string }) {
  const { rpc } = usePanel();
  const [about, setAbout] = useState<About>('');
  const [asTable, setAsTable] = useState(false);
  const { value, error } = useRequest(`${version} ${about}`, () =>
    rpc.ask('waitDays', { query: queryOf(about) }),
  );
  return (
    <section class="waits-over-time" aria-label={t('Waits over time')}>
      <div class="waits-bar">
        <Choice summary={summary} about={about} onAbout={setAbout} />
        <button
          type="button"
          class="link"
          aria-pressed={asTable}
          onClick={() => setAsTable((shown) => !shown)}
        >
          {t('As a table')}
        </button>
      </div>
      {error !== null && <p role="alert">{error}</p>}
      {value &&
        value.days.length > 0 &&
        (asTable ? <Table days={value.days} /> : <Chart days={value.days} />)}
      {value && <p class="dim">{restsOn(value)}</p>}
    </section>
  );
}

function queryOf(about: About): WaitDaysQuery {
  const [kind, name] = about.split(' ', 2);
  return {
    midnights_unix_ms: midnights(new Date(), DAYS),
    method: kind === 'method' && name !== undefined ? name : null,
    cause: kind === 'cause' && name !== undefined ? (name as CauseKind) : null,
  };
}

interface ChoiceProps {
  summary: StallSummary;
  about: About;
  onAbout(about: About): void;
}

function Choice({ summary, about, onAbout }: ChoiceProps) {
  const causes = summary.causes.filter(({ kind }) => kind !== 'unknown');
  return (
    <select
      class="select"
      aria-label={t('Which waits')}
      value={about}
      onChange={(event) => onAbout(event.currentTarget.value as About)}
    >
      <option value="">{t('All waits')}</option>
      <optgroup label={t('Cause')}>
        {causes.map(({ kind }) => (
          <option key={kind} value={`cause ${kind}`}>
            {causeName(kind, { t })}
          </option>
        ))}
      </optgroup>
      <optgroup label={t('Request')}>
        {summary.methods.map(({ method }) => (
          <option key={method} value={`method ${method}`}>
            {methodName(method)}
          </option>
        ))}
      </optgroup>
    </select>
  );
}

/** One bar a day; arrow keys go from day to day, and what the day says is below. */
function Chart({ days }: { days: WaitDay[] }) {
  const [chosen, setChosen] = useState<number | null>(null);
  const box = useRef<HTMLDivElement>(null);
  const most_ns = useMemo(() => Math.max(1, ...days.map(({ sum }) => sum.p95_ns)), [days]);
  const last = days.length - 1;
  const at = Math.min(chosen ?? last, last);
  const day = days[at];
  const move = (event: KeyboardEvent) => {
    const to = stepped(event, at, last);
    if (to === undefined) return;
    event.preventDefault();
    setChosen(to);
    box.current?.querySelectorAll<HTMLElement>('.wait-day')[to]?.focus();
  };
  const height = (ns: number) => ({ height: `${(100 * ns) / most_ns}%` });
  return (
    <>
      <div class="wait-scale dim">{fmt.duration(most_ns)}</div>
      <div class="wait-days" role="group" aria-label={t('Waits per day')} ref={box} onKeyDown={move}>
        {days.map((one, index) => (
          <button
            key={one.from_unix_ms}
            type="button"
            class={cx('wait-day', index === at && 'chosen', one.gopls && 'changed')}
            tabIndex={index === at ? 0 : -1}
            aria-label={told(one)}
            onFocus={() => setChosen(index)}
            onMouseEnter={() => setChosen(index)}
          >
            <span class="p95" style={height(one.sum.p95_ns)} />
            <span class="p50" style={height(one.sum.p50_ns)} />
          </button>
        ))}
      </div>
      <div class="wait-axis dim" aria-hidden="true">
        <span>{fmt.day(days[0]!.from_unix_ms)}</span>
        {last > 0 && <span>{fmt.day(days[last]!.from_unix_ms)}</span>}
      </div>
      <p class="wait-told">{day && told(day)}</p>
      <p class="dim wait-key" aria-hidden="true">
        <span class="swatch p50" /> {t('Median')} <span class="swatch p95" /> {t('95 %')}
        {days.some(({ gopls }) => gopls !== null) && (
          <>
            {' '}
            <span class="swatch changed" /> {t('another gopls')}
          </>
        )}
      </p>
    </>
  );
}

function told({ from_unix_ms, sum, gopls }: WaitDay): string {
  const day = t('{day}: {count} waits, median {median}, 95 % {most}', {
    day: fmt.day(from_unix_ms),
    count: fmt.count(sum.count),
    median: fmt.duration(sum.p50_ns),
    most: fmt.duration(sum.p95_ns),
  });
  return gopls === null ? day : `${day} · ${changed(gopls)}`;
}

const changed = ({ from, to }: { from: string; to: string }): string =>
  t('gopls {from} before, {to} since', { from, to });

function Table({ days }: { days: WaitDay[] }) {
  return (
    <table class="phases" aria-label={t('Waits per day')}>
      <thead>
        <tr>
          <th scope="col">{t('Day')}</th>
          <th scope="col" class="numeric">
            {t('Waits')}
          </th>
          <SpreadHeads />
        </tr>
      </thead>
      <tbody>
        {days.map(({ from_unix_ms, sum, gopls }) => (
          <tr key={from_unix_ms}>
            <th scope="row">
              {fmt.day(from_unix_ms)}
              {gopls && <div class="dim">{changed(gopls)}</div>}
            </th>
            <td class="numeric">{fmt.count(sum.count)}</td>
            <SpreadCells sum={sum} />
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** What the figures rest on, and what is not in them. */
function restsOn({ days, waits, older, removed, cut }: WaitDays): string {
  const parts = [
    t('{count} incidents on {days} days; days without one are left out.', {
      count: fmt.count(waits),
      days: fmt.count(days.length),
    }),
  ];
  if (older > 0) parts.push(t('{count} older ones are not shown.', { count: fmt.count(older) }));
  if (cut) parts.push(t('Only the newest 500 incidents are read.'));
  if (removed > 0)
    parts.push(
      t('{count} incidents were removed so far to stay within the disk budget: they are in no figure.', {
        count: fmt.count(removed),
      }),
    );
  return sentences(...parts);
}
