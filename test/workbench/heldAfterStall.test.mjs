// Who held the memory after a stall, in a real workbench with the packed extension: read and kept with the incident where the setting is
// switched on, once the wait and its captures are over; nothing of the kind where it is not.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import { testsWithPictures } from './driver/pictures.mjs';
import { SNAPSHOT_TEXT, extensionsUnderTest, openSnapshot, startWorkbench } from './driver/scenario.mjs';

const MINUTE = 60_000;
const linux = { skip: process.platform !== 'linux' && 'only on Linux', timeout: 14 * MINUTE };
const SNAPSHOT = 'golang.org/x/tools/gopls/internal/cache.Snapshot';
/** Longer than it takes from the end of a stall to its reading, on a busy machine. */
const NOTHING_WITHIN_MS = 20_000;

let editor;
const { test, picture } = testsWithPictures(() => editor);

/** A hover in a cold gopls: seconds, and hundreds of MB. Resolves to its finished incident. */
async function stall(t, settings) {
  const workbench = await startWorkbench({
    extensions: extensionsUnderTest(),
    settings: {
      'workbench.colorTheme': 'Dark Modern',
      // The machine of the tests may be busy.
      'stallscope.retain.maxPauseMs': 5_000,
      ...settings,
    },
  });
  t.after(() => workbench.stop());
  editor = await workbench.open();
  await openSnapshot(editor);
  await editor.hover(SNAPSHOT_TEXT, { timeoutMs: 2 * MINUTE });
  const found = await editor.waitFor('the finished incident', () =>
    workbench.readIncidents().find(({ incident }) => incident.state === 'complete'),
  );
  assert.ok(found.incident.rss.steepest_rise_bytes > 15e6, 'memory was the matter');
  return { workbench, ...found, kept: path.join(found.dir, 'held.json.gz') };
}

test('with the setting the incident has who held the memory, and its page shows it', linux, async (t) => {
  const { dir, incident, kept } = await stall(t, { 'stallscope.retain.onStall': 'after' });
  // The helper has a low priority: on a busy machine its analysis waits for everybody else.
  await editor.waitFor('what was kept', () => fs.existsSync(kept), { timeoutMs: 8 * MINUTE });
  const { record, problem, taken_unix_ms } = JSON.parse(gunzipSync(fs.readFileSync(kept)));
  assert.equal(problem, null, JSON.stringify(problem));
  const snapshot = record.types.find(({ type }) => type === SNAPSHOT);
  assert.ok(snapshot.count >= 1, 'the snapshot is counted');
  assert.ok(snapshot.retained_bytes > 1e6);
  const { paths } = record.details.find(({ id }) => id === snapshot.id);
  assert.ok(
    paths.some(({ owner }) => /\.views\[[\d…]+\]\.snapshot$/.test(owner?.path ?? '')),
    JSON.stringify(paths),
  );
  const pause_ns = record.facts.pause_ns;
  assert.ok(pause_ns > 0 && pause_ns < 5e9);
  const unix_ms = (ns) => Number(incident.origin_unix_ns) / 1e6 + ns / 1e6;
  const began_ms = taken_unix_ms - pause_ns / 1e6;
  assert.ok(began_ms > unix_ms(incident.request.end_ns), 'not while somebody waited');
  for (const { number, received_ns } of incident.captures.filter((capture) => capture.received_ns !== null))
    assert.ok(began_ms > unix_ms(received_ns), `not while capture ${number} was fetched`);
  // Quietly: nothing has popped up for it.
  const told = (await editor.notifications()).map(({ text }) => text);
  assert.ok(!told.some((text) => /live heap|memory is held|stood still/i.test(text)), told.join('\n'));
  assert.equal(await editor.dialog(), undefined, 'no question');

  await editor.command('Stallscope: Show Panel');
  const panel = await editor.webview('#root .header');
  await panel.locator('.incident').first().click();
  const section = panel.getByRole('region', { name: 'Who held the memory' });
  await section.waitFor({ timeout: MINUTE });
  assert.match(await section.innerText(), /after the wait.*gopls stood still for [\d.]+.m?s\./s);
  await section.scrollIntoViewIfNeeded();
  await picture('held-after-stall-incident-dark');
  await section.getByRole('button', { name: 'Show who held it' }).click();
  await panel.locator('.retain-result').waitFor();
  await panel.getByRole('treeitem').first().waitFor();
  await picture('held-after-stall-page-dark');
  assert.equal(fs.readdirSync(dir).filter((name) => name.startsWith('held')).length, 1);
});

test('without the setting nothing of the kind is done', linux, async (t) => {
  const { workbench, dir } = await stall(t, {});
  await sleep(NOTHING_WITHIN_MS);
  assert.deepEqual(
    fs.readdirSync(dir).filter((name) => name.startsWith('held')),
    [],
  );
  const logs = workbench.logs(/Stallscope.*\.log$/).map(({ text }) => text);
  assert.ok(!logs.some((text) => /who holds the memory|its heap/.test(text)), logs.join('\n'));
});
