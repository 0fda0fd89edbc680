// When a process has nothing to do any more.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** Hundredths of a second of a processor in a second. */
const REST_TICKS = 3;
const CALM_SECONDS = 3;
const LONGEST_MS = 5 * 60_000;

function cpuTicks(pid) {
  const fields = fs.readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return Number(fields[11]) + Number(fields[12]);
}

/** Waits until it has done next to nothing for three seconds. */
export async function atRest({ pid }) {
  const end = Date.now() + LONGEST_MS;
  for (let calm = 0; calm < CALM_SECONDS;) {
    const before = cpuTicks(pid);
    await sleep(1_000);
    calm = cpuTicks(pid) - before <= REST_TICKS ? calm + 1 : 0;
    assert.ok(Date.now() < end, `process ${pid} does not come to rest`);
  }
}
