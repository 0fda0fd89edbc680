// What an incident comes to, in one sentence, and what that rests on. It says no more than one wait can tell: whether the
// heap leaks is seen over many GC cycles, not here.
import type {
  Capture,
  CapturedMemory,
  Incident,
  MemoryPartKind,
  SubsystemTable,
  WaitBreakdown,
} from '../../shared/model';
import { causeMeaning, mainCause } from '../../shared/causeWords';
import { NOTABLE_GROWTH_BYTES } from '../../shared/words';
import * as fmt from '../base/format';
import { t } from '../base/l10n';
import { verdictSentence } from '../memory/words';
import { bestWait } from '../waits/best';
import { phaseName } from '../waits/words';
import { valueByName } from '../words/values';
import { subsystemName } from '../words/subsystems';

/** gopls's reserve is in every heap and says nothing about this one. */
const BALLAST = 'ballast';
/** A phase that was less of the wait does not explain it. */
const NOTABLE_SHARE = 0.1;
const MOST_PHASES = 3;

export function verdict(incident: Incident): string {
  const main = mainCause(incident.causes);
  const memory = memoryVerdict(incident);
  return main ? `${causeMeaning(main, { t, valueByName })} ${memory}` : memory;
}

function memoryVerdict({ request, rss, load, captures }: Incident): string {
  const growth = rss.peak_bytes - rss.start_bytes;
  if (request.method === 'capture-on-request') return onRequest(captures);
  if (growth < NOTABLE_GROWTH_BYTES)
    return t('Memory does not explain this wait: gopls hardly grew during it.');
  if (load)
    return t(
      'A workspace load: gopls read and checked packages for the first time, and grew by {growth} during this wait. That is not a leak.',
      { growth: fmt.bytes(growth) },
    );
  return t(
    'gopls grew by {growth} during this wait. That is memory it worked with; whether it keeps it shows only after its next garbage collections.',
    { growth: fmt.bytes(growth) },
  );
}

/** What was asked for by hand. */
function onRequest(captures: Capture[]): string {
  const asked = captures.find(({ trigger }) => trigger === 'user');
  const seconds = String(asked?.seconds ?? 0);
  switch (asked?.kind) {
    case 'cpu':
      return t("This is where gopls's CPU time went within {seconds} s.", { seconds });
    case 'heap-delta':
      return t("This is what gopls's heap gained and lost within {seconds} s.", { seconds });
    case 'allocs':
      return t('This is everything that gopls had allocated since its start, kept or not.');
    case 'goroutines':
      return t("This is what gopls's goroutines did when you asked.");
    case 'heap-text':
      return t('This is the heap as text, to be searched.');
    default:
      return asked?.after_gc === true
        ? t('This is what gopls keeps: the heap after a collection that you had forced.')
        : t('This is where the memory was when you asked.');
  }
}

export function evidence(
  incident: Incident,
  memory: CapturedMemory | null,
  heap: SubsystemTable | null,
): string[] {
  const { rss, request, load, memory_verdict } = incident;
  const found: string[] = [];
  const best = bestWait(incident);
  if (best) found.push(waitedFor(best));
  if (request.method !== 'capture-on-request')
    found.push(
      t('Memory (RSS) went from {start} to {peak}.', {
        start: fmt.bytes(rss.start_bytes),
        peak: fmt.bytes(rss.peak_bytes),
      }),
    );
  const [live, since] = (['live-heap', 'since-gc'] as const).map((kind) => part(memory, kind));
  if (live !== undefined && since !== undefined)
    found.push(
      t('Of the heap {live} were in use at the last GC; {since} were allocated after it.', {
        live: fmt.bytes(live),
        since: fmt.bytes(since),
      }),
    );
  const largest = heap?.rows.find(({ subsystem }) => subsystem !== BALLAST);
  if (heap && largest)
    found.push(
      t('The largest part of what was in use: {subsystem}, {bytes} of {total}.', {
        subsystem: subsystemName(largest.subsystem),
        bytes: fmt.bytes(largest.value),
        total: fmt.bytes(heap.total - (heap.rows.find(({ subsystem }) => subsystem === BALLAST)?.value ?? 0)),
      }),
    );
  // That it is a load is said already, by the sentence above.
  if (memory_verdict && !(memory_verdict.kind === 'workspace-load' && load))
    found.push(
      t('Over GC cycles, as it was when this began: {verdict}', { verdict: verdictSentence(memory_verdict) }),
    );
  return found;
}

/** The phases that make up most of a wait. */
function waitedFor({ phases }: WaitBreakdown): string {
  const named = phases.filter(({ phase, share }) => phase !== 'unknown' && share >= NOTABLE_SHARE);
  if (named.length === 0) return t('What this wait was for is not known.');
  const parts = named
    .slice(0, MOST_PHASES)
    .map(({ phase, duration_ns }) =>
      t('{phase} {duration}', { phase: phaseName(phase), duration: fmt.duration(duration_ns) }),
    );
  return t('Of the wait: {phases}.', { phases: parts.join(' · ') });
}

const part = (memory: CapturedMemory | null, wanted: MemoryPartKind): number | undefined =>
  memory?.waterfall?.parts.find(({ kind }) => kind === wanted)?.bytes;
