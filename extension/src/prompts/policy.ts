// When a prompt may be shown: not while somebody types, not when it is stale, one at a time, and each kind rarely.
// Pure: time is an argument.

const QUIET_AFTER_EDIT_MS = 2_000;
const STALE_AFTER_MS = 60_000;
const MIN_GAP_MS = 10 * 60_000;
/** The editor puts a notification away after about this long and never tells us: nobody is looking at it any more. */
const PUT_AWAY_AFTER_MS = 20_000;

/** What to do about the waiting prompt. */
export type Verdict<T> = { show: T } | { waitMs: number } | 'nothing';

export class PromptPolicy<T extends { kind: string }> {
  private waiting: { what: T; since: number } | undefined;
  private lastEdit = Number.NEGATIVE_INFINITY;
  private readonly lastShown = new Map<string, number>();
  /** When the one on screen came. */
  private openSince: number | undefined;

  constructor(private readonly minGapMs = MIN_GAP_MS) {}

  /** Something worth a prompt happened. The latest one counts. False when it is not going to be shown. */
  offer(what: T, now: number): boolean {
    if (now - (this.lastShown.get(what.kind) ?? Number.NEGATIVE_INFINITY) < this.minGapMs) return false;
    this.waiting = { what, since: now };
    return true;
  }

  /** Somebody typed. */
  edited(now: number): void {
    this.lastEdit = now;
  }

  /** Asked again after `waitMs`. With `show` the prompt counts as open until `closed`, or until it is put away. */
  next(now: number): Verdict<T> {
    const { waiting } = this;
    if (!waiting) return 'nothing';
    if (now - waiting.since > STALE_AFTER_MS) {
      this.waiting = undefined;
      return 'nothing';
    }
    const waitMs = Math.max(
      QUIET_AFTER_EDIT_MS - (now - this.lastEdit),
      this.openSince === undefined ? 0 : PUT_AWAY_AFTER_MS - (now - this.openSince),
    );
    if (waitMs > 0) return { waitMs };
    this.waiting = undefined;
    this.openSince = now;
    this.lastShown.set(waiting.what.kind, now);
    return { show: waiting.what };
  }

  /** The user answered or dismissed it. */
  closed(): void {
    this.openSince = undefined;
  }
}
