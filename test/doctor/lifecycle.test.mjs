// Which gopls runs, and how it was started, as the doctor tells it of real ones; crashes by the words of the language client that
// the Go extension uses.
import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { Gopls } from '../lib/gopls.mjs';
import { cli, gopls, repo } from '../tools/lib/paths.mjs';
import { copyOfGopls } from './executables.mjs';

function world(t) {
  const folder = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'stallscope-lifecycle-')));
  const workspace = path.join(folder, 'shop');
  fs.mkdirSync(workspace);
  fs.writeFileSync(path.join(workspace, 'go.mod'), 'module example.com/shop\n\ngo 1.23\n');
  fs.writeFileSync(path.join(workspace, 'shop.go'), 'package shop\n\n// F is hovered.\nfunc F() {}\n');
  /** Groups of processes that end before the folder goes. */
  const hosts = [];
  const servers = [];
  t.after(async () => {
    for (const server of servers) await server.kill();
    for (const host of hosts) {
      process.kill(-host.pid, 'SIGKILL');
      await once(host, 'close');
    }
    // A telemetry child of gopls may still write its last.
    fs.rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
  });
  return { folder, workspace, hosts, servers };
}

/** What is said of the servers, and the findings about them and their logs. */
function doctor({ folder, workspace }, args = []) {
  const env = { ...process.env, GOPLSCACHE: path.join(folder, 'cache') };
  const out = execFileSync(cli, ['doctor', workspace, '--json', ...args], { encoding: 'utf8', env });
  const { findings, lifecycle, not_examined: not } = JSON.parse(out);
  assert.deepEqual(not, []);
  const ours = findings.filter(({ area }) => area === 'lifecycle');
  // Servers of other tests run beside ours.
  const ofLog = ours.filter(({ place }) => place.kind !== 'process');
  return { ...lifecycle, findings: ours, ofLog };
}

const server = ({ servers }, pid) => servers.find((one) => one.pid === pid);
const about = ({ findings }, pid) => findings.filter(({ place }) => place.pid === pid);

async function loaded(there, how) {
  const running = new Gopls({ workspace: there.workspace, cache: path.join(there.folder, 'cache'), ...how });
  there.servers.push(running);
  await running.initialize();
  const { uri } = running.open('shop.go');
  assert.ok(await running.hover(uri, { line: 3, character: 5 }), 'it is loaded');
  return running;
}

test('a gopls that runs is told with its version, flags, environment, age and memory; secrets are not', async (t) => {
  const there = world(t);
  const env = {
    GOMEMLIMIT: '3GiB',
    GOPROXY: 'https://gopher:swordfish@a.example',
    SECRET_TOKEN: 'swordfish',
  };
  const { pid } = await loaded(there, { executable: gopls(), env });
  const told = doctor(there);
  const {
    exe,
    version,
    go_version: go,
    flags,
    variables,
    uptime_s: uptime,
    rss_bytes: rss,
  } = server(told, pid);
  assert.equal(exe, fs.realpathSync(gopls()));
  assert.equal(version, 'v0.23.0');
  assert.match(go, /^go1\./);
  assert.deepEqual(flags, ['-debug=127.0.0.1:0']);
  assert.equal(variables.GOMEMLIMIT, '3GiB');
  assert.equal(variables.GOPLSCACHE, path.join(there.folder, 'cache'));
  assert.ok(uptime < 60 && rss > 20e6);
  assert.ok(!JSON.stringify(told).includes('swordfish'));
  assert.deepEqual(about(told, pid), []);
});

test('a gopls whose file was exchanged or removed while it runs is told', async (t) => {
  const there = world(t);
  const executable = path.join(there.folder, 'gopls');
  copyOfGopls(executable);
  const { pid } = await loaded(there, { executable });
  assert.deepEqual(about(doctor(there), pid), []);
  // As `go install` does: a new file at the old place.
  fs.copyFileSync(executable, `${executable}.new`);
  fs.appendFileSync(`${executable}.new`, randomBytes(16));
  fs.renameSync(`${executable}.new`, executable);
  const [exchanged] = about(doctor(there), pid);
  assert.equal(exchanged.id, 'gopls-replaced');
  assert.deepEqual(exchanged.evidence, [`process ${pid}: gopls v0.23.0`, `${executable}: gopls v0.23.0`]);
  fs.rmSync(executable);
  const [removed] = about(doctor(there), pid);
  assert.equal(removed.evidence[1], `${executable}: nothing`);
});

test('two gopls of one window are told, two windows with one each are not', async (t) => {
  const there = world(t);
  /** An extension host by its arguments, which starts so many servers and ends when its input does. */
  const host = async (count) => {
    const start = `for (let i = 0; i < ${count}; i++)
      require('node:child_process').spawn(${JSON.stringify(gopls())}, { stdio: ['pipe', 'ignore', 'ignore'] });
      console.log('started'); process.stdin.resume();`;
    const child = spawn(process.execPath, ['-e', start, 'bootstrap-fork'], {
      env: { ...process.env, GOPLSCACHE: path.join(there.folder, 'cache') },
      detached: true,
    });
    there.hosts.push(child);
    await once(child.stdout, 'data');
    return child.pid;
  };
  const of = ({ servers, findings }, parents) => {
    const pids = servers.filter((one) => parents.includes(one.parent_pid)).map(({ pid }) => pid);
    return { count: pids.length, found: findings.filter(({ place }) => pids.includes(place.pid)) };
  };
  const windows = [await host(1), await host(1)];
  assert.deepEqual(of(doctor(there), windows), { count: 2, found: [] });
  const both = await host(2);
  const { count, found } = of(doctor(there), [both]);
  assert.equal(count, 2);
  assert.equal(found[0].id, 'gopls-twice');
  assert.equal(found[0].evidence.length, 2);
});

test('the steps of a real start are read from its log', async (t) => {
  const there = world(t);
  const log = path.join(there.folder, 'gopls.log');
  const flags = ['-rpc.trace', `-logfile=${log}`];
  const running = await loaded(there, { executable: gopls(), flags });
  await running.kill();
  const first = doctor(there, ['--log', log]);
  assert.deepEqual(first.ofLog, []);
  assert.equal(first.log.starts, 1);
  const names = first.log.steps.map(({ name }) => name);
  for (const name of ['initialize', 'Setting up workspace', 'load']) assert.ok(names.includes(name), name);
  for (const { took_ms: took } of first.log.steps) assert.ok(took !== null && took < 60_000);
  // A second one, in the same file.
  fs.appendFileSync(log, fs.readFileSync(log));
  const second = doctor(there, ['--log', log]);
  assert.equal(second.log.starts, 2);
  assert.deepEqual(
    second.ofLog.map(({ id }) => id),
    ['gopls-restarted'],
  );
});

test('a gopls that a flag keeps from starting: its last words, and when the editor gives up', (t) => {
  const there = world(t);
  const { status, stderr } = spawnSync(gopls(), ['-memory-limit=1'], { encoding: 'utf8' });
  assert.equal(status, 2);
  const client = path.join(repo, 'node_modules/vscode-languageclient/lib');
  const words = fs.readFileSync(path.join(client, 'node/main.js'), 'utf8');
  assert.ok(words.includes('`Server process exited with code ${code}.`'), 'the client says it so');
  const general = fs.readFileSync(path.join(client, 'common/client.js'), 'utf8');
  assert.ok(general.includes('The server will not be restarted.'));
  const log = path.join(there.folder, 'output.log');
  const crash = `${stderr}[Error - 9:00:00 AM] Server process exited with code ${status}.\n`;
  const told = (text) => {
    fs.writeFileSync(log, text);
    return doctor(there, ['--log', log]).ofLog[0];
  };
  const crashed = told(crash.repeat(2));
  assert.equal(crashed.id, 'gopls-crashed');
  assert.match(crashed.title, /2 times/);
  assert.ok(crashed.evidence.some((line) => line.includes('exited with code 2')));
  assert.equal(told(crash.repeat(5)).id, 'gopls-given-up');
});

test('what Go says of a memory limit that it refuses is among the last words', (t) => {
  const there = world(t);
  const env = { ...process.env, GOMEMLIMIT: '2GB' };
  const { status, stderr } = spawnSync(gopls(), ['version'], { encoding: 'utf8', env });
  assert.equal(status, 2);
  const log = path.join(there.folder, 'output.log');
  fs.writeFileSync(log, `${stderr}[Error - 9:00:00 AM] Server process exited with code ${status}.\n`);
  const { ofLog } = doctor(there, ['--log', log]);
  assert.ok(ofLog[0].evidence.some((line) => line.includes('malformed GOMEMLIMIT')));
});
