// Where the system keeps one process from another, as hardened containers do, and where there is nothing to be read: why not, and what
// to do, is said before the program stands still. Whatever happens, the program goes on.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { cleanEnv, run } from '../tools/lib/run.mjs';
import { assertRead, assertRefused, buildWatched } from './watched.mjs';

const MINUTE = 60_000;
const onLinux = process.platform !== 'linux' && 'other processes are read on Linux only';
const asRoot = onLinux || (process.getuid() !== 0 && 'only root can be another user, or mount something');
const plain = { skip: onLinux, timeout: 2 * MINUTE };
const root = { skip: asRoot, timeout: 2 * MINUTE };
const USER = '65534';
/** A computing goroutine is now and then just being taken off its processor, and has nothing in registers then. */
const LOOKS = 4;

let folder;
let at;
before(async () => {
  if (onLinux) return;
  // Where every user may go.
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'stallscope-hardened-'));
  fs.chmodSync(folder, 0o755);
  for (const [name, file] of Object.entries(await buildWatched()))
    fs.copyFileSync(file, path.join(folder, name));
  at = (name) => path.join(folder, name);
});
after(() => folder && fs.rmSync(folder, { recursive: true, force: true }));

const program = (scenario = 'globals') => [at('retain'), scenario];
const retain = (...more) => [
  at('stallscope'),
  'retain',
  '--pid',
  'PID',
  '--json',
  '--max-pause',
  '5000',
  ...more,
];
const confined = (...how) => [at('confined'), ...how];
/** In a view of the file system of its own. */
const mounted = (how) => ['unshare', '--mount', 'sh', '-c', `${how} && exec "$@"`, 'sh'];

/** @returns {Promise<import('./watched.mjs').Outcome>} */
async function watched(target, command, around = []) {
  const { stdout } = await run(...first([...around, at('keeper'), ...target, '--', ...command]));
  return JSON.parse(stdout);
}

const first = ([command, ...args]) => [command, args, { timeoutMs: MINUTE }];

test('nothing is in the way', plain, async () => {
  assertRead(await watched(program(), retain()));
});

test('a debugger holds it', plain, async () => {
  const outcome = await watched(program(), [...confined('-debug', 'PID'), ...retain()]);
  assertRefused(outcome, /process \d+ is debugging it/, /End the debugger first/);
});

test('another user', root, async () => {
  const outcome = await watched(program(), [...confined('-user', USER), ...retain()]);
  assertRefused(outcome, /belongs to another user/, /Run the command as that user, or as root/);
});

test('a program that may do more than who reads it', root, async () => {
  const outcome = await watched(program(), [...confined('-no-capabilities'), ...retain()]);
  assertRefused(
    outcome,
    /does not allow reading its memory/,
    /allow `SYS_PTRACE`.* or run the command outside/,
  );
});

test('without process_vm_readv its memory is read as a file', plain, async () => {
  assertRead(await watched(program(), [...confined('-deny', 'process_vm_readv'), ...retain()]));
});

test('without ptrace the registers are missing, and that is said', plain, async () => {
  const look = (...around) => watched(program('registers'), [...around, ...retain()]);
  const words = /The registers of \d+ of its threads, which computed just then, could not be read/;
  let unread = 0;
  for (let looks = 0; unread === 0 && looks < LOOKS; looks += 1) {
    const outcome = await look(...confined('-deny', 'ptrace'));
    assert.equal(outcome.code, 0, outcome.stderr);
    assert.equal(outcome.ended, '0');
    unread = JSON.parse(outcome.stdout).copy.registers_unread;
  }
  assert.ok(unread > 0, 'a computing thread is never found');
  assert.equal(JSON.parse((await look()).stdout).copy.registers_unread, 0);
  let text = '';
  for (let looks = 0; !words.test(text) && looks < LOOKS; looks += 1) {
    const command = [...confined('-deny', 'ptrace'), ...retain().filter((word) => word !== '--json')];
    text = (await watched(program('registers'), command)).stdout;
  }
  assert.match(text, words);
});

test('a watchdog that is killed for ptrace is noticed, and the program goes on', plain, async () => {
  const lost = /the process that would let it go on in an emergency is not there: .*Try again/;
  let outcome = { code: 0 };
  for (let looks = 0; outcome.code === 0 && looks < LOOKS; looks += 1)
    outcome = await watched(program('registers'), [...confined('-kill', '-deny', 'ptrace'), ...retain()]);
  assert.equal(outcome.code, 2);
  assert.match(outcome.stderr, lost);
  assert.equal(outcome.ended, '0');
});

for (const { calls, errno = 1, why, remedy } of [
  {
    calls: 'process_vm_readv,ptrace,pidfd_open,pidfd_send_signal',
    why: /does not allow reading its memory: Operation not permitted/,
    remedy: /In a container, allow `SYS_PTRACE`/,
  },
  {
    calls: 'pidfd_open,pidfd_send_signal',
    errno: 38,
    why: /the kernel is too old: pidfd_open is missing/,
    remedy: /Linux 5\.3 or later is needed, and in a container a profile \(seccomp\) that is no older/,
  },
  {
    calls: 'kill,pidfd_send_signal',
    why: /does not allow reading its memory: Operation not permitted/,
    remedy: /In a container, allow `SYS_PTRACE`/,
  },
  {
    calls: 'memfd_create',
    why: /no memory can be had for the copy: Operation not permitted/,
    remedy: /In a container, have its profile \(seccomp\) allow `memfd_create`/,
  },
]) {
  test(`a profile without ${calls}, error ${errno}`, plain, async () => {
    const how = confined('-deny', calls, '-errno', `${errno}`);
    assertRefused(await watched(program(), [...how, ...retain()]), why, remedy);
  });
}

test('/proc does not show it', root, async () => {
  const why = /what the system says of process \d+ cannot be read/;
  const remedy = /whether \/proc is mounted, and without `hidepid`; or run the command as root/;
  const hidden = mounted('mount -t proc -o hidepid=2 proc /proc');
  assertRefused(await watched(program(), [...hidden, ...confined('-user', USER), ...retain()]), why, remedy);
  assertRefused(
    await watched(program(), [...mounted('mount -t tmpfs none /proc'), ...retain()]),
    why,
    remedy,
  );
  // One's own are there.
  assertRead(await watched(program(), retain(), [...hidden, ...confined('-user', USER)]));
  const gone = [at('stallscope'), 'retain', '--pid', '4194304'];
  assertRefused(await watched(program(), gone), /process 4194304 has ended/, /the process that runs now/);
});

test('a program that its own user may not read', root, async () => {
  const secret = at('secret');
  fs.copyFileSync(at('retain'), secret);
  fs.chmodSync(secret, 0o711);
  const target = [secret, 'globals'];
  const outcome = await watched(target, retain(), confined('-user', USER));
  assertRefused(outcome, /keeps its memory from its own user/, /Run the command as root/);
  assertRead(await watched(target, retain()));
});

test('limits of the process that reads', plain, async () => {
  for (const limit of ['--fsize=20000000', '--as=60000000']) {
    assertRefused(
      await watched(program(), ['prlimit', limit, ...retain()]),
      /this needs \d+ MB of memory, and \d+ MB are free within the limits of this process/,
      /`ulimit -v` and `ulimit -f`/,
    );
  }
  const outcome = await watched(program(), ['prlimit', '--nofile=8', ...retain()]);
  assertRefused(outcome, /stallscope-retain does not start: Too many open files/, /Try again/);
});

test('hardly any threads', root, async () => {
  // More and more of them, until there are enough.
  const alone = '65533';
  const codes = [];
  for (let most = 8; most < 40 && codes.at(-1) !== 0; most += 1) {
    const command = ['prlimit', `--nproc=${most}`, ...retain()];
    const outcome = await watched(program(), command, confined('-user', alone));
    const { code, ended, stderr } = outcome;
    assert.ok([0, 2].includes(code), `${most}: ${code} ${stderr}`);
    assert.doesNotMatch(stderr, /panicked/, `${most}`);
    assert.equal(ended, '0', `${most}: it did not go on`);
    codes.push(code);
  }
  assert.deepEqual([codes[0], codes.at(-1)], [2, 0], codes.join(' '));
});

test('a control group that is too small', root, async (t) => {
  const group = fs.existsSync('/sys/fs/cgroup/cgroup.controllers')
    ? { path: '/sys/fs/cgroup/stallscope-hardened', limit: 'memory.max', peak: 'memory.peak' }
    : {
        path: '/sys/fs/cgroup/memory/stallscope-hardened',
        limit: 'memory.limit_in_bytes',
        peak: 'memory.max_usage_in_bytes',
      };
  const LIMIT = 60_000_000;
  try {
    fs.mkdirSync(group.path);
    t.after(() => fs.rmdirSync(group.path));
    fs.writeFileSync(path.join(group.path, group.limit), `${LIMIT}`);
  } catch (error) {
    t.skip(`no control group can be made here: ${error.message}`);
    return;
  }
  const within = ['sh', '-c', `echo $$ > ${group.path}/cgroup.procs && exec "$@"`, 'sh'];
  const outcome = await watched(program(), [...within, ...retain()]);
  assertRefused(
    outcome,
    /this needs \d+ MB of memory, and [45]\d MB are free in this container or control group/,
    /Give the container or control group more memory/,
  );
  const peak = Number(fs.readFileSync(path.join(group.path, group.peak), 'utf8'));
  assert.ok(peak < LIMIT / 2, `${peak} bytes were taken before it was refused`);
});

test('its other executable', root, async () => {
  const alone = at('alone');
  fs.mkdirSync(alone);
  fs.copyFileSync(at('stallscope'), path.join(alone, 'stallscope'));
  const command = [path.join(alone, 'stallscope'), ...retain().slice(1)];
  const missing = await watched(program(), command);
  assert.deepEqual([missing.code, missing.stops, missing.ended], [2, 0, '0']);
  assert.match(
    missing.stderr,
    /stallscope-retain is missing: it comes with stallscope and belongs beside it/,
  );

  const helper = path.join(alone, 'stallscope-retain');
  fs.copyFileSync(at('stallscope-retain'), helper);
  const why = /stallscope-retain does not start: Permission denied/;
  const remedy = /install Stallscope again, where programs may be executed/;
  const noexec = mounted(`mount --bind ${helper} ${helper} && mount -o remount,bind,noexec ${helper}`);
  assertRefused(await watched(program(), [...noexec, ...command]), why, remedy);
  fs.chmodSync(helper, 0o644);
  assertRefused(await watched(program(), command), why, remedy);
});

const SMALL = `package main

import (
	"fmt"
	"io"
	"os"
)

func main() {
	fmt.Println("{}")
	io.Copy(io.Discard, os.Stdin)
}
`;

test('programs that cannot be read', { ...plain, timeout: 10 * MINUTE }, async (t) => {
  const source = at('small.go');
  fs.writeFileSync(source, SMALL);
  const built = async (toolchain, ...flags) => {
    const file = at(['small', toolchain, ...flags].join(''));
    await run('go', ['build', ...flags, '-o', file, source], {
      cwd: folder,
      env: cleanEnv({ CGO_ENABLED: '0', GOTOOLCHAIN: toolchain }),
    });
    return file;
  };
  const without = [/the executable has no debug information/, /-ldflags=-w.*go install/];
  const stripped = await built('local');
  await run('strip', ['--strip-debug', stripped]);
  for (const [name, file, why, remedy] of [
    ['stripped afterwards', stripped, ...without],
    ['-w', await built('local', '-ldflags=-w'), ...without],
    ['-s', await built('local', '-ldflags=-s'), ...without],
    [
      'Go 1.21',
      await built('go1.21.13'),
      /the runtime of this Go version keeps its heap in a way that is not known here/,
      /1\.22 and later/,
    ],
  ])
    await t.test(name, async () => assertRefused(await watched([file], retain()), why, remedy));
  await t.test('a shell', async () => {
    const shell = ['sh', '-c', 'echo "{}"; read end; exit 0'];
    assertRefused(await watched(shell, retain()), /it is not a Go program/, /the Go program itself/);
  });
});
