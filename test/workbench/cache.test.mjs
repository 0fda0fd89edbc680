// gopls's cache in a real workbench, with a gopls of its own on gopls's own source: what is nobody's goes and nothing else; the cache
// of the gopls that runs goes when that has ended, and its next load is a cold one.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { copyOfGopls } from '../doctor/executables.mjs';
import { Gopls } from '../lib/gopls.mjs';
import { testsWithPictures } from './driver/pictures.mjs';
import { SNAPSHOT_TEXT, extensionsUnderTest, openSnapshot, startWorkbench } from './driver/scenario.mjs';

const MINUTE = 60_000;
const CALM_ITEM = /^gopls [\d.]+ [MG]B$/;

let scratch;
let executable;
let name;
let workbench;
let editor;
/** Beside the cache; nothing in it may change. */
let outside;
let orphan;

const { test, picture } = testsWithPictures(() => editor);

before(async () => {
  scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'stallscope-wb-cache-'));
  const bin = path.join(scratch, 'bin');
  fs.mkdirSync(bin);
  executable = path.join(bin, 'gopls');
  name = copyOfGopls(executable);
  const go = path.dirname(process.env.GOROOT ?? '/usr/local/go/bin/go');
  workbench = await startWorkbench({
    extensions: extensionsUnderTest(),
    // Nothing else of this machine that is called gopls counts.
    env: { PATH: [bin, go, '/usr/local/bin', '/usr/bin', '/bin'].join(path.delimiter) },
    settings: { 'stallscope.prompt.enabled': false, 'workbench.colorTheme': 'Dark Modern' },
  });
  plant();
  editor = await workbench.open();
});
after(async () => {
  await workbench?.stop();
  fs.rmSync(scratch, { recursive: true, force: true, maxRetries: 5 });
});

const inCache = (...parts) => path.join(workbench.goplsCache, 'gopls', ...parts);

/** A directory that is nobody's, one that is not gopls's, and a link to the outside. */
function plant() {
  outside = path.join(scratch, 'outside');
  fs.mkdirSync(outside);
  fs.writeFileSync(path.join(outside, 'precious'), 'precious');
  const sha256 = createHash('sha256').update('gone').digest();
  orphan = sha256.toString('hex', 0, 4);
  fs.mkdirSync(inCache(orphan, 'ab'), { recursive: true });
  fs.writeFileSync(inCache(orphan, 'exe.sha256'), sha256);
  fs.writeFileSync(inCache(orphan, 'ab', `${'ab'.repeat(32)}-typerefs`), 'x'.repeat(3_000_000));
  fs.mkdirSync(inCache('mine'));
  fs.writeFileSync(inCache('mine', 'notes.txt'), 'mine');
  fs.symlinkSync(outside, inCache('0a0b0c0d'));
}

function untouched() {
  assert.equal(fs.readFileSync(path.join(outside, 'precious'), 'utf8'), 'precious');
  assert.deepEqual(fs.readdirSync(outside), ['precious']);
  assert.equal(fs.readFileSync(inCache('mine', 'notes.txt'), 'utf8'), 'mine');
  assert.equal(fs.readlinkSync(inCache('0a0b0c0d')), outside);
}

/** The files of the directory of our gopls, each with when it was written. */
const files = () =>
  fs
    .readdirSync(inCache(name), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => ({
      file: entry.name,
      birthMs: fs.statSync(path.join(entry.parentPath, entry.name)).birthtimeMs,
    }));

/** What is there beside what was planted and the directory of our gopls. */
const others = () => fs.readdirSync(inCache()).filter((one) => !['mine', '0a0b0c0d', name].includes(one));

const calm = () =>
  editor.waitFor(
    'a calm gopls',
    async () => CALM_ITEM.test((await editor.statusItem('stallscope.stallscope'))?.text ?? ''),
    { timeoutMs: 4 * MINUTE, everyMs: 500 },
  );

async function cachePage() {
  await editor.command('Stallscope: Show the gopls Cache');
  const panel = await editor.webview('#root .header');
  await panel.locator('.cache-table').first().waitFor({ timeout: MINUTE });
  return panel;
}

/** gopls answers, back in the file. */
async function hovers() {
  await editor.page.keyboard.press('Control+1');
  await openSnapshot(editor);
  await editor.hover(SNAPSHOT_TEXT, { timeoutMs: 2 * MINUTE });
}

const emptyButton = (panel) => panel.getByRole('button', { name: 'Empty that of the running gopls…' });

/** Asks for the cache of the running gopls to be emptied; returns when that was confirmed. */
async function confirmEmptying(panel) {
  await emptyButton(panel).click();
  const question = await editor.waitFor('the question', () => editor.dialog());
  assert.match(question, /Empty the cache of the gopls that runs \([\d.,]+ [kMG]B, [\d,]+ files\)\?/);
  assert.match(question, /next load is a cold one/);
  assert.ok(question.includes(name), question);
  await picture('cache-empty-question-dark');
  const before = Date.now();
  await editor.answerDialog('Empty and Restart gopls');
  return before;
}

test('what is nobody’s is removed after a question, and nothing else', { timeout: 8 * MINUTE }, async (t) => {
  await openSnapshot(editor);
  await editor.hover(SNAPSHOT_TEXT, { timeoutMs: 4 * MINUTE });
  await calm();
  const [gopls] = workbench.goplsProcesses();
  const panel = await cachePage();
  const row = (which) => panel.getByRole('row', { name: new RegExp(which) });
  const own = await row(name).innerText();
  t.diagnostic(own);
  assert.match(own, new RegExp(`in use[^]*v0\\.23\\.0, process ${gopls.pid}`));
  assert.match(await row(orphan).innerText(), /orphan[^]*3\.0\sMB/);
  assert.match(await row('mine').innerText(), /unrecognised/);
  assert.match(await row('0a0b0c0d').innerText(), /unrecognised/);
  const goCaches = panel.getByRole('table', { name: "Go's own caches" });
  await goCaches.waitFor({ timeout: MINUTE });
  assert.match(await goCaches.innerText(), /go clean -cache[^]*go clean -modcache/);
  await picture('cache-dark');

  const clean = panel.getByRole('button', { name: /^Clean \(/ });
  await clean.click();
  const question = await editor.waitFor('the question', () => editor.dialog());
  assert.ok(question.includes(`${orphan}: 3.0 MB`) && !question.includes(name), question);
  assert.ok(!question.includes('mine') && !question.includes('0a0b0c0d'), question);
  await picture('cache-question-dark');
  await editor.answerDialog('Cancel');
  assert.ok(fs.existsSync(inCache(orphan)), 'nothing before the answer');
  await clean.click();
  await editor.waitFor('the question', () => editor.dialog());
  await editor.answerDialog('Remove');
  await editor.notification(/^Removed 3\.0 MB in 1 directories/);
  assert.deepEqual(others(), []);
  assert.ok(files().length > 100);
  untouched();
  await panel.getByRole('button', { name: 'Nothing to clean' }).waitFor();
  assert.deepEqual(
    workbench.goplsProcesses().map(({ pid }) => pid),
    [gopls.pid],
    'gopls was not disturbed',
  );
  await editor.clearNotifications();
});

test('a gopls that another one shares its cache with keeps it', { timeout: 3 * MINUTE }, async () => {
  const workspace = path.join(scratch, 'shop');
  fs.mkdirSync(workspace);
  fs.writeFileSync(path.join(workspace, 'go.mod'), 'module example.com/shop\n\ngo 1.23\n');
  // As of another window: its parent is not this extension host.
  const other = new Gopls({ executable, workspace, cache: workbench.goplsCache });
  try {
    await other.initialize();
    const panel = await cachePage();
    await panel.getByRole('button', { name: 'Look again' }).click();
    await panel.getByText(`Another gopls uses the same directory (process ${other.pid})`).waitFor();
    assert.equal(await emptyButton(panel).isDisabled(), true);
  } finally {
    await other.kill();
  }
});

test(
  'a gopls that is at work again before the first has ended keeps its cache',
  { timeout: 4 * MINUTE },
  async () => {
    const panel = await cachePage();
    await panel.getByRole('button', { name: 'Look again' }).click();
    await editor.waitFor('nobody else', async () => !(await emptyButton(panel).isDisabled()));
    const before = files().length;
    const [stuck] = workbench.goplsProcesses();
    // It cannot answer, so it cannot end; the language client starts another one beside it.
    process.kill(stuck.pid, 'SIGSTOP');
    try {
      await confirmEmptying(panel);
      await editor.waitFor('another gopls', () => workbench.goplsProcesses().length === 2, {
        timeoutMs: 20_000,
      });
      await sleep(2_000);
    } finally {
      // By now nobody listens to it any more: it ends.
      process.kill(stuck.pid, 'SIGCONT');
    }
    await editor.notification(/at work again before its cache could be moved aside/, { timeoutMs: MINUTE });
    await picture('cache-back-dark');
    assert.deepEqual(others(), [], 'nothing was moved aside');
    assert.ok(files().length >= before, 'nothing is lost');
    await editor.clearNotifications();
    await calm();
    await hovers();
    untouched();
  },
);

/** Empties the cache of the running gopls, and measures both loads, in seconds. */
async function emptied(t) {
  const panel = await cachePage();
  const [first] = workbench.goplsProcesses();
  const before = await confirmEmptying(panel);
  t.diagnostic((await editor.notification(/The cold load took/, { timeoutMs: 4 * MINUTE })).text);
  const [second, ...more] = workbench.goplsProcesses();
  assert.deepEqual(more, []);
  assert.notEqual(second.pid, first.pid);
  assert.deepEqual(others(), [], 'what was moved aside is gone');
  const old = files().filter(({ birthMs }) => birthMs < before);
  assert.deepEqual(old, [], 'the next gopls began without a cache');
  assert.ok(files().length > 100);
  untouched();
  await picture('cache-emptied-dark');
  await editor.answerNotification('Restart and Measure a Warm Load');
  t.diagnostic((await editor.notification(/The warm load took/, { timeoutMs: 4 * MINUTE })).text);
  const [third] = workbench.goplsProcesses();
  assert.notEqual(third.pid, second.pid);
  await editor.clearNotifications();
  const loads = panel.getByRole('table', { name: 'Loads of the workspace' });
  const seconds = async (row) => secondsIn(await loads.getByRole('row', { name: row }).innerText());
  return { cold: await seconds(/^cold/), warm: await seconds(/^warm/) };
}

test(
  'the cache of the running gopls is emptied, and the next load is a cold one',
  { timeout: 12 * MINUTE },
  async (t) => {
    // The file stays in sight: it is what gopls has to check.
    await editor.showPanelBeside();
    let { cold, warm } = await emptied(t);
    // A gopls that a busy machine gives no turn looks as if it had loaded.
    if (cold <= warm) ({ cold, warm } = await emptied(t));
    assert.ok(cold > warm && warm > 0, `cold ${cold} s, warm ${warm} s`);
    await hovers();
    await editor.chooseTheme('Light Modern', 'vs');
    await cachePage();
    await picture('cache-light');
    assert.deepEqual(editor.errors, []);
  },
);

/** The first length in a text, in seconds. */
function secondsIn(text) {
  const [, minutes = 0, seconds] = /(?:(\d+)\smin\s)?([\d.]+)\ss\b/.exec(text) ?? [];
  assert.ok(seconds !== undefined, text);
  return 60 * Number(minutes) + Number(seconds);
}
