// Cores come and go: several in a process, in worker threads, forgotten or stopped. None keeps a process alive, takes
// it down, or stays behind.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import path from 'node:path';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { run } from '../tools/lib/run.mjs';
import { EventLog, addon, coreOptions, eventually, scratchFolder, value } from './support/core.mjs';
import { INCIDENT, writeIncident } from './support/incident.mjs';
import { watcherThreads } from './support/threads.mjs';

const program = (name) => path.join(import.meta.dirname, 'programs', name);
/** A worker that never answers is a failure, not a test that never ends. */
const PATIENCE = { timeout: 30_000 };
const LIVE = { incident: null, from_ns: null, to_ns: null, points: 100 };

/** Runs one of the programs to its end, which must be its own doing. */
async function runProgram(name, { nodeArgs = [], args = [] }) {
  const begin = performance.now();
  const { output } = await run(process.execPath, [...nodeArgs, program(name), ...args], {
    timeoutMs: 20_000,
  });
  return { output, ms: performance.now() - begin };
}

test('two cores in one process know nothing of each other', async (t) => {
  const storage = scratchFolder(t);
  const [one, two] = ['one', 'two'].map((name) => {
    const events = new EventLog();
    const folder = path.join(storage, name);
    return { core: addon.createCore(coreOptions(folder)), events, folder };
  });
  for (const { core, events } of [one, two]) value(core.start(events.receive));
  for (const { events } of [one, two]) await events.until('a status', (e) => e.kind === 'status');
  await eventually('two threads', () => watcherThreads() === 2);
  writeIncident(one.folder);
  assert.deepEqual(
    value(await one.core.incidents()).map(({ id }) => id),
    [INCIDENT],
  );
  assert.deepEqual(value(await two.core.incidents()), []);
  two.core.pause();
  await eventually('the pause of one', () => !two.core.status().watching);
  assert.equal(one.core.status().watching, true);
  value(await one.core.stop());
  await eventually('the end of one thread', () => watcherThreads() === 1);
  const told = one.events.all.length;
  two.core.resume();
  await eventually('the other to go on', () => two.core.status().watching);
  value(await two.core.timeline(LIVE));
  assert.equal(one.events.all.length, told, 'a stopped core tells nothing');
  value(await two.core.stop());
  await eventually('the end of the other', () => watcherThreads() === 0);
});

test('stop and start, twenty times, leave one thread and then none', async (t) => {
  const core = addon.createCore(coreOptions(path.join(scratchFolder(t), 'storage')));
  for (let i = 0; i < 20; i++) {
    value(core.start(() => {}));
    value(await core.stop());
  }
  value(core.start(() => {}));
  await eventually('one thread', () => watcherThreads() === 1);
  value(await core.stop());
  await eventually('none', () => watcherThreads() === 0);
});

test('what is asked at the moment of the stop is answered', async (t) => {
  const core = addon.createCore(coreOptions(path.join(scratchFolder(t), 'storage')));
  value(core.start(() => {}));
  const asked = [
    core.timeline(LIVE),
    core.captureNow({ what: 'heap', seconds: null }),
    core.goplsProcesses(),
    core.incidents(),
  ];
  const [first, second] = [core.stop(), core.stop()];
  const [timeline, capture, processes, incidents] = await Promise.all(asked);
  assert.ok(timeline.ok || timeline.error.code === 'watcher-ended', JSON.stringify(timeline));
  assert.match(capture.error.code, /^(no-gopls|watcher-ended)$/);
  value(processes);
  value(incidents);
  value(await first);
  value(await second);
});

test('a listener that throws does not silence the core', async (t) => {
  const { output } = await runProgram('listener.mjs', { args: [path.join(scratchFolder(t), 'storage')] });
  assert.equal(output.trim(), 'told on');
});

test('a core that is dropped without a stop ends with its last reference', async (t) => {
  const storage = path.join(scratchFolder(t), 'storage');
  const { output } = await runProgram('forgotten.mjs', { nodeArgs: ['--expose-gc'], args: [storage] });
  assert.equal(output.trim(), 'collected');
});

for (const ending of ['stop', 'no stop']) {
  test(`a process with a core ends by itself (${ending})`, async (t) => {
    const storage = path.join(scratchFolder(t), 'storage');
    const { output, ms } = await runProgram('exits.mjs', { args: [storage, ending] });
    assert.equal(output.trim(), 'done');
    t.diagnostic(`${ms.toFixed(0)} ms`);
  });
}

test(
  'worker threads have cores of their own, and one that is ended takes only its own along',
  PATIENCE,
  async (t) => {
    const storage = scratchFolder(t);
    const mine = addon.createCore(coreOptions(path.join(storage, 'main')));
    value(mine.start(() => {}));
    const [polite, rude] = ['polite', 'rude'].map(
      (name) => new Worker(program('worker.mjs'), { workerData: { storage: path.join(storage, name) } }),
    );
    t.after(() => Promise.all([polite, rude].map((worker) => worker.terminate())));
    const first = await Promise.all([polite, rude].map((worker) => once(worker, 'message')));
    assert.deepEqual(first, [['watching'], ['watching']]);
    await eventually('three threads', () => watcherThreads() === 3);
    const politeExit = once(polite, 'exit');
    polite.postMessage('stop');
    assert.deepEqual(await politeExit, [0]);
    await eventually('the end of its core', () => watcherThreads() === 2);
    // As an extension host that is torn down: no stop, in the middle of everything.
    await rude.terminate();
    await eventually('the end of the core of the worker that was ended', () => watcherThreads() === 1);
    value(await mine.timeline(LIVE));
    value(await mine.stop());
    await eventually('the end of the last', () => watcherThreads() === 0);
  },
);
