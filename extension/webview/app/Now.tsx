import type { Status } from '../../shared/model';
import * as fmt from '../base/format';
import { t } from '../base/l10n';
import { currentPhase } from '../waits/words';
import { methodName } from '../words/sources';

/** What is answered sooner is gone before it is read. */
const WORTH_SHOWING_NS = 200e6;
const MOST_SHOWN = 6;

/** What gopls is doing: the requests it has not answered, each with what it waits for; nothing, when there are none. */
export function Now({ status }: { status: Status }) {
  const waiting = status.in_flight.filter(({ age_ns }) => age_ns >= WORTH_SHOWING_NS);
  if (waiting.length === 0) return null;
  return (
    <table class="phases now-waiting" aria-label={t('What gopls is doing now')}>
      <tbody>
        {waiting.slice(0, MOST_SHOWN).map(({ method, age_ns, interactive, phase }, index) => (
          <tr key={index} class={interactive ? undefined : 'dim'}>
            <th scope="row">{methodName(method)}</th>
            <td class="numeric">{fmt.duration(age_ns)}</td>
            <td>
              {phase && (
                <>
                  <span class={`swatch phase-${phase.phase}`} aria-hidden="true" />
                  {currentPhase(phase)}
                </>
              )}
            </td>
          </tr>
        ))}
        {waiting.length > MOST_SHOWN && (
          <tr>
            <td colSpan={3} class="dim">
              {t('and {count} more', { count: String(waiting.length - MOST_SHOWN) })}
            </td>
          </tr>
        )}
      </tbody>
    </table>
  );
}
