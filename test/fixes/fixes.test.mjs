// Every fix that the doctor can offer, in a real workbench, one window: found, shown, applied, gone, undone to the byte. Edits of
// settings are held against VS Code's own parser, those of go.mod and go.work against `go`; commands are copied and run by a shell.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { after, before } from 'node:test';
import { parse } from 'jsonc-parser';
import { contents, write } from '../doctor/lib/copies.mjs';
import { go } from '../doctor/lib/doctor.mjs';
import { CASES } from '../doctor/table.mjs';
import { cli, gopls, repo } from '../tools/lib/paths.mjs';
import { cleanEnv, run } from '../tools/lib/run.mjs';
import { testsWithPictures } from '../workbench/driver/pictures.mjs';
import { extensionsUnderTest } from '../workbench/driver/scenario.mjs';
import { Workbench } from '../workbench/driver/workbench.mjs';
import { SETTINGS, without } from './settings.mjs';

const MINUTE = 60_000;
const WORKSPACES = path.join(import.meta.dirname, '../doctor/workspaces');
const LARGE_LOG_BYTES = 300 << 20;
const MINE = 'go.mineAndNobodyElses';
/** The user's own: comments, odd spaces, and a setting that there is not. */
const USER_SETTINGS = (own) => `// Mine, since 2019.
{
  "${MINE}":   1, // odd
${own
  .split('\n')
  .slice(1, -1)
  .map((line, index, all) => (index === all.length - 1 ? `${line},` : line))
  .join('\n')}
  /* for gopls */
  "gopls": { "usePlaceholders": true, }
}
`;

const MODULE = {
  'go.mod': 'module example.test/m\n\ngo 1.22\n',
  'main.go': 'package main\n\nfunc main() {}\n',
};

const home = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'stallscope-wb-')));
const goEnvFile = path.join(home, 'go.env');
/** What counts is that file, not how this machine is set up. */
const GO_ENV = {
  GOENV: goEnvFile,
  GOFLAGS: undefined,
  GOPROXY: undefined,
  GOTOOLCHAIN: 'local',
  GOWORK: undefined,
};
const largeLog = path.join(home, 'large.log');
let workbench;
let editor;
/** Finding and fix of each that was applied or copied. */
const tried = new Set();

const { test, picture } = testsWithPictures(() => editor);

before(async () => {
  const first = path.join(home, 'first');
  write(first, MODULE);
  fs.writeFileSync(goEnvFile, '');
  fs.writeFileSync(largeLog, '');
  fs.truncateSync(largeLog, LARGE_LOG_BYTES);
  workbench = await Workbench.start({
    home,
    folder: first,
    // Without a language client: gopls need not run for what is examined here.
    extensions: extensionsUnderTest().slice(0, 1),
    settings: { 'workbench.colorTheme': 'Dark Modern' },
    env: GO_ENV,
  });
  fs.writeFileSync(workbench.settingsFile, USER_SETTINGS(fs.readFileSync(workbench.settingsFile, 'utf8')));
  editor = await workbench.open();
  await editor.context.grantPermissions(['clipboard-read', 'clipboard-write']);
});
after(async () => {
  await workbench?.stop();
  fs.rmSync(home, { recursive: true, force: true });
});

const RULES = ['settings', 'workspace', 'environment', 'cache', 'lifecycle'].flatMap(
  (area) => JSON.parse(fs.readFileSync(path.join(repo, `native/doctor/rules/${area}.json`), 'utf8')).findings,
);
/** What is said where the rule has names to be filled in. */
const pattern = ({ en }) =>
  new RegExp(
    `^${en
      .split(/\{\w+\}/)
      .map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'))
      .join('.*')}$`,
  );

/** How a finding and its fix are called. */
function words(id, fix) {
  const rule = RULES.find((candidate) => candidate.id === id);
  const at = rule.fixes.findIndex((candidate) => candidate.id === fix);
  const buttons = rule.fixes.map(({ title }) => pattern(title));
  // Two fixes may be called alike but for their names.
  const nth = buttons.slice(0, at).filter(({ source }) => source === buttons[at].source).length;
  return { finding: pattern(rule.title), button: buttons[at], nth };
}

/** Has the folder that is open examined; returns the panel. */
async function diagnose() {
  await editor.command('Stallscope: Diagnose');
  const panel = await editor.webview('#root .header');
  await panel.locator('.doctor-folder').first().waitFor({ timeout: MINUTE });
  return panel;
}

async function open(folder) {
  await workbench.openFolder(editor, folder);
  return diagnose();
}

/** The article of a finding; `title` is a part of its title, where those of another one are alike. Once it was seen it is that one. */
async function articleOf(panel, { finding }, title = '') {
  const heading = panel.getByRole('heading', { name: finding }).filter({ hasText: title });
  const article = panel.locator('.finding', { has: heading }).first();
  await article.waitFor({ timeout: MINUTE });
  return panel.getByRole('article', { name: await article.getAttribute('aria-label'), exact: true });
}

async function waitForText(file, wanted, what) {
  await editor.waitFor(what, () => wanted(fs.readFileSync(file, 'utf8')));
}

/** Presses the button of a fix, looks at what is shown of it, and agrees. */
async function applyByButton(article, { button }, file, before) {
  await article.getByRole('button', { name: button }).click();
  const question = await editor.waitFor('the question', () => editor.dialog());
  assert.match(question, /[−+] /, 'the lines are shown');
  assert.equal(fs.readFileSync(file, 'utf8'), before, 'nothing before the answer');
  await editor.answerDialog('Apply');
  await waitForText(file, (text) => text !== before && text !== '', 'the fix on the disk');
}

/** One fix of what is in a file: applied by its button, seen to mend what was found, and undone. */
async function mendByButton(panel, { id, fix, title, file, check }) {
  tried.add(`${id}/${fix}`);
  const before = fs.readFileSync(file, 'utf8');
  const said = words(id, fix);
  const article = await articleOf(panel, said, title);
  await applyByButton(article, said, file, before);
  await check?.(fs.readFileSync(file, 'utf8'), before);
  await editor.notification(/^Done: /);
  await article.waitFor({ state: 'detached' });
  await editor.answerNotification('Undo');
  await waitForText(file, (text) => text === before, 'every byte as it was');
  await article.waitFor();
}

/** The settings mean what they should, and nobody's comment is lost. */
const meaning = (means) => (after, before) => {
  const expected = parse(before);
  means(expected);
  assert.deepEqual(parse(after), expected);
  for (const [comment] of before.matchAll(/\/\/ .*|\/\*.*?\*\//g)) assert.ok(after.includes(comment), after);
};

for (const [name, { text, fixes }] of Object.entries(SETTINGS(largeLog))) {
  test(name, { timeout: 10 * MINUTE }, async (t) => {
    const folder = path.join(home, name.replaceAll(' ', '-'));
    const file = path.join(folder, '.vscode/settings.json');
    write(folder, { ...MODULE, '.vscode/settings.json': text });
    const panel = await open(folder);
    for (const [id, fix, means, title] of fixes) {
      const began = performance.now();
      await mendByButton(panel, { id, fix, file, check: meaning(means), title });
      t.diagnostic(`${id}/${fix}: ${((performance.now() - began) / 1000).toFixed(1)} s`);
    }
    assert.deepEqual(editor.errors, []);
  });
}

/** What `go` reads in the go.mod and go.work files of a workspace; it fails for a file that is broken. */
async function readByGo(files) {
  for (const file of files) {
    const verb = path.basename(file) === 'go.work' ? 'work' : 'mod';
    const { ok, output } = await go(path.dirname(file), [verb, 'edit', '-json', file]);
    assert.ok(ok, output);
  }
}

let copies = 0;
/** A copy of one of the small workspaces of the doctor's own tests. */
function copyOf(name) {
  copies += 1;
  const workspace = path.join(home, `copy-${copies}`, 'workspace');
  fs.cpSync(path.join(WORKSPACES, name), workspace, { recursive: true });
  CASES[name].prepare?.(workspace);
  return { workspace, opened: path.join(workspace, CASES[name].open ?? '.') };
}

/** Workspaces whose fix is a command. */
const COMMANDED = [
  'go-work-replace-conflict',
  'many-views',
  'modules-apart',
  'opened-beside-go-work',
  'vendor-stale',
];
/** code-server opens folders only. */
const isFolder = ({ open: opened = '.' }) => !opened.endsWith('.code-workspace');
const EDITED = Object.keys(CASES).filter(
  (name) => CASES[name].fix && isFolder(CASES[name]) && !COMMANDED.includes(name),
);

for (const name of EDITED) {
  test(`workspace ${name}`, { timeout: 5 * MINUTE }, async () => {
    const {
      fix: [id, fix],
      symptom,
    } = CASES[name];
    tried.add(`${id}/${fix}`);
    const { workspace, opened } = copyOf(name);
    const before = contents(workspace);
    const changed = () => [...contents(workspace)].filter(([file, bytes]) => before.get(file) !== bytes);
    const panel = await open(opened);
    const said = words(id, fix);
    const article = await articleOf(panel, said);
    await article.getByRole('button', { name: said.button }).click();
    assert.match(await editor.waitFor('the question', () => editor.dialog()), /[−+] /);
    assert.deepEqual(changed(), [], 'nothing before the answer');
    await editor.answerDialog('Apply');
    const [[file], ...more] = await editor.waitFor(
      'the fix on the disk',
      () => changed().length > 0 && changed(),
    );
    assert.deepEqual(more, []);
    if (/go\.(mod|work)$/.test(file)) await readByGo([path.join(workspace, file)]);
    await symptom?.({ opened, workspace, isMended: true });
    await editor.notification(/^Done: /);
    await article.waitFor({ state: 'detached' });
    await editor.answerNotification('Undo');
    await editor.waitFor('every byte as it was', () => isDeepStrictEqual(contents(workspace), before));
    await article.waitFor();
    assert.deepEqual(editor.errors, []);
  });
}

test('filters of the user are carried along', { timeout: 5 * MINUTE }, async () => {
  tried.add('folder-to-filter/carry-filters');
  const { opened } = copyOf('folder-to-filter');
  const mine = fs.readFileSync(workbench.settingsFile, 'utf8');
  const filters = '"build.directoryFilters": ["-**/out"]';
  fs.writeFileSync(
    workbench.settingsFile,
    mine.replace('"usePlaceholders"', `${filters}, "usePlaceholders"`),
  );
  const before = contents(opened);
  const panel = await open(opened);
  const said = words('folder-to-filter', 'carry-filters');
  const article = await articleOf(panel, said);
  await article.getByRole('button', { name: said.button }).click();
  assert.match(await editor.waitFor('the question', () => editor.dialog()), /[−+] /);
  await editor.answerDialog('Apply');
  const file = path.join(opened, '.vscode/settings.json');
  await waitForText(file, (text) => text.includes('-third_party'), 'the settings of the folder');
  assert.deepEqual(parse(fs.readFileSync(file, 'utf8')).gopls['build.directoryFilters'], [
    '-**/out',
    '-third_party',
  ]);
  await editor.notification(/^Done: /);
  await article.waitFor({ state: 'detached' });
  await editor.answerNotification('Undo');
  await editor.waitFor('every byte as it was', () => isDeepStrictEqual(contents(opened), before));
  fs.writeFileSync(workbench.settingsFile, mine);
  assert.deepEqual(editor.errors, []);
});

/** A small module with settings of its own; returns its folder. */
function withSettings(name, text) {
  const folder = path.join(home, name);
  write(folder, { ...MODULE, '.vscode/settings.json': text });
  return folder;
}

/**
 * Files of each kind with something that is wrong, mended without the mouse: the cursor in its line, the keys of the light bulb, Enter.
 * `undo` by the editor's own undo, or by our command.
 */
const BY_KEYBOARD = [
  {
    of: 'go.work',
    prepare: () => copyOf('use-missing').opened,
    show: () => editor.openFile('go.work'),
    fix: ['use-missing', 'drop-use'],
    line: './gone',
    undo: 'editor',
  },
  {
    of: 'go.mod',
    prepare: () => copyOf('replace-missing').opened,
    show: () => editor.openFile('go.mod'),
    fix: ['replace-missing', 'drop-replace'],
    line: '../lib',
    undo: 'command',
  },
  {
    of: 'settings.json',
    file: (folder) => path.join(folder, '.vscode/settings.json'),
    prepare: () => withSettings('one', '{\n  // Ours.\n  "gopls": { "memoryMode": "x", "local": "a" }\n}\n'),
    show: () => editor.openFile('settings.json'),
    fix: ['gopls-setting-gone', 'remove'],
    line: 'memoryMode',
    means: without('gopls', 'memoryMode'),
    undo: 'editor',
  },
  {
    of: "the user's settings.json",
    prepare: () => withSettings('none', '{}\n'),
    file: () => workbench.settingsFile,
    show: openUserSettings,
    fix: ['go-setting-unknown', 'remove'],
    line: MINE,
    means: without(MINE),
    undo: 'editor',
  },
];

/** Chooses a quick fix at the cursor. Asked for again where the editor was not ready for the keys. */
async function quickFix(button) {
  const { page } = editor;
  const focused = page.locator('.action-widget .monaco-list-row.focused');
  await editor.waitFor('the quick fixes', async () => {
    await page.keyboard.press('Control+Period');
    return focused.waitFor({ timeout: 4000 }).then(
      () => true,
      () => false,
    );
  });
  const all = await page.locator('.action-widget .monaco-list-row').count();
  for (let row = 0; row < all; row += 1) {
    if (button.test((await focused.innerText()).trim())) return page.keyboard.press('Enter');
    await page.keyboard.press('ArrowDown');
  }
  assert.fail(`no ${button} in ${await page.locator('.action-widget').innerText()}`);
}

/** From the list of settings on the doctor's page. */
async function openUserSettings() {
  const panel = await editor.webview('.doctor-part');
  await panel.locator('summary', { hasText: 'Settings' }).click();
  const row = panel.getByRole('table', { name: 'Settings for Go' }).locator('tr', { hasText: MINE });
  await row.getByRole('button').click();
  await editor.page.locator('.tab.active[data-resource-name="settings.json"]').waitFor();
}

/** What the doctor finds in a folder, as the command line tool says it. */
async function found(folder) {
  const settings = ['--trusted', '--user-settings', workbench.settingsFile, '--gopls', gopls()];
  const args = ['doctor', folder, '--json', ...settings];
  const { stdout } = await run(cli, args, { env: cleanEnv(GO_ENV) });
  return JSON.parse(stdout).findings;
}
const isFound = async (folder, id) => (await found(folder)).some((finding) => finding.id === id);

for (const {
  of,
  prepare,
  file: fileOf,
  show,
  fix: [id, fix],
  line,
  means,
  undo,
} of BY_KEYBOARD) {
  test(`by keyboard: ${of}`, { timeout: 5 * MINUTE }, async () => {
    tried.add(`${id}/${fix}`);
    const folder = prepare();
    await open(folder);
    assert.ok(await isFound(folder, id));
    const file = fileOf?.(folder) ?? path.join(folder, of);
    const before = fs.readFileSync(file, 'utf8');
    await show();
    await editor.page.locator('.monaco-editor .view-overlays [class*="squiggly"]').first().waitFor();
    await editor.goToLine(before.split('\n').findIndex((text) => text.includes(line)) + 1);
    await quickFix(words(id, fix).button);
    await editor.waitFor('the question', () => editor.dialog());
    assert.equal(fs.readFileSync(file, 'utf8'), before, 'nothing before the answer');
    await picture(`fix by keyboard ${path.basename(of)}`);
    await editor.page.keyboard.press('Enter');
    await waitForText(file, (text) => text !== before && text !== '', 'the fix on the disk');
    if (means) meaning(means)(fs.readFileSync(file, 'utf8'), before);
    else await readByGo([file]);
    assert.equal(await isFound(folder, id), false);
    await editor.notification(/^Done: /);
    if (undo === 'command') await editor.command('Stallscope: Undo the Last Fix');
    else {
      await editor.page.keyboard.press('Control+Z');
      await editor.page.locator('.monaco-editor.focused .view-line', { hasText: line }).waitFor();
      await editor.save();
    }
    await waitForText(file, (text) => text === before, 'every byte as it was');
    assert.ok(await isFound(folder, id));
    await editor.clearNotifications();
    assert.deepEqual(editor.errors, []);
  });
}

test(
  "a fix in the user's settings by its button, undone by the command",
  { timeout: 5 * MINUTE },
  async () => {
    const folder = withSettings('none', '{}\n');
    const panel = await open(folder);
    assert.ok(await isFound(folder, 'go-setting-unknown'));
    const file = workbench.settingsFile;
    const before = fs.readFileSync(file, 'utf8');
    const said = words('go-setting-unknown', 'remove');
    const article = await articleOf(panel, said, MINE);
    await applyByButton(article, said, file, before);
    meaning(without(MINE))(fs.readFileSync(file, 'utf8'), before);
    await editor.notification(/^Done: /);
    assert.equal(await isFound(folder, 'go-setting-unknown'), false);
    await editor.command('Stallscope: Undo the Last Fix');
    await waitForText(file, (text) => text === before, 'every byte as it was');
    await editor.clearNotifications();
    assert.deepEqual(editor.errors, []);
  },
);

const PRIVATE = {
  ...MODULE,
  'go.mod': `${MODULE['go.mod']}\nrequire git.corp.internal/q v1.0.0\n`,
  'main.go': 'package main\n\nimport _ "git.corp.internal/q"\n\nfunc main() {}\n',
};
/** Named by a pattern of the user, and on a host that anybody may ask. */
const NAMED = Object.fromEntries(
  Object.entries(PRIVATE).map(([file, text]) => [
    file,
    text.replaceAll('git.corp.internal/q', 'git.example.org/team/q'),
  ]),
);
/** What goes into go's own file of variables, and the command that is offered for what is found. */
const COMMANDS = [
  { fix: ['proxy-off', 'unset'], variables: 'GOPROXY=off' },
  { fix: ['proxy-empty', 'unset'], variables: 'GOPROXY=,' },
  { fix: ['proxy-invalid', 'unset'], variables: 'GOPROXY=ftp://proxy.example.com,off' },
  { fix: ['proxy-clear-text', 'unset'], variables: 'GOPROXY=http://proxy.example.com,direct' },
  { fix: ['proxy-never-asked', 'unset'], variables: 'GOPROXY=off,https://proxy.example.com' },
  { fix: ['goflags-mod-mod', 'unset'], variables: 'GOFLAGS=-mod=mod' },
  { fix: ['private-through-proxy', 'private'], variables: '', files: PRIVATE },
  { fix: ['private-in-sumdb', 'private'], variables: 'GOPROXY=direct', files: PRIVATE },
  { fix: ['perhaps-private-through-proxy', 'private'], variables: 'GONOSUMDB=git.example.org', files: NAMED },
  {
    fix: ['perhaps-private-in-sumdb', 'private'],
    variables: 'GOPROXY=direct\nGONOPROXY=git.example.org',
    files: NAMED,
  },
  { fix: ['vendor-stale', 'vendor'], workspace: 'vendor-stale' },
  { fix: ['modules-apart', 'init'], workspace: 'modules-apart' },
  { fix: ['many-views', 'init'], workspace: 'many-views' },
  { fix: ['go-work-replace-conflict', 'choose-first'], workspace: 'go-work-replace-conflict' },
  { fix: ['go-work-replace-conflict', 'choose-second'], workspace: 'go-work-replace-conflict' },
];

/** Copies the command of a fix, and returns it. Nothing happens by that. */
async function copied(article, said, kept) {
  const before = kept();
  const { source } = said.button;
  await article
    .getByRole('button', { name: new RegExp(source.replace('^', '^Copy: ')) })
    .nth(said.nth)
    .click();
  await editor.notification(/^Copied: /);
  assert.deepEqual(kept(), before, 'nothing is run');
  return editor.page.evaluate(() => navigator.clipboard.readText());
}

for (const {
  fix: [id, fix],
  variables = '',
  files = MODULE,
  workspace: name,
} of COMMANDS) {
  test(`command: ${id}/${fix}`, { timeout: 5 * MINUTE }, async (t) => {
    tried.add(`${id}/${fix}`);
    fs.writeFileSync(goEnvFile, variables);
    const folder = path.join(home, 'commands', id);
    if (!name) write(folder, files);
    const { workspace, opened } = name ? copyOf(name) : { workspace: folder, opened: folder };
    const panel = await open(opened);
    const said = words(id, fix);
    const article = await articleOf(panel, said);
    const line = await copied(article, said, () => [
      ...contents(workspace),
      fs.readFileSync(goEnvFile, 'utf8'),
    ]);
    t.diagnostic(line);
    const told = (await found(opened)).find((finding) => finding.id === id).fixes;
    const cwd = told.find((one) => one.id === fix).folder ?? (fix === 'init' ? opened : '/');
    await run('sh', ['-c', line], { cwd, env: cleanEnv(GO_ENV) });
    if (name) await CASES[name].symptom?.({ opened, workspace, isMended: true });
    await panel.getByRole('button', { name: 'Look again' }).click();
    await article.waitFor({ state: 'detached' });
    fs.writeFileSync(goEnvFile, '');
    await editor.clearNotifications();
    assert.deepEqual(editor.errors, []);
  });
}

test('command: opened-beside-go-work/open', { timeout: 5 * MINUTE }, async () => {
  tried.add('opened-beside-go-work/open');
  const { workspace, opened } = copyOf('opened-beside-go-work');
  const panel = await open(opened);
  const said = words('opened-beside-go-work', 'open');
  const line = await copied(await articleOf(panel, said), said, () => contents(workspace));
  assert.equal(line, `code ${path.join(workspace, 'work')}`);
});

/** Fixes that are not tried here, and where they are. */
const ELSEWHERE = {
  'setting-for-window/remove':
    'code-server opens no folder of a workspace file; native/doctor/src/settings/tests.rs',
  'cache-orphans/clean': 'test/doctor/cache.test.mjs runs it',
  'cache-leftovers/clean': 'test/doctor/cache.test.mjs runs it',
  'folders-load-the-same/open':
    'code-server opens no workspace file; test/doctor/workspaces.test.mjs applies it',
  'modcache-large/clean':
    "it would empty this machine's; native/doctor/src/environment/tests.rs sees the finding",
  'modules-not-downloaded/download': 'it would download; test/doctor/workspaces.test.mjs sees the finding',
  'gopls-built-too-old/rebuild': 'it would download; test/doctor/environment.test.mjs sees the finding',
};

test('no fix is left out', () => {
  const all = RULES.flatMap(({ id, fixes = [] }) => fixes.map((fix) => `${id}/${fix.id}`));
  // One command for all, with the name of the variable in it, whose value stands in go's own file.
  const missing = all.filter((one) => !tried.has(one) && !(one in ELSEWHERE) && !one.endsWith('/unset'));
  assert.deepEqual(missing, []);
});
