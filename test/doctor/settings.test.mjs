// What the doctor says of settings, held against those who know: gopls refuses the same values, VS Code's own parser reads the same
// settings, the Go extension has the settings that we know. And nothing is said of settings that are right.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { parse } from 'jsonc-parser';
import { cli, gopls, goplsSource, repo } from '../tools/lib/paths.mjs';
import { run } from '../tools/lib/run.mjs';
import { applied } from './support/edits.mjs';
import { begun, loaded } from './support/symptoms.mjs';
import { diagnosed, folderOf } from './support/workspace.mjs';

const known = JSON.parse(fs.readFileSync(path.join(repo, 'native/doctor/rules/known-settings.json'), 'utf8'));
const api = async () => JSON.parse((await run(gopls(), ['api-json'])).stdout).Options.User;

/** The names of the settings that gopls refuses, and those it takes with a warning. */
async function refusedByGopls(t, settings) {
  const session = await begun(t, { settings });
  // With some of them nothing can be loaded; what was said of the settings came before.
  await loaded(session).catch(() => {});
  const complaints = session.told.flatMap((message) =>
    [...message.matchAll(/setting option "([^"]+)": ((?:(?!; setting option ").)*)/gs)].map(
      ([, name, why]) => ({ name, why }),
    ),
  );
  const isWarning = ({ why }) => /deprecated/.test(why);
  const names = (list) => [...new Set(list.map(({ name }) => name))].sort();
  return {
    refused: names(complaints.filter((c) => !isWarning(c))),
    warned: names(complaints.filter(isWarning)),
  };
}

/** Values of every kind, right for some options and wrong for others. */
const VALUES = [
  true,
  'true',
  1,
  1.5,
  null,
  '',
  'fuzzy',
  '1s',
  '-1.5h3m',
  '5',
  [],
  ['-v'],
  ['v'],
  ['-v/*'],
  [1],
  {},
  { nil: true },
  { A: 'b' },
  { A: 1 },
  'gopls',
];

test('gopls and the doctor refuse the same values', { timeout: 600_000 }, async (t) => {
  const options = (await api()).map(({ Name }) => Name);
  // fileWatcher would go on working in the background; its values are those of any other enum. gopls lists staticcheckProvided and
  // takes no value for it: it is not meant to be set.
  const asked = options.filter((name) => !['fileWatcher', 'staticcheckProvided'].includes(name));
  const differences = {};
  for (const value of VALUES) {
    const settings = Object.fromEntries(asked.map((name) => [name, value]));
    const { refused } = await refusedByGopls(t, settings);
    const folder = folderOf(t, { '.vscode/settings.json': JSON.stringify({ gopls: settings }) });
    const { findings } = await diagnosed(folder);
    const wrong = findings.filter(({ id }) => /^gopls-setting-wrong-(value|part)$/.test(id));
    const names = wrong.map(({ place }) => place.key.replace(/^gopls\./, '')).sort();
    const only = (these, those) => these.filter((name) => !those.includes(name));
    const difference = { gopls: only(refused, names), doctor: only(names, refused) };
    if (difference.gopls.length + difference.doctor.length > 0)
      differences[JSON.stringify(value)] = difference;
  }
  assert.deepEqual(differences, {}, 'what only one of them refuses, by value');
});

test('names that gopls had once do nothing, and those it does not list are taken', async (t) => {
  const gone = known.gopls.gone.map(({ name }) => name);
  const everything = Object.fromEntries([...gone, ...known.gopls.hidden].map((name) => [name, true]));
  const { refused, warned } = await refusedByGopls(t, everything);
  for (const name of gone) assert.ok(refused.includes(name) || warned.includes(name), `${name} is gone`);
  const session = await begun(t, { settings: everything });
  await loaded(session).catch(() => {});
  for (const name of known.gopls.hidden) {
    const unexpected = session.told.some((message) => message.includes(`"${name}": unexpected setting`));
    assert.ok(!unexpected, `${name} is there`);
  }
  for (const { name, instead } of known.gopls.gone.filter((former) => former.instead)) {
    const names = (await api()).map(({ Name }) => Name);
    assert.ok(names.includes(instead), `${name} is ${instead} now`);
  }
});

/** The Go extension's manifest, where one is at hand. */
function manifest() {
  if (process.env.STALLSCOPE_GO_EXTENSION) return process.env.STALLSCOPE_GO_EXTENSION;
  const extensions = path.join(os.homedir(), '.vscode/extensions');
  const installed = fs.existsSync(extensions) ? fs.readdirSync(extensions) : [];
  const found = installed.filter((name) => /^golang\.go-\d/.test(name)).sort();
  return found.length > 0 ? path.join(extensions, found.at(-1), 'package.json') : null;
}

const file = manifest();
test(
  'the settings that we know are those of the Go extension',
  { skip: file ? false : 'no Go extension here: set STALLSCOPE_GO_EXTENSION to its package.json' },
  async (t) => {
    const { configuration } = JSON.parse(fs.readFileSync(file, 'utf8')).contributes;
    const properties = Object.assign({}, ...[configuration].flat().map((section) => section.properties));
    const theirs = Object.entries(properties)
      .filter(([name]) => name.startsWith('go.'))
      .map(([name, schema]) => ({
        name,
        types: [schema.type].flat(),
        isForWindow: schema.scope === undefined || schema.scope === 'window',
        isDeprecated: Boolean(schema.deprecationMessage ?? schema.markdownDeprecationMessage),
      }))
      .sort((a, b) => a.name.localeCompare(b.name));
    const deprecated = new Set(known.go_extension.deprecated.map(({ name }) => name));
    const ours = known.go_extension.known
      .map(({ name, types, scope }) => ({
        name,
        types,
        isForWindow: scope === 'window',
        isDeprecated: deprecated.has(name),
      }))
      .sort((a, b) => a.name.localeCompare(b.name));
    assert.deepEqual(ours, theirs);
    const once = [...known.go_extension.gone, ...known.go_extension.never].map(({ name }) => name);
    assert.deepEqual(
      once.filter((name) => name in properties),
      [],
    );
    // With the manifest, an unknown setting is certain.
    const folder = folderOf(t, { '.vscode/settings.json': '{ "go.somethingElseAltogether": 1 }' });
    const { findings } = await diagnosed(folder, ['--go-extension', file]);
    assert.deepEqual(
      findings.map(({ id, confidence }) => [id, confidence]),
      [['go-setting-unknown', 'certain']],
    );
  },
);

test('a fix is what VS Code’s own parser makes of it, and undone the bytes are the same', async (t) => {
  const text =
    '\ufeff{\r\n\t// ä 😀\r\n\t"go.languageServerFlags": [ "-rpc.trace", /* old */ "-memory-limit", "2GiB" ], // flags\r\n\t"gopls": {\r\n\t\t"ui.semanticToken": false, "local": "ü"\r\n\t},\r\n\t"go.useLanguageServer": "true" }';
  const folder = folderOf(t, { '.vscode/settings.json': text });
  const { findings } = await diagnosed(folder);
  assert.deepEqual(findings.map(({ id }) => id).sort(), [
    'gopls-flag-memory-limit',
    'gopls-setting-misspelt',
    'language-server-no-boolean',
  ]);
  // An editor does not count the mark in front.
  const shown = text.slice(1);
  for (const { id, fixes } of findings) {
    for (const { edits } of fixes) {
      const { after, undo } = applied(shown, edits);
      assert.equal(applied(after, undo).after, shown, id);
      assert.ok(after.includes('// ä 😀') && after.includes('// flags') && after.includes('/* old */'), id);
    }
  }
  const edits = findings.flatMap(({ fixes }) => fixes[0].edits);
  const all = applied(shown, edits).after;
  assert.deepEqual(parse(all, [], { allowTrailingComma: true }), {
    'go.languageServerFlags': ['-rpc.trace'],
    gopls: { 'ui.semanticTokens': false, local: 'ü' },
    'go.useLanguageServer': true,
  });
});

test('user, workspace file and folder are one above the other', async (t) => {
  const folder = folderOf(t, {
    'user.json': '{ "go.useLanguageServer": false, "go.toolsEnvVars": { "GOMEMLIMIT": "2GB" } }',
    'all.code-workspace': '{ "folders": [{ "path": "one" }], "settings": { "go.useLanguageServer": true } }',
    'one/.vscode/settings.json': '{ "go.languageServerFlags": ["-memory-limit=1"] }',
  });
  const args = ['--user-settings', path.join(folder, 'user.json')];
  const alone = await diagnosed(path.join(folder, 'one'), args);
  assert.deepEqual(alone.findings.map(({ id }) => id).sort(), [
    'gopls-flag-memory-limit',
    'language-server-off',
    'memory-limit-malformed',
  ]);
  const opened = await diagnosed(path.join(folder, 'all.code-workspace'), args);
  assert.equal(opened.folder, path.join(folder, 'one'));
  const found = opened.findings.map(({ id, place }) => [id, place.scope]).sort();
  assert.deepEqual(found, [
    ['memory-limit-malformed', 'user'],
    ['setting-for-window', 'folder'],
  ]);
});

test('a gopls that the workspace names is not run unless it is trusted', async (t) => {
  const folder = folderOf(t, { 'evil.sh': '#!/bin/sh\ntouch "$0.was-run"\n' });
  const evil = path.join(folder, 'evil.sh');
  fs.chmodSync(evil, 0o755);
  fs.mkdirSync(path.join(folder, '.vscode'));
  const settings = { 'go.alternateTools': { gopls: evil }, gopls: { staticcheck: true } };
  fs.writeFileSync(path.join(folder, '.vscode/settings.json'), JSON.stringify(settings));
  const { stdout } = await run(cli, ['doctor', folder, '--json']);
  const { not_examined } = JSON.parse(stdout);
  assert.ok(not_examined.some(({ what, why }) => what.includes('gopls') && why.includes('trusted')));
  assert.ok(!fs.existsSync(`${evil}.was-run`));
});

test('of gopls’s own source and of right settings nothing is said, in time', async (t) => {
  const text = `{
    "go.toolsManagement.autoUpdate": true, "go.languageServerFlags": ["-rpc.trace"],
    "[go]": { "editor.formatOnSave": true },
    "gopls": { "formatting.gofumpt": true, "build.buildFlags": ["-tags=integration"], "ui.diagnostic.analyses": { "shadow": true } }
  }`;
  const right = folderOf(t, { '.vscode/settings.json': text });
  for (const folder of [goplsSource(), right]) {
    const begin = Date.now();
    const { findings, not_examined } = await diagnosed(folder);
    assert.deepEqual(findings, [], folder);
    assert.deepEqual(
      not_examined.filter(({ what }) => /gopls/.test(what)),
      [],
    );
    t.diagnostic(`${Date.now() - begin} ms`);
    assert.ok(Date.now() - begin < 5000);
  }
});

test('asking gopls leaves its cache alone', async (t) => {
  const cache = folderOf(t, {});
  const folder = folderOf(t, { '.vscode/settings.json': '{ "gopls": { "goFaster": true } }' });
  const before = process.env.GOPLSCACHE;
  process.env.GOPLSCACHE = cache;
  t.after(() => {
    if (before === undefined) delete process.env.GOPLSCACHE;
    else process.env.GOPLSCACHE = before;
  });
  assert.equal((await diagnosed(folder)).findings[0].id, 'gopls-setting-unknown');
  assert.deepEqual(fs.readdirSync(cache), []);
});
