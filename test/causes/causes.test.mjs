// Each cause by a real mechanism, at a real gopls: what made the wait long is the first cause of its incident, for most of it.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Gopls } from '../lib/gopls.mjs';
import { memoryCgroup } from '../lib/memoryCgroup.mjs';
import { gopls as goplsFile } from '../tools/lib/paths.mjs';
import { EventLog, addon, coreOptions, eventually, value } from '../addon/support/core.mjs';

const HOVER = 'textDocument/hover';
const MINUTE = 60_000;
const TIMEOUT = { timeout: 3 * MINUTE };
const GO = spawnSync('sh', ['-c', 'command -v go'], { encoding: 'utf8' }).stdout.trim();
const linux = { skip: process.platform !== 'linux' && 'only Linux tells', ...TIMEOUT };

/** A module of one file, in a folder of its own. */
function writeModule(folder, files) {
  fs.mkdirSync(folder, { recursive: true });
  const all = { 'go.mod': 'module example.com/waits\n\ngo 1.21\n', 'main.go': MAIN, ...files };
  for (const [name, text] of Object.entries(all)) fs.writeFileSync(path.join(folder, name), text);
}
const MAIN = 'package main\n\nimport "fmt"\n\nfunc main() {\n\tfmt.Println("hello")\n}\n';

/** A core that watches a gopls which this process starts on a module. */
async function started(t, { files = {}, env = {}, prepare = () => {} } = {}) {
  const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'stallscope-causes-'));
  const workspace = path.join(scratch, 'module');
  writeModule(workspace, files);
  prepare(scratch);
  const core = addon.createCore(coreOptions(path.join(scratch, 'storage'), { workspace: [workspace] }));
  const events = new EventLog();
  value(core.start(events.receive));
  const gopls = new Gopls({
    executable: goplsFile(),
    workspace,
    cache: path.join(scratch, 'cache'),
    env: typeof env === 'function' ? env(scratch) : env,
  });
  t.after(async () => {
    await core.stop();
    await gopls.kill();
    fs.rmSync(scratch, { recursive: true, force: true, maxRetries: 5 });
  });
  await events.until('gopls', (event) => event.kind === 'gopls-found');
  await eventually('its debug server', () => core.status().gopls?.debug.state === 'on');
  return { core, gopls, events };
}

/** The same once it has loaded the module and answers. */
async function answering(t, how) {
  const all = await started(t, how);
  await all.gopls.initialize();
  const file = all.gopls.open('main.go');
  await all.gopls.hover(file.uri, at(file.text, 'Println'));
  await eventually('no request in flight', () => all.core.status().in_flight.length === 0, MINUTE);
  await settled(all);
  return { ...all, file };
}

/** The incident of the first load, should there be one, is written. */
async function settled({ core }) {
  await eventually('no stall', () => core.status().stall === null, MINUTE);
  await sleep(600);
}

function at(text, what) {
  const line = text.split('\n').findIndex((candidate) => candidate.includes(what));
  return { line, character: text.split('\n')[line].indexOf(what) };
}

/** The incident of a hover; `meanwhile` is called once it was asked. */
async function waited({ core, gopls, events }, { uri, text }, what, meanwhile = async () => {}) {
  const asked = Date.now();
  core.observed(HOVER, uri, at(text, what).line);
  const hover = gopls.hover(uri, at(text, what)).catch(() => null);
  await meanwhile();
  await hover;
  // The load may have been one, too, and is written when all its captures are.
  const isThis = ({ kind, summary }) =>
    kind === 'incident-closed' && summary.method === HOVER && Date.parse(summary.started_at) >= asked - 200;
  const closed = await events.until('the incident', isThis, { timeoutMs: 2 * MINUTE });
  return value(await core.incident(closed.summary.id));
}

/**
 * The first cause is one of these, and most of the wait: of what is left of it without the time that other programs of
 * this machine took from gopls, where the test does not see to that itself.
 */
function assertCause(t, incident, kinds, leastShare = 0.5) {
  const told = incident.causes
    .map(({ kind, share, confidence }) => `${kind} ${(100 * share).toFixed(0)} % (${confidence})`)
    .join(', ');
  const { method, duration_ns } = incident.request;
  t.diagnostic(`${method} ${(duration_ns / 1e9).toFixed(2)} s: ${told}`);
  const others = incident.causes.filter(({ kind }) => kind === 'cpu-starved' && !kinds.includes(kind));
  const left = 1 - others.reduce((sum, { share }) => sum + share, 0);
  const [first] = incident.causes.filter((cause) => !others.includes(cause));
  assert.ok([kinds].flat().includes(first?.kind), `${told}\n${JSON.stringify(incident.machine)}`);
  // A machine that is busy with other things for most of the wait leaves too little to measure a share of.
  if (left > 0.5) assert.ok(first.share >= leastShare * left, told);
  assert.ok(incident.causes.reduce((sum, { share }) => sum + share, 0) <= 1.001, told);
  return first;
}

/** A `go` before the real one, which sleeps before one of its commands. */
function slowGo(scratch, command) {
  fs.mkdirSync(path.join(scratch, 'bin'));
  fs.writeFileSync(
    path.join(scratch, 'bin/go'),
    `#!/bin/sh\n[ "$1" = ${command} ] && sleep 3\nexec '${GO}' "$@"\n`,
    { mode: 0o755 },
  );
}
const withSlowGo = (scratch) => ({
  PATH: `${path.join(scratch, 'bin')}${path.delimiter}${process.env.PATH}`,
});

test('a slow go command', linux, async (t) => {
  const slow = await started(t, { prepare: (scratch) => slowGo(scratch, 'list'), env: withSlowGo });
  await slow.gopls.initialize();
  const incident = await waited(slow, slow.gopls.open('main.go'), 'Println');
  const { evidence } = assertCause(t, incident, 'go-command');
  assert.match(evidence.command, /^go list /);
  assert.equal(evidence.command_waited, 1, 'it slept');
  assert.ok(evidence.command_ns > 2e9, `${evidence.command_ns}`);
});

test('a proxy that never answers', linux, async (t) => {
  const silent = net.createServer(() => {}).listen(0, '127.0.0.1');
  const connections = new Set();
  silent.on('connection', (connection) => connections.add(connection.on('error', () => {})));
  t.after(() => {
    connections.forEach((connection) => connection.destroy());
    silent.close();
  });
  await new Promise((resolve) => silent.once('listening', resolve));
  const unreachable = await started(t, {
    files: {
      'go.mod': 'module example.com/waits\n\ngo 1.21\n\nrequire example.com/unreachable v1.0.0\n',
      'main.go': MAIN.replace('import "fmt"', 'import (\n\t"fmt"\n\n\t_ "example.com/unreachable"\n)'),
    },
    env: (scratch) => ({
      GOPROXY: `http://127.0.0.1:${silent.address().port}`,
      GOFLAGS: '-mod=mod',
      GONOSUMDB: '*',
      GOMODCACHE: path.join(scratch, 'modules'),
    }),
  });
  await unreachable.gopls.initialize();
  const incident = await waited(unreachable, unreachable.gopls.open('main.go'), 'Println', async () => {
    await eventually('somebody asks the proxy', () => connections.size > 0, MINUTE);
    await sleep(4_000);
    silent.close();
    connections.forEach((connection) => connection.destroy());
  });
  const { evidence } = assertCause(t, incident, 'go-command');
  assert.match(evidence.command, /^go /);
  assert.equal(evidence.command_waited, 1, 'it waited for the network');
});

test('a stopped gopls', linux, async (t) => {
  const calm = await answering(t);
  process.kill(calm.gopls.pid, 'SIGSTOP');
  const incident = await waited(calm, calm.file, 'main()', async () => {
    await sleep(3_000);
    process.kill(calm.gopls.pid, 'SIGCONT');
  });
  const { confidence, duration_ns: stopped_ns } = assertCause(t, incident, 'stopped', 0.7);
  assert.equal(confidence, 'known');
  assert.ok(stopped_ns > 2e9, `${stopped_ns}`);
});

/** A file of some megabytes, as a generator writes it. */
function generated(functions) {
  const body = (n) =>
    `// F${n} is generated.\nfunc F${n}(a, b int) (int, error) {\n` +
    `\tvalues := map[string][]int{"a": {a, b, ${n}}, "b": {b, a}}\n` +
    '\tfor key, list := range values {\n\t\tfor i, v := range list {\n' +
    '\t\t\tif v > i && len(key) > 0 {\n\t\t\t\ta += v * i\n\t\t\t} else {\n\t\t\t\tb -= v\n\t\t\t}\n\t\t}\n\t}\n' +
    '\treturn a + b, nil\n}\n';
  return `// Code generated by hand. DO NOT EDIT.\n\npackage main\n\n${Array.from({ length: functions }, (_, n) => body(n)).join('\n')}`;
}

test('a huge generated file', linux, async (t) => {
  const calm = await answering(t, { files: { 'generated.go': generated(12_000) } });
  const file = calm.gopls.open('generated.go');
  // Each hover after a change type checks the package anew.
  const text = file.text.replace('a + b, nil', 'a + b + 1, nil');
  calm.gopls.notify('textDocument/didChange', {
    textDocument: { uri: file.uri, version: 2 },
    contentChanges: [{ text }],
  });
  const incident = await waited(calm, { ...file, text }, 'F7(');
  assertCause(t, incident, ['type-checking', 'parsing'], 0.4);
});

test('a queue behind a slow request', linux, async (t) => {
  const calm = await answering(t, { prepare: (scratch) => slowGo(scratch, 'mod'), env: withSlowGo });
  // gopls runs such a command before whatever is asked after it.
  const slow = calm.gopls.request('workspace/executeCommand', {
    command: 'gopls.tidy',
    arguments: [{ URIs: [calm.file.uri] }],
  });
  slow.catch(() => {});
  const incident = await waited(calm, calm.file, 'main()');
  const { evidence } = assertCause(t, incident, 'queue');
  assert.equal(evidence.behind, 'workspace/executeCommand');
});

test('a busy extension host', linux, async (t) => {
  const calm = await answering(t, { prepare: (scratch) => slowGo(scratch, 'mod'), env: withSlowGo });
  // This process is the extension host here. It is busy while somebody asks: the request is only seen after that.
  const began = performance.now();
  while (performance.now() - began < 6_000);
  calm.core.hostLagged(Math.round(performance.now() - began));
  const slow = calm.gopls.request('workspace/executeCommand', {
    command: 'gopls.tidy',
    arguments: [{ URIs: [calm.file.uri] }],
  });
  slow.catch(() => {});
  const incident = await waited(calm, calm.file, 'main()');
  const { evidence, slow: isSlow } = assertCause(t, incident, 'extension-host');
  assert.ok(evidence.lag_before_ns >= 5.9e9, JSON.stringify(evidence));
  assert.equal(isSlow, true);
  assert.equal(incident.causes.find(({ kind }) => kind !== 'extension-host').kind, 'queue');
});

test('others have the CPU', linux, async (t) => {
  const calm = await answering(t, { files: { 'generated.go': generated(6_000) } });
  const file = calm.gopls.open('generated.go');
  await calm.gopls.hover(file.uri, at(file.text, 'F7('));
  await settled(calm);
  const busy = Array.from({ length: 2 * os.cpus().length }, () =>
    spawn(process.execPath, ['-e', 'for (;;);'], { stdio: 'ignore' }),
  );
  const end = () => busy.forEach((child) => child.kill('SIGKILL'));
  t.after(end);
  for (const task of fs.readdirSync(`/proc/${calm.gopls.pid}/task`)) os.setPriority(Number(task), 19);
  const text = file.text.replace('a + b, nil', 'a + b + 1, nil');
  calm.gopls.notify('textDocument/didChange', {
    textDocument: { uri: file.uri, version: 2 },
    contentChanges: [{ text }],
  });
  const incident = await waited(calm, { ...file, text }, 'F7(', async () => {
    await sleep(6_000);
    end();
  });
  const { evidence } = assertCause(t, incident, 'cpu-starved');
  assert.ok(evidence.run_delay_ns > evidence.on_cpu_ns, JSON.stringify(evidence));
});

test('a gopls that was killed because memory had run out', linux, async (t) => {
  const group = memoryCgroup(16e6);
  if (group.why) return t.skip(group.why);
  const calm = await answering(t, { files: { 'generated.go': generated(20_000) } });
  const from = calm.events.all.length;
  const file = calm.gopls.open('generated.go');
  t.after(() => eventually('its processes to be gone', () => removed(group)));
  const text = file.text.replace('a + b, nil', 'a + b + 1, nil');
  calm.gopls.notify('textDocument/didChange', {
    textDocument: { uri: file.uri, version: 2 },
    contentChanges: [{ text }],
  });
  const incident = await waited(calm, { ...file, text }, 'F7(', async () => {
    await calm.events.until('a stall', ({ kind }) => kind === 'stall-started', { from, timeoutMs: MINUTE });
    group.add(calm.gopls.pid);
  });
  assert.equal(incident.state, 'gopls-gone', 'it lives within 16 MB more: nothing to see here');
  assertCause(t, incident, 'oom-killed', 0.9);
  const told = calm.events.all.slice(from).find(({ note }) => note?.code === 'gopls-oom-killed');
  assert.ok(['in-cgroup', 'on-machine'].includes(told.note.values.seen), JSON.stringify(told));
});

function removed(group) {
  try {
    group.remove();
    return true;
  } catch {
    return false;
  }
}
