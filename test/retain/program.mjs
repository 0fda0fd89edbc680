// The programs of known heaps: compiled, started, asked what they hold, ended.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import readline from 'node:readline';
import { arm64, out, repo } from '../tools/lib/paths.mjs';
import { cleanEnv, run } from '../tools/lib/run.mjs';
import { buildOptions } from './cells.mjs';

const MINUTE = 60_000;

/** What `go build` is told for a 64-bit ARM machine. */
const FOR_ARM64 = { GOOS: 'linux', GOARCH: 'arm64', CC: arm64.compiler };

/**
 * Compiles it for a cell.
 * @param {import('./cells.mjs').Cell} cell
 * @param {{ tags?: string[], forArm64?: boolean }} [how]
 */
export async function buildProgram(cell, { tags = [], forArm64 = false } = {}) {
  const name = ['retain', ...tags, ...(forArm64 ? ['arm64'] : [])].join('-');
  const file = path.join(out, 'retain', cell.name, name);
  fs.mkdirSync(path.dirname(file), { recursive: true });
  const { args, env } = buildOptions(cell);
  await run('go', [...args, `-tags=${tags.join(',')}`, '-o', file, '.'], {
    cwd: path.join(repo, 'test/retain/programs'),
    env: cleanEnv({ ...env, ...(forArm64 ? FOR_ARM64 : {}) }),
  });
  return file;
}

/** @returns {Promise<string[]>} the scenarios that a build has */
export async function scenariosOf(file) {
  const { stdout } = await run(file, ['list']);
  return stdout.trim().split('\n');
}

/**
 * Holds a scenario's heap while `body` looks at it, and sees to it that the program still does what it is told afterwards.
 * @template T
 * @param {string} file
 * @param {string} scenario
 * @param {(expected: import('./compare.mjs').Expected) => Promise<T>} body
 */
export async function holding(file, scenario, body) {
  const child = spawn(file, [scenario], { stdio: ['pipe', 'pipe', 'pipe'] });
  const ended = once(child, 'exit');
  let trouble = '';
  child.stderr.setEncoding('utf8').on('data', (chunk) => (trouble += chunk));
  const deadline = setTimeout(() => child.kill('SIGKILL'), 5 * MINUTE);
  try {
    const lines = readline.createInterface({ input: child.stdout });
    const [line] = await Promise.race([
      once(lines, 'line'),
      ended.then(([code, signal]) => assert.fail(`it ended with ${code ?? signal}: ${trouble}`)),
    ]);
    const result = await body(JSON.parse(line));
    child.stdin.end();
    const [code, signal] = await ended;
    assert.equal(code, 0, `after it was looked at, it ended with ${code ?? signal}: ${trouble}`);
    return result;
  } finally {
    clearTimeout(deadline);
    child.kill('SIGKILL');
  }
}
