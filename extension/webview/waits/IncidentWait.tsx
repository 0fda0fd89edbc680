import type { Incident, PhaseShare, WaitBreakdown } from '../../shared/model';
import { knowsOtel } from '../../shared/goplsVersion';
import * as fmt from '../base/format';
import { t } from '../base/l10n';
import { bestWait } from './best';
import { IncidentCauses } from './IncidentCauses';
import { IncidentPackages } from './IncidentPackages';
import { phaseMeaning, phaseName, phaseSource, sliceName, stoodBehind } from './words';

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
      {wait && <Phases wait={wait} compared={sampled} incident={incident} />}
    </section>
  );
}

interface PhasesProps {
  wait: WaitBreakdown;
  /** The same by looking at goroutines, where `wait` is by spans. */
  compared: WaitBreakdown | null;
  incident: Incident;
}

function Phases({ wait, compared, incident }: PhasesProps) {
  const { version } = incident.gopls;
  // Spans that were kept by an earlier version do not tell.
  const behind = wait.queued_behind.length > 0 ? wait.queued_behind : (compared?.queued_behind ?? []);
  const cannotTell = wait.source !== 'spans' && knowsOtel(version) === false;
  return (
    <>
      <PhaseStrip wait={wait} />
      <table class="phases" aria-label={t('What the wait was for')}>
        <tbody>
          <HostRow
            duration_ns={incident.held_up_ns}
            name={t('Extension host, before')}
            meaning={t('It was busy, so that it could not ask gopls yet. Not part of the wait for gopls.')}
          />
          {wait.phases.map((phase) => (
            <PhaseRow key={phase.phase} phase={phase} sampled={compared} />
          ))}
          <HostRow
            duration_ns={incident.taken_late_ns}
            name={t('Extension host, after')}
            meaning={t(
              'It was busy, so that it could not take the answer yet. Not part of the wait for gopls.',
            )}
          />
        </tbody>
      </table>
      {behind.map((queued) => (
        <p key={queued.method}>{stoodBehind(queued)}</p>
      ))}
      <p class="dim">{phaseSource(wait.source, wait.samples)}</p>
      {wait.packages && <IncidentPackages work={wait.packages} />}
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
      {slices.map((slice) => (
        <span
          key={slice.begin_ns}
          class={`phase-${slice.phase}`}
          style={{ flexGrow: slice.end_ns - slice.begin_ns }}
          title={`${sliceName(slice)} ${fmt.duration(slice.end_ns - slice.begin_ns)}`}
        />
      ))}
    </div>
  );
}

/** What came before or after the wait for gopls: nothing where that was not seen. */
function HostRow(row: { duration_ns: number; name: string; meaning: string }) {
  if (row.duration_ns === 0) return null;
  return (
    <tr>
      <th scope="row">
        <span class="swatch phase-dispatch" aria-hidden="true" />
        {row.name}
      </th>
      <td class="numeric">{fmt.duration(row.duration_ns)}</td>
      <td />
      <td />
      <td class="dim">{row.meaning}</td>
    </tr>
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
