import type { InFlight, LoadStatus, RunningGo, Status } from '../../shared/model';
import { commandUse, loadCompared, loadStep } from '../../shared/doingWords';
import { useElapsed } from '../base/dom';
import * as fmt from '../base/format';
import { t } from '../base/l10n';
import { currentPhase } from '../waits/words';
import { methodName } from '../words/sources';
import { valueByName } from '../words/values';

/** What is answered sooner is gone before it is read. */
const WORTH_SHOWING_NS = 200e6;
const MOST_SHOWN = 6;

/** What gopls is doing: a load, `go` commands, the requests it has not answered; nothing, when there are none. */
export function Now({ status }: { status: Status }) {
  const waiting = status.in_flight.filter(({ age_ns }) => age_ns >= WORTH_SHOWING_NS);
  const { load, commands } = status;
  const busy = load !== null || commands.length + waiting.length > 0;
  const passed_ns = useElapsed(status, busy);
  if (!busy) return null;
  return (
    <div class="now-doing">
      {load && <Load load={{ ...load, age_ns: load.age_ns + passed_ns }} />}
      {commands.length + waiting.length > 0 && (
        <table class="phases" aria-label={t('What gopls is doing now')}>
          <tbody>
            {commands.slice(0, MOST_SHOWN).map((command) => (
              <Command key={command.line} command={command} passed_ns={passed_ns} />
            ))}
            {waiting.slice(0, MOST_SHOWN).map((request, index) => (
              <Request key={index} request={request} passed_ns={passed_ns} />
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
      )}
    </div>
  );
}

/** A first load: how long it goes on, where it is, and how long it usually takes. */
function Load({ load }: { load: LoadStatus }) {
  const { age_ns, step, usual_ns, earlier } = load;
  const compared = loadCompared(load, { t, valueByName });
  const label = t('Load of the workspace');
  return (
    <div class="now-load">
      <span>{t('Loading the workspace for {duration}', { duration: fmt.duration(age_ns) })}</span>
      {/* How far it is nobody knows: the bar is time, against what earlier loads took. */}
      {usual_ns !== null && (
        <progress
          aria-label={label}
          max={usual_ns}
          value={Math.min(age_ns, usual_ns)}
          title={t('By the median of {count} earlier loads of this workspace', { count: fmt.count(earlier) })}
        />
      )}
      {compared !== undefined && <span>{compared}</span>}
      {step !== null && <span class="dim">{loadStep(step, { t })}</span>}
    </div>
  );
}

function Command({ command, passed_ns }: { command: RunningGo; passed_ns: number }) {
  const use = commandUse(command, { t, valueByName });
  return (
    <tr>
      <th scope="row">
        <span class="swatch phase-go-command" aria-hidden="true" />
        {t('go command')}
      </th>
      <td class="numeric">{fmt.duration(command.age_ns + passed_ns)}</td>
      <td>
        <code>{command.line}</code> {use !== undefined && <span class="dim">{use}</span>}
      </td>
    </tr>
  );
}

function Request({ request, passed_ns }: { request: InFlight; passed_ns: number }) {
  const { method, age_ns, interactive, phase } = request;
  return (
    <tr class={interactive ? undefined : 'dim'}>
      <th scope="row">{methodName(method)}</th>
      <td class="numeric">{fmt.duration(age_ns + passed_ns)}</td>
      <td>
        {phase && (
          <>
            <span class={`swatch phase-${phase.phase}`} aria-hidden="true" />
            {currentPhase(phase)}
          </>
        )}
      </td>
    </tr>
  );
}
