// Every piece of advice that native/doctor/rules/folklore.json judges, followed on a real gopls.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { children, rssBytes } from '../lib/procfs.mjs';
import { cli, gopls, GOPLS_VERSION, goplsSource, repo } from '../tools/lib/paths.mjs';
import { run } from '../tools/lib/run.mjs';
import { Gopls } from '../lib/gopls.mjs';
import { startedWith } from './support/editor.mjs';
import { begun, collections, loaded, SYMPTOMS } from './support/symptoms.mjs';
import { made, MODULE, removed } from './support/workspace.mjs';

const { entries, tried_on } = JSON.parse(
  fs.readFileSync(path.join(repo, 'native/doctor/rules/folklore.json'), 'utf8'),
);
/** A Go that is not the one of this machine; it is downloaded once. */
const OTHER_GO = 'go1.26.7';
const files = (folder) => (fs.existsSync(folder) ? filesBelow(folder).length : 0);
const with_ = (settings) => startedWith(JSON.stringify(settings));
const filesBelow = (folder) =>
  fs.readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());

/** How many garbage collections gopls has done, as its own statistics say. */
async function collected(address) {
  const page = await (await fetch(`${address}/debug/pprof/heap?debug=1`)).text();
  return Number(/^# NumGC = (\d+)$/m.exec(page)[1]);
}

/** How many files a cache has once gopls has written there: it does that behind its answers. */
async function filled(cache) {
  for (let tries = 0; ; tries++) {
    const files = fs.existsSync(cache) ? filesBelow(cache).length : 0;
    if (files > 10) return files;
    assert.ok(tries < 100, `only ${files} files in ten seconds`);
    await sleep(100);
  }
}

async function endsWith(t, flags) {
  for (const flag of flags) {
    const expected = { code: 2, says: `flag provided but not defined: ${flag.split('=')[0]}` };
    assert.ok(await SYMPTOMS.ends(t, expected, with_({ 'go.languageServerFlags': [flag] })), flag);
  }
}

async function isDeprecated(t, setting, value) {
  const { settings } = with_({ gopls: { [setting]: value } });
  const session = await begun(t, { settings });
  await loaded(session);
  const name = setting.split('.').at(-1);
  assert.ok(session.told.some((message) => message.includes(`"${name}": this setting is deprecated`)));
}

const CHECKS = {
  ballast: async (t) => {
    const session = await begun(t, {});
    const address = await session.server.debugAddress();
    const before = await ballast(address);
    assert.ok(before > 99e6 && before < 101e6, `${before} bytes before anything is loaded`);
    assert.ok(rssBytes(session.server.pid) < before + 60e6, 'it is not resident');
    await loaded(session);
    assert.equal(await ballast(address), before);
  },

  'remote-auto': async (t) => {
    const runtime = made({});
    const how = {
      flags: ['-remote=auto', '-remote.listen.timeout=1s'],
      env: { XDG_RUNTIME_DIR: runtime, TMPDIR: runtime },
    };
    const one = await begun(t, how);
    await loaded(one);
    const isDaemon = (argv) =>
      argv.includes('serve') && argv.some((argument) => argument.startsWith('-listen'));
    const found = [...children(one.server.pid)].find(([, argv]) => isDaemon(argv));
    assert.ok(found, 'it starts one that serves');
    const [daemon] = found;
    const sessions = [one];
    t.after(async () => {
      for (const { server } of sessions) await server.kill();
      // A second after its last window it ends by itself.
      const isThere = () => fs.existsSync(`/proc/${daemon}`);
      for (let tries = 0; tries < 100 && isThere(); tries++) await sleep(100);
      removed(runtime);
    });
    const two = await begun(t, how);
    sessions.push(two);
    await loaded(two);
    assert.ok(![...children(two.server.pid).values()].some(isDaemon), 'the second starts none');
    process.kill(daemon, 'SIGKILL');
    const nobody = async ({ server }) => {
      const hover = server.hover(server.open('main.go').uri, { line: 4, character: 6 });
      return Promise.race([hover, sleep(5000)]).catch(() => undefined);
    };
    assert.deepEqual(await Promise.all(sessions.map(nobody)), [undefined, undefined], 'both are without it');
  },

  'memory-limit-flag': (t) => endsWith(t, ['-memory-limit=2GiB']),

  'other-flags': async (t) => {
    await endsWith(t, ['-trace-file=x', '-memstats', '-pprof=localhost:6060']);
    const { output: help } = await run(gopls(), ['help']);
    for (const flag of ['-debug=', '-otel=', '-rpc.trace', '-logfile=']) assert.ok(help.includes(flag), flag);
  },

  sigusr1: async (t) => {
    const session = await begun(t, {});
    const { uri } = await loaded(session);
    await session.server.debugAddress();
    const [said, files] = [session.server.stderr, filesBelow(session.workspace).length];
    process.kill(session.server.pid, 'SIGUSR1');
    await sleep(500);
    assert.ok(await session.server.hover(uri, { line: 3, character: 6 }), 'it lives');
    assert.equal(session.server.stderr, said, 'it said nothing');
    const dumps = filesBelow(session.workspace).filter(({ parentPath }) => !parentPath.includes('cache'));
    assert.equal(dumps.length, 3, `no file beside the module's own among ${files}`);
  },

  'heap-gc-1': async (t) => {
    const session = await begun(t, {});
    await loaded(session);
    const address = await session.server.debugAddress();
    await sleep(1000);
    const before = await collected(address);
    await (await fetch(`${address}/debug/pprof/heap`)).arrayBuffer();
    const without = await collected(address);
    await (await fetch(`${address}/debug/pprof/heap?gc=1`)).arrayBuffer();
    const after = await collected(address);
    assert.ok(without - before <= 1, 'the plain page forces none');
    assert.ok(after > without, 'gc=1 forces one');
  },

  'delete-cache': async (t) => {
    const session = await begun(t, {});
    const { hover } = await loaded(session);
    const cache = path.join(session.folder, 'cache/gopls');
    await filled(cache);
    await session.server.kill();
    removed(cache);
    const again = new Gopls({
      executable: gopls(),
      workspace: session.workspace,
      cache: path.dirname(cache),
    });
    try {
      await again.initialize();
      const { uri } = again.open('inner/inner.go');
      assert.deepEqual(await again.hover(uri, { line: 3, character: 6 }), hover, 'the answer is the same');
      assert.ok(await filled(cache), 'and files are written again');
      // As a whole, because gopls goes on writing.
      fs.renameSync(cache, `${cache}.deleted`);
      const text = fs.readFileSync(path.join(session.folder, 'inner/inner.go'), 'utf8');
      const change = {
        textDocument: { uri, version: 2 },
        contentChanges: [{ text: `${text}\nfunc More() {}\n` }],
      };
      again.notify('textDocument/didChange', change);
      assert.deepEqual(await again.hover(uri, { line: 3, character: 6 }), hover, 'it goes on');
      for (let tries = 0; tries < 100 && !fs.existsSync(cache); tries++) await sleep(100);
      assert.ok(fs.existsSync(cache), 'and makes the folder again');
    } finally {
      await again.kill();
    }
  },

  'workspace-module': (t) => isDeprecated(t, 'build.experimentalWorkspaceModule', true),

  'gomemlimit-in-gopls-env': (t) =>
    SYMPTOMS.variable(
      t,
      { name: 'GOMEMLIMIT', of_gopls: null, of_go: '1GiB' },
      with_({ gopls: { 'build.env': { GOMEMLIMIT: '1GiB' } } }),
    ).then(assert.ok),

  'low-memory-limit': async (t) => {
    const [usual, limited] = [
      await collections(t, {}),
      await collections(t, { env: { GOMEMLIMIT: '100MiB' } }),
    ];
    t.diagnostic(`${usual} collections, ${limited} with a limit of 100 MiB`);
    assert.ok(limited >= 2 * usual);
  },

  'gogc-off': async (t) => {
    assert.equal(await collections(t, { env: { GOGC: 'off' } }), 0);
    assert.ok((await collections(t, {})) > 0);
  },

  restart: async (t) => {
    const cache = made({});
    const running = [];
    t.after(async () => {
      for (const server of running) await server.kill();
      removed(cache);
    });
    const load = async () => {
      const server = new Gopls({ executable: gopls(), workspace: goplsSource(), cache });
      running.push(server);
      await server.initialize();
      const { uri, text } = server.open('internal/cache/snapshot.go');
      const line = text.split('\n').findIndex((candidate) => candidate.startsWith('type Snapshot struct'));
      const begin = Date.now();
      assert.ok(await server.hover(uri, { line, character: 7 }));
      const waited = Date.now() - begin;
      const second = Date.now();
      await server.hover(uri, { line, character: 7 });
      return { server, waited, later: Date.now() - second, rss: rssBytes(server.pid) };
    };
    const first = await load();
    await first.server.kill();
    const again = await load();
    t.diagnostic(
      `${first.rss >> 20} MB, ${again.rss >> 20} MB again; waited ${again.waited} ms, then ${again.later} ms`,
    );
    assert.ok(again.waited > 5 * again.later, 'the first request waits for the load');
  },

  'memory-mode': (t) => isDeprecated(t, 'build.memoryMode', 'DegradeClosed'),

  'debug-6060': async (t) => {
    assert.ok(await SYMPTOMS.listens_everywhere(t, true, with_({ 'go.languageServerFlags': ['-debug=:0'] })));
    assert.ok(
      !(await SYMPTOMS.listens_everywhere(
        t,
        true,
        with_({ 'go.languageServerFlags': ['-debug=localhost:0'] }),
      )),
    );
  },

  'clear-caches-after-update': async (t) => {
    const env = { ...process.env, GOTOOLCHAIN: OTHER_GO };
    const { stdout } = await run('go', ['env', 'GOROOT'], { env });
    const other = path.join(stdout.trim(), 'bin') + path.delimiter;
    const uses =
      'package inner\n\nimport "net/http"\n\n// Method of a request.\nfunc Method(r *http.Request) string { return r.Method }\n';
    const folder = made({ ...MODULE, 'inner/method.go': uses, 'cache/.keep': '', 'build/.keep': '' });
    t.after(() => removed(folder));
    const [build, cache] = ['build', 'cache/gopls'].map((name) => path.join(folder, name));
    /** How many files a load adds to Go's cache, by what gopls asks `go`, and to gopls's. */
    const added = async (goFirst) => {
      const variables = {
        PATH: goFirst + process.env.PATH,
        GOCACHE: build,
        GOTOOLCHAIN: 'local',
        CGO_ENABLED: '0',
      };
      const before = [build, cache].map(files);
      const asked = ['list', '-e', '-compiled', '-test', '-deps', '-json=Name', './...', 'builtin'];
      await run('go', asked, { cwd: folder, env: { ...process.env, ...variables } });
      // gopls has `go` do more than that in the background, until it is ended.
      const byGo = files(build) - before[0];
      const [executable, holder] = [gopls(), path.dirname(cache)];
      const server = new Gopls({ executable, workspace: folder, cache: holder, env: variables });
      try {
        await server.initialize();
        const { uri } = server.open('inner/method.go');
        await server.hover(uri, { line: 5, character: 6 });
        // It goes on in the background, with pauses: done is what has added nothing for four seconds.
        for (let [last, still] = [-1, 0]; still < 4; await sleep(1_000)) {
          const now = files(cache);
          [last, still] = [now, now === last ? still + 1 : 0];
        }
      } finally {
        await server.kill();
      }
      return [byGo, files(cache) - before[1]];
    };
    const [cold, warm, updated, back] = [
      await added(''),
      await added(''),
      await added(other),
      await added(''),
    ];
    t.diagnostic(JSON.stringify({ cold, warm, updated, back }));
    cold.forEach((count, index) => {
      assert.ok(updated[index] > count / 5, 'what another Go left is not used');
      assert.ok(warm[index] < count / 10 && back[index] < count / 10, 'and it stays as it was');
    });
  },

  'filter-node-modules': async (t) => {
    const { stdout } = await run(gopls(), ['api-json']);
    const option = JSON.parse(stdout).Options.User.find(({ Name }) => Name === 'directoryFilters');
    assert.deepEqual(JSON.parse(option.Default), ['-**/node_modules']);
    const files = {
      'web/node_modules/left/left.go': 'package left\n\n// Lost is in node_modules.\nfunc Lost() {}\n',
    };
    const found = async (settings) => {
      const session = await begun(t, { settings }, { files });
      await loaded(session);
      return (await session.server.request('workspace/symbol', { query: 'left.Lost' })) ?? [];
    };
    assert.equal((await found({})).length, 0, 'it is excluded by itself');
    assert.equal(
      (await found({ directoryFilters: ['-other'] })).length,
      1,
      'and not beside a filter of one’s own',
    );
  },
};

/** The largest single object of a heap profile that `cache.init` allocated. */
async function ballast(address) {
  const page = await (await fetch(`${address}/debug/pprof/heap?gc=1&debug=1`)).text();
  const records = page.split(/\n(?=\d+: \d+ \[)/).filter((record) => record.includes('cache.init'));
  return Math.max(...records.map((record) => Number(/^\d+: (\d+) \[/.exec(record)[1])));
}

test('every piece of advice has been tried, on this gopls', () => {
  assert.equal(tried_on, GOPLS_VERSION);
  assert.deepEqual(Object.keys(CHECKS).sort(), entries.map(({ id }) => id).sort());
});

for (const { id, verdict } of entries) test(`${id} is ${verdict}`, (t) => CHECKS[id](t));

test('docs/folklore.md is what is known', async () => {
  const { stdout } = await run(cli, ['doctor', '--folklore']);
  assert.equal(fs.readFileSync(path.join(repo, 'docs/folklore.md'), 'utf8'), stdout);
});
