import type { Incident } from '../../shared/model';
import { usePanel } from '../base/context';
import { t } from '../base/l10n';
import { useRequest } from '../base/useRequest';
import { AllocationTable } from './AllocationTable';
import { allocatedBetween } from './words';

/** Who allocated between the heaps of an incident; nothing, when there are no two to compare. */
export function IncidentAllocation({ incident }: { incident: Incident }) {
  const { rpc } = usePanel();
  const heaps = incident.captures.filter(
    ({ kind, state }) => (kind === 'heap' || kind === 'baseline') && state === 'complete',
  );
  const key = heaps.length > 1 ? `${incident.id} ${heaps.map(({ number }) => number).join()}` : null;
  const { value: rate } = useRequest(key, () => rpc.ask('incidentAllocation', { id: incident.id }));
  // What cannot be read is said where the heaps are shown.
  if (!rate) return null;
  return (
    <section class="memory-parts">
      <h3>{t('Who allocated')}</h3>
      <AllocationTable rate={rate} caption={allocatedBetween(rate)} />
    </section>
  );
}
