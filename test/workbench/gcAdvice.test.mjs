// An advice about garbage collection, from a real gopls that collects far too often to the change of the user's settings and
// back: the panel says what it would change, asks, changes one name, and undoing leaves the file as it was.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { after, before } from 'node:test';
import { testsWithPictures } from './driver/pictures.mjs';
import {
  DEBUG_FLAGS,
  SNAPSHOT_TEXT,
  extensionsUnderTest,
  openSnapshot,
  startWorkbench,
} from './driver/scenario.mjs';

const MINUTE = 60_000;
const ENV = 'go.toolsEnvVars';
/** Beside the name that is to change. */
const OTHER = { STALLSCOPE_TEST: 'stays' };
const CALM_ITEM = /^gopls [\d.]+ [MG]B$/;

let workbench;
let editor;

const { test, picture } = testsWithPictures(() => editor);

before(async () => {
  workbench = await startWorkbench({
    extensions: extensionsUnderTest(),
    settings: {
      'go.languageServerFlags': DEBUG_FLAGS,
      [ENV]: { GOGC: '10', ...OTHER },
      'stallscope.prompt.enabled': false,
      'workbench.colorTheme': 'Dark Modern',
    },
  });
  editor = await workbench.open();
});
after(() => workbench?.stop());

const environmentOf = (pid) =>
  Object.fromEntries(
    fs
      .readFileSync(`/proc/${pid}/environ`, 'utf8')
      .split('\0')
      .filter(Boolean)
      .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  );

/** Another gopls than that one, alone. */
const successor = (old) =>
  editor.waitFor(
    'another gopls',
    () => {
      const all = workbench.goplsProcesses();
      return all.length === 1 && all[0].pid !== old.pid ? all[0] : undefined;
    },
    { timeoutMs: MINUTE },
  );

const panelFrame = () => editor.webview('#root .header');

test(
  'a GOGC of 10 is advised against, changed on request, and put back on request',
  { timeout: 10 * MINUTE },
  async (t) => {
    await openSnapshot(editor);
    const [first] = workbench.goplsProcesses();
    assert.equal(environmentOf(first.pid).GOGC, '10');
    await editor.hover(SNAPSHOT_TEXT, { timeoutMs: 3 * MINUTE });
    await editor.waitFor(
      'a calm gopls',
      async () => CALM_ITEM.test((await editor.statusItem('stallscope.stallscope'))?.text ?? ''),
      { timeoutMs: 4 * MINUTE, everyMs: 500 },
    );

    await editor.command('Stallscope: Show Panel');
    let panel = await panelFrame();
    await panel.getByRole('button', { name: 'Live' }).click();
    const card = panel.locator('.gc-now');
    await card.waitFor({ timeout: MINUTE });
    await card.locator('summary').click();
    const advice = card.locator('.gc-suggestion');
    await advice.first().waitFor({ timeout: 2 * MINUTE });
    t.diagnostic(await card.innerText());
    assert.equal(await advice.count(), 1);
    assert.match(await advice.innerText(), /Give GOGC its usual value again/);
    assert.match(await advice.innerText(), /"go\.toolsEnvVars": \{ "GOGC": "100" \}/);
    await picture('gc-advice-dark');
    await advice.getByRole('button', { name: 'Try it…' }).click();

    // The way of every fix: a form that is filled, a run before, the change, a run after.
    const before = fs.readFileSync(workbench.settingsFile, 'utf8');
    await panel.getByRole('button', { name: 'Begin', exact: true }).click();
    await panel.getByRole('button', { name: 'Begin the run' }).click();
    const done = panel.getByRole('button', { name: 'I am done' });
    await done.waitFor({ timeout: MINUTE });
    await done.click();
    const change = panel.getByRole('button', { name: 'Change my user settings…' });
    await change.waitFor({ timeout: MINUTE });
    await picture('gc-verify-dark');
    await change.click();
    const question = await editor.waitFor('the question', () => editor.dialog());
    assert.match(question, /"go\.toolsEnvVars": \{ "GOGC": "100" \}/);
    assert.match(question, /Until now: "10"/);
    assert.deepEqual(workbench.readSettings()[ENV], { GOGC: '10', ...OTHER }, 'nothing before the answer');
    await picture('gc-change-question-dark');
    await editor.answerDialog('Cancel');
    await change.click();
    await editor.waitFor('the question', () => editor.dialog());
    await editor.answerDialog('Change Settings');
    await editor.waitFor('the setting', () => workbench.readSettings()[ENV].GOGC === '100');
    assert.deepEqual(workbench.readSettings()[ENV], { GOGC: '100', ...OTHER });

    // The test client restarts gopls by itself when this setting changes, as the Go extension offers to.
    const second = await successor(first);
    assert.equal(environmentOf(second.pid).GOGC, '100');
    await editor.notification(/is in your user settings now/);
    await editor.clearNotifications();

    panel = await panelFrame();
    await panel.getByRole('button', { name: 'Undo the change' }).click();
    await editor.waitFor('the setting as it was', () => workbench.readSettings()[ENV].GOGC === '10');
    assert.equal(fs.readFileSync(workbench.settingsFile, 'utf8'), before, 'to the byte');
    const third = await successor(second);
    assert.equal(environmentOf(third.pid).GOGC, '10');
    await editor.notification(/is again as it was: "10"/);
    await editor.clearNotifications();

    // What somebody else has changed since is not taken back.
    await panel.getByRole('button', { name: 'Undo the change' }).click();
    await editor.notification(/There is nothing to undo/);
    assert.equal(fs.readFileSync(workbench.settingsFile, 'utf8'), before);
    assert.deepEqual(editor.errors, []);
  },
);
