// The doctor harms nothing and bears everything: no network, no byte changed, whatever lies in the folder and whatever
// calls itself go.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { test } from 'node:test';
import { gopls } from '../tools/lib/paths.mjs';
import { contents, emptyFolder, write } from './lib/copies.mjs';
import { examine, go, ids } from './lib/doctor.mjs';

const goCache = execFileSync('go', ['env', 'GOCACHE'], { encoding: 'utf8' }).trim();

const APP = 'package app\n\nimport _ "example.com/lib"\n';

/** A module proxy and checksum database that counts who asks, and a gate to everybody else (`gate`) that lets nobody through. */
async function listener(t) {
  const asked = [];
  const server = http.createServer((request, response) => {
    asked.push(request.url);
    response.writeHead(404).end();
  });
  server.on('connect', ({ url }, socket) => {
    asked.push(url);
    socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const url = `http://127.0.0.1:${server.address().port}`;
  return {
    asked,
    env: {
      GOPROXY: url,
      GOSUMDB: `sum.golang.org ${url}`,
      GONOSUMDB: '',
      GOPRIVATE: '',
      GOTOOLCHAIN: 'local',
    },
    gate: { HTTP_PROXY: url, HTTPS_PROXY: url },
  };
}

const needs = (module) => ({
  'go.mod': `module example.com/app\n\ngo 1.23\n\nrequire ${module} v1.0.0\n`,
  'go.sum': `${module} v1.0.0 h1:x=\n${module} v1.0.0/go.mod h1:y=\n`,
  'app.go': `package app\n\nimport _ "${module}"\n`,
});
/** Ways from a workspace to the network, each with what `go` does there: who is asked, or that git is run. */
const WAYS = {
  'a proxy': { files: needs('example.com/lib'), asks: /\/example\.com\/lib\/@v\// },
  'the host of a private module, by https': {
    files: needs('corp.example/q'),
    env: { GOPRIVATE: 'corp.example' },
    asks: /^corp\.example:443$/,
  },
  'the repository of a private module, by git': {
    files: needs('corp.example/q.git'),
    env: { GOPRIVATE: 'corp.example' },
    git: /corp\.example\/q/,
  },
  'a proxy, for a toolchain': {
    files: { 'go.mod': 'module example.com/app\n\ngo 1.99\n', 'app.go': 'package app\n' },
    env: { GOTOOLCHAIN: 'auto' },
    asks: /\/golang\.org\/toolchain\/@v\//,
  },
  'the checksum database': {
    files: { ...needs('example.com/lib'), 'go.sum': '' },
    env: async (t) => ({ GOPROXY: await fileProxy(t), GOFLAGS: '-mod=mod -modcacherw' }),
    asks: /\/lookup\/example\.com\/lib@v1\.0\.0/,
  },
};

/** A git that notes how it is called, and is of no help. */
function notingGit(t) {
  const folder = emptyFolder(t);
  const note = path.join(folder, 'called');
  fs.writeFileSync(path.join(folder, 'git'), `#!/bin/sh\necho "$@" >>${note}\nexit 1\n`, { mode: 0o755 });
  const called = () => (fs.existsSync(note) ? fs.readFileSync(note, 'utf8') : '');
  return { called, env: { PATH: `${folder}${path.delimiter}${process.env.PATH}` } };
}

/** Where variables are set that gopls's `go` sees, and how the doctor is told. */
const PLACES = {
  environment: (variables) => [variables, {}],
  'go.toolsEnvVars': (variables) => [{}, { 'go.toolsEnvVars': variables, gopls: { gofumpt: true } }],
  'env of gopls': (variables) => [{}, { gopls: { env: variables } }],
};

for (const [what, { files, env = {}, asks, git }] of Object.entries(WAYS)) {
  test(`nothing goes to ${what}, as it would with go list`, async (t) => {
    const net = await listener(t);
    const noting = notingGit(t);
    const own = typeof env === 'function' ? await env(t) : env;
    const variables = { ...net.env, GOMODCACHE: emptyFolder(t), ...own };
    const base = { ...noting.env, ...net.gate, HOME: emptyFolder(t), GOCACHE: goCache };
    for (const [place, set] of Object.entries(PLACES)) {
      const folder = emptyFolder(t);
      const settings = path.join(emptyFolder(t), 'settings.json');
      const [environment, user] = set(variables);
      write(folder, files);
      fs.writeFileSync(settings, JSON.stringify(user));
      const before = contents(folder);
      const args = ['--user-settings', settings, '--gopls', gopls()];
      const report = await examine(folder, { ...base, ...environment }, args);
      assert.ok(report.settings.length > 0 || place === 'environment');
      assert.deepEqual([net.asked, noting.called()], [[], ''], place);
      assert.deepEqual(contents(folder), before, place);
    }
    const folder = emptyFolder(t);
    write(folder, files);
    await go(folder, ['list', '-e', '-deps', './...'], { ...base, ...variables });
    if (asks)
      assert.ok(
        net.asked.some((url) => asks.test(url)),
        `${net.asked}`,
      );
    if (git) assert.match(noting.called(), git);
  });
}

test('no go.mod is changed although GOFLAGS lets go list do it', async (t) => {
  const folder = emptyFolder(t);
  write(folder, {
    'app/go.mod': 'module example.com/app\n\ngo 1.23\n\nreplace example.com/lib => ../lib\n',
    'app/app.go': APP,
    'lib/go.mod': 'module example.com/lib\n\ngo 1.23\n',
    'lib/lib.go': 'package lib\n',
  });
  const before = contents(folder);
  const app = path.join(folder, 'app');
  await examine(app, { GOFLAGS: '-mod=mod' });
  assert.deepEqual(contents(folder), before);
  await go(app, ['list', '-deps', './...'], { GOFLAGS: '-mod=mod' });
  assert.notDeepEqual(contents(folder), before, 'go list does change it');
});

/** A folder that serves one version of a module as a proxy does. */
async function fileProxy(t) {
  const folder = emptyFolder(t);
  write(folder, {
    'lib@v1.0.0/go.mod': 'module example.com/lib\n\ngo 1.23\n',
    'lib@v1.0.0/lib.go': 'package lib\n',
  });
  const at = path.join(folder, 'proxy/example.com/lib/@v');
  fs.mkdirSync(at, { recursive: true });
  fs.copyFileSync(path.join(folder, 'lib@v1.0.0/go.mod'), path.join(at, 'v1.0.0.mod'));
  fs.writeFileSync(path.join(at, 'v1.0.0.info'), '{"Version":"v1.0.0"}');
  fs.writeFileSync(path.join(at, 'list'), 'v1.0.0\n');
  fs.mkdirSync(path.join(folder, 'zip/example.com'), { recursive: true });
  fs.renameSync(path.join(folder, 'lib@v1.0.0'), path.join(folder, 'zip/example.com/lib@v1.0.0'));
  zip(path.join(folder, 'zip'), path.join(at, 'v1.0.0.zip'), ['go.mod', 'lib.go']);
  return `file://${path.join(folder, 'proxy')}`;
}

function zip(folder, file, names) {
  const program = path.join(folder, 'main.go');
  fs.writeFileSync(
    program,
    `package main
import ("archive/zip"; "os")
func main() {
	file, _ := os.Create(os.Args[1])
	archive := zip.NewWriter(file)
	for _, name := range os.Args[2:] {
		bytes, err := os.ReadFile(name)
		if err != nil { panic(err) }
		entry, _ := archive.Create(name)
		entry.Write(bytes)
	}
	if archive.Close() != nil { os.Exit(1) }
}
`,
  );
  const files = names.map((name) => `example.com/lib@v1.0.0/${name}`);
  const { status, stderr } = spawnSync('go', ['run', program, file, ...files], {
    cwd: folder,
    encoding: 'utf8',
  });
  assert.equal(status, 0, stderr);
}

test('no go.work.sum is written, as go list would for a module whose checksum is not known', async (t) => {
  const GOPROXY = await fileProxy(t);
  const cache = emptyFolder(t);
  const env = { GOMODCACHE: cache, GONOSUMDB: 'example.com', GOFLAGS: '-modcacherw' };
  const folder = emptyFolder(t);
  write(folder, {
    'go.work': 'go 1.23\n\nuse ./app\n',
    'app/go.mod': 'module example.com/app\n\ngo 1.23\n\nrequire example.com/lib v1.0.0\n',
    'app/app.go': APP,
  });
  // It is in the cache, from somewhere else.
  const { ok, output } = await go(cache, ['mod', 'download', 'example.com/lib@v1.0.0'], { ...env, GOPROXY });
  assert.ok(ok, output);
  const before = contents(folder);
  assert.deepEqual(ids(await examine(folder, env)), []);
  assert.deepEqual(contents(folder), before);
  await go(folder, ['list', '-deps', './app/...'], env);
  assert.ok(contents(folder).has('go.work.sum'), 'go list does write it');
});

test('whatever lies in the folder is borne', async (t) => {
  const folder = emptyFolder(t);
  write(folder, {
    'go.mod': 'module example.com/app\n\ngo 1.23\n',
    'a.go': 'package app\n',
    'huge/go.mod': `module example.com/huge\n${'// x\n'.repeat(1 << 20)}`,
    'bytes/go.mod': Buffer.from([0xff, 0xfe, 0x00, 0x6d]),
    'name\n\u{1f600}/go.mod': 'module example.com/odd\n',
  });
  fs.mkdirSync(path.join(folder, 'folder/go.mod'), { recursive: true });
  fs.symlinkSync(folder, path.join(folder, 'circle'));
  fs.symlinkSync('nowhere', path.join(folder, 'go.work'));
  fs.mkdirSync(path.join(folder, 'pipe'));
  assert.equal(spawnSync('mkfifo', [path.join(folder, 'pipe/go.mod')]).status, 0);
  // Far below what a path may be long.
  const deep = Array.from({ length: 300 }, () => 'd').join('/');
  fs.mkdirSync(path.join(folder, deep), { recursive: true });
  const report = await examine(folder);
  assert.deepEqual(ids(report), ['nested-modules']);
});

/** A program in the place of go. */
function fakeGo(t, script) {
  const folder = emptyFolder(t);
  fs.writeFileSync(path.join(folder, 'go'), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  return { PATH: `${folder}${path.delimiter}${process.env.PATH}` };
}

for (const [what, script, why] of [
  ['says nonsense', 'echo "[1, {"', /go env/],
  ['fails', 'echo broken >&2; exit 1', /broken/],
  ['says nothing', 'exit 0', /go env/],
]) {
  test(`a go that ${what} is named, and nothing is found`, async (t) => {
    const folder = emptyFolder(t);
    write(folder, { 'go.mod': 'module example.com/app\n', 'a.go': 'package app\n' });
    const report = await examine(folder, fakeGo(t, script));
    assert.deepEqual(ids(report), []);
    const told = report.not_examined.find((not) => not.what === 'the workspace');
    assert.match(told.why, why);
  });
}

test('a folder opened through a link is found by that name', async (t) => {
  const folder = emptyFolder(t);
  write(folder, {
    'real/go.work': 'go 1.23\n\nuse ./app\n',
    'real/app/go.mod': 'module example.com/app\n\ngo 1.23\n',
    'real/app/a.go': APP,
    'real/lib/go.mod': 'module example.com/lib\n\ngo 1.23\n',
    'real/lib/lib.go': 'package lib\n',
  });
  fs.symlinkSync(path.join(folder, 'real'), path.join(folder, 'link'));
  const report = await examine(path.join(folder, 'link'));
  assert.deepEqual(ids(report), ['module-not-used']);
  assert.equal(report.findings[0].place.path, path.join(folder, 'link/go.work'));
});
