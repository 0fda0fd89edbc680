// An experiment from the palette: asked for, paid for with consent, cancelled, and shown; the page says what was measured, the
// window's own gopls and files stay as they are, and Restricted Mode has no such command.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { ours } from '../reproduce/support/validate.mjs';
import { descendants } from './driver/processes.mjs';
import { DEBUG_FLAGS, extensionsUnderTest } from './driver/scenario.mjs';
import { MAIN_FILE, MAIN_TEXT, startOnSmallModule } from './driver/smallModule.mjs';

const MINUTE = 60_000;

/** @type {import('./driver/workbench.mjs').Workbench} */
let workbench;
/** @type {import('./driver/editor.mjs').Editor} */
let editor;

before(async () => {
  workbench = await startOnSmallModule({
    extensions: extensionsUnderTest(),
    trust: false,
    settings: { 'go.languageServerFlags': DEBUG_FLAGS, 'stallscope.prompt.enabled': false },
  });
  editor = await workbench.open();
});
after(() => workbench?.stop());

const results = () => {
  const folder = path.join(workbench.home, 'user-data/User/globalStorage/stallscope.stallscope/experiments');
  const names = fs.existsSync(folder) ? fs.readdirSync(folder).sort() : [];
  return names.map((name) => path.join(folder, name));
};

const isWatched = () =>
  editor.waitFor(
    'a watched gopls',
    async () => /^gopls [\d.]+ [MG]B$/.test((await editor.statusItem('stallscope.stallscope'))?.text ?? ''),
    { timeoutMs: MINUTE },
  );

/** Asks for an experiment on the workspace; `true` when the question was answered with yes. */
async function ask(source, answer) {
  await editor.command('Stallscope: Reproduce…');
  await editor.pickRow(source);
  const question = await editor.waitFor('the question', () => editor.dialog());
  assert.match(question, /Run an experiment with a gopls of its own\?/);
  assert.match(question, /as much CPU and memory as gopls needs/);
  await editor.answerDialog(answer);
}

/** The commands of ours that the palette offers for “Re”: a list of all would be longer than it shows. */
const offered = () =>
  editor.waitFor(
    'all commands',
    async ({ page }) => {
      await page.keyboard.press('F1');
      const input = page.locator('.quick-input-widget:visible input').first();
      await input.fill('>Stallscope: Re', { timeout: 5_000 });
      // Those of extensions come in after those of the editor.
      await page.waitForTimeout(1_000);
      const rows = page.locator('.quick-input-list .monaco-list-row');
      const labels = await rows.evaluateAll((all) => all.map((row) => row.getAttribute('aria-label')));
      await page.keyboard.press('Escape');
      return labels.some((label) => /Record gopls's Own Timing/.test(label)) ? labels : undefined;
    },
    { timeoutMs: MINUTE },
  );

test('Restricted Mode has no such command', { timeout: 2 * MINUTE }, async () => {
  await editor.waitFor('Restricted Mode', async () =>
    (await editor.statusItems()).some(({ text }) => text === 'Restricted Mode'),
  );
  const restricted = await offered();
  assert.ok(!restricted.includes('Stallscope: Reproduce…'), restricted.join('\n'));
  // Once it is trusted, the tests below find it.
  await editor.trustWorkspace();
});

test('without a yes nothing is run', { timeout: MINUTE }, async () => {
  await ask(/this workspace, in a copy/, 'Cancel');
  assert.deepEqual(results(), []);
});

test(
  'on the workspace: the page says what was measured, and nothing of the window is touched',
  { timeout: 3 * MINUTE },
  async () => {
    await editor.openFile(MAIN_FILE);
    await editor.hover(MAIN_TEXT);
    await isWatched();
    const before = fs.readFileSync(path.join(workbench.folder, MAIN_FILE), 'utf8');
    const own = goplsOfWindow();
    await ask(/this workspace, in a copy/, 'Run');
    await editor.notification(/Experiment with gopls/);
    const frame = await editor.webview('td.strip', { timeoutMs: 2 * MINUTE });
    const shown = await frame.locator('body').innerText();
    const [folder] = results();
    const experiment = JSON.parse(fs.readFileSync(path.join(folder, 'experiment.json'), 'utf8'));
    assert.deepEqual(ours('output', { checked: [], findings: [], experiment }), []);
    assert.equal(experiment.workspace.folder, workbench.folder);
    const [{ runs, gopls }] = experiment.sides;
    assert.equal(runs[0].ended_early, null);
    assert.equal(runs[0].steps.find(({ kind }) => kind === 'hover').durations_ns.length, 20);
    assert.ok(
      own.some(({ args }) => args.startsWith(`${gopls} `)),
      `${gopls} is the window's`,
    );
    const [, heap] = /heap in use at the end\s+(\d+) MB/.exec(shown) ?? assert.fail(shown);
    assert.ok(Math.abs(Number(heap) - runs[0].memory.live_heap_bytes / 1e6) <= 1, heap);
    // Its style is there, its policy is in force, and it can run nothing.
    const width = await frame
      .locator('td.strip')
      .first()
      .evaluate((cell) => cell.clientWidth);
    assert.ok(width > 100, `${width} px: the page has its style`);
    assert.equal(await frame.locator('script').count(), 0);
    assert.equal(fs.readFileSync(path.join(workbench.folder, MAIN_FILE), 'utf8'), before);
    assert.deepEqual(goplsOfWindow(), own, 'the window has the same gopls, and no other is left');
    await isWatched();
  },
);

test('cancelled: what was measured is shown, and no gopls is left', { timeout: 3 * MINUTE }, async () => {
  const own = goplsOfWindow();
  await ask(/A generated workspace of 50 packages/, 'Run');
  await editor.waitFor('an experiment at work', () => goplsOfWindow().length > own.length, {
    timeoutMs: MINUTE,
  });
  await editor.answerNotification('Cancel');
  await editor.notification(/The experiment was not done to its end: 1 run\(s\) ended early/, {
    timeoutMs: MINUTE,
  });
  assert.equal(results().length, 2);
  assert.deepEqual(goplsOfWindow(), own);
  await isWatched();
});

/** Every gopls below the workbench, by pid. */
function goplsOfWindow() {
  const all = descendants(workbench.pid).filter(({ args }) => /^\S*gopls(\s|$)/.test(args));
  return all.map(({ pid, args }) => ({ pid, args })).sort((a, b) => a.pid - b.pid);
}
