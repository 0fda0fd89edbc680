// Settings of the user and of a `.code-workspace` file count for the workspace as those of the folder do, and what is added to
// the folder's takes along what it replaces: seen in what a real gopls then works on.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { copy, emptyFolder, write } from './lib/copies.mjs';
import { apply, examine, finding, ids } from './lib/doctor.mjs';
import { definition, session, stats } from './lib/session.mjs';
import { startedWith } from './support/editor.mjs';
import { CASES } from './table.mjs';

function opened(t, name) {
  const workspace = copy(t, name);
  CASES[name].prepare?.(workspace);
  return workspace;
}

/** The two ways in which settings outside of the folder reach the doctor. */
const SCOPES = {
  'user settings': (t, settings) => {
    const file = path.join(emptyFolder(t), 'settings.json');
    fs.writeFileSync(file, JSON.stringify(settings));
    return { file, args: ['--user-settings', file] };
  },
  'a workspace file': (t, settings, folder) => {
    const file = path.join(emptyFolder(t), 'work.code-workspace');
    fs.writeFileSync(file, JSON.stringify({ folders: [{ path: folder }], settings }));
    return { file, args: ['--code-workspace', file] };
  },
};

const own = (folder) => path.join(folder, '.vscode', 'settings.json');

/** The packages that gopls works on with these settings. */
async function packages(t, folder, settings) {
  const server = await session(t, folder, { settings });
  await definition(server, 'alone.go', 'needed.Needed');
  const { Views } = await stats(server);
  await server.kill();
  return Views[0].WorkspacePackages.Packages;
}

for (const [scope, made] of Object.entries(SCOPES)) {
  test(`${scope}: a folder that is left out already is not suggested again`, async (t) => {
    const folder = opened(t, 'folder-to-filter');
    for (const gopls of [
      { directoryFilters: ['-**/third_party'] },
      { 'build.directoryFilters': ['-third_party'] },
    ]) {
      const { args } = made(t, { gopls }, folder);
      assert.deepEqual(ids(await examine(folder, {}, args)), []);
    }
    const { args } = made(t, { gopls: { directoryFilters: ['-third_party', '+third_party'] } }, folder);
    assert.deepEqual(ids(await examine(folder, {}, args)), ['folder-to-filter']);
  });

  test(`${scope}: a filter of the folder carries over those that it replaces`, async (t) => {
    const folder = opened(t, 'folder-to-filter');
    const mine = '{\n  // mine\n  "a": 1\n}\n';
    write(folder, { 'docs/docs.go': 'package docs\n', [own('.')]: mine });
    const outside = { gopls: { directoryFilters: ['-docs'] } };
    const { args, file } = made(t, outside, folder);
    const report = await examine(folder, {}, args);
    const { fixes, evidence } = finding(report, 'folder-to-filter');
    const [{ id, title, edits }] = fixes;
    assert.equal(id, 'carry-filters');
    assert.ok(title.includes(file) && evidence.at(-1).startsWith(`${file}: `), title);
    const before = await packages(t, folder, outside.gopls);
    const undo = apply(edits);
    const text = fs.readFileSync(own(folder), 'utf8');
    const { settings } = startedWith(text);
    assert.deepEqual(settings, { directoryFilters: ['-docs', '-third_party'] });
    assert.ok(text.endsWith(mine.slice(1)), text);
    assert.deepEqual(ids(await examine(folder, {}, args)), []);
    const after = await packages(t, folder, settings);
    assert.ok(after < before, `${after} of ${before}`);
    // The folder's list alone would have brought the docs back.
    assert.equal(await packages(t, folder, { directoryFilters: ['-third_party'] }), after + 1);
    undo();
    assert.equal(fs.readFileSync(own(folder), 'utf8'), mine);
  });

  test(`${scope}: files behind a build tag that gopls is told of are no finding`, async (t) => {
    const folder = opened(t, 'tags-exclude');
    const { why } = finding(await examine(folder), 'tags-exclude');
    const [flag] = JSON.parse(/\[".*?"\]/.exec(why)[0]);
    for (const settings of [
      { gopls: { 'build.buildFlags': [flag] } },
      { 'go.buildFlags': ['-race', '-tags', flag.slice('-tags='.length)] },
      { 'go.buildTags': flag.slice('-tags='.length) },
    ]) {
      const found = ids(await examine(folder, {}, made(t, settings, folder).args));
      assert.ok(!found.includes('tags-exclude'), JSON.stringify(settings));
    }
    const other = { 'go.buildTags': 'other' };
    assert.ok(ids(await examine(folder, {}, made(t, other, folder).args)).includes('tags-exclude'));
  });

  test(`${scope}: env of gopls is what its go sees`, async (t) => {
    const folder = opened(t, 'go-work-off');
    assert.deepEqual(ids(await examine(folder)), []);
    const { args } = made(t, { gopls: { 'build.env': { GOWORK: 'off', GOFLAGS: '-mod=mod' } } }, folder);
    const report = await examine(folder, {}, args);
    assert.deepEqual(ids(report), ['go-work-off']);
    const { evidence } = finding(report, 'gowork-off');
    assert.deepEqual(evidence, ["GOWORK=off (set by gopls's env)"]);
    assert.deepEqual(finding(report, 'goflags-mod-mod').evidence, ["GOFLAGS=-mod=mod (set by gopls's env)"]);
  });
}

test('of several folders each is judged by its own settings', async (t) => {
  const folders = ['folder-to-filter', 'folder-to-filter'].map((name) => opened(t, name));
  const file = path.join(emptyFolder(t), 'two.code-workspace');
  fs.writeFileSync(file, JSON.stringify({ folders: folders.map((folder) => ({ path: folder })) }));
  write(folders[0], { [own('.')]: '{ "gopls": { "directoryFilters": ["-third_party"] } }' });
  const found = await Promise.all(folders.map((folder) => examine(folder, {}, ['--code-workspace', file])));
  assert.deepEqual(found.map(ids), [[], ['folder-to-filter']]);
  const { fixes } = finding(found[1], 'folder-to-filter');
  assert.deepEqual(
    fixes.map(({ edits }) => edits[0].path),
    [own(folders[1])],
  );
});

test('a workspace that nobody trusts does not say which go is run, and that is said', async (t) => {
  const folder = opened(t, 'healthy-module');
  const evil = emptyFolder(t);
  fs.writeFileSync(path.join(evil, 'go'), `#!/bin/sh\necho >${evil}/was-run\n`, { mode: 0o755 });
  const text = JSON.stringify({ 'go.toolsEnvVars': { PATH: evil }, gopls: { env: { GOROOT: evil } } });
  write(folder, { [own('.')]: text });
  const { not_examined: not } = await examine(folder);
  assert.ok(!fs.existsSync(path.join(evil, 'was-run')));
  for (const name of ['PATH', 'GOROOT'])
    assert.ok(not.some(({ what }) => what.startsWith(`what ${name} means`)));
  await examine(folder, {}, ['--trusted']);
  assert.ok(fs.existsSync(path.join(evil, 'was-run')));
});
