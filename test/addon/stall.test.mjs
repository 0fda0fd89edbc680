// One real stall, from the first request to the last byte: a real gopls with an empty cache loads its own source
// while a hover waits for it. The tests below ask the core about that one stall, in the order they stand in.
// With STALLSCOPE_RECORD=1 what the wait was for is written for the panel's tests.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Gopls } from '../lib/gopls.mjs';
import { pprofTotal } from '../lib/pprof.mjs';
import { children, rssBytes } from '../lib/procfs.mjs';
import { gopls as goplsFile, goplsSource, repo } from '../tools/lib/paths.mjs';
import { EventLog, addon, coreOptions, eventually, failure, value } from './support/core.mjs';

const HOVER = 'textDocument/hover';
const FILE = 'internal/cache/snapshot.go';
const TEXT = 'type Snapshot struct';
const MINUTE = 60_000;
const MB = 1e6;

const ROWS = { sample_type: null, sort: 'flat', descending: true, filter: '', offset: 0, limit: 1000 };
const TREE = { sample_type: null, path: [], min_share: 0, max_nodes: 20_000 };
const ALL = { from_ns: null, to_ns: null, points: 1000 };

const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'stallscope-stall-'));
const storage = path.join(scratch, 'storage');
const events = new EventLog();
let core;
let gopls;
/** What this side saw of the stall. */
const seen = {};

const startGopls = () =>
  new Gopls({ executable: goplsFile(), workspace: goplsSource(), cache: path.join(scratch, 'cache') });
const folderOf = (id) => path.join(storage, 'incidents', id);
const stalledStatus = (event) => event.kind === 'status' && event.status.stall !== null;

async function coldHover() {
  const { uri, text } = gopls.open(FILE);
  const line = text.split('\n').findIndex((candidate) => candidate.includes(TEXT));
  const delay = monitorEventLoopDelay({ resolution: 10 });
  delay.enable();
  core.observed(HOVER, uri, line);
  const asked = performance.now();
  let answered = false;
  const hover = gopls.hover(uri, { line, character: 'type S'.length }).finally(() => (answered = true));
  await events.until('a stall', (e) => e.kind === 'stall-started', { timeoutMs: MINUTE });
  await events.until('a capture on its way', (e) => stalledStatus(e) && e.status.stall.heap !== null, {
    timeoutMs: MINUTE,
  });
  assert.equal(answered, false, 'gopls answered before the heap was asked for: no stall to look at');
  seen.live = value(await core.timeline({ incident: null, ...ALL }));
  seen.hover = await hover;
  seen.hoverMs = performance.now() - asked;
  seen.closed = await events.until('the incident', (e) => e.kind === 'incident-closed', {
    timeoutMs: MINUTE,
  });
  delay.disable();
  seen.longestDelayMs = delay.max / 1e6;
  seen.uri = uri;
  seen.line = line;
}

function record(what) {
  const file = path.join(repo, 'test/panel/recorded/wait.json');
  fs.writeFileSync(file, `${JSON.stringify(what, null, 1)}\n`);
}

before(
  async () => {
    core = addon.createCore(coreOptions(storage, { workspace: [goplsSource()] }));
    value(core.start(events.receive));
    const started = performance.now();
    gopls = startGopls();
    const found = await events.until('gopls', (e) => e.kind === 'gopls-found');
    seen.foundPid = found.pid;
    seen.foundAfterMs = found.receivedMs - started;
    await gopls.initialize();
    await eventually('the counters', () => core.status().gopls?.latency_source === 'counters');
    seen.address = (await gopls.debugAddress()).replace('http://', '');
    await coldHover();
    seen.incident = value(await core.incident(seen.closed.summary.id));
    seen.heap = seen.incident.captures.find((c) => c.kind === 'heap');
  },
  { timeout: 3 * MINUTE },
);

after(async () => {
  await core?.stop();
  await gopls?.kill();
  fs.rmSync(scratch, { recursive: true, force: true });
});

test('gopls is found within a second: itself, never its telemetry child', async (t) => {
  assert.equal(seen.foundPid, gopls.pid);
  t.diagnostic(`found after ${seen.foundAfterMs.toFixed(0)} ms`);
  assert.ok(seen.foundAfterMs < 1000, `${seen.foundAfterMs} ms`);
  const telemetry = [...children(gopls.pid)].filter(([, args]) => args.includes('** telemetry **'));
  assert.equal(telemetry.length, 1, 'this gopls has no telemetry child, so nothing is shown here');
  const processes = value(await core.goplsProcesses());
  const ours = processes.filter((p) => p.relation === 'ours');
  assert.deepEqual(
    ours.map((p) => [p.pid, p.parent_pid, p.watched, p.exe]),
    [[gopls.pid, process.pid, true, goplsFile()]],
  );
  assert.ok(processes.every((p) => p.pid !== telemetry[0][0]));
});

test('the status has its memory, its debug server and where latencies come from', async () => {
  const { gopls: status, watching, capture_enabled: captureEnabled } = core.status();
  assert.equal(watching, true);
  assert.equal(captureEnabled, true);
  assert.equal(status.pid, gopls.pid);
  assert.equal(status.version, 'v0.23.0');
  assert.equal(status.latency_source, 'counters');
  assert.deepEqual(status.debug, { state: 'on', address: seen.address, loopback_only: true });
  // More than once: gopls is still growing, and outside of a stall a status may be two seconds old.
  await eventually('an RSS within 20 % of what /proc says', () => {
    const rss = rssBytes(gopls.pid);
    return Math.abs(core.status().gopls.rss_bytes - rss) < 0.2 * rss;
  });
});

test('one stall is one incident: the hover, as long as its client waited', async (t) => {
  assert.match(JSON.stringify(seen.hover), /Snapshot/, 'the hover was answered in earnest');
  assert.deepEqual(
    value(await core.incidents()).map(({ id }) => id),
    [seen.incident.id],
  );
  const { request, gopls: identity, state, latency_source: source, workspace } = seen.incident;
  assert.equal(state, 'complete');
  assert.equal(source, 'counters');
  assert.equal(identity.pid, gopls.pid);
  assert.deepEqual(workspace, [goplsSource()]);
  assert.equal(request.method, HOVER);
  assert.equal(request.uri, seen.uri);
  assert.equal(request.line, seen.line);
  assert.equal(request.start_source, 'observer');
  const durationMs = request.duration_ns / 1e6;
  t.diagnostic(`hover: ${durationMs.toFixed(0)} ms by the core, ${seen.hoverMs.toFixed(0)} ms by the client`);
  assert.ok(Math.abs(durationMs - seen.hoverMs) < 0.2 * seen.hoverMs, `${durationMs} / ${seen.hoverMs}`);
  assert.equal(seen.closed.summary.id, seen.incident.id);
  assert.equal(seen.closed.summary.duration_ns, request.duration_ns);
  const { last_incident: last } = await eventually('it in the status', () => {
    const status = core.status();
    return status.last_incident && status;
  });
  assert.equal(last.id, seen.incident.id);
});

test('most of the wait has a name: the go command first, then parsing and type checking', (t) => {
  const { wait, request } = seen.incident;
  const shares = Object.fromEntries(wait.phases.map(({ phase, share }) => [phase, share]));
  t.diagnostic(
    wait.phases.map(({ phase, share }) => `${phase} ${(share * 100).toFixed(0)} %`).join(', ') +
      ` by ${wait.samples} looks`,
  );
  const sum = wait.slices.reduce((total, { begin_ns: from, end_ns: to }) => total + to - from, 0);
  assert.equal(sum, request.end_ns - request.start_ns, 'the slices add up to the wait');
  assert.ok((shares.unknown ?? 0) <= 0.15, 'at least 85 % is named');
  const first = wait.slices.find(({ phase }) => phase !== 'unknown');
  assert.ok(['go-command', 'awaiting-load', 'queued'].includes(first.phase), `it began with ${first.phase}`);
  assert.ok(shares['type-checking'] > 0.2, 'type checking is a large part of a cold hover');
  assert.deepEqual(wait.unknown_functions, [], 'no rule is missing');
  if (process.env.STALLSCOPE_RECORD) record({ start_ns: request.start_ns, end_ns: request.end_ns, wait });
});

test('its heap was captured during the request, each moment after the one before', () => {
  const { request } = seen.incident;
  const { heap } = seen;
  assert.equal(heap.state, 'complete');
  assert.equal(heap.error, null);
  assert.equal(heap.during_request, true);
  const moments = {
    'request start': request.start_ns,
    trigger: heap.trigger_ns,
    sent: heap.sent_ns,
    'first byte': heap.first_byte_ns,
    received: heap.received_ns,
    'request end': request.end_ns,
  };
  const order = Object.entries(moments);
  for (const [index, [name, at]] of order.entries()) {
    assert.equal(typeof at, 'number', name);
    if (index > 0) assert.ok(order[index - 1][1] <= at, `${order[index - 1][0]} after ${name}`);
  }
  assert.ok(request.start_ns < heap.trigger_ns);
  assert.ok(heap.received_ns < request.end_ns);
  assert.ok(heap.on_disk_ns >= heap.received_ns);
});

test('the files are what was received, and the profiles are what go tool pprof says', async (t) => {
  const { id, captures } = seen.incident;
  for (const capture of captures) {
    const { size } = fs.statSync(path.join(folderOf(id), capture.file));
    assert.equal(size, capture.size_bytes, capture.file);
  }
  const heaps = captures.filter((c) => c.kind === 'heap');
  for (const heap of heaps) {
    const total = await pprofTotal(path.join(folderOf(id), heap.file));
    t.diagnostic(`${heap.file}, by ${heap.trigger}: ${(total / MB).toFixed(1)} MB`);
    assert.equal(heap.inuse_space_bytes, total);
    const ref = { incident: id, capture: heap.number };
    assert.equal(value(await core.heapTable(ref, ROWS)).total, total);
    assert.equal(sum(await allRows(ref), 'flat'), total, 'every byte belongs to one function');
    const flame = value(await core.flame(ref, TREE));
    assert.equal(flame.total, total);
    assert.deepEqual([flame.nodes[0].kind, flame.nodes[0].value], ['root', total]);
    assert.equal(sum(flame.nodes, 'own'), total, 'every byte belongs to one frame');
  }
});

test('before any calm moment there is no baseline to compare with', async () => {
  const ref = { incident: seen.incident.id, capture: seen.heap.number };
  const { code, message } = failure(await core.heapDiff(ref, ROWS, null));
  assert.equal(code, 'no-baseline');
  assert.ok(message.includes(seen.incident.id), message);
});

test('the time line has the request, the stall, the growth and the capture', async () => {
  const { request } = seen.incident;
  const timeline = value(await core.timeline({ incident: seen.incident.id, ...ALL }));
  const bar = timeline.requests.find(({ request: r }) => r.method === HOVER);
  assert.deepEqual(bar.request, request);
  assert.deepEqual(timeline.stalls, [
    { incident: seen.incident.id, start_ns: request.start_ns, end_ns: request.end_ns },
  ]);
  const mark = timeline.captures.find(({ kind }) => kind === 'heap');
  assert.equal(mark.trigger_ns, seen.heap.trigger_ns);
  assert.equal(mark.received_ns, seen.heap.received_ns);
  const rss = timeline.rss.map((p) => p.rss_bytes);
  assert.ok(Math.max(...rss) - Math.min(...rss) > 15 * MB, 'the memory grew, and the line shows it');
  assert.ok(timeline.rss.every((p, i, all) => i === 0 || all[i - 1].at_ns <= p.at_ns));
  assert.ok(
    Math.abs(timeline.origin_unix_ms - Number(BigInt(seen.incident.origin_unix_ns) / 1_000_000n)) <= 1,
  );
});

test('while it lasted, the live time line had the open request, the stall and the mark', () => {
  const bar = seen.live.requests.find(({ request }) => request.method === HOVER);
  assert.equal(bar.request.end_ns, null);
  assert.equal(seen.live.stalls.length, 1);
  assert.equal(seen.live.stalls[0].end_ns, null);
  assert.ok(seen.live.captures.some(({ kind }) => kind === 'heap'));
  assert.ok(seen.live.to_ns > seen.live.from_ns);
});

test('the decision log says what fired and by which values', () => {
  const decisions = core.decisions(1000);
  const fired = (rule) => decisions.find((d) => d.rule === rule && d.fired);
  const stall = fired('stall');
  assert.equal(stall.values.method, HOVER);
  assert.equal(stall.values.limit_ms, 200);
  assert.ok(stall.values.age_ms > 200, `${stall.values.age_ms}`);
  const growth = fired('heap-on-growth');
  assert.equal(growth.reason, '');
  assert.equal(growth.values.limit_bytes, 15 * MB);
  assert.equal(growth.values.window_ms, 500);
  assert.ok(growth.values.rise_bytes > 15 * MB, `${growth.values.rise_bytes}`);
  assert.equal(growth.at_ns, seen.heap.trigger_ns);
  assert.deepEqual(
    seen.incident.decisions.filter((d) => d.rule === 'heap-on-growth' && d.fired),
    [growth],
  );
  assert.deepEqual(core.decisions(1), decisions.slice(-1));
  assert.deepEqual(core.decisions(0), []);
});

test('events came in order, and the first load of a workspace prompts nobody', () => {
  const kinds = events.kinds();
  const began = kinds.indexOf('stall-started');
  assert.equal(events.all[began].method, HOVER);
  const during = events.all.findIndex(stalledStatus);
  const closed = kinds.indexOf('incident-closed');
  assert.ok(kinds.indexOf('gopls-found') < began);
  assert.ok(began < during && during < closed, `${began} ${during} ${closed}`);
  assert.equal(kinds.filter((kind) => kind === 'stall-started').length, 1);
  assert.equal(kinds.filter((kind) => kind === 'incident-closed').length, 1);
  const at = events.all.filter((e) => e.kind === 'status').map((e) => e.status.at_ns);
  assert.deepEqual(
    at,
    at.toSorted((a, b) => a - b),
  );
  const { load } = seen.incident;
  assert.ok(load, 'a fresh gopls with an empty cache is loading');
  assert.equal(seen.closed.prompt, !load.ordinary);
  assert.equal(load.ordinary, true, 'there was no earlier load to compare it with');
  const { stall } = events.all[during].status;
  assert.equal(stall.method, HOVER);
  assert.ok(stall.age_ns > 200e6, `${stall.age_ns}`);
});

test('the JavaScript thread was free all the while', (t) => {
  t.diagnostic(`longest event loop delay: ${seen.longestDelayMs.toFixed(0)} ms`);
  assert.ok(seen.longestDelayMs < 300, `${seen.longestDelayMs} ms`);
});

test('a saved profile is the same bytes', async () => {
  const copy = path.join(scratch, 'saved.pb.gz');
  value(await core.saveProfile({ incident: seen.incident.id, capture: seen.heap.number }, copy));
  const original = path.join(folderOf(seen.incident.id), seen.heap.file);
  assert.deepEqual(fs.readFileSync(copy), fs.readFileSync(original));
});

test('once gopls is calm a baseline is kept, and a capture on request compares with it', async (t) => {
  const { load, earlier } = await events.until('the end of the load', (e) => e.kind === 'load-finished', {
    timeoutMs: 2 * MINUTE,
  });
  t.diagnostic(`load: ${(load.duration_ns / 1e9).toFixed(1)} s, ${(load.peak_rss_bytes / MB).toFixed(0)} MB`);
  assert.ok(load.peak_rss_bytes > 200 * MB, `${load.peak_rss_bytes}`);
  assert.equal(earlier, null);
  const baselines = path.join(storage, 'baselines');
  const [baseline] = await eventually('a baseline', () => nonEmpty(filesIn(baselines)), 2 * MINUTE);
  // The file is there a moment before the watcher hears that it is.
  await sleep(500);
  const began = events.all.length;
  const summary = value(await core.captureNow({ what: 'heap', seconds: null }));
  assert.equal(summary.state, 'complete');
  assert.equal(summary.method, 'capture-on-request');
  assert.equal(summary.has_heap, true);
  seen.onRequest = summary.id;
  const { captures } = value(await core.incident(summary.id));
  const heap = captures.find((c) => c.kind === 'heap');
  assert.equal(heap.trigger, 'user');
  const ref = { incident: summary.id, capture: heap.number };
  const { ballast, total } = value(await core.heapTable(ref, ROWS));
  assert.ok(ballast > 90 * MB && ballast < 110 * MB && ballast < total / 2, `${ballast} of ${total}`);
  const diff = value(await core.heapDiff(ref, ROWS, null));
  assert.equal(diff.new_total, await pprofTotal(path.join(folderOf(summary.id), heap.file)));
  assert.equal(diff.base_total, await pprofTotal(path.join(baselines, baseline)));
  assert.equal(diff.total, diff.new_total - diff.base_total);
  const closed = await events.until('its end', (e) => e.kind === 'incident-closed', { from: began });
  assert.equal(closed.summary.id, summary.id);
  assert.equal(closed.prompt, false, 'who asked for it needs no prompt');
});

test('deleting an incident takes its folder and no other', async () => {
  assert.ok(fs.existsSync(folderOf(seen.onRequest)));
  assert.equal(value(await core.deleteIncidents([seen.onRequest])), 1);
  assert.deepEqual(fs.readdirSync(path.join(storage, 'incidents')), [seen.incident.id]);
  assert.equal(failure(await core.incident(seen.onRequest)).code, 'incident-not-found');
  assert.deepEqual(value(await core.incident(seen.incident.id)), seen.incident);
});

test('paused, it looks at nothing; resumed, it finds the same gopls again', async () => {
  core.pause();
  await eventually('the pause', () => !core.status().watching);
  assert.equal(core.status().gopls, null);
  assert.equal(failure(await core.captureNow({ what: 'heap', seconds: null })).code, 'no-gopls');
  const resumed = events.all.length;
  core.resume();
  const found = await events.until('gopls', (e) => e.kind === 'gopls-found', { from: resumed });
  assert.equal(found.pid, gopls.pid);
  assert.equal(core.status().watching, true);
  await eventually('the debug server', () => core.status().gopls?.debug.state === 'on');
});

test('a killed gopls is told within a second, and so is the next one', async (t) => {
  const { pid } = gopls;
  const killed = performance.now();
  await gopls.kill();
  const gone = await events.until('its end', (e) => e.kind === 'gopls-gone');
  assert.equal(gone.pid, pid);
  const goneAfterMs = gone.receivedMs - killed;
  const restarted = performance.now();
  const before = events.all.length;
  gopls = startGopls();
  const found = await events.until('the next gopls', (e) => e.kind === 'gopls-found', { from: before });
  assert.equal(found.pid, gopls.pid);
  const foundAfterMs = found.receivedMs - restarted;
  t.diagnostic(`gone after ${goneAfterMs.toFixed(0)} ms, found after ${foundAfterMs.toFixed(0)} ms`);
  assert.ok(goneAfterMs < 1000, `${goneAfterMs} ms`);
  assert.ok(foundAfterMs < 1000, `${foundAfterMs} ms`);
  assert.equal(value(await core.incidents()).length, 1);
});

/** Every row of a heap table, page by page. */
async function allRows(ref) {
  const rows = [];
  for (;;) {
    const page = value(await core.heapTable(ref, { ...ROWS, offset: rows.length }));
    rows.push(...page.rows);
    if (page.rows.length === 0 || rows.length === page.matched_rows) return rows;
  }
}

const sum = (items, field) => items.reduce((total, item) => total + item[field], 0);
const nonEmpty = (list) => (list.length > 0 ? list : undefined);
const filesIn = (folder) => (fs.existsSync(folder) ? fs.readdirSync(folder) : []);
