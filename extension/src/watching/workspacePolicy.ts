// When gopls may be asked what is in its workspace. It handles one message after the other, and after a change it may
// have to check types before it can answer: whoever asks for a hover meanwhile would wait for us. So it is asked only
// when it has nothing to do, when somebody looks or an incident has just been closed, and rarely; more rarely the longer
// it took the last time. Pure: time is an argument.
import type { Status } from '../../shared/model';

/** gopls works on nothing below this share of a core … */
const AT_REST_CPU_SHARE = 0.05;
/** … when that has lasted. It begins to diagnose one second after the last change, and uses a core for it. */
const AT_REST_FOR_MS = 5_000;
const QUIET_AFTER_EDIT_MS = 10_000;
const MIN_GAP_MS = 3 * 60_000;
/** What we ask for takes at most this share of gopls's time. */
const MOST_OF_ITS_TIME = 1 / 2000;
/** An incident closed longer ago is not told by what gopls says now. */
const CLOSED_LATELY_MS = 100_000;

/** One gopls, as far as asking it goes. */
interface Asked {
  pid: number;
  /** Since when it has had nothing to do. */
  atRestSince: number | undefined;
  /** Not before this. */
  next: number;
  /** A question has not been answered yet: no other one behind it. */
  open: boolean;
}

export class WorkspacePolicy {
  private asked: Asked = { pid: -1, atRestSince: undefined, next: Number.NEGATIVE_INFINITY, open: false };
  private editedAt = Number.NEGATIVE_INFINITY;
  private closedAt = Number.NEGATIVE_INFINITY;

  /** Somebody typed. */
  edited(now: number): void {
    this.editedAt = now;
  }

  /** An incident is complete. */
  incidentClosed(now: number): void {
    this.closedAt = now;
  }

  /** The gopls to ask now, by its pid; undefined while nothing is to be asked. Told of every status. */
  due(
    { gopls, watching, capture_enabled, loading, stall, in_flight }: Status,
    looking: boolean,
    now: number,
  ) {
    if (!gopls || !watching) return undefined;
    if (gopls.pid !== this.asked.pid) {
      this.asked = { pid: gopls.pid, atRestSince: undefined, next: Number.NEGATIVE_INFINITY, open: false };
    }
    const { asked } = this;
    // Without a debug server nobody knows whether something is in flight, and there is no heap to judge with the answer.
    const idle = gopls.debug.state === 'on' && gopls.cpu_share < AT_REST_CPU_SHARE && in_flight.length === 0;
    if (loading || stall || !idle) asked.atRestSince = undefined;
    else asked.atRestSince ??= now;
    const atRest = asked.atRestSince !== undefined && now - asked.atRestSince >= AT_REST_FOR_MS;
    const wanted = looking || now - this.closedAt <= CLOSED_LATELY_MS;
    const quiet = now - this.editedAt >= QUIET_AFTER_EDIT_MS;
    const may = capture_enabled && atRest && quiet && wanted && !asked.open && now >= asked.next;
    return may ? gopls.pid : undefined;
  }

  /** It is being asked. */
  began(now: number): void {
    this.asked.open = true;
    this.asked.next = now + MIN_GAP_MS;
  }

  /** It has answered, after so long; or it cannot be asked at all. */
  ended(pid: number, how: { tookMs: number } | 'refused', now: number): void {
    if (pid !== this.asked.pid) return;
    this.asked.open = false;
    const pauseMs =
      how === 'refused' ? Number.POSITIVE_INFINITY : Math.max(MIN_GAP_MS, how.tookMs / MOST_OF_ITS_TIME);
    this.asked.next = now + pauseMs;
  }
}
