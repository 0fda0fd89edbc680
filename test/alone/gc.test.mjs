// What garbage collection costs a real gopls: in a wait, at rest, and when its settings make it do little else. With
// STALLSCOPE_RECORD=1 it is written for the panel's tests.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { edit } from '../lib/editing.mjs';
import { Gopls } from '../lib/gopls.mjs';
import { gopls as goplsFile, goplsSource, repo } from '../tools/lib/paths.mjs';
import { addon, coreOptions, EventLog, eventually, value } from '../addon/support/core.mjs';

const MINUTE = 60_000;
const MB = 1e6;
const MIB = 2 ** 20;
const HOVER = 'textDocument/hover';
const FILE = 'internal/cache/snapshot.go';
const TYPE = 'type Snapshot struct';
const BALLAST = 100_007_936;

const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'stallscope-gc-'));
after(() => fs.rmSync(scratch, { recursive: true, force: true }));
/** Filled by the first test, so that the others do not load it cold. */
const cache = path.join(scratch, 'cache');

/** A core and a gopls on a workspace, with what this side knows of both. */
async function scene(t, name, { env, workspace = goplsSource(), file = FILE }) {
  const events = new EventLog();
  const storage = path.join(scratch, name);
  const core = addon.createCore(coreOptions(storage, { workspace: [workspace] }));
  value(core.start(events.receive));
  const gopls = new Gopls({ executable: goplsFile(), workspace, cache, env });
  t.after(async () => {
    await core.stop();
    await gopls.kill();
  });
  await gopls.initialize();
  await eventually('the counters', () => core.status().gopls?.latency_source === 'counters', MINUTE);
  return { core, gopls, events, storage, document: gopls.open(file) };
}

const at = ({ text }, what) => {
  const line = text.split('\n').findIndex((candidate) => candidate.includes(what));
  return { line, character: text.split('\n')[line].indexOf(what) + what.length - 2 };
};

async function loaded({ core }) {
  await eventually('the end of the load', () => !core.status().loading, 3 * MINUTE);
}

/** Asks as the panel does, until it is so. */
const advised = ({ core }, what, is, timeoutMs = 2 * MINUTE) =>
  eventually(
    what,
    async () => {
      const view = value(await core.gc(null));
      if (view !== null && is(view)) return view;
      await sleep(1000);
      return undefined;
    },
    timeoutMs,
  );

/** Records gopls's CPU time while it works on edits. */
async function recordEdits({ core, gopls, document }, seconds) {
  let recorded = false;
  const editing = edit(gopls, { document, text: TYPE }, () => recorded);
  const summary = value(await core.captureNow({ what: 'cpu', seconds }));
  recorded = true;
  await editing;
  return value(await core.incident(summary.id));
}

/** Of this run, for the panel's tests. */
const recording = {};
after(() => {
  if (!process.env.STALLSCOPE_RECORD) return;
  const file = path.join(repo, 'test/panel/recorded/gc.json');
  fs.writeFileSync(file, `${JSON.stringify(recording, null, 1)}\n`);
});

test('a cold hover: what was allocated, collected, and what that cost, each of its own moments', async (t) => {
  const { core, gopls, events, storage, document } = await scene(t, 'stall', {});
  const position = at(document, TYPE);
  core.observed(HOVER, document.uri, position.line);
  await gopls.hover(document.uri, position);
  const closed = await events.until('the incident', (e) => e.kind === 'incident-closed', {
    timeoutMs: MINUTE,
  });
  const incident = value(await core.incident(closed.summary.id));
  const { request, gc, captures } = incident;
  const { begin, end, between, cpu, settings } = gc;
  recording.wait = { start_ns: request.start_ns, end_ns: request.end_ns, gc };
  t.diagnostic(JSON.stringify({ duration_ns: request.duration_ns, ...gc }));

  const afterWait = captures.filter(({ trigger }) => trigger === 'after-wait');
  assert.deepEqual(
    afterWait.map(({ kind, during_request }) => [kind, during_request]),
    [['memory', false]],
    'one page, after the wait',
  );
  assert.ok(afterWait[0].size_bytes < 16_384, `${afterWait[0].size_bytes} B`);
  // A reading of its own may have come in between, on a machine on which the page takes its time.
  const byPage = end.at_ns === afterWait[0].received_ns;
  assert.ok(byPage || (end.at_ns >= request.end_ns && end.at_ns < afterWait[0].received_ns));
  assert.ok(end.at_ns - request.end_ns < 10e9 && begin.at_ns < end.at_ns);
  assert.ok(between.allocated_bytes > 200 * MB, `${between.allocated_bytes} B allocated`);
  assert.ok(between.freed_bytes > 0 && between.freed_bytes < between.allocated_bytes, 'some of it collected');
  assert.equal(begin.heap_bytes + between.allocated_bytes - between.freed_bytes, end.heap_bytes);
  const page = fs.readFileSync(path.join(storage, 'incidents', incident.id, afterWait[0].file), 'utf8');
  const [, total] = /Total allocated bytes<\/td><td class="value">([\d,]+)/.exec(page);
  const allocated = Number(total.replaceAll(',', ''));
  assert.ok(byPage ? end.allocated_bytes === allocated : end.allocated_bytes <= allocated, `${allocated} B`);

  // The page counts no cycles; profiles that differ do.
  assert.deepEqual([between.cycles, between.cpu_share], [null, null]);
  const heaps = captures.filter(({ kind, state }) => kind === 'heap' && state === 'complete');
  assert.ok(heaps.length > 0 && heaps.every(({ allocated_bytes }) => allocated_bytes > 0));
  const states = new Set(heaps.map(({ allocated_bytes }) => allocated_bytes)).size;
  if (heaps.length > 1) assert.ok(gc.cycles_seen.least >= states - 1, JSON.stringify(gc.cycles_seen));
  assert.ok(states > 1, 'a load of seconds has at least one cycle');

  assert.ok(gc.recordings > 0, 'gopls computes for seconds, so that is recorded');
  assert.ok(cpu.share > 0 && cpu.share < 1 && cpu.error_share > 0, JSON.stringify(cpu));
  const parts = cpu.background_ns + cpu.assist_ns + cpu.sweep_ns + cpu.other_ns;
  assert.ok(Math.abs(parts / cpu.cpu_ns - cpu.share) < 1e-9 && parts + cpu.idle_ns <= cpu.cpu_ns);
  if (gc.beside) assert.ok(gc.beside.at_most_ns < request.duration_ns);
  assert.equal(closed.summary.gc_cpu_share, cpu.share);
  assert.deepEqual(settings, { gogc_percent: 100, memory_limit_bytes: null, max_procs: null });

  // Later, at rest: the live heap of its own cycles is about what a heap after a forced one has.
  await loaded({ core });
  const view = await advised({ core }, 'a live heap', ({ measured }) => measured.cycles > 0, 4 * MINUTE);
  const forced = value(await core.captureNow({ what: 'heap-after-gc', seconds: null }));
  const heap = value(await core.incident(forced.id)).captures.find(({ kind }) => kind === 'heap');
  const live = heap.inuse_space_bytes - BALLAST;
  const told = view.measured.live_most_bytes;
  t.diagnostic(`live heap ${told / MB} MB by cycles, ${live / MB} MB after a forced one`);
  assert.ok(told > 0.6 * live && told < 2.5 * live, `${told} against ${live}`);
});

test('a gopls at rest gets no advice, and why', async (t) => {
  const folder = path.join(scratch, 'small module');
  fs.mkdirSync(folder);
  fs.writeFileSync(path.join(folder, 'go.mod'), 'module example.test/small\n\ngo 1.22\n');
  fs.writeFileSync(path.join(folder, 'main.go'), 'package main\n\nfunc main() { println("small") }\n');
  const set = await scene(t, 'rest', { workspace: folder, file: 'main.go' });
  await loaded(set);
  const view = await advised(set, 'a reading', ({ measured }) => !measured.loading);
  const { suggestions, notes, thrashing, machine } = view;
  recording.atRest = view;
  assert.deepEqual([suggestions, thrashing], [[], false]);
  const codes = notes.map(({ code }) => code);
  assert.ok(codes.includes('gc-share-unknown') && codes.includes('gc-memory-enough'), codes.join());
  assert.ok(machine.cpus >= 1 && machine.memory_bytes > 500 * MB, JSON.stringify(machine));

  // The runtime's own counts are in a heap as text, for who asks.
  const asked = value(await set.core.captureNow({ what: 'heap-text', seconds: null }));
  const { gc } = value(await set.core.incident(asked.id));
  const counters = (gc.end ?? gc.begin).counters ?? gc.begin.counters;
  t.diagnostic(JSON.stringify(counters));
  assert.ok(counters.cycles > 0 && counters.latest > 0 && counters.forced === 0);
  assert.ok(counters.longest_pause_ns > 0 && counters.latest_pauses_ns < 1e9);
  assert.ok(counters.cpu_fraction > 0 && counters.cpu_fraction < 1);
});

test('GOGC=5 is told as thrashing, with the usual value to try', async (t) => {
  const set = await scene(t, 'gogc', { env: { GOGC: '5' } });
  await set.gopls.hover(set.document.uri, at(set.document, TYPE));
  await loaded(set);
  const { gc } = await recordEdits(set, 8);
  t.diagnostic(JSON.stringify(gc.cpu));
  assert.equal(gc.settings.gogc_percent, 5);
  const view = await advised(set, 'advice', ({ suggestions }) => suggestions.length > 0);
  assert.equal(view.thrashing, true, JSON.stringify(view));
  const [{ kind, change, effect }] = view.suggestions;
  assert.deepEqual([kind, change], ['restore-gogc', { setting: 'gogc', value: 100 }]);
  assert.ok(effect.gc_share < view.measured.cpu.share / 2, JSON.stringify(effect));
  assert.ok(effect.peak_rss_bytes > view.measured.peak_rss_bytes);
});

test('a memory limit below what gopls needs is told as thrashing, with a higher one to try', async (t) => {
  const limit = 250 * MIB;
  const set = await scene(t, 'limit', { env: { GOMEMLIMIT: '250MiB' } });
  // It may never be done with loading.
  const hovering = set.gopls.hover(set.document.uri, at(set.document, TYPE)).catch(() => {});
  // Eight seconds tell the share to 6 %: recordings add up, until it is clear on which side of a quarter it lies.
  let view;
  for (let recordings = 0; recordings < 3 && !view?.thrashing; recordings += 1) {
    value(await set.core.captureNow({ what: 'cpu', seconds: 8 }));
    view = await advised(set, 'advice', ({ suggestions }) => suggestions.length > 0);
  }
  recording.thrashing = view;
  t.diagnostic(JSON.stringify(view));
  const { measured, limit_bytes, thrashing } = view;
  assert.deepEqual([limit_bytes, thrashing], [limit, true]);
  const [{ kind, change }] = view.suggestions;
  assert.deepEqual([kind, change.setting], ['raise-limit', 'go-mem-limit']);
  assert.ok(change.value >= 2 * ((measured.live_most_bytes ?? 0) + BALLAST), 'far from what is live');
  assert.ok(change.value >= 2 * limit && change.value % (64 * MIB) === 0, `${change.value}`);
  await set.gopls.kill();
  await hovering;
});
