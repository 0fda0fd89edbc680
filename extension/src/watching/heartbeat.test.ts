import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { BEAT_MS, Heartbeat } from './heartbeat';

/** A heartbeat on the real clock, and what it told. */
function heart() {
  const lags: number[] = [];
  const heartbeat = new Heartbeat({
    lagged: (lag_ms) => lags.push(lag_ms),
    now: () => performance.now(),
  });
  return { lags, heartbeat };
}

function busy(for_ms: number): void {
  const end = performance.now() + for_ms;
  while (performance.now() < end);
}

test('a busy thread is told, for about as long as it was', async (t) => {
  const { lags, heartbeat } = heart();
  t.after(() => heartbeat.dispose());
  heartbeat.beat(true);
  await sleep(BEAT_MS * 1.2);
  lags.length = 0;
  busy(1_500);
  await sleep(BEAT_MS);
  const longest = Math.max(...lags);
  assert.ok(longest > 1_500 - BEAT_MS && longest < 2_500, `${lags.join()}`);
});

test('it rests when nobody looks, and a rest is no lag', async (t) => {
  const { lags, heartbeat } = heart();
  t.after(() => heartbeat.dispose());
  heartbeat.beat(true);
  heartbeat.beat(false);
  busy(900);
  await sleep(BEAT_MS);
  heartbeat.beat(true);
  await sleep(0);
  assert.deepEqual(lags, []);
});
