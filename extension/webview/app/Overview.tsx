import type { Capture, Incident } from '../../shared/model';
import { usePanel } from '../base/context';
import * as fmt from '../base/format';
import { t } from '../base/l10n';
import { bestHeap, readable } from '../heap/captures';
import { IncidentAllocation } from '../memory/IncidentAllocation';
import { IncidentGc } from '../memory/IncidentGc';
import { IncidentMemory } from '../memory/IncidentMemory';
import { useRequest } from '../base/useRequest';
import { IncidentHeap } from '../retain/IncidentHeap';
import { IncidentPatterns } from '../patterns/IncidentPatterns';
import { decisionText, noteText } from '../words/decisions';
import { captureName, captureState, methodName, timingSource } from '../words/sources';
import { IncidentCpu } from '../waits/IncidentCpu';
import { IncidentWait } from '../waits/IncidentWait';
import { facts } from './facts';
import type { TabKey } from './state';
import { Verdict } from './Verdict';

interface Props {
  incident: Incident;
  onTab(tab: TabKey): void;
  onHeld: (() => void) | null;
}

export function Overview({ incident, onTab, onHeld }: Props) {
  const { rpc } = usePanel();
  // Asked once for both that show it: again when another capture has come.
  const version = `${incident.id} ${incident.captures.length} ${bestHeap(incident)?.number ?? ''}`;
  const memory = useRequest(version, () => rpc.ask('incidentMemory', { id: incident.id }));
  const fired = incident.decisions.filter((decision) => decision.fired);
  return (
    <div class="overview">
      <Verdict incident={incident} memory={memory.value} onTab={onTab} />
      <dl class="facts">
        {facts(incident).map(({ label, text }) => (
          <div key={label}>
            <dt>{label}</dt>
            <dd>{text}</dd>
          </div>
        ))}
      </dl>
      <IncidentWait incident={incident} />
      <IncidentCpu incident={incident} />
      <IncidentGc incident={incident} />
      <IncidentMemory incident={incident} memory={memory} />
      <IncidentAllocation incident={incident} />
      {onHeld && <IncidentHeap incident={incident} onHeld={onHeld} />}
      <IncidentPatterns incident={incident} />
      {incident.notes.length > 0 && (
        <section>
          <h3>{t('What else you should know')}</h3>
          <ul class="notes">
            {incident.notes.map((note, index) => (
              <li key={index}>{noteText(note)}</li>
            ))}
          </ul>
        </section>
      )}
      <section>
        <h3>{t('What Stallscope did')}</h3>
        {fired.length === 0 && <p class="dim">{t('No rule fired; the decision log says why.')}</p>}
        <ul class="plain">
          {fired.map((decision, index) => (
            <li key={index}>
              <span class="at">{fmt.signed(decision.at_ns - incident.request.start_ns, fmt.duration)}</span>{' '}
              {decisionText(decision)}
            </li>
          ))}
        </ul>
        <p class="dim">
          {t(
            'What looking cost gopls: requests to its debug server {count}, {bytes}, open for {duration} together.',
            {
              count: fmt.count(incident.cost.debug_requests),
              bytes: fmt.bytes(incident.cost.debug_bytes),
              duration: fmt.duration(incident.cost.debug_open_ns),
            },
          )}
        </p>
      </section>
      <Captures incident={incident} />
      <Requests incident={incident} />
    </div>
  );
}

function Captures({ incident }: { incident: Incident }) {
  const { run, offline } = usePanel();
  if (incident.captures.length === 0) return null;
  const rows = incident.captures;
  const got = (capture: Capture) =>
    capture.received_ns === null
      ? '–'
      : fmt.signed(capture.received_ns - incident.request.start_ns, fmt.duration);
  return (
    <section>
      <h3>{t('Captured')}</h3>
      <div class="table-frame">
        <table class="table">
          <thead>
            <tr>
              <th>{t('What')}</th>
              <th class="numeric">{t('Trigger')}</th>
              <th class="numeric">{t('Last byte')}</th>
              <th class="numeric">{t('Size')}</th>
              <th>{t('State')}</th>
              <th />
            </tr>
          </thead>
          <tbody>
            {rows.map((capture) => (
              <tr key={capture.number}>
                <td>{captureName(capture)}</td>
                <td class="numeric">
                  {fmt.signed(capture.trigger_ns - incident.request.start_ns, fmt.duration)}
                </td>
                <td class="numeric">{got(capture)}</td>
                <td class="numeric">{fmt.bytes(capture.size_bytes)}</td>
                <td>{outcome(capture)}</td>
                <td>
                  {readable(capture) && !offline && (
                    <button
                      type="button"
                      class="link"
                      onClick={() => run('saveProfileAs', { incident: incident.id, capture: capture.number })}
                    >
                      {t('Save as…')}
                    </button>
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function outcome({ state: name, during_request, error }: Capture): string {
  const state = captureState(name);
  const when = during_request === true ? t('{state}, during the wait', { state }) : state;
  return error === null ? when : t('{state}: {error}', { state: when, error });
}

const MOST_REQUESTS = 100;

function Requests({ incident }: { incident: Incident }) {
  const { requests } = incident;
  if (requests.length === 0) return null;
  return (
    <section>
      <h3>{t('In flight at the same time')}</h3>
      <div class="table-frame">
        <table class="table">
          <thead>
            <tr>
              <th>{t('Request')}</th>
              <th class="numeric">{t('Start')}</th>
              <th class="numeric">{t('Duration')}</th>
              <th>{t('Source')}</th>
            </tr>
          </thead>
          <tbody>
            {requests.slice(0, MOST_REQUESTS).map((request, index) => (
              <tr key={index}>
                <td>
                  {methodName(request.method)}
                  {!request.interactive && <span class="dim"> {t('(by the editor)')}</span>}
                </td>
                <td class="numeric">
                  {fmt.signed(request.start_ns - incident.request.start_ns, fmt.duration)}
                </td>
                <td class="numeric">
                  {request.duration_ns === null ? '–' : fmt.duration(request.duration_ns)}
                </td>
                <td class="dim">{timingSource(request.end_source ?? request.start_source)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {requests.length > MOST_REQUESTS && (
        <p class="dim">
          {t('and {count} more requests', { count: fmt.count(requests.length - MOST_REQUESTS) })}
        </p>
      )}
    </section>
  );
}
