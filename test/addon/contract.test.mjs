// The addon does what `extension/shared/core.ts` says it does: every call is there, takes what it is declared to
// take, and has an answer before, while and after a watcher runs.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { CONTRACT, RIGHT, answersOutcome, callsOfCore } from './support/contract.mjs';
import { EventLog, addon, coreOptions, failure, idleCore, scratchFolder, value } from './support/core.mjs';

test('a core has exactly the calls of the contract', (t) => {
  const there = Object.getOwnPropertyNames(Object.getPrototypeOf(idleCore(t)));
  assert.deepEqual(there.filter((name) => name !== 'constructor').sort(), [...CONTRACT.keys()].sort());
});

test('what each takes and returns is declared the same on both sides', () => {
  const declared = callsOfCore('native/addon/index.d.ts');
  for (const [call, { parameters, types, returns }] of CONTRACT) {
    assert.equal(declared.get(call).parameters.length, parameters.length, call);
    assert.deepEqual(declared.get(call).types, types, call);
    assert.equal(declared.get(call).returns, returns, call);
    assert.equal(RIGHT[call].length, parameters.length, call);
  }
});

test('none does with an argument less', async (t) => {
  const core = idleCore(t);
  for (const [call, { parameters }] of CONTRACT) {
    if (parameters.length === 0) continue;
    const tooFew = RIGHT[call].slice(0, -1);
    const last = new RegExp(`argument \`${parameters.at(-1)}\``);
    if (answersOutcome(call)) {
      const { code, message } = failure(await core[call](...tooFew));
      assert.equal(code, 'invalid-argument', call);
      assert.match(message, last);
    } else {
      assert.throws(() => core[call](...tooFew), last, call);
    }
  }
});

test('a core is made by createCore alone, and making one touches nothing', (t) => {
  const storage = path.join(scratchFolder(t), 'storage');
  const core = addon.createCore(coreOptions(storage));
  assert.equal(fs.existsSync(storage), false);
  assert.throws(() => new core.constructor(), /constructor/);
  assert.throws(() => core.status.call({}), TypeError);
});

/** What every call answers while no watcher runs. */
async function answersAtRest(core) {
  const status = core.status();
  assert.equal(status.watching, false);
  assert.equal(status.gopls, null);
  assert.equal(status.stall, null);
  assert.deepEqual(status.in_flight, []);
  assert.deepEqual(core.decisions(10), []);
  assert.deepEqual(core.configure({}), []);
  for (const stamp of [
    'pause',
    'resume',
    'observed',
    'hostLagged',
    'echoBegan',
    'echoEnded',
    'saveBegan',
    'saveEnded',
    'cancelCapture',
    'closeLog',
    'cancelCache',
    'cancelHeap',
  ]) {
    assert.equal(core[stamp](...RIGHT[stamp]), undefined, stamp);
  }
  // About what is on disk, the answer does not depend on a watcher.
  assert.deepEqual(value(await core.incidents()), []);
  assert.deepEqual(value(await core.stallSummary()), { waits: 0, total_ns: 0, causes: [], methods: [] });
  assert.deepEqual(value(await core.waitDays(...RIGHT.waitDays)), {
    days: [],
    waits: 0,
    older: 0,
    removed: 0,
    cut: false,
  });
  assert.equal(value(await core.deleteIncidents(['no-such'])), 0);
  assert.ok(Array.isArray(value(await core.goplsProcesses())));
  for (const call of [
    'incident',
    'incidentMemory',
    'incidentAllocation',
    'incidentPatterns',
    'saveProfile',
    'saveTrace',
    'compareTraces',
    'sampleTypes',
    'heapTable',
    'flame',
    'subsystems',
    'icicle',
    'heapDiff',
  ]) {
    const { code, message } = failure(await core[call](...RIGHT[call]));
    assert.equal(code, 'incident-not-found', call);
    assert.match(message, /no-such.*deleted/, call);
  }
  const noFolder = failure(await core.doctor(...RIGHT.doctor));
  assert.equal(noFolder.code, 'doctor-folder');
  assert.match(noFolder.message, /\/no-such.*name the folder/);
  const { cache, removable, own } = value(await core.cache(...RIGHT.cache));
  assert.deepEqual([cache.folder, cache.directories, own], ['/nowhere/gopls', [], null]);
  assert.deepEqual(removable, { directories: 0, files: 0, bytes: 0, complete: true });
  assert.deepEqual(value(await core.cleanCache(...RIGHT.cleanCache)), {
    removed: [],
    skipped: [],
    cancelled: false,
  });
  const nothing = failure(await core.moveOwnCacheAside(...RIGHT.moveOwnCacheAside));
  assert.equal(nothing.code, 'cache-not-running');
  assert.match(nothing.message, /open a Go file/);
  assert.equal(core.cacheProgress(), null);
  assert.deepEqual(value(await core.verifications()), []);
  for (const call of ['verify', 'deleteVerification']) {
    const { code, message } = failure(await core[call](...RIGHT[call]));
    assert.equal(code, 'verification-not-found', call);
    assert.match(message, /no-such.*deleted/, call);
  }
  assert.equal(core.logProgress(), null);
  for (const call of ['logOverview', 'logRequests']) {
    assert.equal(failure(await core[call](...RIGHT[call])).code, 'no-log-open', call);
  }
  assert.equal(failure(await core.openLog(...RIGHT.openLog)).code, 'log-unreadable');
  for (const call of ['captureNow', 'memory', 'gc', 'patterns', 'timeline']) {
    const { code, message } = failure(await core[call](...RIGHT[call]));
    assert.equal(code, 'watcher-ended', call);
    assert.match(message, /not running: reload the window/, call);
  }
  assert.equal(value(await core.stop()), null);
}

test('before start every call has a sane answer', async (t) => {
  await answersAtRest(idleCore(t));
});

test('after stop every call has the same answer as before start, and start works again', async (t) => {
  const core = idleCore(t);
  const events = new EventLog();
  assert.equal(value(core.start(events.receive)), null);
  await events.until('a first status', (e) => e.kind === 'status' && e.status.watching);
  assert.equal(value(await core.stop()), null);
  await answersAtRest(core);
  const told = events.all.length;
  assert.equal(value(core.start(events.receive)), null);
  await events.until('a status of the second start', (e) => e.kind === 'status', { from: told });
  assert.equal(value(await core.stop()), null);
});

test('while it runs without a gopls, a capture is refused with what to do', async (t) => {
  const core = idleCore(t, { host_pid: 2 ** 31 });
  value(core.start(() => {}));
  const { code, message } = failure(await core.captureNow(...RIGHT.captureNow));
  assert.equal(code, 'no-gopls');
  assert.match(message, /open a Go file/);
  const again = failure(core.start(() => {}));
  assert.equal(again.code, 'already-started');
  assert.match(again.message, /stop it first/);
  const live = value(await core.timeline(RIGHT.timeline[0]));
  assert.deepEqual([live.requests, live.captures, live.stalls, live.rss], [[], [], [], []]);
  value(await core.stop());
});
