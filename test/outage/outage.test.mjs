// A collector that is away for a minute while a window exports to it: all that ended meanwhile arrives once, soon after it is
// back, and Prometheus has the right figures. A command of its own (`npm run test:outage`), because it takes two minutes.
import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { addon, coreOptions } from '../addon/support/core.mjs';
import { assertArrived } from '../fleet/support/compare.mjs';
import { writeIncident } from '../fleet/support/incidents.mjs';
import { collectorScene, prometheusScene, scratchFolder } from '../fleet/support/scene.mjs';
import { eventually } from '../lib/eventually.mjs';

test('a minute without a collector', async (t) => {
  const collector = await collectorScene(t);
  const prometheus = await prometheusScene(t, collector.ports.metrics);
  const storage = path.join(scratchFolder(t), 'storage');
  const core = addon.createCore(coreOptions(storage));
  t.after(() => core.stop());
  core.configureExport({ enabled: true, endpoint: collector.http });
  await eventually('the export to be on', () => core.exportStatus().enabled);
  const all = [writeIncident(storage, { seconds: 0.1 })];
  await eventually('the first one', () => collector.taken.logs.length === 1, 60_000);

  await collector.stop();
  for (let quarter = 0; quarter < 4; quarter += 1) {
    await sleep(15_000);
    all.push(writeIncident(storage, { seconds: 5 + quarter }));
  }
  assert.match(core.exportStatus().problem, /Connection refused/);
  const back = performance.now();
  await collector.start();
  await eventually('all of them', () => collector.taken.logs.length >= all.length, 180_000);
  t.diagnostic(`all there ${((performance.now() - back) / 1000).toFixed(1)} s after it was started again`);
  const total = async () => (await prometheus.ask('sum(stallscope_incidents_total)'))[0]?.value;
  await eventually('the figures', async () => (await total()) === all.length, 180_000);
  for (const incident of all) assertArrived(collector.taken, incident);
  assert.equal(collector.taken.logs.length, all.length);
  const { waiting, dropped } = core.exportStatus();
  assert.deepEqual([waiting, dropped], [0, 0]);
});
