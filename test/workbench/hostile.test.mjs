// gopls and its debug server at their worst: pages that never come, never end, are no profile, or blow up; a gopls that
// dies under a capture. Each time the user is told what happened and what helps, what came is kept, and neither the
// editor nor what was recorded before is harmed.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Scene } from './driver/misbehaving.mjs';
import { ageMs } from './driver/processes.mjs';
import { MAIN_FILE, MAIN_TEXT } from './driver/smallModule.mjs';

const MAX_CAPTURE_MB = 4;

/** @type {Scene} */
let scene;

before(async () => {
  scene = await Scene.start({ settings: { 'stallscope.captureMaxMB': MAX_CAPTURE_MB } });
  await scene.editor.openFile(MAIN_FILE);
  await scene.editor.hover(MAIN_TEXT);
  await scene.editor.showPanelBeside();
});
after(() => scene?.stop());

/** The one heap of an incident that a rule asked for. */
const heapOf = ({ captures }) => captures.find(({ kind }) => kind === 'heap');

test('a well-behaved gopls: the heap of a stall is whole', { timeout: 60_000 }, async () => {
  const { incident } = await scene.stall({ holdHoverMs: 1500 });
  assert.equal(incident.state, 'complete');
  assert.equal(incident.latency_source, 'counters');
  const heap = heapOf(incident);
  assert.equal(heap.state, 'complete');
  assert.equal(heap.during_request, true);
  assert.equal(incident.gopls.pid, scene.gopls().pid);
});

test('a heap that never comes is given up at its deadline', { timeout: 60_000 }, async () => {
  const { incident, dir } = await scene.stall({ heap: 'never', holdHoverMs: 3000 });
  assert.equal(incident.state, 'complete');
  const heap = heapOf(incident);
  assert.equal(heap.state, 'failed');
  assert.match(heap.error, /no answer within 2000 ms.*stallscope\.captureDeadlineSeconds/);
  assert.equal(heap.received_ns, null);
  assert.deepEqual(filesLike(dir, /heap/), [], 'nothing came, so there is no file');
  // Given up in time, and the rest of the evidence is there all the same.
  assert.ok(incident.request.end_ns - heap.sent_ns > 2e9);
  const light = incident.captures.filter(({ kind }) => kind !== 'heap');
  assert.ok(light.length > 0 && light.every(({ state }) => state === 'complete'), JSON.stringify(light));
  await scene.panelSays(/failed \(no answer within 2000 ms: .*captureDeadlineSeconds/);
});

test('garbage is kept, and called what it is', { timeout: 60_000 }, async () => {
  const { incident, dir } = await scene.stall({ heap: 'garbage', holdHoverMs: 1000 });
  const heap = heapOf(incident);
  assert.equal(heap.state, 'partial');
  assert.match(heap.error, /not a pprof profile|damaged/);
  assert.match(heap.file, /\.partial$/);
  assert.equal(fs.statSync(path.join(dir, heap.file)).size, 5000);
  assert.equal(heap.inuse_space_bytes, null);
  await scene.panelSays(/cut off \((not a pprof profile|damaged)/);
});

test('an endless answer is cut off at the size limit', { timeout: 60_000 }, async () => {
  const { incident, dir } = await scene.stall({ heap: 'endless', holdHoverMs: 1000 });
  const heap = heapOf(incident);
  assert.equal(heap.state, 'partial');
  assert.match(heap.error, /larger than 4000000 bytes.*stallscope\.captureMaxMB/);
  assert.equal(fs.statSync(path.join(dir, heap.file)).size, MAX_CAPTURE_MB * 1e6);
  await scene.panelSays(/cut off \(the answer is larger than .*captureMaxMB/);
});

test(
  'a gzip bomb costs the extension host neither its memory nor its life',
  { timeout: 60_000 },
  async (t) => {
    const peak = scene.watchHostMemory();
    const { incident, dir } = await scene.stall({ heap: 'bomb', holdHoverMs: 1000 });
    const { grownBytes } = peak.stop();
    t.diagnostic(`the extension host grew by ${(grownBytes / 1e6).toFixed(0)} MB at most`);
    // Two gigabytes would be the whole of it.
    assert.ok(grownBytes < 300e6);
    const heap = heapOf(incident);
    assert.equal(heap.state, 'partial');
    assert.match(heap.error, /the profile has more than \d+ values/);
    assert.ok(fs.statSync(path.join(dir, heap.file)).size < 8e6);
    await scene.panelSays(/cut off \(the profile has more than/);
  },
);

test(
  'gopls killed in the middle of a capture: what came is kept, the next gopls is watched at once',
  {
    timeout: 60_000,
  },
  async (t) => {
    const killed = scene.gopls().pid;
    let next;
    const { incident, dir } = await scene.stall({ heap: 'half', holdHoverMs: 30_000 }, async () => {
      await scene.until('half of the heap', () => scene.arrivingBytes() > 0);
      scene.behave();
      process.kill(killed, 'SIGKILL');
      next = await scene.until('another gopls', () =>
        scene.workbench.goplsProcesses().find(({ pid }) => pid !== killed),
      );
      await scene.panelSays(new RegExp(`pid ${next.pid}`));
      const seenAfterMs = ageMs(next.pid);
      t.diagnostic(`the next gopls was shown ${seenAfterMs} ms after its start`);
      // A second is promised; showing it and looking at it takes a moment more.
      assert.ok(seenAfterMs < 1500);
    });
    assert.equal(incident.state, 'gopls-gone');
    assert.equal(incident.gopls.pid, killed);
    assert.equal(incident.request.end_source, 'process-end');
    const heap = heapOf(incident);
    assert.equal(heap.state, 'partial');
    assert.match(heap.error, /closed after \d+ bytes.*gopls has probably ended/);
    assert.match(heap.file, /\.partial$/);
    const kept = fs.readFileSync(path.join(dir, heap.file));
    assert.ok(kept.length > 100 && kept.readUInt16BE(0) === 0x1f8b, 'the first half of a gzip file');
    assert.deepEqual(
      incident.notes.map(({ code }) => code),
      ['gopls-gone'],
    );
    await scene.panelSays(
      /gopls ended while Stallscope was watching a stall\. What was captured until then is kept\./,
    );
    const { incident: later } = await scene.stall({ holdHoverMs: 1500 });
    assert.equal(later.gopls.pid, next.pid);
    assert.equal(heapOf(later).state, 'complete');
  },
);

test(
  'a debug server that accepts and never answers: said at once, and durations come from an echo',
  {
    timeout: 90_000,
  },
  async () => {
    const { editor } = scene;
    scene.behave({ silent: true });
    await editor.command('Go: Restart Language Server');
    await editor.notification(
      /gopls's debug server does not answer as it should \(no answer within 5000 ms\)\. Until it does, no heap can be captured and durations are estimates\./,
    );
    await scene.until('the warning in the status bar', async () =>
      /its debug server does not answer/.test((await editor.statusItem('stallscope')).label),
    );
    await scene.until('the reason in the tooltip', async () =>
      /does not answer: no answer within 5000 ms/.test(await editor.statusTooltip('stallscope')),
    );
    await scene.panelSays(/Debug server on 127\.0\.0\.1:\d+ fails: no answer within 5000 ms/);
    await scene.panelSays(/Latency: an echo of the request through the editor/);

    const { incident } = await scene.stall({ silent: true, holdHoverMs: 1500 });
    assert.equal(incident.latency_source, 'echo');
    assert.equal(incident.request.end_source, 'echo');
    assert.ok(incident.request.duration_ns > 1.3e9, `${incident.request.duration_ns} ns`);
    assert.deepEqual(incident.captures, []);
    await editor.panelTab('Decisions');
    await scene.panelSays(
      /No heap captured .*gopls's debug server is off, not found yet, or does not answer/,
    );
    await editor.panelTab('Overview');

    scene.behave({ silent: true });
    await editor.command('Stallscope: Capture Heap Now');
    await editor.notification(/heap cannot be captured now\. .*no answer within 5000 ms.*restart gopls/);

    scene.behave();
    await scene.panelSays(/Latency: gopls's own request counters/);
    const { incident: later } = await scene.stall({ holdHoverMs: 1500 });
    assert.equal(later.latency_source, 'counters');
    assert.equal(heapOf(later).state, 'complete');
  },
);

const filesLike = (dir, pattern) => fs.readdirSync(dir).filter((name) => pattern.test(name));
