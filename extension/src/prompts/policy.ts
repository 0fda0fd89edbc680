// When a prompt may be shown: not while somebody types, not when it is stale, one at a time, and rarely. Pure: time is
// an argument.

const QUIET_AFTER_EDIT_MS = 2_000;
const STALE_AFTER_MS = 60_000;
const MIN_GAP_MS = 10 * 60_000;

/** What to do about the waiting prompt. */
export type Verdict<T> = { show: T } | { waitMs: number } | 'nothing';

export class PromptPolicy<T> {
  private waiting: { what: T; since: number } | undefined;
  private lastEdit = Number.NEGATIVE_INFINITY;
  private lastShown = Number.NEGATIVE_INFINITY;
  private open = false;

  constructor(private readonly minGapMs = MIN_GAP_MS) {}

  /** Something worth a prompt happened. The latest one counts. False when it is not going to be shown. */
  offer(what: T, now: number): boolean {
    if (this.open || now - this.lastShown < this.minGapMs) return false;
    this.waiting = { what, since: now };
    return true;
  }

  /** Somebody typed. */
  edited(now: number): void {
    this.lastEdit = now;
  }

  /** Asked again after `waitMs`. With `show` the prompt counts as open until `closed`. */
  next(now: number): Verdict<T> {
    const { waiting } = this;
    if (!waiting || this.open) return 'nothing';
    if (now - waiting.since > STALE_AFTER_MS) {
      this.waiting = undefined;
      return 'nothing';
    }
    const quiet = now - this.lastEdit;
    if (quiet < QUIET_AFTER_EDIT_MS) return { waitMs: QUIET_AFTER_EDIT_MS - quiet };
    this.waiting = undefined;
    this.open = true;
    this.lastShown = now;
    return { show: waiting.what };
  }

  /** The user answered or dismissed it. */
  closed(): void {
    this.open = false;
  }
}
