import type { MemoryPart, Waterfall } from '../../shared/model';
import { cx } from '../base/dom';
import * as fmt from '../base/format';
import { t } from '../base/l10n';
import { besideRss, partMeaning, partName } from './words';

/** From nothing to RSS, step by step; each bar begins where the one before ended. */
export function WaterfallTable({ waterfall }: { waterfall: Waterfall }) {
  const steps = stepsOf(waterfall.parts);
  const most = Math.max(waterfall.rss_bytes, ...steps.map(({ to }) => to), 1);
  const place = (from: number, to: number) => ({
    left: `${(100 * Math.min(from, to)) / most}%`,
    width: `${(100 * Math.abs(to - from)) / most}%`,
  });
  return (
    <>
      <table class="waterfall" aria-label={t('What the memory (RSS) of gopls consists of')}>
        <tbody>
          {steps.map(({ part, from, to }) => (
            <tr key={part.kind}>
              <th scope="row">{partName(part.kind)}</th>
              <td class="numeric">{fmt.bytes(part.bytes)}</td>
              <td class="waterfall-bar" aria-hidden="true">
                <span class={cx(part.kind, part.bytes < 0 && 'negative')} style={place(from, to)} />
              </td>
              <td class="dim">{partMeaning(part.kind)}</td>
            </tr>
          ))}
          <tr class="waterfall-sum">
            <th scope="row">{t('Memory (RSS)')}</th>
            <td class="numeric">{fmt.bytes(waterfall.rss_bytes)}</td>
            <td class="waterfall-bar" aria-hidden="true">
              <span class="rss" style={place(0, waterfall.rss_bytes)} />
            </td>
            <td class="dim">{t('The sum, as the system counts it.')}</td>
          </tr>
        </tbody>
      </table>
      <p class="dim">{besideRss(waterfall)}</p>
    </>
  );
}

interface Step {
  part: MemoryPart;
  from: number;
  to: number;
}

function stepsOf(parts: MemoryPart[]): Step[] {
  let sum = 0;
  return parts.map((part) => {
    const from = sum;
    sum += part.bytes;
    return { part, from, to: sum };
  });
}
