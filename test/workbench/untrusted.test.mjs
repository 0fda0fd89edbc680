// A workspace that the user does not trust: Stallscope watches and captures all the same, by the user's settings. What
// the workspace would like it to do counts only once the user trusts it.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Scene } from './driver/misbehaving.mjs';
import { MAIN_FILE, MAIN_TEXT } from './driver/smallModule.mjs';

const STALL = { holdHoverMs: 1500 };

/** @type {Scene} */
let scene;

before(async () => {
  scene = await Scene.start({
    trust: false,
    prepare: (_home, workspace) => {
      fs.mkdirSync(path.join(workspace, '.vscode'));
      fs.writeFileSync(
        path.join(workspace, '.vscode/settings.json'),
        JSON.stringify({ 'stallscope.captureEnabled': false, 'stallscope.stallAfterMs': 60_000 }),
      );
    },
  });
});
after(() => scene?.stop());

test('in Restricted Mode a stall is caught, whatever the workspace says', { timeout: 90_000 }, async () => {
  const { editor } = scene;
  await scene.until('Restricted Mode', async () =>
    (await editor.statusItems()).some(({ text }) => text === 'Restricted Mode'),
  );
  await editor.openFile(MAIN_FILE);
  await editor.hover(MAIN_TEXT);
  await editor.showPanelBeside();
  const { incident } = await scene.stall(STALL);
  const heap = incident.captures.find(({ kind }) => kind === 'heap');
  assert.equal(heap.state, 'complete');
  assert.equal(heap.during_request, true);
  const [stall] = incident.decisions.filter(({ rule }) => rule === 'stall');
  assert.equal(stall.values.limit_ms, 200);
  assert.doesNotMatch(await editor.panelText(), /Captures are switched off/);
});

test('once the workspace is trusted, its settings count', { timeout: 90_000 }, async () => {
  const { editor } = scene;
  await editor.trustWorkspace();
  await editor.page.keyboard.press('Control+1');
  await scene.panelSays(/Captures are switched off/);
  const before = scene.workbench.readIncidents().length;
  const { answeredAtMs, askedAtMs } = await scene.slowHover(STALL);
  assert.ok(answeredAtMs - askedAtMs > 1400);
  // An incident would have been opened 200 ms after the hover began.
  assert.equal(scene.workbench.readIncidents().length, before);
  await scene.unharmed();
});
