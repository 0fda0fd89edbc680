import type { Incident, PhaseShare, WaitBreakdown } from '../../shared/model';
import * as fmt from '../base/format';
import { t } from '../base/l10n';
import { methodName } from '../words/sources';
import { IncidentCauses } from './IncidentCauses';
import { phaseMeaning, phaseName, phaseSource } from './words';

/** What the main request of an incident was spent on, from its first moment to its last. */
export function IncidentWait({ incident }: { incident: Incident }) {
  const { wait, causes } = incident;
  if (!wait && causes.length === 0) return null;
  return (
    <section class="wait">
      <h3>{t('What the wait was for')}</h3>
      <IncidentCauses causes={causes} />
      {wait && <Phases wait={wait} />}
    </section>
  );
}

function Phases({ wait }: { wait: WaitBreakdown }) {
  return (
    <>
      <PhaseStrip wait={wait} />
      <table class="phases" aria-label={t('What the wait was for')}>
        <tbody>
          {wait.phases.map((phase) => (
            <PhaseRow key={phase.phase} phase={phase} />
          ))}
        </tbody>
      </table>
      {wait.queued_behind.map(({ method, duration_ns }) => (
        <p key={method}>
          {t('For {duration} it stood behind {method}.', {
            duration: fmt.duration(duration_ns),
            method: methodName(method),
          })}
        </p>
      ))}
      <p class="dim">{phaseSource(wait.source, wait.samples)}</p>
      {wait.unknown_functions.length > 0 && (
        <p class="dim">
          {t('It stood still in functions that no rule knows: {functions}.', {
            functions: wait.unknown_functions.join(', '),
          })}
        </p>
      )}
    </>
  );
}

/** The phases in time, as one bar. */
function PhaseStrip({ wait: { slices } }: { wait: WaitBreakdown }) {
  return (
    <div class="phase-strip" aria-hidden="true">
      {slices.map(({ phase, begin_ns, end_ns }) => (
        <span
          key={begin_ns}
          class={`phase-${phase}`}
          style={{ flexGrow: end_ns - begin_ns }}
          title={`${phaseName(phase)} ${fmt.duration(end_ns - begin_ns)}`}
        />
      ))}
    </div>
  );
}

function PhaseRow({ phase: { phase, duration_ns, share, error_share } }: { phase: PhaseShare }) {
  return (
    <tr>
      <th scope="row">
        <span class={`swatch phase-${phase}`} aria-hidden="true" />
        {phaseName(phase)}
      </th>
      <td class="numeric">{fmt.duration(duration_ns)}</td>
      <td class="numeric">{fmt.share(share)}</td>
      <td class="numeric dim">{error_share > 0 && `±\u202f${fmt.share(error_share, 0)}`}</td>
      <td class="dim">{phaseMeaning(phase)}</td>
    </tr>
  );
}
