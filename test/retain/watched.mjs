// A program beside a command that looks at it, and whether it stood still meanwhile: the kernel tells its parent, `programs/keeper`.
import assert from 'node:assert/strict';
import path from 'node:path';
import { cli, heapHelper, out, repo } from '../tools/lib/paths.mjs';
import { cleanEnv, run } from '../tools/lib/run.mjs';
import { cellsOf } from './cells.mjs';
import { faultsOf } from './compare.mjs';
import { buildProgram } from './program.mjs';

/**
 * @typedef {object} Outcome
 * @property {number} pid
 * @property {import('./compare.mjs').Expected} line   what the program says of itself
 * @property {number} stops     0 when the program never stood still
 * @property {string} ended     how the program ended when it was told to: '0' when nothing had happened to it
 * @property {number} code      of the command
 * @property {string} stdout
 * @property {string} stderr
 */

/** What it takes: who starts both, who takes things away from a command, a program with a known heap, and the tool. */
export async function buildWatched() {
  const files = { stallscope: cli, 'stallscope-retain': heapHelper };
  files.retain = await buildProgram(cellsOf(['installed/plain'])[0]);
  for (const name of ['keeper', 'confined']) {
    files[name] = path.join(out, 'retain/tools', name);
    await run('go', ['build', '-trimpath', '-o', files[name], `./${name}`], {
      cwd: path.join(repo, 'test/retain/programs'),
      env: cleanEnv({ CGO_ENABLED: '0', GOTOOLCHAIN: 'local' }),
    });
  }
  return files;
}

/** The heap was read, and is what the program says. */
export function assertRead(outcome) {
  assert.equal(outcome.code, 0, outcome.stderr);
  const answer = JSON.parse(outcome.stdout);
  assertAnswer(outcome, answer);
  return answer;
}

/** @param {Outcome} outcome */
export function assertAnswer({ line, stops, ended }, answer) {
  assert.deepEqual(faultsOf(line, answer), []);
  assert.ok(stops > 0, 'it was read without standing still: a stop is not noticed');
  assert.equal(ended, '0', 'the program did not go on');
}

/**
 * It was refused before anything was done to the program, and the text says why and, after it, what to do.
 * @param {Outcome} outcome
 * @param {RegExp} why
 * @param {RegExp} remedy
 */
export function assertRefused({ code, stdout, stderr, stops, ended }, why, remedy) {
  assert.equal(code, 2, `${stdout.slice(0, 200)}${stderr}`);
  assert.equal(stdout, '');
  assert.match(stderr, /^stallscope: [^\n]+\.\n$/, 'one line');
  const said = why.exec(stderr);
  assert.ok(said, `nobody would know why: ${stderr}`);
  assert.match(stderr.slice(said.index + said[0].length), remedy, 'nobody would know what to do');
  assert.equal(stops, 0, 'the program stood still for nothing');
  assert.equal(ended, '0', 'the program did not end as it was told');
}
