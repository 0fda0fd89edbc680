// Waiting for something that comes about by itself.
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';

/** Asks again and again until the answer is not falsy, and returns it. */
export async function eventually(what, ask, timeoutMs = 10_000) {
  const end = performance.now() + timeoutMs;
  for (;;) {
    const answer = await ask();
    if (answer) return answer;
    assert.ok(performance.now() < end, `not within ${timeoutMs} ms: ${what}`);
    await sleep(20);
  }
}
