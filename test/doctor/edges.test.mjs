// Where a finding would be wrong, or a fix has to do more: what lies just beside the small workspaces.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { contents, copy, emptyFolder, write } from './lib/copies.mjs';
import { apply, examine, fix, go, ids } from './lib/doctor.mjs';
import { CASES } from './table.mjs';

test('a go.work that GOWORK names counts, wherever it lies', async (t) => {
  const workspace = copy(t, 'opened-beside-go-work');
  const env = { GOWORK: path.join(workspace, 'work/go.work') };
  assert.deepEqual(ids(await examine(path.join(workspace, 'app'), env)), []);
  fs.writeFileSync(env.GOWORK, 'go 1.23\n\nuse ../lib\n');
  const report = await examine(path.join(workspace, 'app'), env);
  assert.deepEqual(ids(report), ['opened-module-not-used']);
  apply(fix(report, 'opened-module-not-used', 'add-use').edits);
  assert.equal(fs.readFileSync(env.GOWORK, 'utf8'), 'go 1.23\n\nuse ../lib\nuse ../app\n');
  assert.deepEqual(ids(await examine(path.join(workspace, 'app'), env)), []);
});

test('without modules nothing is said of modules, but that', async (t) => {
  const report = await examine(copy(t, 'module-not-used'), { GO111MODULE: 'off' });
  assert.deepEqual(ids(report), []);
  assert.match(JSON.stringify(report.not_examined), /GO111MODULE is off/);
});

test('what a filter leaves out already needs none; where there are no settings they are made', async (t) => {
  const workspace = copy(t, 'folder-to-filter');
  CASES['folder-to-filter'].prepare(workspace);
  const settings = path.join(workspace, '.vscode/settings.json');
  for (const filters of [['-third_party'], ['-**/third_party'], ['-', '+docs']]) {
    fs.writeFileSync(settings, JSON.stringify({ gopls: { directoryFilters: filters } }));
    assert.deepEqual(ids(await examine(workspace)), [], `${filters}`);
  }
  fs.writeFileSync(
    settings,
    JSON.stringify({ gopls: { directoryFilters: ['-third_party', '+third_party'] } }),
  );
  assert.deepEqual(ids(await examine(workspace)), ['folder-to-filter']);
  fs.rmSync(settings);
  const before = contents(workspace);
  const report = await examine(workspace);
  const undo = apply(fix(report, 'folder-to-filter', 'add-filter').edits);
  assert.deepEqual(JSON.parse(fs.readFileSync(settings, 'utf8')), {
    gopls: { 'build.directoryFilters': ['-**/node_modules', '-third_party'] },
  });
  assert.deepEqual(ids(await examine(workspace)), []);
  undo();
  assert.deepEqual(contents(workspace), before);
});

test('a module that is required, or imported by tests only, is needed', async (t) => {
  const workspace = copy(t, 'use-never-imported');
  const test = path.join(workspace, 'app/app_test.go');
  fs.writeFileSync(test, 'package app_test\n\nimport _ "example.com/alone"\n');
  assert.deepEqual(ids(await examine(workspace)), []);
  fs.rmSync(test);
  assert.deepEqual(ids(await examine(workspace)), ['use-never-imported']);
  fs.appendFileSync(path.join(workspace, 'app/go.mod'), '\nrequire example.com/alone v0.0.0\n');
  assert.deepEqual(ids(await examine(workspace)), []);
});

test('a module that is replaced by something else is apart by intention', async (t) => {
  const workspace = copy(t, 'modules-apart');
  fs.appendFileSync(
    path.join(workspace, 'app/go.mod'),
    '\nreplace example.com/lib => example.com/fork v1.0.0\n',
  );
  assert.deepEqual(ids(await examine(workspace)), ['modules-without-go-work']);
});

test('a folder that go.mod ignores is not walked through, and one below another module is not its own', async (t) => {
  const workspace = copy(t, 'folder-without-go');
  CASES['folder-without-go'].prepare(workspace);
  write(workspace, { 'web/go.mod': 'module example.com/web\n\ngo 1.25\n' });
  assert.deepEqual(ids(await examine(workspace)), ['nested-modules']);
  fs.rmSync(path.join(workspace, 'web/go.mod'));
  fs.appendFileSync(path.join(workspace, 'go.mod'), '\nignore node_modules\n');
  assert.deepEqual(ids(await examine(workspace)), []);
});

test('an older module has no ignore line to add', async (t) => {
  const workspace = copy(t, 'folder-without-go');
  CASES['folder-without-go'].prepare(workspace);
  fs.writeFileSync(path.join(workspace, 'go.mod'), 'module example.com/alone\n\ngo 1.24\n');
  const report = await examine(workspace);
  assert.deepEqual(ids(report), ['folder-without-go']);
  assert.deepEqual(report.findings.find(({ id }) => id === 'folder-without-go').fixes, []);
});

test('a go.work without a go line gets one', async (t) => {
  const workspace = copy(t, 'go-work-go-line');
  const file = path.join(workspace, 'go.work');
  fs.writeFileSync(file, 'use (\n\t./app\n\t./lib\n)');
  const report = await examine(workspace);
  assert.deepEqual(ids(report), ['go-work-go-line']);
  apply(fix(report, 'go-work-go-line', 'raise-go').edits);
  assert.deepEqual(ids(await examine(workspace)), []);
  assert.ok((await go(workspace, ['list', './app/...'])).ok);
});

test('a folder within GOPATH needs no module', async (t) => {
  const folder = emptyFolder(t);
  const opened = path.join(folder, 'src/example.com/app');
  write(opened, { 'a.go': 'package app\n' });
  const env = { GOPATH: folder };
  assert.deepEqual(ids(await examine(opened, env)), []);
  assert.deepEqual(ids(await examine(opened, { ...env, GO111MODULE: 'on' })), ['no-module']);
});
