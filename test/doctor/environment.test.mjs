// What the doctor says of the environment, held against the real `go`: each row brings about one finding and nothing else, and
// shows with `go` that what is claimed of it is so, and no longer where it is mended.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { cli, gopls, goplsSource } from '../tools/lib/paths.mjs';
import { apply } from './lib/doctor.mjs';

const goEnv = (name) => execFileSync('go', ['env', name], { encoding: 'utf8' }).trim();
const goroot = goEnv('GOROOT');
const buildCache = goEnv('GOCACHE');
const PUBLIC = 'https://proxy.golang.org,direct';

const MODULE = 'module example.com/shop\n\ngo 1.23\n';
const SHOP = { 'go.mod': MODULE, 'shop.go': 'package shop\n' };
const WANTS = (version) => ({ ...SHOP, 'go.mod': MODULE.replace('1.23', version) });
const WORK = {
  'go.work': 'go 1.23\n\nuse (\n\t./shop\n\t./tax\n)\n',
  'shop/go.mod': MODULE,
  'shop/shop.go': 'package shop\n\nimport _ "example.com/tax"\n',
  'tax/go.mod': 'module example.com/tax\n\ngo 1.23\n',
  'tax/tax.go': 'package tax\n',
};
const NEEDS = (module) => ({
  ...SHOP,
  'go.mod': `${MODULE}\nrequire ${module} v1.0.0\n`,
  'shop.go': `package shop\n\nimport _ "${module}"\n`,
});
/** A proxy as a folder, with one module. */
const PROXY = (module) => ({
  [`proxy/${module}/@v/list`]: 'v1.0.0\n',
  [`proxy/${module}/@v/v1.0.0.info`]: '{"Version":"v1.0.0","Time":"2026-01-01T00:00:00Z"}',
  [`proxy/${module}/@v/v1.0.0.mod`]: `module ${module}\n`,
});

/** A folder with these files, the environment of a user of it, and what to run there; gone after the test. */
function world(t, files) {
  const root = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'stallscope-environment-')));
  t.after(() => {
    // Go writes its module cache read-only.
    execFileSync('chmod', ['-R', 'u+w', root]);
    fs.rmSync(root, { recursive: true, force: true });
  });
  for (const [name, text] of Object.entries(files)) {
    fs.mkdirSync(path.dirname(path.join(root, name)), { recursive: true });
    fs.writeFileSync(path.join(root, name), text);
  }
  const base = {
    PATH: [path.join(goroot, 'bin'), '/usr/bin', '/bin'].join(path.delimiter),
    HOME: root,
    GOENV: path.join(root, 'go.env'),
    GOCACHE: buildCache,
    GOMODCACHE: path.join(root, 'modules'),
    GOPROXY: PUBLIC,
    GOTOOLCHAIN: 'local',
    GOPLSCACHE: root,
    // It would write into HOME when the test is over.
    GO_TELEMETRY_CHILD: '2',
    // Where there is no C compiler Go itself switches cgo off.
    CGO_ENABLED: '0',
  };
  const run = (command, args, cwd, env) =>
    new Promise((resolve, reject) => {
      const child = spawn(command, args, { cwd: path.join(root, cwd), env: { ...base, ...env } });
      let [stdout, said] = ['', ''];
      child.stdout.on('data', (data) => ((stdout += data), (said += data)));
      child.stderr.on('data', (data) => (said += data));
      child.on('error', reject).on('close', (code) => resolve({ code, stdout, said }));
    });
  return {
    root,
    go: (args, env = {}, cwd = '.') => run(path.join(goroot, 'bin/go'), args, cwd, env),
    async doctor(env = {}, cwd = '.', args = []) {
      const { code, stdout, said } = await run(cli, ['doctor', '.', '--json', ...args], cwd, env);
      assert.equal(code, 0, said);
      const { findings, not_examined: not } = JSON.parse(stdout);
      // What is wrong here may keep the workspace from being examined, which is said.
      assert.deepEqual(
        not.filter(({ what }) => !/workspace$/.test(what)),
        [],
      );
      // Other areas have tests of their own.
      return findings.filter(({ area }) => area === 'environment');
    },
  };
}

const ids = (findings) => findings.map(({ id }) => id);

/** `in` is the folder that is open; `go` is run there and must say `says` with `env`, and must not with `mended`. */
const ROWS = [
  {
    id: 'go-env-refused',
    files: SHOP,
    env: { GOPATH: 'relative' },
    go: ['list', '.'],
    says: /GOPATH entry is relative/,
    mended: { GOPATH: '/absolute' },
  },
  {
    id: 'gopath-is-goroot',
    files: SHOP,
    env: { GOPATH: goroot },
    go: ['env', 'GOPATH'],
    says: /both GOPATH and GOROOT are the same directory/,
    mended: { GOPATH: '/absolute' },
  },
  {
    id: 'proxy-empty',
    files: SHOP,
    env: { GOPROXY: ',' },
    go: ['list', '-m', 'example.com/q@latest'],
    says: /contains no entries/,
    mended: { GOPROXY: 'off' },
  },
  {
    id: 'proxy-invalid',
    files: SHOP,
    env: { GOPROXY: 'ftp://proxy.example.com,off' },
    go: ['list', '-m', 'example.com/q@latest'],
    says: /invalid proxy URL scheme/,
    mended: { GOPROXY: 'off' },
  },
  {
    id: 'proxy-off',
    files: { ...SHOP, ...PROXY('example.com/q') },
    env: { GOPROXY: 'off' },
    go: ['list', '-m', 'example.com/q@latest'],
    says: /module lookup disabled by GOPROXY=off/,
    mended: ({ root }) => ({ GOPROXY: `file://${root}/proxy` }),
  },
  {
    id: 'proxy-never-asked',
    files: { ...SHOP, ...PROXY('example.com/q') },
    env: ({ root }) => ({ GOPROXY: `off,file://${root}/proxy` }),
    also: ['proxy-off'],
    go: ['list', '-m', 'example.com/q@latest'],
    says: /module lookup disabled by GOPROXY=off/,
    mended: ({ root }) => ({ GOPROXY: `file://${root}/proxy,off` }),
  },
  {
    id: 'gocache-off',
    files: { ...SHOP, 'shop.go': 'package shop\n\nimport _ "net"\n' },
    env: { GOCACHE: 'off', CGO_ENABLED: '1', CC: 'cat' },
    go: ['list', '-compiled', '-deps', '.'],
    says: /build cache is disabled by GOCACHE=off/,
    mended: { GOCACHE: buildCache, CGO_ENABLED: '0' },
  },
  {
    id: 'gocache-not-writable',
    files: { ...SHOP, file: '' },
    env: ({ root }) => ({ GOCACHE: `${root}/file/cache` }),
    go: ['list', '-export', 'errors'],
    says: /failed to initialize build cache|not a directory/,
    mended: {},
  },
  {
    id: 'modcache-not-writable',
    files: { ...SHOP, ...PROXY('example.com/q'), file: '' },
    env: ({ root }) => ({ GOMODCACHE: `${root}/file/modules`, GOPROXY: `file://${root}/proxy` }),
    go: ['mod', 'download', '-json', 'example.com/q@v1.0.0'],
    says: /file\/modules.*not a directory/,
    mended: ({ root }) => ({ GOPROXY: `file://${root}/proxy` }),
  },
  {
    id: 'gowork-off',
    in: 'shop',
    files: WORK,
    env: { GOWORK: 'off' },
    go: ['list', '-deps', '.'],
    says: /no required module provides package example.com\/tax/,
    mended: {},
  },
  {
    id: 'modules-off',
    files: SHOP,
    env: { GO111MODULE: 'off' },
    go: ['list', '.'],
    says: /^_\//m,
    mended: {},
  },
  {
    id: 'goflags-no-flag',
    files: SHOP,
    env: { GOFLAGS: 'mod=vendor' },
    go: ['list', '.'],
    says: /parsing \$GOFLAGS: non-flag/,
    mended: { GOFLAGS: '-mod=readonly' },
  },
  {
    id: 'goflags-mod-in-workspace',
    in: 'shop',
    files: WORK,
    env: { GOFLAGS: '-mod=mod' },
    go: ['list', '.'],
    says: /may only be set to readonly or vendor when in workspace mode/,
    mended: {},
  },
  {
    id: 'goflags-modfile-in-workspace',
    in: 'shop',
    files: WORK,
    env: { GOFLAGS: '-modfile=other.mod' },
    go: ['list', '.'],
    says: /-modfile cannot be used in workspace mode/,
    mended: {},
  },
  {
    id: 'goflags-vendor-missing',
    files: NEEDS('example.com/q'),
    env: { GOFLAGS: '-mod=vendor' },
    go: ['list', '-deps', '.'],
    says: /inconsistent vendoring|cannot find module providing package/,
  },
  {
    id: 'cgo-without-compiler',
    files: SHOP,
    env: { CGO_ENABLED: '1', CC: 'no-such-compiler' },
    go: ['list', '-compiled', '-deps', 'net'],
    says: /C compiler "no-such-compiler" not found/,
    mended: {},
  },
  {
    id: 'go-too-old',
    files: WANTS('1.99'),
    env: {},
    go: ['list', '.'],
    says: /requires go >= 1.99/,
  },
  {
    id: 'toolchain-not-to-be-had',
    files: WANTS('1.99'),
    env: { GOTOOLCHAIN: 'auto', GOPROXY: 'off' },
    also: ['proxy-off'],
    go: ['list', '.'],
    says: /download go1.99.*(GOPROXY=off|toolchain not available)/,
  },
  {
    id: 'toolchain-to-download',
    files: WANTS('1.99'),
    // Whoever is asked for it has it not.
    env: ({ root }) => ({ GOTOOLCHAIN: 'auto', GOPROXY: `file://${root}/proxy` }),
    go: ['list', '.'],
    says: /download go1.99/,
    mended: { GOTOOLCHAIN: 'local' },
  },
  {
    id: 'memory-limit-refused',
    files: SHOP,
    env: { GOMEMLIMIT: '2GB' },
    go: ['version'],
    says: /malformed GOMEMLIMIT/,
    mended: { GOMEMLIMIT: '2GiB' },
  },
  {
    id: 'godebug-costly',
    files: SHOP,
    env: { GODEBUG: 'gctrace=1' },
    go: ['list', 'std'],
    says: /^gc 1 @/m,
    mended: {},
  },
];

for (const row of ROWS) {
  test(`${row.id}: go does what is said of it`, async (t) => {
    const there = world(t, row.files);
    const filled = (env) => (typeof env === 'function' ? env(there) : env);
    const env = filled(row.env);
    const findings = await there.doctor(env, row.in);
    assert.deepEqual(ids(findings).sort(), [row.id, ...(row.also ?? [])].sort());
    // Nothing is asked over the network here.
    const offline = (given) => ({ GOPROXY: 'off', ...given });
    assert.match((await there.go(row.go, offline(env), row.in)).said, row.says);
    if (row.mended) {
      assert.doesNotMatch((await there.go(row.go, offline(filled(row.mended)), row.in)).said, row.says);
    }
  });
}

test('where all is well nothing is found, in a module, in a workspace and outside of both', async (t) => {
  const there = world(t, { ...WORK, 'empty/readme': '' });
  for (const folder of ['shop', '.', 'empty']) assert.deepEqual(await there.doctor({}, folder), [], folder);
});

test('on gopls’s own source it is done within 5 s and finds nothing', async (t) => {
  const there = world(t, {});
  const begin = performance.now();
  assert.deepEqual(
    await there.doctor({}, path.relative(there.root, goplsSource()), ['--gopls', gopls()]),
    [],
  );
  assert.ok(performance.now() - begin < 5_000, `${performance.now() - begin} ms`);
});

test('a variable of go.toolsEnvVars counts before the environment, and before go env -w', async (t) => {
  const there = world(t, SHOP);
  const evidence = async (...args) => (await there.doctor({}, '.', args))[0]?.evidence[0];
  assert.equal((await there.go(['env', '-w', 'GOFLAGS=-mod=mod'])).code, 0);
  assert.match(await evidence(), /GOFLAGS=-mod=mod \(set by go env -w, in .*go\.env\)/);
  assert.match(await evidence('--env', 'GOFLAGS=--mod=mod'), /--mod=mod \(set by go.toolsEnvVars\)/);
  const [{ fixes, undo }] = await there.doctor();
  assert.deepEqual(fixes[0].command, ['go', 'env', '-u', 'GOFLAGS']);
  assert.match(undo, /go env -w GOFLAGS=/);
  const before = fs.readFileSync(path.join(there.root, 'go.env'), 'utf8');
  await there.go(fixes[0].command.slice(1));
  assert.deepEqual(await there.doctor(), [], 'mended');
  await there.go(['env', '-w', 'GOFLAGS=-mod=mod']);
  assert.equal(fs.readFileSync(path.join(there.root, 'go.env'), 'utf8'), before, 'undone');
});

test('a variable that a settings file sets is told and mended there, comments kept', async (t) => {
  const text = [
    '{',
    '  // why we did this',
    '  "go.toolsEnvVars": { "GO111MODULE": "off", "GOFLAGS": "--mod=mod" }, // and these',
    '  "gopls": { "build.env": { "GOFLAGS": "-mod=mod" } },',
    '}',
    '',
  ].join('\n');
  const there = world(t, { ...SHOP, '.vscode/settings.json': text });
  const file = path.join(there.root, '.vscode/settings.json');
  // Settings of gopls are there, so one is asked for them.
  const doctor = () => there.doctor({}, '.', ['--gopls', gopls()]);
  const of = (findings, id) => findings.find((finding) => finding.id === id);

  const off = of(await doctor(), 'modules-off');
  assert.deepEqual([off.place.kind, off.place.key], ['setting', 'go.toolsEnvVars.GO111MODULE']);
  assert.equal(off.place.path, file);
  assert.deepEqual(
    off.fixes.map(({ id, command }) => [id, command]),
    [['unset', []]],
  );
  const undoOff = apply(off.fixes[0].edits);
  assert.equal(fs.readFileSync(file, 'utf8'), text.replace('"GO111MODULE": "off", ', ''));

  // Of the two the one for gopls's go counts.
  const flags = (await doctor()).find(({ place }) => place.key?.endsWith('GOFLAGS'));
  assert.equal(flags.place.key, 'gopls.env.GOFLAGS');
  assert.match(flags.evidence[0], /GOFLAGS=-mod=mod/);
  const undoFlags = apply(flags.fixes[0].edits);
  const next = (await doctor()).find(({ place }) => place.key?.endsWith('GOFLAGS'));
  assert.deepEqual([next.id, next.place.key], ['goflags-mod-mod', 'go.toolsEnvVars.GOFLAGS']);
  apply(next.fixes[0].edits);
  assert.deepEqual(await doctor(), []);
  undoFlags();
  undoOff();
  assert.equal(fs.readFileSync(file, 'utf8'), text);
});

test('-mod=mod has loading change go.mod', async (t) => {
  const there = world(t, {
    'go.mod': `${MODULE}\nreplace example.com/q => ./q\n`,
    'shop.go': 'package shop\n\nimport _ "example.com/q"\n',
    'q/go.mod': 'module example.com/q\n\ngo 1.23\n',
    'q/q.go': 'package q\n',
  });
  const env = { GOFLAGS: '-mod=mod', GOPROXY: PUBLIC };
  assert.deepEqual(ids(await there.doctor(env)), ['goflags-mod-mod']);
  const goMod = () => fs.readFileSync(path.join(there.root, 'go.mod'), 'utf8');
  const before = goMod();
  const list = (flags) => there.go(['list', '-deps', '.'], { GOFLAGS: flags, GOPROXY: 'off' });
  assert.equal((await list('')).code, 1);
  assert.equal(goMod(), before, 'without it nothing is changed');
  const { code, said } = await list('-mod=mod');
  assert.equal(code, 0, said);
  assert.match(goMod(), /require example.com\/q v0.0.0-/);
});

test('what the runtime is told is what Go programs then do', async (t) => {
  const there = world(t, {
    ...SHOP,
    'main.go': `package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
)

var live, garbage []byte

func main() {
	live = make([]byte, 64<<20)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for range 4_000 {
		garbage = make([]byte, 256<<10)
	}
	runtime.ReadMemStats(&after)
	fmt.Println(debug.SetGCPercent(-1), runtime.GOMAXPROCS(0), after.NumGC-before.NumGC, len(live)+len(garbage) > 0)
}
`,
  });
  fs.rmSync(path.join(there.root, 'shop.go'));
  const built = await there.go(['build', '-o', 'program', '.'], { GOPROXY: 'off' });
  assert.equal(built.code, 0, built.said);
  const program = (env) => {
    const out = execFileSync(path.join(there.root, 'program'), { env, encoding: 'utf8' });
    const [percent, cpus, collections] = out.split(' ').map(Number);
    return { percent, cpus, collections };
  };
  const usual = program({});
  const rows = [
    [{ GOGC: 'off' }, 'gc-off', (it) => it.percent === -1 && it.collections === 0],
    [{ GOGC: '20%' }, 'gc-ignored', (it) => it.percent === 100],
    [{ GOGC: '10' }, 'gc-eager', (it) => it.percent === 10 && it.collections > usual.collections],
    [{ GOMEMLIMIT: '66MiB' }, 'memory-limit-low', (it) => it.collections > 3 * usual.collections],
  ];
  if (os.availableParallelism() > 1) rows.push([{ GOMAXPROCS: '1' }, 'one-cpu', (it) => it.cpus === 1]);
  for (const [env, id, holds] of rows) {
    assert.deepEqual(ids(await there.doctor(env)), [id]);
    assert.ok(holds(program(env)), `${id}: ${JSON.stringify({ usual, now: program(env) })}`);
  }
});

/** A proxy of the kind that HTTPS_PROXY names: it only notes who is to be reached. */
async function gate(t) {
  const asked = [];
  const server = http.createServer();
  server.on('connect', ({ url }, socket) => {
    asked.push(url);
    socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  return { asked, env: { HTTPS_PROXY: `http://127.0.0.1:${server.address().port}` } };
}

test('a private module is asked of the public proxy, and not where GOPRIVATE names it', async (t) => {
  const there = world(t, NEEDS('git.corp.internal/q'));
  const { asked, env } = await gate(t);
  const [finding] = await there.doctor({ GOPROXY: PUBLIC });
  assert.equal(finding.id, 'private-through-proxy');
  assert.equal(finding.confidence, 'likely');
  const download = ['mod', 'download', 'git.corp.internal/q@v1.0.0'];
  await there.go(download, { ...env, GOPROXY: PUBLIC });
  assert.deepEqual([...new Set(asked)], ['proxy.golang.org:443'], 'an error of it is the end');
  asked.length = 0;
  assert.equal((await there.go(finding.fixes[0].command.slice(1))).code, 0);
  await there.go(download, { ...env, GOPROXY: PUBLIC });
  assert.deepEqual([...new Set(asked)], ['git.corp.internal:443']);
  assert.deepEqual(await there.doctor(), []);
});

test('a private module is looked up in the public checksum database, and not where GONOSUMDB names it', async (t) => {
  const there = world(t, { ...NEEDS('git.corp.internal/q'), ...PROXY('git.corp.internal/q') });
  const { asked, env } = await gate(t);
  const proxy = { GOPROXY: `file://${there.root}/proxy` };
  assert.deepEqual(ids(await there.doctor(proxy)), ['private-in-sumdb']);
  await there.go(['list', '-m', 'all'], { ...env, ...proxy, GOFLAGS: '-mod=mod' });
  assert.deepEqual([...new Set(asked)], ['sum.golang.org:443']);
  asked.length = 0;
  const named = { ...proxy, GONOSUMDB: 'git.corp.internal' };
  assert.deepEqual(await there.doctor(named), []);
  await there.go(['list', '-m', 'all'], { ...env, ...named, GOFLAGS: '-mod=mod' });
  assert.deepEqual(asked, []);
});

test('a module that the user takes from the checksum database is asked of the public proxy all the same', async (t) => {
  const there = world(t, NEEDS('git.example.org/team/q'));
  const { asked, env } = await gate(t);
  assert.deepEqual(await there.doctor({ GOPROXY: PUBLIC, GONOSUMDB: '*' }), [], 'all are no sign of one');
  const named = { GOPROXY: PUBLIC, GONOSUMDB: 'git.example.org' };
  const [finding, ...others] = await there.doctor(named);
  assert.deepEqual([finding.id, finding.confidence, others], ['perhaps-private-through-proxy', 'likely', []]);
  assert.deepEqual(finding.evidence.at(-1), 'git.example.org/team/q: GONOSUMDB=git.example.org names it');
  const download = ['mod', 'download', 'git.example.org/team/q@v1.0.0'];
  await there.go(download, { ...env, ...named });
  assert.deepEqual([...new Set(asked)], ['proxy.golang.org:443']);
  asked.length = 0;
  assert.equal((await there.go(finding.fixes[0].command.slice(1))).code, 0);
  await there.go(download, { ...env, ...named });
  assert.deepEqual([...new Set(asked)], ['git.example.org:443']);
  assert.deepEqual(await there.doctor(named), []);
});

test('a module that the user takes from the proxies is looked up in the checksum database all the same', async (t) => {
  const there = world(t, { ...NEEDS('git.example.org/team/q'), ...PROXY('git.example.org/team/q') });
  const { asked, env } = await gate(t);
  const named = { GOPROXY: `file://${there.root}/proxy`, GONOPROXY: 'git.example.org/team' };
  assert.deepEqual(ids(await there.doctor(named)), ['perhaps-private-in-sumdb']);
  // Where it is fetched makes no difference to that.
  const fetched = { ...named, GONOPROXY: 'none', GOFLAGS: '-mod=mod' };
  await there.go(['list', '-m', 'all'], { ...env, ...fetched });
  assert.deepEqual([...new Set(asked)], ['sum.golang.org:443']);
  asked.length = 0;
  const both = { GONOSUMDB: 'git.example.org/team' };
  await there.go(['list', '-m', 'all'], { ...env, ...fetched, ...both });
  assert.deepEqual(asked, []);
  assert.deepEqual(await there.doctor({ ...named, ...both }), []);
});

test('a module that came from its repository may be private, unless the checksum database knew it', async (t) => {
  const module = 'git.example.org/team/q.git';
  const there = world(t, { ...NEEDS(module), 'repository/go.mod': `module ${module}\n` });
  const repository = path.join(there.root, 'repository');
  const git = (...args) => execFileSync('git', ['-C', repository, ...args], { env: { HOME: there.root } });
  fs.writeFileSync(
    path.join(there.root, '.gitconfig'),
    `[user]\nname = g\nemail = g@example.org\n[url "file://${repository}"]\ninsteadOf = https://git.example.org/team/q\n`,
  );
  git('init', '-q');
  git('add', '.');
  git('commit', '-qm', 'first');
  git('tag', 'v1.0.0');
  assert.deepEqual(await there.doctor({ GOPROXY: PUBLIC }), [], 'it was not fetched yet');
  const direct = { GOPROXY: 'direct', GONOSUMDB: '*' };
  const { code, said } = await there.go(['mod', 'download', `${module}@v1.0.0`], direct);
  assert.equal(code, 0, said);
  const [finding, ...others] = await there.doctor({ GOPROXY: PUBLIC });
  assert.deepEqual(
    [finding.id, finding.confidence, others],
    ['perhaps-private-through-proxy', 'possible', []],
  );
  assert.match(
    finding.evidence.at(-1),
    /in the module cache it is from https:\/\/git\.example\.org\/team\/q$/,
  );
  assert.deepEqual(await there.doctor({ GOPROXY: PUBLIC, GOPRIVATE: 'git.example.org' }), []);
  // As go notes an answer of the database.
  const lookup = path.join(
    there.root,
    'modules/cache/download/sumdb/sum.golang.org/lookup',
    `${module}@v1.0.0`,
  );
  fs.mkdirSync(path.dirname(lookup), { recursive: true });
  fs.writeFileSync(lookup, '');
  assert.deepEqual(await there.doctor({ GOPROXY: PUBLIC }), []);
});

test('a large module cache is told with its size, and the command that is named empties it', async (t) => {
  const there = world(t, { ...SHOP, 'modules/example.com/q@v1.0.0/large': '' });
  fs.truncateSync(path.join(there.root, 'modules/example.com/q@v1.0.0/large'), 12e9);
  const [finding, ...others] = await there.doctor();
  assert.deepEqual([finding.id, others], ['modcache-large', []]);
  assert.match(finding.title, /12 GB/);
  assert.equal((await there.go(finding.fixes[0].command.slice(1))).code, 0);
  assert.ok(!fs.existsSync(path.join(there.root, 'modules')));
  assert.deepEqual(await there.doctor(), []);
});

test('GOPRIVATE is matched as go matches it', async (t) => {
  const there = world(t, NEEDS('git.corp.internal/team/q'));
  const { asked, env } = await gate(t);
  for (const pattern of [
    'git.corp.internal',
    '*.corp.internal',
    '*.internal',
    'git.corp.internal/team',
    'git.corp.internal/t*m/q',
    'git.corp.internal/other',
    'corp.internal',
    'git.corp.interna',
    'git.[a-d]orp.internal',
    'git.[^a-d]orp.internal',
    'x, git.corp.internal',
    'x,git.corp.internal/',
  ]) {
    asked.length = 0;
    const named = { GOPRIVATE: pattern, GOPROXY: 'https://proxy.golang.org' };
    await there.go(['mod', 'download', 'git.corp.internal/team/q@v1.0.0'], { ...env, ...named });
    const goTakesIt = !asked.includes('proxy.golang.org:443');
    assert.deepEqual(ids(await there.doctor(named)), goTakesIt ? [] : ['private-through-proxy'], pattern);
  }
});

test('a first proxy that is down: the end behind a comma, a detour behind a bar; asked only on request', async (t) => {
  const there = world(t, { ...SHOP, ...PROXY('example.com/q') });
  const server = http.createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const down = `http://127.0.0.1:${server.address().port}`;
  await new Promise((resolve) => server.close(resolve));
  for (const [separator, id, code] of [
    [',', 'proxy-unreachable', 1],
    ['|', 'proxy-slow-fallback', 0],
  ]) {
    const env = { GOPROXY: `${down}${separator}file://${there.root}/proxy` };
    assert.deepEqual(await there.doctor(env), [], 'nobody was asked');
    const [finding] = await there.doctor(env, '.', ['--network']);
    assert.equal(finding.id, id);
    assert.match(finding.evidence[1], /connection refused/);
    assert.equal((await there.go(['list', '-m', 'example.com/q@latest'], env)).code, code);
  }
});

test('a proxy is asked once, on request, and one that answers is no finding; a password is not shown', async (t) => {
  const there = world(t, SHOP);
  const requests = [];
  const server = http.createServer((request, response) => {
    requests.push(request.url);
    response.writeHead(404).end();
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  const env = { GOPROXY: `http://127.0.0.1:${server.address().port}` };
  assert.deepEqual(await there.doctor(env), []);
  assert.deepEqual(requests, []);
  assert.deepEqual(await there.doctor(env, '.', ['--network']), []);
  assert.deepEqual(requests, ['/golang.org/x/text/@v/list']);
  const secret = { GOPROXY: 'http://gopher:swordfish@athens.example,direct' };
  const findings = await there.doctor(secret);
  assert.deepEqual(ids(findings), ['proxy-clear-text']);
  assert.ok(!JSON.stringify(findings).includes('swordfish'));
});

test('go is missing', async (t) => {
  const there = world(t, SHOP);
  assert.deepEqual(ids(await there.doctor({ PATH: there.root })), ['go-missing']);
});

test('several gopls on PATH are told with their versions; copies of one are one', async (t) => {
  const there = world(t, { ...SHOP, 'a/x': '', 'b/x': '', 'c/x': '' });
  for (const name of ['a', 'b', 'c']) fs.copyFileSync(gopls(), path.join(there.root, name, 'gopls'));
  const on = (...names) => ({
    PATH: [path.join(goroot, 'bin'), ...names.map((name) => path.join(there.root, name))].join(
      path.delimiter,
    ),
  });
  assert.deepEqual(await there.doctor(on('a', 'b')), []);
  fs.appendFileSync(path.join(there.root, 'c/gopls'), randomBytes(16));
  const [finding] = await there.doctor(on('c', 'a', 'b'));
  assert.equal(finding.id, 'gopls-several');
  assert.match(finding.title, /c\/gopls comes first/);
  assert.equal(finding.evidence.length, 3);
  for (const line of finding.evidence) assert.match(line, /v0\.23\.0, built with go1\./);
});

test('a gopls that was built with an older Go than the module is written in', async (t) => {
  const there = world(t, WANTS('1.99'));
  const args = ['--gopls', gopls()];
  const findings = await there.doctor({}, '.', args);
  assert.deepEqual(ids(findings), ['go-too-old', 'gopls-built-too-old']);
  assert.equal(findings[1].confidence, 'certain', 'it was named');
});

test('the table of proxies says of every value what go takes it for', async (t) => {
  const there = world(t, SHOP);
  const { rows } = JSON.parse(execFileSync(cli, ['doctor', '--proxies', '--json'], { encoding: 'utf8' }));
  assert.ok(rows.some(({ value }) => value === PUBLIC) && rows.some(({ value }) => value === 'off'));
  const { env } = await gate(t);
  for (const { value } of rows) {
    const { said } = await there.go(['list', '-m', 'example.com/q@latest'], {
      ...env,
      GOPROXY: value,
      HTTP_PROXY: env.HTTPS_PROXY,
    });
    assert.doesNotMatch(said, /invalid|no entries/, value);
  }
});
