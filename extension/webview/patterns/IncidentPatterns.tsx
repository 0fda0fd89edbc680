import type { Incident } from '../../shared/model';
import { usePanel } from '../base/context';
import * as fmt from '../base/format';
import { t } from '../base/l10n';
import { useRequest } from '../base/useRequest';
import { bestHeap } from '../heap/captures';
import { Failed } from '../ui/Feedback';
import { Judged } from './Judged';

/** Known leak patterns in the heaps of an incident: those found, and what became of the others. */
export function IncidentPatterns({ incident }: { incident: Incident }) {
  const { rpc } = usePanel();
  const heap = bestHeap(incident);
  const key = heap ? [incident.id, heap.number, incident.workspace_facts?.at_ns].join(' ') : null;
  const answer = useRequest(key, () => rpc.ask('incidentPatterns', { id: incident.id }));
  if (key === null) return null;
  if (answer.error !== null) return <Failed message={answer.error} onRetry={answer.retry} />;
  if (!answer.value) return null;
  const { clear, not_judged } = answer.value.judgement;
  const others = t('Not found: {clear}. Not to be told from this incident: {open}.', {
    clear: fmt.count(clear.length),
    open: fmt.count(not_judged.length),
  });
  return <Judged patterns={answer.value} others={others} />;
}
