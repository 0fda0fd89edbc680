// The load of a workspace after a restart of gopls, as the core measures it.
import type { Disposable, Event } from 'vscode';
import type { PastLoad, Status, WatchEvent } from '../../shared/model';

/** The next gopls is there within a second, on a busy machine within a few. */
const MISSING_FOR_MS = 60_000;
/** A load begins with the process: one that is not seen by then is not measured any more. */
const UNSEEN_AFTER_NS = 20e9;

/** What is needed of a session. */
export interface Watched {
  readonly status: Status | undefined;
  readonly onEvent: Event<WatchEvent>;
}

/** What is needed of a cancellation. */
export interface Cancellation {
  readonly isCancellationRequested: boolean;
  onCancellationRequested(listener: () => void): Disposable;
}

/** The load of the first gopls that is none of `before`; undefined when it cannot be seen, or is not waited for any longer. */
export function loadAfter(
  session: Watched,
  before: readonly number[],
  token: Cancellation,
): Promise<PastLoad | undefined> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => end(undefined), MISSING_FOR_MS);
    const listening = [
      session.onEvent((event) => {
        if (event.kind === 'status') look(event.status);
      }),
      token.onCancellationRequested(() => end(undefined)),
    ];
    const end = (load: PastLoad | undefined) => {
      clearTimeout(timer);
      for (const one of listening) one.dispose();
      resolve(load);
    };
    const look = ({ gopls, watching, loading, last_load }: Status) => {
      if (!watching) return end(undefined);
      if (!gopls || before.includes(gopls.pid)) return;
      clearTimeout(timer);
      if (last_load) end(last_load.load);
      else if (!loading && gopls.uptime_ns > UNSEEN_AFTER_NS) end(undefined);
    };
    if (token.isCancellationRequested) end(undefined);
    else if (session.status) look(session.status);
  });
}
