// Nothing of the user's is touched unasked: the debug server is asked for once, switched on, taken back and put right as
// the user says; a save is no reason to disturb; a window without Go is left alone. One workbench with the real gopls
// on a small module; the steps build on each other.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before } from 'node:test';
import { freePort } from '../lib/ports.mjs';
import { target } from '../tools/lib/paths.mjs';
import { testsWithPictures } from './driver/pictures.mjs';
import { descendants } from './driver/processes.mjs';
import { DEBUG_FLAGS, extensionsUnderTest } from './driver/scenario.mjs';
import { MAIN_FILE, startOnSmallModule } from './driver/smallModule.mjs';

const STATUS = 'stallscope.stallscope';
const MINUTE = 60_000;
const FLAGS = 'go.languageServerFlags';
/** A flag of the user's own, which nothing we do may lose. */
const OWN_FLAG = '-rpc.trace';
const QUESTION = /debug server/;
/** The question comes when the debug server has been off for 3 s: by then it would have. */
const NOT_ASKED_AFTER_MS = 5_000;
/** `prompts/policy.ts`, less the time in which a test sees a notification. */
const QUIET_AFTER_TYPING_MS = 1_900;
const STOPPED_MS = 2_500;

let workbench;
let editor;
/** A folder beside the module, without Go in it except for one file on its own. */
let notes;

const { test, picture } = testsWithPictures(() => editor);
const flags = () => workbench.readSettings()[FLAGS];
const setFlags = async (wanted) => {
  await editor.writeSettings({ ...workbench.readSettings(), [FLAGS]: wanted });
  assert.deepEqual(flags(), wanted);
};
const settingsText = () => fs.readFileSync(workbench.settingsFile, 'utf8');
const complete = () => workbench.readIncidents().filter(({ incident }) => incident.state !== 'open');

before(async () => {
  workbench = await startOnSmallModule({
    extensions: extensionsUnderTest(),
    settings: {
      'workbench.colorTheme': 'Dark Modern',
      '[go]': { 'editor.formatOnSave': true },
      [FLAGS]: [OWN_FLAG],
      // What is written into the settings file is written as it is meant, and in a tab like any other.
      'workbench.editor.useModal': 'off',
      'editor.autoClosingBrackets': 'never',
      'editor.autoClosingQuotes': 'never',
      'editor.autoSurround': 'never',
    },
    prepare: (home) => {
      notes = path.join(home, 'notes');
      fs.mkdirSync(notes);
      fs.writeFileSync(path.join(notes, 'notes.txt'), 'Milk, bread, a new keyboard.\n');
      fs.writeFileSync(path.join(notes, 'alone.go'), 'package alone\n');
    },
  });
  editor = await workbench.open();
});
after(() => workbench?.stop());

test(
  'the user is asked for the debug server, and until the answer nothing changes',
  { timeout: MINUTE },
  async () => {
    const before = settingsText();
    await editor.openFile(MAIN_FILE);
    const question = await editor.notification(QUESTION);
    await picture('consent-question');
    assert.match(
      question.text,
      /adds it to go\.languageServerFlags in your user settings and restarts gopls/,
    );
    assert.match(question.text, /this machine/);
    assert.match(question.text, /without a password/);
    assert.match(question.text, /other users .* could read your open files/);
    assert.deepEqual(question.buttons, ['Enable', 'This Session Only', 'Not Now', 'Never']);

    await tooltipSays(/Debug server\s+off, so no heap can be captured/);
    assert.equal(settingsText(), before, 'the user settings');
    assert.equal((await questions()).length, 1, 'asked once');
    assert.doesNotMatch((await gopls()).args, /-debug/);
  },
);

test(
  'Enable adds one flag, gopls restarts with it, and a heap can be captured',
  { timeout: MINUTE },
  async () => {
    const { pid } = await gopls();
    await editor.answerNotification('Enable');
    const { args } = await goplsAfter(pid);
    assert.deepEqual(flags(), [...DEBUG_FLAGS, OWN_FLAG]);
    assert.match(args, /gopls -debug=127\.0\.0\.1:0 -rpc\.trace$/);
    await tooltipSays(/Debug server\s+on at 127\.0\.0\.1:\d+, this machine only/);
    await editor.command('Stallscope: Show Panel');
    const panel = await editor.webview('.header .now');
    await panel.getByText(/Debug server on 127\.0\.0\.1:\d+/).waitFor();

    await editor.command('Stallscope: Capture Heap Now');
    await editor.notification(/heap was captured/);
    const { dir, incident } = complete().at(-1);
    assert.equal(incident.gopls.pid, (await gopls()).pid);
    const heap = incident.captures.find(({ kind }) => kind === 'heap');
    assert.equal(heap.state, 'complete');
    assert.equal(fs.statSync(path.join(dir, heap.file)).size, heap.size_bytes);
  },
);

test(
  'Capture… says what each costs; a collection is forced only after a yes, and a recording can be cancelled',
  { timeout: 2 * MINUTE },
  async () => {
    const before = complete().length;
    // Only one row is left then: a list that still moves cannot have another one pressed. Again from the start when a late change
    // of focus closes the list meanwhile.
    const choose = async (name, row, attempts = 3) => {
      const second = editor.page.locator('.quick-input-list .monaco-list-row').nth(1);
      try {
        await editor.row(row, { timeoutMs: 5_000 });
        await editor.page.keyboard.type(name);
        await second.waitFor({ state: 'detached', timeout: 5_000 });
        await editor.row(row, { timeoutMs: 5_000 });
      } catch (error) {
        if (attempts === 1) throw error;
        await editor.command('Stallscope: Capture…');
        await choose(name, row, attempts - 1);
        return;
      }
      await editor.pickRow(row);
    };
    const capturedOf = () =>
      complete()
        .at(-1)
        .incident.captures.find(({ trigger }) => trigger === 'user');
    await editor.command('Stallscope: Capture…');
    // Of the gopls whose heap was just captured it is known what that took.
    await editor.row(/^Heap as it is, the last one of this gopls took/);
    await editor.row(/^Heap as text, .* when measured on a gopls of 697 MB/);
    await picture('capture-choices');
    await choose('forced collection', /^Heap after a forced collection, about [\d.]+ m?s of work at \d+ MB/);
    const question = await editor.waitFor('the consent', () => editor.dialog());
    assert.match(question, /Force a garbage collection in gopls now\?/);
    assert.match(question, /hovers slow down/);
    await picture('capture-consent');
    await editor.answerDialog('Cancel');
    assert.equal(complete().length, before, 'nothing was captured without a yes');

    await editor.command('Stallscope: Capture…');
    await choose('forced collection', /^Heap after a forced collection/);
    await editor.waitFor('the consent', () => editor.dialog());
    await editor.answerDialog('Force a Collection');
    await editor.waitFor('the capture', () => complete().length > before);
    const { kind, after_gc, state } = capturedOf();
    assert.deepEqual({ kind, after_gc, state }, { kind: 'heap', after_gc: true, state: 'complete' });
    const panel = await editor.webview('.verdict-sentence');
    await panel.getByText(/after a collection that you had forced/).waitFor();

    await editor.command('Stallscope: Capture…');
    await choose('CPU time over', /^CPU time over some seconds/);
    // Until then the box that is there is still that of the list.
    await editor.page.locator('.quick-input-widget').getByText('For how many seconds?').waitFor();
    const input = editor.page.locator('.quick-input-widget input[type=text]:visible').first();
    await input.fill('61');
    await editor.waitFor('the range', async () =>
      /A whole number from 1 to 60\./.test(await editor.page.locator('.quick-input-widget').innerText()),
    );
    await input.fill('30');
    await editor.page.keyboard.press('Enter');
    await editor.notification(/CPU time over some seconds: \d+ s left/);
    await picture('capture-recording');
    await editor.answerNotification('Cancel');
    await editor.notification(/The capture was cancelled\. .*nothing had come yet/);
    const recorded = capturedOf();
    assert.deepEqual([recorded.kind, recorded.seconds, recorded.state], ['cpu', 30, 'failed']);
    await editor.clearNotifications();
  },
);

test(
  'Verify a Fix leads through two runs; without a change there is no difference, and it says why',
  { timeout: MINUTE },
  async () => {
    const known = complete().length;
    await editor.command('Stallscope: Verify a Fix…');
    const panel = await editor.webview('.verify-start');
    await panel.getByLabel('What do you want to change?').fill('Nothing at all');
    await panel.getByRole('button', { name: 'Begin', exact: true }).click();
    for (const side of ['before', 'after']) {
      await panel.getByRole('button', { name: 'Begin the run' }).click();
      await panel.getByText('Recording. Do now what makes it slow or large').waitFor();
      await editor.page.getByText(`Run ${side} the change`).waitFor();
      await panel.getByRole('button', { name: 'I am done' }).click();
      await panel
        .locator('.verify-runs li')
        .nth(side === 'before' ? 0 : 1)
        .waitFor();
    }
    await panel.getByText(/^No clear difference\. Live heap at the end, after GC: /).waitFor();
    await panel.getByText('It is the same gopls process as before').waitFor();
    await panel.getByText('No setting of gopls and not its version changed between the runs.').waitFor();
    assert.equal(
      await editor.page.getByText('Run after the change').count(),
      0,
      'nothing is recorded any more',
    );
    await picture('verify');
    const heaps = complete().slice(known);
    assert.equal(heaps.length, 4, 'before and after each run');
    for (const { incident } of heaps) {
      const heap = incident.captures.find(({ kind }) => kind === 'heap');
      assert.deepEqual([heap.after_gc, heap.state], [true, 'complete']);
    }
    await panel.getByRole('button', { name: 'Stalls' }).click();
    await panel.locator('.incident-view').waitFor();
  },
);

test('the undo command takes exactly that away, and we do not ask again', { timeout: MINUTE }, async () => {
  const { pid } = await gopls();
  const enabled = settingsText();
  await editor.command('Stallscope: Undo: Remove gopls Debug Server from User Settings');
  await editor.notification(/was removed from your user settings/);
  await picture('consent-undone');
  assert.deepEqual(flags(), [OWN_FLAG]);
  const withoutFlag = { ...JSON.parse(enabled), [FLAGS]: [OWN_FLAG] };
  assert.equal(settingsText(), `${JSON.stringify(withoutFlag, null, 2)}`, 'the rest of the file');
  assert.doesNotMatch((await goplsAfter(pid)).args, /-debug/);
  const panel = await editor.webview('.header .now');
  await panel.getByText('Debug server off: no heap can be captured').waitFor();
  assert.ok(await panel.getByRole('button', { name: 'Capture heap now' }).isDisabled());
  await editor.clearNotifications();
  await notAsked();
  await editor.reload();
  await editor.openFile(MAIN_FILE);
  await notAsked();
});

test('for this session gopls starts its debug server without a restart', { timeout: MINUTE }, async () => {
  const { pid } = await gopls();
  const before = settingsText();
  await editor.command('Stallscope: Enable gopls Debug Server');
  const question = await editor.notification(QUESTION);
  // Who asks for it needs no way of never being asked.
  assert.deepEqual(question.buttons, ['Enable', 'This Session Only', 'Not Now']);
  await editor.answerNotification('This Session Only');
  await tooltipSays(/Debug server\s+on at 127\.0\.0\.1:\d+, this machine only/);
  await picture('consent-session');
  assert.equal((await gopls()).pid, pid);
  assert.equal(settingsText(), before);
});

test(
  'a debug server open to other machines is flagged, and closed on the same port',
  { timeout: MINUTE },
  async () => {
    const port = await freePort();
    const { pid } = await gopls();
    await setFlags([`-debug=:${port}`, OWN_FLAG]);
    const open = await goplsAfter(pid);
    const warning = await editor.notification(/can be reached from other machines/);
    await picture('consent-open-server');
    assert.match(warning.text, /without a password/);
    assert.match(warning.text, new RegExp(`server at \\*:${port} `));
    assert.deepEqual(warning.buttons, ['Listen on This Machine Only', "Don't Warn Again"]);
    await editor.answerNotification('Listen on This Machine Only');
    const closed = await goplsAfter(open.pid);
    assert.deepEqual(flags(), [`-debug=127.0.0.1:${port}`, OWN_FLAG]);
    assert.match(closed.args, new RegExp(`-debug=127\\.0\\.0\\.1:${port} `));
    await tooltipSays(new RegExp(`on at 127\\.0\\.0\\.1:${port}, this machine only`));
  },
);

test('a slow save is one incident; who goes on typing is not disturbed', { timeout: MINUTE }, async (t) => {
  const known = new Set(complete().map(({ id }) => id));
  const { pid } = await gopls();
  await editor.openFile(MAIN_FILE);
  await editor.clearNotifications();
  await editor.waitFor('the cursor at the end', async () => {
    await editor.page.locator('.monaco-editor .view-line').last().click();
    await editor.page.keyboard.press('Control+End');
    return / Ln 9,/.test(await editor.position());
  });
  await editor.type('\n// A thought');
  // The question is not whether gopls is still busy with the typing.
  await editor.page.waitForTimeout(1500);
  process.kill(pid, 'SIGSTOP');
  const beganMs = Date.now();
  const wakeUp = setTimeout(() => process.kill(pid, 'SIGCONT'), STOPPED_MS);
  try {
    await editor.save();
  } finally {
    clearTimeout(wakeUp);
    process.kill(pid, 'SIGCONT');
  }
  const tookMs = Date.now() - beganMs;
  await editor.type('// and another, while the save is over');
  const lastKeyMs = Date.now();
  assert.deepEqual(await editor.notifications(), [], 'nothing while somebody types');
  const prompt = await editor.notification(/^Saving took/, { everyMs: 20 });
  const quietMs = Date.now() - lastKeyMs;
  await picture('consent-save');
  assert.ok(quietMs >= QUIET_AFTER_TYPING_MS, `${quietMs} ms after the last key`);
  assert.deepEqual(prompt.buttons, ['Show Analysis', 'Restart gopls', "Don't Ask Again"]);

  const [caught, ...others] = complete().filter(({ id }) => !known.has(id));
  assert.deepEqual(others, [], 'one incident');
  const { request } = caught.incident;
  const ms = request.duration_ns / 1e6;
  t.diagnostic(`the save took ${tookMs} ms by the browser, ${ms.toFixed(0)} ms by Stallscope`);
  assert.equal(request.method, 'save');
  assert.match(request.uri, /main\.go$/);
  // From the key to the save is the browser's part, and a loaded machine takes its time for that.
  assert.ok(ms > STOPPED_MS * 0.5 && ms < tookMs + 100, `${ms} ms, by the browser ${tookMs} ms`);
});

test('a window without Go is left alone, until a Go file is opened', { timeout: MINUTE }, async () => {
  const before = ourLogs();
  await workbench.openFolder(editor, notes);
  await editor.openFile('notes.txt');
  const host = await editor.waitFor('one extension host', () => onlyHost());
  // Other extensions have long been activated by then.
  await editor.page.waitForTimeout(3000);
  assert.equal(await editor.statusItem(STATUS), undefined);
  assert.deepEqual(ourLogs(), before);
  assert.deepEqual(mappedAddons(host.pid), []);

  await editor.openFile('alone.go');
  await editor.waitFor('our item', () => editor.statusItem(STATUS));
  await editor.waitFor('the addon', () => mappedAddons(host.pid).length === 1);
  await editor.waitFor('our log', () => ourLogs().length === before.length + 1);
});

test('in Chinese everything is Chinese', { timeout: MINUTE }, async () => {
  await editor.speak('zh-cn');
  await workbench.openFolder(editor, workbench.folder);
  await editor.openFile(MAIN_FILE);
  await editor.waitFor('the item in Chinese', async () =>
    /^gopls，内存 [\d.]+ MB$/.test((await editor.statusItem(STATUS))?.label.replaceAll('\u00a0', ' ') ?? ''),
  );
  await tooltipSays(/调试服务器\s+已启用，127\.0\.0\.1:\d+，仅限本机/);
  await setFlags([OWN_FLAG]);
  await tooltipSays(/调试服务器\s+未启用/);
  await editor.command('Stallscope: 启用 gopls 调试服务器…');
  const question = await editor.notification(/调试服务器/);
  await picture('consent-chinese');
  assert.deepEqual(question.buttons, ['启用', '仅本次会话', '暂不']);
  assert.match(question.text, /没有密码/);
  await editor.answerNotification('暂不');
});

/** The one gopls, once there is one. */
function gopls() {
  return editor.waitFor('one gopls', () => {
    const all = workbench.goplsProcesses();
    return all.length === 1 && all[0];
  });
}

/** The one that has taken its place. */
function goplsAfter(pid) {
  return editor.waitFor('another gopls', () => {
    const all = workbench.goplsProcesses();
    return all.length === 1 && all[0].pid !== pid && all[0];
  });
}

async function questions() {
  return (await editor.notifications()).filter(({ text }) => QUESTION.test(text));
}

/** Waits until the debug server is known to be off, and for so long that the question would have come. */
async function notAsked() {
  await tooltipSays(/Debug server\s+off/);
  await editor.page.waitForTimeout(NOT_ASKED_AFTER_MS);
  assert.deepEqual(await questions(), []);
}

/** Waits until the tooltip of our item says something of that kind. */
function tooltipSays(pattern) {
  let said;
  return editor
    .waitFor(`the tooltip saying ${pattern}`, async () =>
      pattern.test((said = await editor.statusTooltip(STATUS))),
    )
    .catch((error) => assert.fail(`${error.message}; it says\n${said}`));
}

function onlyHost() {
  const hosts = descendants(workbench.pid).filter(({ args }) => args.includes('--type=extensionHost'));
  return hosts.length === 1 && hosts[0];
}

const ourLogs = () => workbench.logs(/(^|\/)Stallscope\.log$/).map(({ name }) => name);

/** What a process has loaded of ours. */
function mappedAddons(pid) {
  const maps = fs.readFileSync(`/proc/${pid}/maps`, 'utf8');
  return [...new Set(maps.match(new RegExp(`\\S+/stallscope\\.${target}\\.node`, 'g')))];
}
