// The doctor in a real workbench: what it finds is on its page, in the files concerned and behind their light bulb; a fix is shown
// before it is applied; and undone, every byte is as it was.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before } from 'node:test';
import { write } from '../doctor/lib/copies.mjs';
import { testsWithPictures } from './driver/pictures.mjs';
import {
  DEBUG_FLAGS,
  extensionsUnderTest,
  openSnapshot,
  SNAPSHOT_TEXT,
  startWorkbench,
} from './driver/scenario.mjs';
import { startOnSmallModule } from './driver/smallModule.mjs';

const MINUTE = 60_000;
/** Comments and odd spaces are somebody's, and stay. */
const GO_WORK = 'go 1.22\n\n// Ours.\nuse (\n\t.   // the module here\n\t./gone // left long ago\n)\n';
const SETTINGS =
  '{\n  // Of the team.\n  "go.toolsEnvVars": { "A": "1", },\n  "gopls": { "memoryMode": "DegradeClosed" } // old\n}\n';

/** A folder of other people's code that is worth a filter. */
const VENDORED = 60;

let workbench;
let editor;
let goWork;
let settings;

const { test, picture } = testsWithPictures(() => editor);

before(async () => {
  workbench = await startOnSmallModule({
    extensions: extensionsUnderTest(),
    settings: { 'go.languageServerFlags': DEBUG_FLAGS, 'workbench.colorTheme': 'Dark Modern' },
    prepare: (_home, folder) => {
      goWork = path.join(folder, 'go.work');
      settings = path.join(folder, '.vscode/settings.json');
      fs.mkdirSync(path.dirname(settings));
      fs.writeFileSync(goWork, GO_WORK);
      fs.writeFileSync(settings, SETTINGS);
    },
  });
  editor = await workbench.open();
});
after(() => workbench?.stop());

/** It is asked with the lines that would change. */
async function applyPreviewed(goes) {
  const question = await editor.waitFor('the question', () => editor.dialog());
  assert.ok(/[−+] /.test(question) && question.includes(goes), question);
  await picture('doctor-question-dark');
  await editor.answerDialog('Apply');
}

/** Of each file: what is found in it, what goes with the fix, and what stays. */
const FILES = {
  'go.work': {
    file: () => goWork,
    finding: /gone, which is not there/,
    goes: './gone',
    stays: ['// Ours.', '.   // the module here'],
  },
  'settings.json': {
    file: () => settings,
    finding: /memoryMode does nothing/,
    goes: 'memoryMode',
    stays: ['// Of the team.', '{ "A": "1", }', '// old'],
  },
};

for (const [name, { file, finding, goes, stays }] of Object.entries(FILES)) {
  test(`a fix in ${name}: found, shown, applied, undone`, { timeout: 5 * MINUTE }, async (t) => {
    const [target, before] = [file(), fs.readFileSync(file(), 'utf8')];
    const now = () => fs.readFileSync(target, 'utf8');
    await editor.command('Stallscope: Diagnose');
    const panel = await editor.webview('#root .header');
    const found = panel.locator('.finding', { hasText: finding }).first();
    await found.waitFor({ timeout: MINUTE });
    await picture(`doctor-${name}-dark`);
    t.diagnostic(await found.innerText());
    await found.getByRole('button', { name: /^Remove/ }).click();
    assert.equal(now(), before, 'nothing before the answer');
    await applyPreviewed(goes);
    await editor.waitFor('the fix on the disk', () => !now().includes(goes));
    for (const part of stays) assert.ok(now().includes(part), now());
    await editor.notification(/^Done: /);
    await found.waitFor({ state: 'detached' });
    await editor.answerNotification('Undo');
    await editor.waitFor('every byte as it was', () => now() === before);
    await found.waitFor();
    await editor.clearNotifications();
  });
}

test('a fix may make the settings file; undone, it is gone', { timeout: 5 * MINUTE }, async () => {
  const other = await startOnSmallModule({
    extensions: extensionsUnderTest(),
    prepare: (_home, folder) => {
      for (let i = 0; i < VENDORED; i += 1) {
        const inside = path.join(folder, 'third_party', `p${i}`);
        fs.mkdirSync(inside, { recursive: true });
        fs.writeFileSync(path.join(inside, 'a.go'), `package p${i}\n`);
      }
    },
  });
  const first = editor;
  try {
    editor = await other.open();
    const made = path.join(other.folder, '.vscode/settings.json');
    await editor.command('Stallscope: Diagnose');
    const panel = await editor.webview('#root .header');
    const found = panel.locator('.finding', { hasText: 'third_party' }).first();
    await found.waitFor({ timeout: MINUTE });
    assert.equal(fs.existsSync(made), false);
    await found.locator('.actions button').first().click();
    await applyPreviewed('directoryFilters');
    await editor.waitFor('the settings file', () => fs.existsSync(made));
    const filters = JSON.parse(fs.readFileSync(made, 'utf8')).gopls['build.directoryFilters'];
    assert.ok(filters.includes('-third_party'), JSON.stringify(filters));
    await editor.notification(/^Done: /);
    await editor.answerNotification('Undo');
    await editor.waitFor('no settings file', () => !fs.existsSync(made));
    assert.deepEqual(editor.errors, []);
  } finally {
    editor = first;
    await other.stop();
  }
});

/** A module of its own below the workspace costs the load, two settings the queue; an old one costs nothing, and is the worst by itself. */
const BESIDE = {
  'apart/go.mod': 'module example.test/apart\n\ngo 1.22\n',
  'apart/apart.go': 'package apart\n',
  '.vscode/settings.json':
    '{ "gopls": { "memoryMode": "DegradeClosed", "ui.semanticTokens": true, "ui.diagnostic.staticcheck": true } }\n',
};
const EXPLAINS = 'may explain the wait';
/** What these explain of a wait. */
const EXPLAINED = ['workspace-load', 'awaiting-load', 'go-command', 'queue', 'queued', 'analysis'];
/** Causes and phases that took a notable part of the wait of an incident. */
function tookOf({ causes, wait, wait_by_spans: bySpans }) {
  const shares = [...causes, ...((bySpans ?? wait)?.phases ?? [])].filter(({ share }) => share >= 0.1);
  return shares.map(({ kind, phase }) => kind ?? phase);
}

test(
  'after a stall what may explain it comes first, also from its incident',
  { timeout: 5 * MINUTE },
  async (t) => {
    const other = await startWorkbench({ extensions: extensionsUnderTest() });
    const first = editor;
    try {
      write(other.folder, BESIDE);
      editor = await other.open();
      await editor.command('Stallscope: Diagnose');
      const panel = await editor.webview('#root .header');
      const titles = () => panel.locator('.finding').evaluateAll((all) => all.map((one) => one.innerText));
      await panel.locator('.finding').first().waitFor({ timeout: MINUTE });
      const [worst] = await titles();
      assert.match(worst, /memoryMode does nothing/);
      await openSnapshot(editor);
      await editor.hover(SNAPSHOT_TEXT, { timeoutMs: 2 * MINUTE });
      // On a starved machine another wait may follow the hover's, and then the doctor speaks of that.
      const last = await editor.waitFor(
        'every incident whole, with its causes',
        () => {
          const all = other.readIncidents().map(({ incident }) => incident);
          return all.every((one) => one.state === 'complete' && one.causes?.length > 0) && all.at(-1);
        },
        { timeoutMs: MINUTE },
      );
      const took = tookOf(last);
      t.diagnostic(`${last.request.method}: ${JSON.stringify(took)}`);
      // A starved machine makes other waits, and then that is said.
      const isExplained = took.some((name) => EXPLAINED.includes(name));
      const told = isExplained
        ? /^What may explain why .+ took long/
        : /^Nothing that was found explains why/;

      // The window hears of an incident a moment after it is on the disk: whoever asks too early asks again.
      const { after, sentence } = await editor.waitFor(
        'what the doctor says of the wait',
        async () => {
          await editor.command('Stallscope: Diagnose');
          const after = await editor.webview('.doctor');
          const sentence = after.getByText(/^(What may explain|Nothing that was found explains) why/);
          const isThere = await sentence.waitFor({ timeout: 10_000 }).then(
            () => true,
            () => false,
          );
          return isThere && { after, sentence };
        },
        { timeoutMs: MINUTE },
      );
      assert.match(await sentence.innerText(), told);
      const [found] = await after.locator('.finding').evaluateAll((all) => all.map((one) => one.innerText));
      assert.equal(found.includes(EXPLAINS), isExplained, found);
      assert.equal(found.includes('memoryMode'), !isExplained, found);
      await picture('doctor-after-a-stall-dark');

      await editor.command('Stallscope: Show Panel');
      const stalls = await editor.webview('#root .header');
      await stalls.getByRole('button', { name: 'Stalls' }).click();
      await stalls.getByRole('button', { name: 'See what the doctor says of it' }).click();
      await stalls.locator('.doctor').getByText(told).waitFor({ timeout: MINUTE });
      assert.deepEqual(editor.errors, []);
    } finally {
      editor = first;
      await other.stop();
    }
  },
);

test('what it found is a problem of the file, with its fix', { timeout: 2 * MINUTE }, async () => {
  await editor.openFile('go.work');
  const squiggle = editor.page.locator('.monaco-editor .squiggly-error, .monaco-editor .squiggly-warning');
  await squiggle.first().waitFor();
  await editor
    .command('Problems: Focus on Problems View')
    .catch(() => editor.command('View: Toggle Problems'));
  const row = editor.page.locator('.markers-panel .monaco-list-row', { hasText: 'gone' }).first();
  await row.waitFor();
  assert.match(await row.innerText(), /Stallscope/);
  await picture('doctor-problems-dark');
  await editor.chooseTheme('Light Modern', 'vs');
  await editor.command('Stallscope: Diagnose');
  await picture('doctor-light');
  assert.deepEqual(editor.errors, []);
});
