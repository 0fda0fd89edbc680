// Who holds the memory, in a real workbench with the packed extension: what it costs is said before, the heap of the gopls that runs is
// read, its page shows the snapshot and what holds it, and nothing is left when the panel closes.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before } from 'node:test';
import { testsWithPictures } from './driver/pictures.mjs';
import { DEBUG_FLAGS, extensionsUnderTest } from './driver/scenario.mjs';
import { MAIN_FILE, MAIN_TEXT, startOnSmallModule } from './driver/smallModule.mjs';

const MINUTE = 60_000;
const COMMAND = 'Stallscope: Who Holds the Memory?';
const linux = { skip: process.platform !== 'linux' && 'only on Linux', timeout: 6 * MINUTE };

let workbench;
let editor;

const { test, picture } = testsWithPictures(() => editor);

before(async () => {
  workbench = await startOnSmallModule({
    extensions: extensionsUnderTest(),
    settings: {
      'go.languageServerFlags': DEBUG_FLAGS,
      'workbench.colorTheme': 'Dark Modern',
      // The machine of the tests may be busy.
      'stallscope.retain.maxPauseMs': 5_000,
    },
  });
  editor = await workbench.open();
});
after(() => workbench?.stop());

/** Helpers and watchdogs of this workbench: their executable is below its home. */
const helpers = () =>
  fs
    .readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return (
          fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8').startsWith(workbench.home) &&
          /stallscope-retain\0/.test(fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8'))
        );
      } catch {
        return false;
      }
    });

/** Heaps that are kept to be compared with. */
const kept = () => {
  const folder = path.join(workbench.incidents, '../heaps');
  return fs.existsSync(folder) ? fs.readdirSync(folder) : [];
};

test('the heap is read after a question, and its page tells what holds the snapshot', linux, async () => {
  await editor.openFile(MAIN_FILE);
  await editor.hover(MAIN_TEXT, { timeoutMs: MINUTE });
  await editor.waitFor('a calm gopls with its debug server', async () =>
    /^gopls [\d.]+ MB$/.test((await editor.statusItem('stallscope.stallscope'))?.text ?? ''),
  );
  await editor.command(COMMAND);
  const question = await editor.waitFor('the question', () => editor.dialog());
  assert.match(question, /Read the live heap of gopls \(\d+\) to see who holds its memory\?/);
  assert.match(
    question,
    /stands still for some milliseconds\. Else it stands still for about [\d.]+.ms, for 5\.0.s at most/,
  );
  assert.match(question, /up to [\d.]+.[MG]B of memory/);
  assert.match(question, /import paths of Go packages; nothing else/);
  await picture('retain-question-dark');
  await editor.answerDialog('Read It, and Do Not Ask Again');

  const panel = await editor.webview('#root .retain-result', { timeoutMs: 3 * MINUTE });
  assert.match(
    await panel.locator('.retain-result').innerText(),
    /^\d+.MB in [\d,]+ objects are alive; gopls stood still for [\d.]+.m?s\.( It was copied before that, while it did nothing\.)?$/,
  );
  assert.equal(helpers().length, 1, 'one that has the heap');
  await panel.getByRole('treeitem').first().waitFor({ timeout: MINUTE });
  await panel.getByRole('searchbox', { name: 'Find a type' }).fill('cache.Snapshot');
  await panel.getByRole('button', { name: 'cache.Snapshot', exact: true }).click();
  const detail = panel.getByRole('region', { name: 'cache.Snapshot' });
  await detail.locator('.retain-ways li').first().waitFor({ timeout: MINUTE });
  assert.match(await detail.locator('.retain-ways').innerText(), /cache\.(Session\S*\.snapshot|Snapshot)/);
  await detail
    .getByRole('button', { name: /^#\d+$/ })
    .first()
    .waitFor();
  await picture('retain-page-dark');
});

test(
  'it was not to be asked again; a later heap is compared with this one, and goes with the panel',
  linux,
  async () => {
    const [first] = helpers();
    const panel = await editor.webview('#root .retain-result', { timeoutMs: MINUTE });
    await panel.getByRole('button', { name: 'Compare with a later one' }).click();
    const later = panel.getByRole('button', { name: 'Read the later one now…' });
    await later.waitFor({ timeout: MINUTE });
    assert.equal(kept().length, 1);
    await later.click();
    const rows = panel.getByRole('table', { name: /^Since/ }).locator('tbody tr');
    await rows.first().waitFor({ timeout: 3 * MINUTE });
    assert.equal(await editor.dialog(), undefined, 'no question');
    assert.deepEqual(kept(), [], 'what was kept for it is gone');
    const now = helpers();
    assert.ok(now.length === 1 && now[0] !== first, 'one heap at a time');
    await picture('retain-compared-dark');

    await editor.command('View: Close All Editors');
    await editor.waitFor('no helper', () => helpers().length === 0);
    // gopls answers as before.
    await editor.openFile(MAIN_FILE);
    await editor.hover(MAIN_TEXT, { timeoutMs: MINUTE });
  },
);
