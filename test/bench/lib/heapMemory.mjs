// How much memory a command that reads a heap takes together with the processes it starts, and how long the program that it
// reads stands still, as the system tells both.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import { cleanEnv } from '../../tools/lib/run.mjs';

const LOOK_MS = 5;
/** What the process that analyses is started with. */
const ANALYSES = 'analyse';

/**
 * Runs a command that reads the heap of `target`. Gives what it printed, how long it took and the looks meanwhile; `late` when it was
 * ended because it was not done after `timeoutMs`.
 */
export async function watched([command, ...args], target, { timeoutMs } = {}) {
  const began = performance.now();
  const child = spawn(command, args, { env: cleanEnv(), stdio: ['ignore', 'pipe', 'pipe'] });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text) => (stderr += text));
  const looks = [];
  let late = false;
  const end = () => (late = child.kill('SIGKILL'));
  const limit = timeoutMs && setTimeout(end, timeoutMs);
  const looking = setInterval(
    () =>
      looks.push({ at_ms: performance.now() - began, stopped: isStopped(target), ...memoryOf(child.pid) }),
    LOOK_MS,
  );
  const code = await new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  }).finally(() => {
    clearInterval(looking);
    clearTimeout(limit);
  });
  const wall_ms = performance.now() - began;
  if (code !== 0 && !late) throw new Error(`${[command, ...args].join(' ')} ended with ${code}:\n${stderr}`);
  return { stdout, wall_ms, stopped_ms: stoppedMs(looks), looks, late };
}

/** How long it stood still, to within a look. */
function stoppedMs(looks) {
  return looks.reduce(
    (sum, look, index) => (look.stopped ? sum + look.at_ms - (looks[index - 1]?.at_ms ?? 0) : sum),
    0,
  );
}

/** Whether a signal or a debugger has stopped it. */
function isStopped(pid) {
  const stat = read(`/proc/${pid}/stat`);
  return /^[Tt]$/.test(stat.slice(stat.lastIndexOf(')') + 2)[0] ?? '');
}

/**
 * Most memory at one moment. Pages of the copy belong to whoever has touched them in his mapping, so to two processes, to one
 * or to none, and are there until nobody has the file: they are counted once, apart from the rest. What the analysing process
 * reached between two looks (its own peak, VmHWM) is added.
 */
export function peakBytes(looks, copiedBytes) {
  let most = 0;
  let mapped = false;
  for (const { caller, helper } of looks) {
    mapped ||= helper?.shared > 0;
    const isCopyThere = caller.shared > 0 || (helper && (helper.shared > 0 || !mapped));
    const copy = !isCopyThere ? 0 : caller.shared > 0 ? caller.shared : copiedBytes;
    most = Math.max(most, caller.own + (helper?.own ?? 0) + copy);
  }
  const helpers = looks.map(({ helper }) => helper).filter(Boolean);
  const seen = Math.max(0, ...helpers.map(({ own, shared }) => own + shared));
  const reached = Math.max(0, ...helpers.map(({ peak }) => peak));
  return most + Math.max(0, reached - seen);
}

function memoryOf(pid) {
  const found = { caller: memory(pid), helper: undefined };
  for (const child of children(pid)) {
    const theirs = memory(child);
    if (read(`/proc/${child}/cmdline`).split('\0')[1] === ANALYSES) found.helper = theirs;
    // The watchdog: small, and there for a moment.
    else found.caller.own += theirs.own;
  }
  return found;
}

function memory(pid) {
  const status = read(`/proc/${pid}/status`);
  const bytes = (field) => Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1] ?? 0) * 1024;
  return { own: bytes('RssAnon') + bytes('RssFile'), shared: bytes('RssShmem'), peak: bytes('VmHWM') };
}

function children(pid) {
  try {
    return fs
      .readdirSync(`/proc/${pid}/task`)
      .flatMap((thread) => read(`/proc/${pid}/task/${thread}/children`).split(' ').filter(Boolean));
  } catch {
    return [];
  }
}

/** Nothing of a process that has ended. */
function read(file) {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
