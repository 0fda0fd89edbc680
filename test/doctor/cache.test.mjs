// The cache of gopls: what `stallscope cache` says of one that a real gopls has made, and that a removal touches nothing but
// what is nobody's, whatever lies in its way and whenever it ends.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Gopls } from '../lib/gopls.mjs';
import { cli } from '../tools/lib/paths.mjs';
import { copyOfGopls } from './executables.mjs';

/** A folder with a cache and something outside of it that must stay as it is; gone after the test. */
function world(t) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'stallscope-cache-'));
  const cache = path.join(folder, 'gopls');
  const outside = path.join(folder, 'outside');
  fs.mkdirSync(cache);
  fs.mkdirSync(outside);
  for (const name of ['precious', fileName('ab', 1)]) fs.writeFileSync(path.join(outside, name), 'precious');
  /** Those that write into the cache end before it goes. */
  const servers = [];
  t.after(async () => {
    for (const server of servers) await server.kill();
    fs.rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
  });
  const untouched = () => {
    assert.deepEqual(fs.readdirSync(outside).sort(), [fileName('ab', 1), 'precious'].sort());
    for (const name of fs.readdirSync(outside))
      assert.equal(fs.readFileSync(path.join(outside, name), 'utf8'), 'precious');
  };
  return { folder, cache, outside, untouched, servers };
}

const fileName = (shard, number) => `${shard}${number.toString(16).padStart(62, '0')}-typerefs`;

/** The cache of an executable that never was, with so many files in 256 shards. */
function orphan(cache, seed, files) {
  const sha256 = createHash('sha256').update(seed).digest();
  const directory = path.join(cache, sha256.toString('hex', 0, 4));
  fs.mkdirSync(directory);
  fs.writeFileSync(path.join(directory, 'exe.sha256'), sha256);
  for (let shard = 0; shard < 256; shard++) fs.mkdirSync(path.join(directory, hex(shard)));
  for (let i = 0; i < files; i++) {
    const shard = hex(i % 256);
    fs.writeFileSync(path.join(directory, shard, fileName(shard, i)), 'twelve bytes');
  }
  return directory;
}

const hex = (byte) => byte.toString(16).padStart(2, '0');

/** Runs `stallscope cache` as a user whose executables are in `bins`. */
function start({ folder }, args, { bins = [], ...options } = {}) {
  const go = path.dirname(process.env.GOROOT ?? '/usr/local/go/bin/go');
  const env = {
    PATH: [...bins, '/usr/bin', '/bin', go].join(path.delimiter),
    HOME: folder,
    GOPLSCACHE: folder,
    GOCACHE: path.join(folder, 'go-build'),
    GOENV: 'off',
  };
  return spawn(options.executable ?? cli, ['cache', ...args], { cwd: folder, env, ...options });
}

async function ended(child) {
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (data) => (stdout += data));
  child.stderr.on('data', (data) => (stderr += data));
  const code = await new Promise((resolve, reject) => child.on('close', resolve).on('error', reject));
  return { code, stdout, stderr };
}

async function stallscope(world, args, options) {
  const { code, stdout, stderr } = await ended(start(world, [...args, '--json'], options));
  return { code, stderr, answer: stdout === '' ? undefined : JSON.parse(stdout) };
}

const owners = ({ answer }) => Object.fromEntries(answer.directories.map(({ name, owner }) => [name, owner]));

/** A small module with a definition to ask for. */
function shop(folder) {
  const workspace = path.join(folder, 'shop');
  fs.mkdirSync(workspace);
  fs.writeFileSync(path.join(workspace, 'go.mod'), 'module example.com/shop\n\ngo 1.23\n');
  fs.writeFileSync(
    path.join(workspace, 'shop.go'),
    'package shop\n\nimport "net/http"\n\nfunc Price() int { return 1 }\n\nfunc Serve(http.Handler) int { return Price() }\n',
  );
  return workspace;
}

/** A gopls that has answered where `Price` is defined; it is asked anew at each call. */
async function served({ folder, servers }, executable, workspace) {
  const server = new Gopls({ executable, workspace, cache: folder });
  servers.push(server);
  await server.initialize();
  const { uri } = server.open('shop.go');
  const definition = async () => {
    const position = { line: 6, character: 40 };
    const [place] = await server.request('textDocument/definition', { textDocument: { uri }, position });
    assert.equal(place.range.start.line, 4);
  };
  await definition();
  return { server, definition };
}

test('a cache of 100,000 files is listed, tried and removed; other directories stay', async (t) => {
  const there = world(t);
  const directory = orphan(there.cache, 'one', 100_000);
  const name = path.basename(directory);
  fs.mkdirSync(path.join(there.cache, 'global'));
  const listed = await stallscope(there, []);
  assert.deepEqual(owners(listed), { [name]: 'orphan', global: 'unrecognised' });
  const { size } = listed.answer.directories.find((entry) => entry.name === name);
  assert.equal(size.files, 100_001);
  assert.equal(size.bytes, 100_000 * 12 + 32);
  assert.deepEqual(size.kinds, { typerefs: { files: 100_000, bytes: 1_200_000 } });
  const tried = await stallscope(there, ['--clean', '--dry-run']);
  assert.ok(fs.existsSync(directory), 'a trial removes nothing');
  const removed = await stallscope(there, ['--clean']);
  assert.deepEqual(removed.answer, tried.answer);
  assert.deepEqual(removed.answer.removed, [{ name, files: 100_001, bytes: size.bytes }]);
  assert.deepEqual(fs.readdirSync(there.cache), ['global']);
  there.untouched();
});

test('links to the outside are traps that nothing falls into', async (t) => {
  const there = world(t);
  const shard = orphan(there.cache, 'shard', 300);
  fs.rmdirSync(path.join(orphan(there.cache, 'empty shards', 0), 'ab'));
  fs.rmSync(path.join(shard, 'ab'), { recursive: true });
  fs.symlinkSync(there.outside, path.join(shard, 'ab'));
  const file = orphan(there.cache, 'file', 300);
  fs.symlinkSync(path.join(there.outside, 'precious'), path.join(file, '00', fileName('00', 0xffff)));
  fs.symlinkSync(there.outside, path.join(there.cache, '0a0b0c0d'));
  const before = fs.readdirSync(there.cache).sort();
  const listed = await stallscope(there, []);
  const unrecognised = listed.answer.directories.filter(({ owner }) => owner === 'unrecognised');
  assert.equal(unrecognised.length, 3);
  for (const { why } of unrecognised) assert.match(why, /is a link|is not a directory/);
  const { code, answer } = await stallscope(there, ['--clean']);
  assert.equal(code, 0);
  assert.equal(answer.removed.length, 1, 'the one without a trap');
  assert.equal(fs.readdirSync(there.cache).length, before.length - 1);
  there.untouched();
});

test('killed half-way, the next removal finishes what is left', async (t) => {
  const there = world(t);
  const directory = orphan(there.cache, 'killed', 100_000);
  const aside = `${directory}.stallscope-removing-1`;
  const child = start(there, ['--clean']);
  const end = ended(child);
  while (!fs.existsSync(aside)) await sleep(1);
  child.kill('SIGKILL');
  await end;
  assert.ok(!fs.existsSync(directory) && fs.existsSync(aside), 'it was at it');
  assert.deepEqual(owners(await stallscope(there, [])), { [path.basename(aside)]: 'leftover' });
  const { code, answer } = await stallscope(there, ['--clean']);
  assert.equal(code, 0);
  assert.ok(answer.removed[0].files > 0, 'some were left');
  assert.deepEqual(fs.readdirSync(there.cache), []);
  there.untouched();
});

test('Ctrl-C stops it between two files, and it says so', async (t) => {
  const there = world(t);
  const directory = orphan(there.cache, 'stopped', 100_000);
  const child = start(there, ['--clean']);
  const end = ended(child);
  while (fs.existsSync(directory)) await sleep(1);
  child.kill('SIGINT');
  const { code, stderr } = await end;
  assert.equal(code, 1);
  assert.match(stderr, /the next --clean finishes what is left/);
  assert.equal(fs.readdirSync(there.cache).length, 1);
  assert.equal((await stallscope(there, ['--clean'])).code, 0);
  assert.deepEqual(fs.readdirSync(there.cache), []);
});

test('files that appear while it runs stay when they are not gopls’s', async (t) => {
  const there = world(t);
  const directory = orphan(there.cache, 'appear', 50_000);
  const aside = `${directory}.stallscope-removing-1`;
  const child = start(there, ['--clean', '--json']);
  const end = ended(child);
  while (!fs.existsSync(aside)) await sleep(1);
  // The last shard is read last.
  const last = fs.readdirSync(aside).filter((name) => name !== 'exe.sha256');
  const mine = last.map((shard) => path.join(aside, shard, 'mine.txt')).filter((name) => written(name));
  const { code, stdout } = await end;
  const stay = mine.filter((name) => fs.existsSync(name));
  assert.deepEqual(stay, mine, 'none of them is removed');
  assert.ok(mine.length > 0, 'it was at it');
  assert.equal(code, 1);
  assert.match(
    JSON.parse(stdout).skipped[0].why,
    /(mine\.txt|while it was emptied\)) is not gopls's and was left/,
  );
});

/** Whether the folder was still there to write into. */
function written(file) {
  try {
    fs.writeFileSync(file, 'mine');
    return true;
  } catch {
    return false;
  }
}

test(
  'without permission nothing is lost, and it is said',
  { skip: process.platform === 'win32' },
  async (t) => {
    const there = world(t);
    const directory = orphan(there.cache, 'locked', 1_000);
    // Root may do anything: somebody else does it then.
    const nobody = process.getuid() === 0 ? { uid: 65_534, gid: 65_534 } : {};
    const executable = path.join(there.folder, 'stallscope');
    fs.copyFileSync(cli, executable);
    fs.chmodSync(executable, 0o755);
    fs.chmodSync(there.folder, 0o755);
    fs.chmodSync(there.cache, 0o555);
    const { code, answer } = await stallscope(there, ['--clean'], { ...nobody, executable });
    fs.chmodSync(there.cache, 0o755);
    assert.equal(code, 1);
    assert.match(answer.skipped[0].why, /ermission denied/);
    assert.deepEqual(fs.readdirSync(there.cache), [path.basename(directory)]);
    assert.equal((await stallscope(there, [])).answer.directories[0].size.files, 1_001);
  },
);

test('the directory of a gopls that runs is its own, under whatever name it runs', async (t) => {
  const there = world(t);
  const workspace = shop(there.folder);
  // Nobody would take it for gopls by its name, and it is nowhere where executables are installed.
  const executable = path.join(there.folder, 'language-server');
  const name = copyOfGopls(executable);
  const { server, definition } = await served(there, executable, workspace);
  orphan(there.cache, 'beside it', 10);
  const listed = await stallscope(there, []);
  const own = listed.answer.directories.find(({ owner }) => owner === 'running');
  assert.equal(own.name, name);
  assert.ok(own.executables.some((one) => one.path === executable && one.pids.includes(server.pid)));
  assert.ok(own.size.kinds.typerefs.files > 0 && own.size.kinds.cas.files > 0);
  assert.equal(own.executables[0].version, 'v0.23.0');

  const refused = await stallscope(there, ['--clean', '--only', own.name]);
  assert.equal(refused.code, 2);
  assert.match(refused.stderr, /belongs to a gopls that runs/);
  // Also when its file is gone, as after an upgrade.
  fs.rmSync(executable);
  const cleaned = await stallscope(there, ['--clean']);
  assert.equal(cleaned.answer.removed.length, 1);
  assert.deepEqual(fs.readdirSync(there.cache), [own.name]);
  await definition();
});

test('the doctor’s fix spares the gopls that it was told of, and cleans the cache that it looked at', async (t) => {
  const there = world(t);
  const gone = orphan(there.cache, 'gone', 0);
  // Enough to be worth a word, in a file without blocks on the disk.
  fs.truncateSync(path.join(gone, '00', touch(path.join(gone, '00', fileName('00', 1)))), 60_000_000);
  const own = path.join(there.folder, 'bin', 'my-language-server');
  fs.mkdirSync(path.dirname(own));
  const name = copyOfGopls(own);
  fs.renameSync(orphan(there.cache, 'own', 10), path.join(there.cache, name));
  fs.writeFileSync(
    path.join(there.cache, name, 'exe.sha256'),
    createHash('sha256').update(fs.readFileSync(own)).digest(),
  );
  const args = ['doctor', there.folder, '--json', '--gopls', own, '--env', `GOPLSCACHE=${there.folder}`];
  const { findings } = JSON.parse(execFileSync(cli, args, { encoding: 'utf8' }));
  const [{ command }] = findings.find(({ id }) => id === 'cache-orphans').fixes;
  assert.equal(command[0], 'stallscope');
  execFileSync(cli, command.slice(1));
  assert.deepEqual(fs.readdirSync(there.cache), [name]);
});

/** Makes an empty file, and says what it is called in its folder. */
function touch(file) {
  fs.writeFileSync(file, '');
  return path.basename(file);
}

test('an installed gopls keeps its directory; removed by name, the next load makes it anew', async (t) => {
  const there = world(t);
  const workspace = shop(there.folder);
  const bin = path.join(there.folder, 'bin');
  fs.mkdirSync(bin);
  const executable = path.join(bin, 'gopls');
  const name = copyOfGopls(executable);
  const first = await served(there, executable, workspace);
  await first.server.kill();
  const options = { bins: [bin] };
  assert.deepEqual(owners(await stallscope(there, [], options)), { [name]: 'installed' });
  assert.deepEqual((await stallscope(there, ['--clean'], options)).answer.removed, []);
  const { answer } = await stallscope(there, ['--clean', '--only', name], options);
  assert.equal(answer.removed[0].name, name);
  const second = await served(there, executable, workspace);
  await second.definition();
  assert.deepEqual(owners(await stallscope(there, [], options)), { [name]: 'running' });
});
