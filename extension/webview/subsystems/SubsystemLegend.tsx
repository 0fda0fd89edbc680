import type { ProfileRef } from '../../shared/core';
import { usePanel } from '../base/context';
import { t } from '../base/l10n';
import { useRequest } from '../base/useRequest';
import { subsystemDetail, subsystemName } from '../words/subsystems';

/** The subsystems that a profile has something of, largest first, in the colours of the flame graph. */
export function SubsystemLegend({ profile, sampleType }: { profile: ProfileRef; sampleType: string }) {
  const { rpc } = usePanel();
  const answer = useRequest(JSON.stringify([profile, sampleType]), () =>
    rpc.ask('subsystems', { ref: profile, query: { sample_type: sampleType } }),
  );
  if (!answer.value) return null;
  return (
    <ul class="legend subsystem-legend" aria-label={t('Legend')}>
      {answer.value.rows.map(({ subsystem }) => (
        <li key={subsystem} title={subsystemDetail(subsystem)}>
          <span class={`swatch subsystem subsystem-${subsystem}`} aria-hidden="true" />
          {subsystemName(subsystem)}
        </li>
      ))}
    </ul>
  );
}
