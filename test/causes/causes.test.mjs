// Each cause by a real mechanism, at a real gopls: what made the wait long is the first cause of its incident, for most of it.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { memoryCgroup, reclaimingCgroup } from '../lib/memoryCgroup.mjs';
import { slowGo } from '../lib/slowGo.mjs';
import { gopls as goplsFile } from '../tools/lib/paths.mjs';
import { eventually, value } from '../addon/support/core.mjs';
import { watched } from '../addon/support/watched.mjs';

const HOVER = 'textDocument/hover';
const MINUTE = 60_000;
const TIMEOUT = { timeout: 3 * MINUTE };
const linux = { skip: process.platform !== 'linux' && 'only Linux tells', ...TIMEOUT };

/** A module of one file, in a folder of its own. */
function writeModule(folder, files) {
  fs.mkdirSync(folder, { recursive: true });
  const all = { 'go.mod': 'module example.com/waits\n\ngo 1.21\n', 'main.go': MAIN, ...files };
  for (const [name, text] of Object.entries(all)) fs.writeFileSync(path.join(folder, name), text);
}
const MAIN = 'package main\n\nimport "fmt"\n\nfunc main() {\n\tfmt.Println("hello")\n}\n';

/** A gopls on a module, and a core that watches it. */
function started(t, { files = {}, env = {}, executable = goplsFile(), running } = {}) {
  const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'stallscope-causes-'));
  const workspace = path.join(scratch, 'module');
  writeModule(workspace, files);
  const environment = typeof env === 'function' ? env(scratch) : env;
  return watched(t, { scratch, workspace, executable, env: environment, running });
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

/** Whose `go` sleeps before one of its commands. */
const slow = (command) => ({ env: (scratch) => slowGo(path.join(scratch, 'bin'), [command], 3) });

test('a slow go command', linux, async (t) => {
  const all = await started(t, slow('list'));
  await all.gopls.initialize();
  const incident = await waited(all, all.gopls.open('main.go'), 'Println');
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

/** A command that takes its time, and that gopls finishes before it turns to whatever is asked after it. */
function tidy({ gopls, file }) {
  const answer = gopls.request('workspace/executeCommand', {
    command: 'gopls.tidy',
    arguments: [{ URIs: [file.uri] }],
  });
  answer.catch(() => {});
}

test('a queue behind a slow request', linux, async (t) => {
  const calm = await answering(t, slow('mod'));
  tidy(calm);
  const incident = await waited(calm, calm.file, 'main()');
  const { evidence } = assertCause(t, incident, 'queue');
  assert.equal(evidence.behind, 'workspace/executeCommand');
});

test('a busy extension host', linux, async (t) => {
  const calm = await answering(t, slow('mod'));
  // This process is the extension host here. It is busy while somebody asks: the request is only seen after that.
  const began = performance.now();
  while (performance.now() - began < 6_000);
  calm.core.hostLagged(Math.round(performance.now() - began));
  tidy(calm);
  const incident = await waited(calm, calm.file, 'main()');
  const { evidence, slow: isSlow } = assertCause(t, incident, 'extension-host');
  assert.ok(evidence.lag_before_ns >= 5.9e9, JSON.stringify(evidence));
  assert.equal(isSlow, true);
  assert.equal(incident.causes.find(({ kind }) => kind !== 'extension-host').kind, 'queue');
});

/** Gives a process a low priority: among the threads of its session, and its session among the others where Linux groups them. */
function givesWay(pid) {
  for (const task of fs.readdirSync(`/proc/${pid}/task`)) os.setPriority(Number(task), 19);
  const group = `/proc/${pid}/autogroup`;
  if (fs.existsSync(group)) fs.writeFileSync(group, '8');
}

test('others have the CPU', linux, async (t) => {
  const calm = await answering(t, { files: { 'generated.go': generated(6_000) } });
  const file = calm.gopls.open('generated.go');
  await calm.gopls.hover(file.uri, at(file.text, 'F7('));
  await settled(calm);
  const busy = Array.from({ length: 2 * os.cpus().length }, () =>
    spawn('sh', ['-c', 'echo; while :; do :; done'], { stdio: ['ignore', 'pipe', 'ignore'] }),
  );
  const end = () => busy.forEach((child) => child.kill('SIGKILL'));
  t.after(end);
  await Promise.all(busy.map(({ stdout }) => once(stdout, 'data')));
  givesWay(calm.gopls.pid);
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

test('memory that is taken back', linux, async (t) => {
  const group = reclaimingCgroup(2 ** 40);
  if (group.why) return t.skip(group.why);
  // Pages of a file belong to the group that read them first: of a copy that nobody has read that is ours.
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'stallscope-gopls-'));
  const copy = path.join(folder, 'gopls');
  const copied = spawnSync('dd', [`if=${goplsFile()}`, `of=${copy}`, 'bs=1M', 'oflag=direct']);
  if (copied.status !== 0) return t.skip(`no file can be written past the page cache: ${copied.stderr}`);
  fs.chmodSync(copy, 0o755);
  t.after(() => fs.rmSync(folder, { recursive: true }));
  const calm = await answering(t, {
    files: { 'generated.go': generated(12_000) },
    executable: copy,
    running: (pid) => group.add(pid),
  });
  const file = calm.gopls.open('generated.go');
  await calm.gopls.hover(file.uri, at(file.text, 'F7('));
  await settled(calm);
  t.after(() => eventually('its processes to be gone', () => removed(group)));
  const text = file.text.replace('a + b, nil', 'a + b + 1, nil');
  calm.gopls.notify('textDocument/didChange', {
    textDocument: { uri: file.uri, version: 2 },
    contentChanges: [{ text }],
  });
  const incident = await waited(calm, { ...file, text }, 'F7(', async () => {
    // Its code is all that can be taken from it. In between it may have that back: with nothing left to take it would stand still.
    for (const until = Date.now() + 6_000; Date.now() < until; await sleep(10)) {
      group.limit(group.usageBytes() + 5e5);
      await sleep(300);
      group.limit(2 ** 40);
    }
  });
  const { evidence } = assertCause(t, incident, 'memory-pressure', 0.3);
  assert.ok(evidence.major_faults >= 20 && evidence.memory_pressure_ns > 0, JSON.stringify(evidence));
});

function removed(group) {
  try {
    group.remove();
    return true;
  } catch {
    return false;
  }
}
