// What the parts of the memory are, and what can be said of it, in words.
import type { AllocationRate, MemoryPartKind, MemoryVerdict, Waterfall } from '../../shared/model';
import * as fmt from '../base/format';
import { sentences, t } from '../base/l10n';

export function partName(kind: MemoryPartKind): string {
  switch (kind) {
    case 'live-heap':
      return t('Live heap');
    case 'since-gc':
      return t('Allocated since that GC');
    case 'heap-objects':
      return t('Heap, live or garbage');
    case 'slack':
      return t('Room between objects');
    case 'free-kept':
      return t('Free, not returned');
    case 'stacks':
      return t('Stacks');
    case 'runtime':
      return t('GC and runtime');
    case 'files':
      return t('Program and files');
    case 'swapped':
      return t('Swapped out');
    case 'untouched':
      return t('Not touched yet');
    case 'rest':
      return t('The rest');
  }
}

export function partMeaning(kind: MemoryPartKind): string {
  switch (kind) {
    case 'live-heap':
      return t('What gopls still needed at a garbage collection (GC).');
    case 'since-gc':
      return t('How much of it is garbage shows at the next GC; during a load most of it is.');
    case 'heap-objects':
      return t('No GC near this moment tells what of it was still needed.');
    case 'slack':
      return t('The allocator works with blocks of fixed sizes.');
    case 'free-kept':
      return t('Go keeps it for the next allocations and returns it to the system after some minutes.');
    case 'stacks':
      return t('Of goroutines and threads.');
    case 'runtime':
      return t("The garbage collector's and the allocator's own tables.");
    case 'files':
      return t('The gopls program itself, mostly; shared with other gopls processes.');
    case 'swapped':
      return t('In the parts above, but on disk: gopls waits for the disk when it needs it.');
    case 'untouched':
      return t('Counted above because Go has reserved it; the system has not given memory for it.');
    case 'rest':
      return t('Not explained by what Go and the system tell.');
  }
}

/** What is not in RSS, though other tools may count it. */
export function besideRss({
  ballast_bytes,
  ballast_seen,
  released_bytes,
  swap_bytes,
  next_gc_bytes,
  next_gc_estimated,
}: Waterfall): string {
  const ballast = { ballast: fmt.bytes(ballast_bytes) };
  return sentences(
    ballast_bytes === 0
      ? ''
      : ballast_seen
        ? t('Not in RSS: {ballast} of ballast, which gopls reserves on purpose and never touches.', ballast)
        : t(
            'Not in RSS: {ballast} of ballast, which gopls reserves on purpose and never touches (as every known gopls does; no profile here shows it).',
            ballast,
          ),
    t('Returned to the system: {released}.', { released: fmt.bytes(released_bytes) }),
    swap_bytes ? t('Swapped out: {swap}.', { swap: fmt.bytes(swap_bytes) }) : '',
    next_gc_bytes === null ? '' : nextGc(fmt.bytes(next_gc_bytes), next_gc_estimated),
  );
}

const nextGc = (heap: string, estimated: boolean): string =>
  estimated
    ? t('The next GC begins at a heap of about {heap}, ballast included, if GOGC is 100 as by default.', {
        heap,
      })
    : t('The next GC begins at a heap of {heap}, ballast included.', { heap });

/** The verdict as one sentence. */
export function verdictSentence(verdict: MemoryVerdict): string {
  const live = fmt.bytes(verdict.last_live_bytes);
  const first = fmt.bytes(verdict.first_live_bytes);
  const cycles = fmt.count(verdict.cycles);
  const over = fmt.duration(verdict.over_ns);
  switch (verdict.kind) {
    case 'workspace-load':
      return t('The workspace is being loaded: memory grows, and that tells nothing about a leak.');
    case 'not-enough-evidence':
      return t(
        'Leak or churn: not enough evidence yet, {needed} more GC cycles are needed under the conditions of now ({cycles} so far).',
        { needed: fmt.count(verdict.needed_cycles), cycles },
      );
    case 'steady':
      return t('The live heap does not grow: from {first} to {live} over {cycles} GC cycles in {over}.', {
        first,
        live,
        cycles,
        over,
      });
    case 'churn':
      return t(
        'Churn: {rate} a second are allocated and dropped again. The live heap does not grow: from {first} to {live} over {cycles} GC cycles in {over}.',
        { rate: fmt.bytes(verdict.allocated_bytes_per_s), first, live, cycles, over },
      );
    case 'live-heap-growing':
      return t(
        'The live heap is growing: {growth} a GC cycle (95 %: {low} to {high}), from {first} to {live} over {cycles} cycles in {over}.',
        {
          growth: fmt.signed(verdict.growth?.per_cycle_bytes ?? 0, fmt.bytes),
          low: fmt.bytes(verdict.growth?.low_bytes ?? 0),
          high: fmt.bytes(verdict.growth?.high_bytes ?? 0),
          first,
          live,
          cycles,
          over,
        },
      );
    case 'goroutine-growth':
      return t(
        'Goroutines pile up: from {first} to {last} over {cycles} GC cycles in {over}. The live heap does not grow with them yet ({live}).',
        {
          first: fmt.count(verdict.goroutines?.[0] ?? 0),
          last: fmt.count(verdict.goroutines?.[1] ?? 0),
          cycles,
          over,
          live,
        },
      );
  }
}

export const perSecond = (bytes: number): string => t('{bytes}/s', { bytes: fmt.bytes(bytes) });

/** How much a living gopls allocates over the last minutes. */
export const allocatesNow = (rate: AllocationRate, kind: MemoryVerdict['kind']): string =>
  kind === 'churn'
    ? t(
        'Allocates now: {rate} over the last {over}. The largest makers of garbage, {part} together:',
        amounts(rate),
      )
    : t('Allocates now: {rate} over the last {over}, of which {part} here:', amounts(rate));

/** The same between two heaps of an incident. */
export const allocatedBetween = (rate: AllocationRate): string =>
  t(
    'From its first heap to its last, {over} later, gopls allocated {rate}, of which {part} here:',
    amounts(rate),
  );

const amounts = ({ bytes_per_s, over_ns, sites }: AllocationRate) => ({
  rate: perSecond(bytes_per_s),
  over: fmt.duration(over_ns),
  part: perSecond(sites.reduce((sum, site) => sum + site.bytes_per_s, 0)),
});

export const samplingError = (): string =>
  t(
    'From two heap profiles, each as of the GC before it. The Go runtime looks at one allocation in 512 KiB, so small amounts are unsure: the error says by how much. What the runtime and the standard library allocate is counted for the function of gopls, or of the type checker and the like, that called them.',
  );

/** What it rests on, and what it leaves open. */
export function verdictBasis(verdict: MemoryVerdict): string {
  if (verdict.kind === 'workspace-load' || verdict.cycles === 0) return '';
  return t(
    "Judged by what is left after gopls's own garbage collections while as many files are open as now, never by RSS. Where a trend is claimed, chance would show it in one case of a hundred.",
  );
}
