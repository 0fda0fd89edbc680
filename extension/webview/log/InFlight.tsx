import type { InFlightCurve, LogOverview } from '../../shared/model';
import * as fmt from '../base/format';
import { t } from '../base/l10n';
import { clock, length } from './words';

const HEIGHT = 64;

/** How many requests of the editor gopls had not answered, over the length of the log, and when most was waited for. */
export function InFlight({ overview }: { overview: LogOverview }) {
  const { in_flight, busiest } = overview;
  if (in_flight.most.length === 0) return null;
  return (
    <section>
      <h2>{t('Requests in flight')}</h2>
      <Curve curve={in_flight} />
      <p class="dim">
        {t(
          'Of the editor, at most at once in each {width}. A stretch is busy for as long as some request is unanswered; the busiest are those in which all waits together were longest.',
          { width: length(in_flight.bar_ms) },
        )}
      </p>
      <div class="table-frame">
        <table class="allocation" aria-label={t('Busiest stretches')}>
          <thead>
            <tr>
              <th class="numeric">{t('From')}</th>
              <th class="numeric">{t('To')}</th>
              <th class="numeric">{t('Length')}</th>
              <th class="numeric">{t('In flight at most')}</th>
              <th class="numeric">{t('All waits together')}</th>
            </tr>
          </thead>
          <tbody>
            {busiest.map(({ from_ms, to_ms, most, waited_ms }) => (
              <tr key={from_ms}>
                <td class="numeric">{clock(from_ms)}</td>
                <td class="numeric">{clock(to_ms)}</td>
                <td class="numeric">{length(to_ms - from_ms)}</td>
                <td class="numeric">{fmt.count(most)}</td>
                <td class="numeric">{length(waited_ms)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

/** Bars as one path: there may be four hundred. */
function Curve({ curve: { most, from_ms, bar_ms } }: { curve: InFlightCurve }) {
  const highest = Math.max(1, ...most);
  const bars = most
    .map((count, at) => (count > 0 ? `M${at} ${HEIGHT}v${(-HEIGHT * count) / highest}h1V${HEIGHT}z` : ''))
    .join('');
  const to_ms = from_ms + most.length * bar_ms;
  const told = t('Requests in flight from {from} to {to}: {count} at most', {
    from: clock(from_ms),
    to: clock(to_ms),
    count: fmt.count(highest),
  });
  return (
    <figure class="in-flight">
      <div class="dim">{fmt.count(highest)}</div>
      <svg viewBox={`0 0 ${most.length} ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-label={told}>
        <path d={bars} />
      </svg>
      <div class="in-flight-axis dim" aria-hidden="true">
        <span>{clock(from_ms)}</span>
        <span>{clock(to_ms)}</span>
      </div>
    </figure>
  );
}
