// What the user answers is kept: Not Now, Never and Don't Warn Again, over a reload; and what they export or capture as text
// opens in an editor. Workbenches with the real gopls on a small module; the steps of the second build on each other.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, test } from 'node:test';
import { DEBUG_FLAGS, extensionsUnderTest } from './driver/scenario.mjs';
import { MAIN_FILE, startOnSmallModule } from './driver/smallModule.mjs';

const MINUTE = 60_000;
const STATUS = 'stallscope.stallscope';
const FLAGS = 'go.languageServerFlags';
const QUESTION = /debug server/;
const WARNING = /can be reached from other machines/;
/** The question comes when the debug server has been off for 3 s: by then it would have. */
const NOT_ASKED_AFTER_MS = 5_000;

let workbench;
let editor;
const stop = async () => {
  await workbench?.stop();
  workbench = undefined;
};
after(stop);

async function start() {
  await stop();
  workbench = await startOnSmallModule({
    extensions: extensionsUnderTest(),
    settings: {
      [FLAGS]: [],
      // What is written into the settings file is written as it is meant, and in a tab like any other.
      'workbench.editor.useModal': 'off',
      'editor.autoClosingBrackets': 'never',
      'editor.autoClosingQuotes': 'never',
      'editor.autoSurround': 'never',
    },
  });
  editor = await workbench.open();
  await editor.openFile(MAIN_FILE);
}

for (const answer of ['Not Now', 'Never']) {
  test(
    `${answer}: nothing is changed, and after a reload we do not ask again`,
    { timeout: 2 * MINUTE },
    async () => {
      await start();
      const before = fs.readFileSync(workbench.settingsFile, 'utf8');
      await editor.notification(QUESTION);
      await editor.answerNotification(answer);
      // The editor writes what we remember a moment later: one more reason to look before the reload, too.
      await notTold(QUESTION);
      await editor.reload();
      await editor.openFile(MAIN_FILE);
      await tooltipSays(/Debug server\s+off/);
      await notTold(QUESTION);
      assert.equal(fs.readFileSync(workbench.settingsFile, 'utf8'), before);
      // Whoever wants it after all is asked.
      await editor.command('Stallscope: Enable gopls Debug Server');
      await editor.notification(QUESTION);
      await editor.clearNotifications();
    },
  );
}

test("Don't Warn Again lets an open debug server be, over a reload", { timeout: 2 * MINUTE }, async () => {
  const open = ['-debug=:0'];
  await setFlags(open);
  await editor.notification(WARNING);
  await editor.answerNotification("Don't Warn Again");
  await notTold(WARNING);
  await editor.reload();
  await editor.openFile(MAIN_FILE);
  await tooltipSays(/Debug server\s+on at \*:\d+, open to other machines/);
  await notTold(WARNING);
  assert.deepEqual(workbench.readSettings()[FLAGS], open, 'as the user has it');
});

test(
  'the heap as text opens in an editor, which does not let it be changed',
  { timeout: 2 * MINUTE },
  async () => {
    await setFlags(DEBUG_FLAGS);
    await tooltipSays(/on at 127\.0\.0\.1:\d+, this machine only/);
    await editor.command('Stallscope: Capture…');
    await editor.row(/^Heap as text/);
    await editor.page.keyboard.type('Heap as text');
    await editor.page.locator('.quick-input-list .monaco-list-row').nth(1).waitFor({ state: 'detached' });
    await editor.pickRow(/^Heap as text/);
    const lines = editor.page.locator('.editor-instance:visible .monaco-editor .view-lines').first();
    await lines
      .getByText(/^heap\sprofile:/)
      .first()
      .waitFor();
    const tab = editor.page.locator('.tab.active[data-resource-name^="heap-"]');
    await tab.waitFor();
    await lines.click();
    await editor.page.keyboard.type('x');
    await editor.page
      .getByText(/read-only/)
      .first()
      .waitFor();
    const [{ dir, incident }] = workbench.readIncidents();
    const [capture] = incident.captures;
    assert.deepEqual([capture.kind, capture.state], ['heap-text', 'complete']);
    assert.match(fs.readFileSync(path.join(dir, capture.file), 'utf8'), /^heap profile: \d+/);
    // The list says what it is.
    await editor.command('Stallscope: Show Panel');
    const panel = await editor.webview('.incident .tag');
    await panel.locator('.incident .tag', { hasText: 'heap as text' }).waitFor();
  },
);

test('a verification is exported as Markdown, and opens', { timeout: 2 * MINUTE }, async () => {
  const file = path.join(workbench.home, 'verification.md');
  await editor.command('Stallscope: Verify a Fix…');
  const panel = await editor.webview('.verify-start');
  await panel.getByLabel('What do you want to change?').fill('A [title] | with marks');
  await panel.getByRole('button', { name: 'Begin', exact: true }).click();
  for (const run of [0, 1]) {
    await panel.getByRole('button', { name: 'Begin the run' }).click();
    await panel.getByText('Recording. Do now what makes it slow or large').waitFor();
    await panel.getByRole('button', { name: 'I am done' }).click();
    await panel.locator('.verify-runs li').nth(run).waitFor();
  }
  await panel.getByRole('button', { name: 'Export…' }).click();
  await editor.saveAs(file);
  await editor.page.locator('.tab.active[data-resource-name="verification.md"]').waitFor();
  const text = fs.readFileSync(file, 'utf8');
  assert.match(text, /^# Verification of a fix\n/);
  assert.ok(text.includes('**A \\[title\\] \\| with marks**'), text);
  assert.match(text, /No clear difference\. Live heap at the end, after GC: \d+ MB before, \d+ MB after\./);
  assert.match(text, /^\| Goroutines at the end \| \d+ \| \d+ \| no clear difference \|$/m);
  assert.equal(text.match(/^- (Before|After), .*goroutines: \d+/gm)?.length, 2, text);
});

/** Waits for so long that a notification of this kind would have come. */
async function notTold(pattern) {
  await editor.page.waitForTimeout(NOT_ASKED_AFTER_MS);
  const told = (await editor.notifications()).filter(({ text }) => pattern.test(text));
  assert.deepEqual(told, []);
}

async function setFlags(wanted) {
  await editor.writeSettings({ ...workbench.readSettings(), [FLAGS]: wanted });
  assert.deepEqual(workbench.readSettings()[FLAGS], wanted);
}

/** Waits until the tooltip of our item says something of that kind. */
function tooltipSays(pattern) {
  return editor.waitFor(`the tooltip saying ${pattern}`, async () =>
    pattern.test(await editor.statusTooltip(STATUS)),
  );
}
