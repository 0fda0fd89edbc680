import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Status, WatchEvent } from '../../shared/model';
import { loadAfter } from './loads.ts';

const COLD = { duration_ns: 12e9, peak_rss_bytes: 8e8 };

/** A session whose statuses are told by hand, and a cancellation. */
function world(first?: Partial<Status>) {
  const events = new Set<(event: WatchEvent) => void>();
  const cancels = new Set<() => void>();
  const session = {
    status: first as Status | undefined,
    onEvent: (listener: (event: WatchEvent) => void) => {
      events.add(listener);
      return { dispose: () => events.delete(listener) };
    },
  };
  const token = {
    isCancellationRequested: false,
    onCancellationRequested: (listener: () => void) => {
      cancels.add(listener);
      return { dispose: () => cancels.delete(listener) };
    },
  };
  return {
    session,
    token,
    tell: (status: Partial<Status>) => {
      for (const listener of [...events]) listener({ kind: 'status', status: status as Status });
    },
    cancel: () => {
      for (const listener of [...cancels]) listener();
    },
    listening: () => events.size + cancels.size,
  };
}

const gopls = (pid: number, uptime_s = 1, rest: Partial<Status> = {}) =>
  ({
    watching: true,
    loading: false,
    last_load: null,
    gopls: { pid, uptime_ns: uptime_s * 1e9 },
    ...rest,
  }) as Partial<Status>;
const loaded = (pid: number) => gopls(pid, 30, { last_load: { load: COLD, earlier: null } });

test('the load is that of another gopls than before, once it is over', async () => {
  // The one before has loaded too.
  const { session, token, tell, listening } = world(loaded(7));
  const load = loadAfter(session, [7], token);
  tell(loaded(7));
  tell({ ...gopls(7), gopls: null });
  tell(gopls(8, 2, { loading: true }));
  tell(loaded(8));
  assert.deepEqual(await load, COLD);
  assert.equal(listening(), 0);
});

test('a load that is not seen is not waited for', async () => {
  for (const told of [
    // Nobody watches.
    gopls(8, 1, { watching: false }),
    // It was found too late.
    gopls(8, 21),
  ]) {
    const { session, token, tell, listening } = world();
    const load = loadAfter(session, [7], token);
    tell(told);
    assert.equal(await load, undefined);
    assert.equal(listening(), 0);
  }
});

test('it can be given up', async () => {
  const { session, token, cancel, listening } = world(gopls(7));
  const load = loadAfter(session, [7], token);
  cancel();
  assert.equal(await load, undefined);
  assert.equal(listening(), 0);
});
