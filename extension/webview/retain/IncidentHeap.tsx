import { useEffect, useState } from 'preact/hooks';
import type { Incident } from '../../shared/model';
import { usePanel } from '../base/context';
import * as fmt from '../base/format';
import { t } from '../base/l10n';
import { usePushes } from '../base/usePushes';
import { useRequest } from '../base/useRequest';

/** Who held gopls's memory after a stall, where that was read: what it cost, and the way to it. */
export function IncidentHeap({ incident, onHeld }: { incident: Incident; onHeld(): void }) {
  const { rpc } = usePanel();
  // One is kept after the incident was closed; and the incident may be told anew.
  const kept = usePushes('heap');
  const [told, setTold] = useState(0);
  useEffect(() => setTold((n) => n + 1), [incident]);
  const { value } = useRequest(`${incident.id} ${kept} ${told}`, () =>
    rpc.ask('keptHeap', { id: incident.id }),
  );
  if (!value) return null;
  const { record, problem } = value;
  return (
    <section aria-label={t('Who held the memory')}>
      <h3>{t('Who held the memory')}</h3>
      {record && (
        <p>
          {t(
            'Read {after} after the wait, by the setting stallscope.retain.onStall: {size} in {count} objects were alive. gopls stood still for {pause}.',
            {
              after: fmt.duration(afterWait(incident, value.taken_unix_ms)),
              size: fmt.bytes(record.summary.bytes_marked),
              count: fmt.count(record.summary.objects_marked),
              pause: fmt.duration(record.facts.pause_ns),
            },
          )}{' '}
          <button type="button" class="link" onClick={onHeld}>
            {t('Show who held it')}
          </button>
        </p>
      )}
      {problem && <p class="dim">{t('It was to be read and was not. {why}', { why: problem.message })}</p>}
    </section>
  );
}

/** From the end of the wait to the reading. */
export function afterWait({ origin_unix_ns, request }: Incident, taken_unix_ms: number): number {
  const end_ns = request.end_ns ?? request.start_ns;
  return Math.max(0, taken_unix_ms * 1e6 - Number(origin_unix_ns) - end_ns);
}
