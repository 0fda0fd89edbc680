import type { Incident, PhaseShare, WaitBreakdown } from '../../shared/model';
import { knowsOtel } from '../../shared/goplsVersion';
import * as fmt from '../base/format';
import { t } from '../base/l10n';
import { methodName } from '../words/sources';
import { bestWait } from './best';
import { IncidentCauses } from './IncidentCauses';
import { phaseMeaning, phaseName, phaseSource } from './words';

/** What the main request of an incident was spent on, from its first moment to its last. */
export function IncidentWait({ incident }: { incident: Incident }) {
  const { causes } = incident;
  const wait = bestWait(incident);
  const sampled = wait === incident.wait ? null : incident.wait;
  if (!wait && causes.length === 0) return null;
  return (
    <section class="wait">
      <h3>{t('What the wait was for')}</h3>
      <IncidentCauses causes={causes} />
      {wait && <Phases wait={wait} compared={sampled} version={incident.gopls.version} />}
    </section>
  );
}

interface PhasesProps {
  wait: WaitBreakdown;
  /** The same by looking at goroutines, where `wait` is by spans. */
  compared: WaitBreakdown | null;
  /** Of gopls. */
  version: string | null;
}

function Phases({ wait, compared, version }: PhasesProps) {
  const cannotTell = wait.source !== 'spans' && knowsOtel(version) === false;
  return (
    <>
      <PhaseStrip wait={wait} />
      <table class="phases" aria-label={t('What the wait was for')}>
        <tbody>
          {wait.phases.map((phase) => (
            <PhaseRow key={phase.phase} phase={phase} sampled={compared} />
          ))}
        </tbody>
      </table>
      {(compared ?? wait).queued_behind.map(({ method, duration_ns }) => (
        <p key={method}>
          {t('For {duration} it stood behind {method}.', {
            duration: fmt.duration(duration_ns),
            method: methodName(method),
          })}
        </p>
      ))}
      <p class="dim">{phaseSource(wait.source, wait.samples)}</p>
      {cannotTell && (
        <p class="dim">
          {t('gopls {version} cannot post its own timing, which is exact; v0.22 and later can.', {
            version: version ?? '',
          })}
        </p>
      )}
      {compared && (
        <p class="dim">
          {t('In the last column: by looking at its goroutines {count} times.', {
            count: String(compared.samples),
          })}
        </p>
      )}
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

function PhaseRow({ phase: of, sampled }: { phase: PhaseShare; sampled: WaitBreakdown | null }) {
  const { phase, duration_ns, share, error_share } = of;
  const seen = sampled?.phases.find((other) => other.phase === phase)?.share ?? 0;
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
      {sampled && <td class="numeric dim">{fmt.share(seen)}</td>}
    </tr>
  );
}
