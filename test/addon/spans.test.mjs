// gopls's own spans of one real stall: a real gopls with an empty cache loads its own source while a hover waits for it,
// and posts what it did to the addon. The tests below ask about that one stall, in the order they stand in.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { Gopls } from '../lib/gopls.mjs';
import { gopls as goplsFile, goplsSource } from '../tools/lib/paths.mjs';
import { EventLog, addon, coreOptions, eventually, failure, value } from './support/core.mjs';
import { freePort, isFree } from '../lib/ports.mjs';

const HOVER = 'textDocument/hover';
const FILE = 'internal/cache/snapshot.go';
const TEXT = 'type Snapshot struct';
const MINUTE = 60_000;
const MS = 1e6;

const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'stallscope-spans-'));
const storage = path.join(scratch, 'storage');
const events = new EventLog();
let core;
let gopls;
const seen = {};

before(
  async () => {
    const port = await freePort();
    core = addon.createCore(coreOptions(storage, { workspace: [goplsSource()] }));
    value(core.start(events.receive));
    value(core.recordSpans(port));
    await eventually('the port', () => core.spans().state.kind === 'here');
    seen.port = port;
    gopls = new Gopls({
      executable: goplsFile(),
      workspace: goplsSource(),
      cache: path.join(scratch, 'cache'),
      flags: [`-otel=http://127.0.0.1:${port}/stallscope`],
    });
    await events.until('gopls', (e) => e.kind === 'gopls-found');
    await gopls.initialize();
    await eventually('the counters', () => core.status().gopls?.latency_source === 'counters');
    const { uri, text } = gopls.open(FILE);
    const line = text.split('\n').findIndex((candidate) => candidate.includes(TEXT));
    core.observed(HOVER, uri, line);
    const asked = performance.now();
    await gopls.hover(uri, { line, character: 'type S'.length });
    seen.hoverMs = performance.now() - asked;
    const closed = await events.until('the incident', (e) => e.kind === 'incident-closed', {
      timeoutMs: MINUTE,
    });
    seen.incident = value(await core.incident(closed.summary.id));
    seen.file = path.join(storage, 'incidents', closed.summary.id, 'spans.json.gz');
    await eventually('its spans', () => fs.existsSync(seen.file), 15_000);
    seen.kept = JSON.parse(gunzipSync(fs.readFileSync(seen.file)));
    seen.view = core.spans();
  },
  { timeout: 3 * MINUTE },
);

after(async () => {
  await core?.stop();
  await gopls?.kill();
  fs.rmSync(scratch, { recursive: true, force: true });
});

/** The rows of `spans.json` by name. */
const named = (name) =>
  seen.kept.rows
    .filter((row) => seen.kept.texts[row[2]] === name)
    .map(([, , , begin_ns, length_ns, subject, direction]) => ({
      begin_ns,
      end_ns: begin_ns + length_ns,
      length_ns,
      subject: seen.kept.texts[subject],
      direction,
    }));

test('thousands of spans came, and none was dropped or refused', (t) => {
  const { state, port, received, dropped, refused, bodies_refused: bodies } = seen.view;
  assert.deepEqual({ state, port }, { state: { kind: 'here' }, port: seen.port });
  assert.deepEqual({ dropped, refused, bodies }, { dropped: 0, refused: 0, bodies: 0 });
  t.diagnostic(
    `${received} spans, ${seen.kept.rows.length} of them kept in ${fs.statSync(seen.file).size} bytes`,
  );
  assert.ok(received > 3_000, `${received}`);
});

test('gopls is content: it says nothing of failed posts', () => {
  assert.doesNotMatch(gopls.stderr, /post (spans|metrics)|OTLP/);
});

test("the hover's span is the request, on the same clock", (t) => {
  const [hover] = named(HOVER);
  const { request } = seen.incident;
  const off = (hover.begin_ns - request.start_ns) / MS;
  const longer = (hover.length_ns - request.duration_ns) / MS;
  t.diagnostic(
    `begins ${off.toFixed(2)} ms after the observer's stamp; ${longer.toFixed(3)} ms longer than counted`,
  );
  assert.equal(hover.direction, 1);
  assert.ok(Math.abs(longer) < 1, `${longer} ms`);
  assert.ok(off > -5 && off < 50, `${off} ms`);
  assert.ok(Math.abs(hover.length_ns / MS - seen.hoverMs) < 50, `${hover.length_ns / MS} / ${seen.hoverMs}`);
});

test('what it waited for is kept: the load and its go command, parsing, type checking', () => {
  const [hover] = named(HOVER);
  const inside = (name) => named(name).filter((s) => s.end_ns > hover.begin_ns && s.begin_ns < hover.end_ns);
  assert.ok(inside('cache.snapshot.load').length >= 1);
  assert.ok(inside('gocommand.Runner.RunRaw').some(({ subject }) => subject === 'list'));
  assert.ok(inside('cache.ParseGoSrc').length > 500);
  assert.ok(inside('cache.typeCheckBatch.checkPackageForImport').length > 100);
  assert.equal(seen.kept.cut, false);
  assert.ok(
    seen.kept.from_ns < seen.incident.request.start_ns && seen.kept.to_ns >= seen.incident.request.end_ns,
  );
});

test('a port that is none is refused by name, and the receiver goes on', () => {
  for (const port of [-1, 65_536, 1.5, '4318', {}, undefined]) {
    assert.equal(failure(core.recordSpans(port)).code, 'invalid-argument', String(port));
  }
  assert.equal(core.spans().state.kind, 'here');
});

test('switched off, it gives the port back', async () => {
  value(core.recordSpans(null));
  assert.equal(core.spans().state.kind, 'off');
  await eventually('the port', () => isFree(seen.port));
});
