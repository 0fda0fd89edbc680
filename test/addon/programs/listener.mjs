// A listener that throws once: Node reports it like any exception of a callback, and the core goes on telling.
import assert from 'node:assert/strict';
import { addon, coreOptions, eventually, value } from '../support/core.mjs';

const thrown = [];
process.on('uncaughtException', (error) => thrown.push(error.message));
const core = addon.createCore(coreOptions(process.argv[2]));
let calls = 0;
value(
  core.start(() => {
    calls += 1;
    if (calls === 1) throw new Error('a bug in the listener');
  }),
);
await eventually('a call', () => calls === 1);
core.pause();
await eventually('a call after the one that threw', () => calls > 1);
value(await core.stop());
assert.deepEqual(thrown, ['a bug in the listener']);
console.log('told on');
