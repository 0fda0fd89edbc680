// Whether the heap is read after a stall (`stallscope.retain.onStall`): only when memory was the matter, once per stall, seldom, and in
// a moment in which nobody waits. Pure: time is an argument.
import type { Incident } from '../../shared/model';

/** gopls stands still for a reading: one says enough for a while. */
export const MIN_GAP_MS = 10 * 60_000;
/** So long a moment is waited for in which nobody waits for gopls; later the heap is another one. */
export const REST_WITHIN_MS = 60_000;

/** What a user calls much, from the settings. */
export interface Much {
  /** `stallscope.captureRiseMB`. */
  rise_bytes: number;
  /** `stallscope.memoryAlertMB`; 0: never. */
  rss_bytes: number;
}

type Evidence = Pick<Incident, 'state' | 'request' | 'rss' | 'memory_verdict' | 'causes'>;

/** Whether the evidence of a stall says that memory was the matter. */
export function memoryMatters(
  { state, request, rss, memory_verdict, causes }: Evidence,
  much: Much,
): boolean {
  // Nobody waited; or there is nothing to be read any more.
  if (request.method === 'capture-on-request' || state !== 'complete') return false;
  return (
    rss.steepest_rise_bytes >= much.rise_bytes ||
    (much.rss_bytes > 0 && rss.peak_bytes >= much.rss_bytes) ||
    memory_verdict?.kind === 'live-heap-growing' ||
    memory_verdict?.kind === 'goroutine-growth' ||
    causes[0]?.kind === 'gc' ||
    causes[0]?.kind === 'memory-pressure'
  );
}

/** At most one at a time, and not one soon after another, whatever came of it. */
export class Seldom {
  private busy = false;
  private last = Number.NEGATIVE_INFINITY;

  constructor(private readonly minGapMs = MIN_GAP_MS) {}

  /** Whether it may begin; it has, then, and `ended` has to be called. */
  begin(now: number): boolean {
    if (this.busy || now - this.last < this.minGapMs) return false;
    this.busy = true;
    return true;
  }

  /** `tried`: gopls was asked to stand still, or would have been. */
  ended(now: number, tried: boolean): void {
    this.busy = false;
    if (tried) this.last = now;
  }
}
