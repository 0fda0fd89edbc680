// Whether the extension host keeps up: a timer that ought to come twice a second. One that comes late was kept from it
// by a JavaScript thread that was busy, and what nobody asked or took meanwhile is not gopls's fault.

/** Time between two beats. Each wakes a thread that may be idle: at 250 ms that was 0.05 % of a core, at this it is half of it. */
export const BEAT_MS = 500;

/** The least that `slowDispatchMs` can be: what counts is decided by the core, which knows the setting. */
const TOLERANCE_MS = 20;

interface Heart {
  /** The thread was busy for so long, until now. */
  lagged: (lag_ms: number) => void;
  /** Milliseconds on a clock that nobody sets. */
  now: () => number;
}

export class Heartbeat {
  private timer: NodeJS.Timeout | undefined;
  private due_ms = 0;
  private readonly heart: Heart;

  constructor(heart: Heart) {
    this.heart = heart;
  }

  /** Beats, or rests: nobody waits for an editor that is in the background. */
  beat(wanted: boolean): void {
    if (wanted === (this.timer !== undefined)) return;
    if (wanted) {
      this.due_ms = this.heart.now() + BEAT_MS;
      this.timer = setInterval(() => this.tick(), BEAT_MS);
      this.timer.unref();
    } else {
      clearInterval(this.timer);
      this.timer = undefined;
    }
  }

  dispose(): void {
    this.beat(false);
  }

  private tick(): void {
    const now_ms = this.heart.now();
    const late_ms = now_ms - this.due_ms;
    this.due_ms = now_ms + BEAT_MS;
    if (late_ms > TOLERANCE_MS) this.heart.lagged(Math.round(late_ms));
  }
}
