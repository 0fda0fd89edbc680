// The export of a window: a real gopls, its stall as it ends, and what a real collector gets of it.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { EventLog, addon, coreOptions, value } from '../addon/support/core.mjs';
import { eventually } from '../lib/eventually.mjs';
import { Gopls } from '../lib/gopls.mjs';
import { freePort } from '../lib/ports.mjs';
import { gopls as goplsFile, goplsSource } from '../tools/lib/paths.mjs';
import { assertArrived } from './support/compare.mjs';
import { writeIncident } from './support/incidents.mjs';
import { collectorScene, scratchFolder } from './support/scene.mjs';

const MINUTE = 60_000;
const HOVER = 'textDocument/hover';

test('a real stall goes to a collector as it ends, once, and only while that is switched on', async (t) => {
  const collector = await collectorScene(t);
  const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'stallscope-live-'));
  const storage = path.join(scratch, 'storage');
  // What variables say is no switch.
  process.env.OTEL_EXPORTER_OTLP_ENDPOINT = collector.http;
  t.after(() => delete process.env.OTEL_EXPORTER_OTLP_ENDPOINT);
  const events = new EventLog();
  const window = addon.createCore(coreOptions(storage, { workspace: [goplsSource()] }));
  // Of the same editor: they share the storage.
  const another = addon.createCore(coreOptions(storage));
  let gopls;
  t.after(async () => {
    await Promise.all([window.stop(), another.stop()]);
    await gopls?.kill();
    fs.rmSync(scratch, { recursive: true, force: true, maxRetries: 5 });
  });

  value(window.start(events.receive));
  window.configureExport({ enabled: false });
  writeIncident(storage);
  await sleep(2_000);
  assert.equal(window.exportStatus().enabled, false);
  assert.equal(fs.existsSync(path.join(storage, 'export')), false, 'while it is off nothing is written');

  const settings = { enabled: true, endpoint: '', sample_rate: 1, severe_after_s: 5, redact: true };
  const wanted = value(window.exportDestinations(settings));
  assert.deepEqual(wanted, [`${collector.http} (http/protobuf)`]);
  for (const core of [window, another]) core.configureExport(settings);
  await eventually('both to be on', () => [window, another].every((core) => core.exportStatus().enabled));
  assert.deepEqual(window.exportStatus().destinations, wanted);

  const port = await freePort();
  value(window.recordSpans(port));
  await eventually('the port', () => window.spans().state.kind === 'here');
  gopls = new Gopls({
    executable: goplsFile(),
    workspace: goplsSource(),
    cache: path.join(scratch, 'cache'),
    flags: [`-otel=http://127.0.0.1:${port}/stallscope`],
  });
  await events.until('gopls', (event) => event.kind === 'gopls-found');
  await gopls.initialize();
  await eventually('the counters', () => window.status().gopls?.latency_source === 'counters');
  const { uri, text } = gopls.open('internal/cache/snapshot.go');
  const line = text.split('\n').findIndex((candidate) => candidate.includes('type Snapshot struct'));
  window.observed(HOVER, uri, line);
  await gopls.hover(uri, { line, character: 'type S'.length });
  const closed = await events.until('the incident', (event) => event.kind === 'incident-closed', {
    timeoutMs: MINUTE,
  });
  await eventually('the log record', () => collector.taken.logs.length > 0, MINUTE);
  // Both windows have had their look.
  await sleep(3_000);
  const incident = value(await window.incident(closed.summary.id));
  assert.ok(incident.request.duration_ns > 200e6);
  assert.equal(incident.wait_by_spans?.source, 'spans', 'it was sent when its spans were there');
  const { root, phases } = assertArrived(collector.taken, incident);
  assert.ok(phases.length > 1, 'a first hover has phases');
  assert.deepEqual(
    new Set(collector.taken.spans.map(({ traceId }) => traceId)).size,
    collector.taken.logs.length,
  );
  const passedOn = JSON.stringify(collector.taken);
  assert.ok(!passedOn.includes(path.basename(goplsSource())) && !passedOn.includes('snapshot.go'));
  t.diagnostic(
    `${root.name}: ${(incident.request.duration_ns / 1e6).toFixed(0)} ms in ${phases.length} phases`,
  );
  const { sent, waiting, dropped, problem } = [window, another]
    .map((core) => core.exportStatus())
    .find((one) => one.sent > 0);
  assert.ok(sent >= 3, `${sent}`);
  assert.deepEqual([waiting, dropped, problem], [0, 0, null]);

  const arrived = collector.taken.logs.length;
  for (const core of [window, another]) core.configureExport({ ...settings, enabled: false });
  await eventually('both to be off', () => [window, another].every((core) => !core.exportStatus().enabled));
  writeIncident(storage, { seconds: 0.3 });
  await sleep(1_500);
  window.configureExport(settings);
  await eventually('it to be on', () => window.exportStatus().enabled);
  const last = writeIncident(storage, { seconds: 0.1 });
  window.configureExport(settings);
  await eventually('the last one', () => collector.taken.logs.length > arrived, MINUTE);
  await sleep(1_000);
  assert.equal(collector.taken.logs.length, arrived + 1, 'what ended while it was off is not sent');
  assertArrived(collector.taken, last);
});

test('what cannot be used is said, and nothing is sent', async (t) => {
  const core = addon.createCore(coreOptions(path.join(scratchFolder(t), 'storage')));
  const settings = { enabled: true, endpoint: 'ftp://elsewhere.example' };
  const refused = core.exportDestinations(settings);
  assert.deepEqual([refused.ok, refused.error?.code], [false, 'export-config']);
  core.configureExport(settings);
  await eventually('the problem', () => core.exportStatus().problem);
  assert.match(core.exportStatus().problem, /the endpoint: "ftp:\/\/elsewhere\.example" is not an address/);
  core.configureExport({ enabled: false });
  await eventually('no problem', () => core.exportStatus().problem === null);
  await core.stop();
});
