// Runs other programs for the verbs: quiet while all is well, with the end of their output when it is not.
import { spawn } from 'node:child_process';
import { stripVTControlCharacters } from 'node:util';

const started = Date.now();
const seconds = (ms) => `${(ms / 1000).toFixed(1)} s`;

/** One progress line, stamped with the time since the verb began. */
export function log(text) {
  console.log(`[${seconds(Date.now() - started).padStart(8)}] ${text}`);
}

/** Runs one named part of a verb and says how long it took. */
export async function step(name, body) {
  const begin = Date.now();
  log(`${name} …`);
  // A silent minute looks like a hang, above all in CI.
  const beat = setInterval(() => log(`${name} … still at it after ${seconds(Date.now() - begin)}`), 60_000);
  try {
    const result = await body();
    log(`${name}: done in ${seconds(Date.now() - begin)}`);
    return result;
  } catch (error) {
    log(`${name}: FAILED after ${seconds(Date.now() - begin)}`);
    throw error;
  } finally {
    clearInterval(beat);
  }
}

/** A failure with a plain message for the user: no stack trace needed. */
export class Failure extends Error {}

/**
 * What `npm run` puts into the environment is about the outer npm; an inner npm must not take it for its own.
 * What the user configured (registry, cache, certificates) stays.
 */
export function cleanEnv(extra = {}) {
  const keep = /^npm_config_(registry|cache|userconfig|cafile|proxy|https_proxy|noproxy)$/i;
  const env = Object.fromEntries(
    Object.entries(process.env).filter(([key]) => !/^npm_/i.test(key) || keep.test(key)),
  );
  return { ...env, ...extra };
}

/** How long a program that is told to end may take to clean up. */
const GRACE_MS = 10_000;

const running = new Set();

/** Ends every program still running under this verb, each with all its descendants. */
export function endAll(signal = 'SIGTERM') {
  for (const child of running) endGroup(child.pid, signal);
}

export function endGroup(pid, signal) {
  try {
    process.kill(process.platform === 'win32' ? pid : -pid, signal);
  } catch {
    // Gone already.
  }
}

const cleanups = new Set();

/** Has `body` run when the verb is interrupted (Ctrl-C, a deadline of its parent); returns how to take that back. */
export function onInterrupt(body) {
  cleanups.add(body);
  return () => cleanups.delete(body);
}

for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
  ['SIGHUP', 129],
]) {
  process.once(signal, () => {
    endAll();
    // Unref'd: a cleanup that hangs must not keep us.
    setTimeout(() => process.exit(code), GRACE_MS).unref();
    void Promise.allSettled([...cleanups].map((body) => body())).then(() => process.exit(code));
  });
}

/**
 * Runs a program to its end and returns its output.
 *
 * @param {string} command
 * @param {string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv, show?: boolean, timeoutMs?: number, allowFailure?: boolean }} [options]
 *   `show` passes the output through; `allowFailure` returns the exit code instead of throwing.
 */
export async function run(command, args, options = {}) {
  const { cwd, env = cleanEnv(), show = false, timeoutMs = 30 * 60_000, allowFailure = false } = options;
  const child = spawn(command, args, {
    cwd,
    env,
    // A group of its own, so that a timeout takes the grandchildren too.
    detached: process.platform !== 'win32',
    stdio: ['ignore', 'pipe', 'pipe'],
    shell: process.platform === 'win32' && /^np[mx]$/.test(command),
  });
  running.add(child);
  let output = '';
  let stdout = '';
  const take = (stream) => (chunk) => {
    output += chunk;
    if (stream === process.stdout) stdout += chunk;
    if (show) stream.write(chunk);
  };
  child.stdout.setEncoding('utf8').on('data', take(process.stdout));
  child.stderr.setEncoding('utf8').on('data', take(process.stderr));
  let timedOut = false;
  const timer = setTimeout(() => {
    timedOut = true;
    endGroup(child.pid, 'SIGTERM');
    setTimeout(() => endGroup(child.pid, 'SIGKILL'), GRACE_MS).unref();
  }, timeoutMs);
  const code = await new Promise((resolve, reject) => {
    child.on('error', (error) =>
      reject(
        error.code === 'ENOENT'
          ? new Failure(`\`${command}\` was not found: install it or add it to PATH.`)
          : error,
      ),
    );
    child.on('close', (exitCode, signal) => resolve(exitCode ?? signal));
  }).finally(() => {
    clearTimeout(timer);
    running.delete(child);
  });
  if (code !== 0 && !allowFailure) {
    const line = [command, ...args].join(' ');
    const why = timedOut ? `did not end within ${seconds(timeoutMs)}` : `ended with ${code}`;
    const tail = show ? '' : '\n' + stripVTControlCharacters(output).split('\n').slice(-80).join('\n');
    throw new Failure(`\`${line}\` ${why}${tail}`);
  }
  return { code, stdout, output, timedOut };
}

/** The entry point of every verb: a plain message and a non-zero exit code on failure. */
export async function main(body) {
  try {
    await body();
  } catch (error) {
    console.error(error instanceof Failure ? `\n${error.message}` : error);
    process.exitCode = 1;
  } finally {
    endAll();
  }
}
