import type { GcFacts, GcReading, Incident } from '../../shared/model';
import * as words from '../../shared/gcWords';
import * as fmt from '../base/format';
import { t } from '../base/l10n';
import { valueByName } from '../words/values';

const language = { t, valueByName };
const ON_REQUEST = 'capture-on-request';

/** What garbage collection cost during the wait of an incident, each figure with the moments it is of. */
export function IncidentGc({ incident }: { incident: Incident }) {
  const { gc } = incident;
  if (!gc) return null;
  // A capture on request is no wait: only what it counted itself is of it.
  const waited = incident.request.method !== ON_REQUEST;
  if (!waited && !gc.cpu && !(gc.end ?? gc.begin)?.counters) return null;
  const beside = words.besideWords(gc, language);
  return (
    <section class="gc">
      <h3>{t('Garbage collection')}</h3>
      {gc.cpu && (
        <p>
          {words.cpuWords(gc.cpu, gc.recordings, language)}{' '}
          <span class="dim">{words.cpuPartsWords(gc.cpu, language)}</span>
        </p>
      )}
      {!gc.cpu && waited && (
        <p class="dim">
          {t(
            'No CPU time was recorded in this wait, so the share of collections is not known: that is done from the second second on, while gopls computes.',
          )}
        </p>
      )}
      {beside !== undefined && <p>{beside}</p>}
      {waited && <Between incident={incident} gc={gc} />}
      <Counted gc={gc} />
      <p class="dim">{words.settingsWords(gc.settings, language)}</p>
    </section>
  );
}

function Between({ incident, gc }: { incident: Incident; gc: GcFacts }) {
  const { begin, end, between, cycles_seen: seen } = gc;
  const { request } = incident;
  const after = (at_ns: number) => fmt.signed(at_ns - request.start_ns, fmt.duration);
  if (begin === null) return <p class="dim">{t('The memory statistics were not read around this wait.')}</p>;
  if (between === null || end === null) {
    return (
      <p class="dim">
        {t(
          'The memory statistics were read only once ({at} from its start): what was allocated is not known.',
          {
            at: after(begin.at_ns),
          },
        )}
      </p>
    );
  }
  return (
    <>
      <p>{words.intervalWords(between, language)}</p>
      <table class="gc-readings" aria-label={t('The heap before and after')}>
        <tbody>
          <Reading name={t('Heap at the beginning')} reading={begin} at={after(begin.at_ns)} />
          <Reading name={t('Heap at the end')} reading={end} at={after(end.at_ns)} />
        </tbody>
      </table>
      {seen && (
        <p>
          {t(
            'GC cycles completed: at least {least}, by the states of the heap that profiles show from {from} to {to}.',
            {
              least: String(seen.least),
              from: after(seen.from_ns),
              to: after(seen.to_ns),
            },
          )}
        </p>
      )}
    </>
  );
}

function Reading({ name, reading, at }: { name: string; reading: GcReading; at: string }) {
  return (
    <tr>
      <th scope="row">{name}</th>
      <td class="numeric">{fmt.bytes(reading.heap_bytes)}</td>
      <td class="dim">{t('read at {at} from the start; garbage and ballast included', { at })}</td>
    </tr>
  );
}

/** What only a heap as text tells. */
function Counted({ gc: { begin, end } }: { gc: GcFacts }) {
  const counters = end?.counters ?? begin?.counters;
  if (!counters) {
    return (
      <p class="dim">
        {t(
          'How many cycles there were and how long gopls stood still for them is not on the page that was read. Heap as text (Capture…) counts them, GODEBUG=gctrace=1 lists them.',
        )}
      </p>
    );
  }
  return (
    <p>
      {t(
        'Since gopls began: {cycles} GC cycles, {forced} of them asked for; of the last {latest} it stood still for {pauses} together, {longest} at most; {fraction} of the CPU time there was went into them, used or not.',
        {
          cycles: fmt.count(counters.cycles),
          forced: fmt.count(counters.forced),
          latest: fmt.count(counters.latest),
          pauses: fmt.duration(counters.latest_pauses_ns),
          longest: fmt.duration(counters.longest_pause_ns),
          fraction: fmt.share(counters.cpu_fraction),
        },
      )}
    </p>
  );
}
