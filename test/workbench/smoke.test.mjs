// The ground the other workbench tests stand on: the workbench opens, gopls answers, nothing is left running.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { after, before, test } from 'node:test';
import { goplsSource } from '../tools/lib/paths.mjs';
import { descendants } from './driver/workbench.mjs';
import {
  SNAPSHOT_FILE,
  SNAPSHOT_TEXT,
  extensionsUnderTest,
  snapshotLine,
  startWorkbench,
} from './driver/scenario.mjs';

let workbench;
let editor;

before(async () => {
  workbench = await startWorkbench({ extensions: extensionsUnderTest() });
  editor = await workbench.open();
});
after(() => workbench?.stop());

test('gopls answers a hover, a definition and shows its process', { timeout: 180_000 }, async (t) => {
  await editor.openFile(SNAPSHOT_FILE, { line: snapshotLine() });
  const hover = await editor.hover(SNAPSHOT_TEXT, { timeoutMs: 90_000 });
  assert.match(hover.text, /Snapshot/);
  const [gopls, ...others] = workbench.goplsProcesses();
  assert.ok(gopls, 'no gopls below the workbench');
  assert.deepEqual(others, []);
  t.diagnostic(
    `first hover: ${hover.answeredAtMs - hover.askedAtMs} ms, gopls ${(gopls.rssBytes / 1e6).toFixed(0)} MB`,
  );
  const again = await editor.hover('View');
  t.diagnostic(`second hover: ${again.answeredAtMs - again.askedAtMs} ms`);
  await editor.goToDefinition('*View');
});

test('Stallscope is installed from its .vsix and the extension host is well', { timeout: 60_000 }, () => {
  const installed = fs.readdirSync(workbench.extensions);
  assert.ok(
    installed.some((name) => name.startsWith('stallscope.stallscope-')),
    installed.join(', '),
  );
  assert.ok(fs.existsSync(goplsSource()));
});

test('stopping leaves no process behind', { timeout: 60_000 }, async () => {
  const family = descendants(workbench.pid).map(({ pid }) => pid);
  assert.ok(family.length > 2);
  await workbench.stop();
  workbench = undefined;
  const alive = family.filter((pid) => fs.existsSync(`/proc/${pid}`) && !isZombie(pid));
  assert.deepEqual(alive, []);
});

const isZombie = (pid) => {
  try {
    return /^State:\s+Z/m.test(fs.readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return true;
  }
};
