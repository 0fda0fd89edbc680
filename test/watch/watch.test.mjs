// `stallscope watch` beside several real gopls, each started by a process with the name of an editor or an agent.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { rssBytes } from '../lib/procfs.mjs';
import { cli, gopls as goplsFile, goplsSource } from '../tools/lib/paths.mjs';
import { run } from '../tools/lib/run.mjs';
import { editor, nodeAgent, smallModule, startBelow } from './support/owners.mjs';
import { eventually, Watch } from './support/watch.mjs';

const MINUTE = 60_000;
const FILE = 'internal/cache/snapshot.go';
const TYPE = 'type Snapshot struct';

const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'stallscope-watch-'));
const file = (name) => path.join(scratch, name);
const storage = file('incidents-of-all');
/** By the name of who started it. */
const running = {};
let watch;

before(
  async () => {
    const workspace = smallModule(file('small'));
    const cache = file('cache');
    const runtimeDir = fs.mkdirSync(file('runtime'), { recursive: true, mode: 0o700 });
    const env = { XDG_RUNTIME_DIR: runtimeDir };
    const start = async (name, executable, more = {}) => {
      running[name] = await startBelow(executable, { workspace, cache, env, ...more }, eventually);
    };
    const shared = ['-remote=auto', '-remote.listen.timeout=5s'];
    await start('nvim', editor(scratch, 'nvim', goplsFile()));
    await start('hx', editor(scratch, 'hx', goplsFile(), { flags: false }));
    await start('zed', editor(scratch, 'zed', goplsFile()));
    await start('claude', nodeAgent(scratch, 'claude', goplsFile()), {
      workspace: goplsSource(),
      cache: file('cold-cache'),
    });
    await start('emacs', editor(scratch, 'emacs', goplsFile()), { flags: shared });
    await start('vim', editor(scratch, 'vim', goplsFile()), { flags: shared });
    for (const name of ['nvim', 'hx', 'zed', 'emacs', 'vim']) await running[name].client.initialize();
    watch = new Watch(storage);
  },
  { timeout: MINUTE },
);

after(async () => {
  await watch?.end('SIGKILL');
  await Promise.all(Object.values(running).map(({ client }) => client.kill()));
  fs.rmSync(scratch, { recursive: true, force: true });
});

const pidOf = (name) => running[name].pid;

test('each gopls is found with its owner, its folder and its version', { timeout: MINUTE }, async () => {
  const wanted = {
    nvim: ['editor', 'Neovim', file('small')],
    hx: ['editor', 'Helix', file('small')],
    zed: ['editor', 'Zed', file('small')],
    claude: ['agent', 'Claude Code', goplsSource()],
  };
  for (const [name, [kind, owner, folder]] of Object.entries(wanted)) {
    const found = await watch.line('found', pidOf(name));
    assert.deepEqual([found.owner.kind, found.owner.name, found.folder], [kind, owner, folder], name);
    assert.deepEqual([found.role, found.version, found.clients], ['server', 'v0.23.0', []], name);
    assert.equal(found.owner.pid, running[name].client.pid, 'the process of that name');
  }
});

test(
  'a shared daemon is one server with two clients, and forwarders are none',
  { timeout: MINUTE },
  async () => {
    const daemon = await watch.line('found', undefined, ({ role, clients }) => {
      const pids = clients.map(({ pid }) => pid);
      return role === 'daemon' && pids.includes(pidOf('emacs')) && pids.includes(pidOf('vim'));
    });
    assert.deepEqual(daemon.clients.map(({ owner }) => owner.name).sort(), ['Emacs', 'Vim']);
    const listed = await eventually('the daemon in the table', () => watch.row(daemon.pid) && watch.all);
    const forwarders = listed.gopls.filter(({ pid }) => [pidOf('emacs'), pidOf('vim')].includes(pid));
    assert.deepEqual(forwarders, []);
    assert.ok(listed.totals.forwarders >= 2 && listed.totals.forwarders_rss_bytes > 20e6, 'told apart');
    running.daemon = { pid: daemon.pid, client: { kill() {} } };
  },
);

test('how each can be asked is told, with the way to switch it on', { timeout: MINUTE }, async () => {
  const on = await watch.line('debug-server', pidOf('nvim'), ({ state }) => state === 'on');
  assert.match(on.address, /^127\.0\.0\.1:\d+$/);
  assert.deepEqual([on.loopback_only, on.waits_by], [true, 'counters']);
  const off = await watch.line('debug-server', pidOf('hx'), ({ state }) => state === 'off');
  assert.equal(off.waits_by, null);
  assert.match(off.how_to_switch_on, /languages\.toml.*-debug=127\.0\.0\.1:0/);
  const row = await eventually('its row', () => watch.row(pidOf('hx')));
  assert.equal(row.in_flight, null, 'what nobody tells is not 0');
});

test('the sums are those of the rows, and the rows those of /proc', { timeout: MINUTE }, async () => {
  const pids = ['nvim', 'hx', 'zed', 'claude', 'daemon'].map(pidOf);
  const all = await eventually('all of them', () => pids.every((pid) => watch.row(pid)) && watch.all);
  assert.equal(
    all.totals.rss_bytes,
    all.gopls.reduce((sum, { rss_bytes }) => sum + rss_bytes, 0),
  );
  assert.equal(all.totals.servers, all.gopls.length);
  // Read a moment apart, of processes that may just collect their garbage.
  await eventually('the same as in /proc', () => {
    const ours = pids.reduce((sum, pid) => sum + watch.row(pid).rss_bytes, 0);
    const theirs = pids.reduce((sum, pid) => sum + rssBytes(pid), 0);
    return Math.abs(ours - theirs) < 0.05 * theirs;
  });
});

test('a stall of one is captured and named, and the others have none', { timeout: 3 * MINUTE }, async () => {
  const { client, pid } = running.claude;
  await client.initialize();
  const { uri, text } = client.open(FILE);
  const line = text.split('\n').findIndex((candidate) => candidate.includes(TYPE));
  const hover = await client.hover(uri, { line, character: TYPE.indexOf('Snapshot') });
  assert.match(hover.contents.value, /Snapshot/);
  const stall = await watch.line('stall', pid);
  assert.equal(stall.method, 'textDocument/hover');
  const incident = await watch.line('incident', pid, ({ method }) => method === 'textDocument/hover');
  assert.ok(incident.duration_ms > 200 && incident.has_heap, JSON.stringify(incident));
  const kept = JSON.parse(fs.readFileSync(path.join(incident.folder, 'incident.json'), 'utf8'));
  assert.equal(kept.gopls.pid, pid);
  const heap = kept.captures.find(({ kind, state }) => kind === 'heap' && state === 'complete');
  const { stdout } = await run(cli, ['analyze', path.join(incident.folder, heap.file)]);
  assert.match(stdout, /golang\.org\/x\/tools/, 'a heap of gopls');
  for (const name of ['hx', 'zed', 'daemon']) {
    assert.deepEqual(watch.of('incident', pidOf(name)), [], name);
    assert.deepEqual(watch.of('stall', pidOf(name)), [], name);
  }
});

test('one that ends is told, and one that comes is found', { timeout: MINUTE }, async () => {
  await running.zed.client.kill();
  await watch.line('gone', pidOf('zed'));
  running.another = await startBelow(
    editor(scratch, 'opencode', goplsFile()),
    { workspace: file('small'), cache: file('cache') },
    eventually,
  );
  const found = await watch.line('found', pidOf('another'));
  assert.deepEqual([found.owner.kind, found.owner.name], ['agent', 'opencode']);
});

test('the table is printed once, without a capture', { timeout: MINUTE }, async () => {
  const here = file('once');
  const { stdout } = await run(cli, ['watch', '--once', '--storage', here]);
  const row = (pid) => stdout.split('\n').find((line) => line.trimStart().startsWith(`${pid} `));
  assert.match(row(pidOf('nvim')), /Neovim .* v0\.23\.0 .* MB .* on$/);
  assert.match(row(pidOf('hx')), /Helix .* \? .* off$/);
  assert.match(row(pidOf('daemon')), /daemon for 2 /);
  assert.match(stdout, /^\d+ gopls, [\d.]+ [MG]B, \d+ % of [\d.]+ GB, /m);
  assert.ok(!fs.existsSync(path.join(here, 'incidents')));
});

test('it ends when it is told to, and costs next to nothing until then', { timeout: MINUTE }, async () => {
  // With all that happened above, loads and a stall among it. `npm run bench -- fleetwatch` measures it at rest.
  const fields = fs.readFileSync(`/proc/${watch.pid}/stat`, 'utf8').split(') ')[1].split(' ');
  const cpuSeconds = (Number(fields[11]) + Number(fields[12])) / 100;
  const seconds = (Date.now() - watch.lines[0].at_unix_ms) / 1000;
  assert.ok(cpuSeconds < 0.1 * seconds + 1, `${cpuSeconds} s of ${seconds} s`);
  assert.equal(await watch.end(), 0);
});

test('what cannot be is said before anything is watched', async () => {
  for (const [args, why] of [
    [['--storage', '/proc/nowhere'], /\/proc\/nowhere: incidents cannot be kept there: .*--storage/],
    [['--seconds', 'nan'], /--seconds NaN: that is no number of seconds/],
  ]) {
    const { code, output } = await run(cli, ['watch', '--json', ...args], { allowFailure: true });
    assert.equal(code, 2, output);
    assert.match(output, why);
  }
});

test('without a gopls of that number it says so', async () => {
  const { code, output } = await run(cli, ['watch', '--json', '--pid', String(process.pid)], {
    allowFailure: true,
  });
  assert.equal(code, 2, output);
  assert.match(output, /is not a gopls of this user/);
});
