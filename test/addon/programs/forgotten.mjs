// node --expose-gc: a core that is started and dropped without a stop ends with its last reference.
import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { EventLog, addon, coreOptions, eventually, value } from '../support/core.mjs';
import { watcherThreads } from '../support/threads.mjs';

const events = new EventLog();
globalThis.core = addon.createCore(coreOptions(process.argv[2]));
const weak = new WeakRef(globalThis.core);
value(globalThis.core.start(events.receive));
await events.until('a status', (e) => e.kind === 'status');
await eventually('its thread', () => watcherThreads() === 1);
// What has been asked for lasts as long as it takes, whoever drops the core in the meantime.
const asked = globalThis.core.incidents();
delete globalThis.core;
// A WeakRef keeps its target until the end of the turn that made or read it.
await sleep(0);
await eventually('the collection', async () => {
  globalThis.gc();
  await sleep(0);
  return weak.deref() === undefined;
});
assert.deepEqual(value(await asked), []);
await eventually('the end of its thread', () => watcherThreads() === 0);
const told = events.all.length;
await sleep(200);
assert.equal(events.all.length, told, 'a core that is gone tells nothing');
console.log('collected');
