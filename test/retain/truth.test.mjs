// The live heap of programs that know what they hold: every count that `stallscope retain` tells of them is exact.
//
//   npm run test:retain                        every Go and every way to compile
//   npm run test:retain -- 1.24 pie            only these
//   STALLSCOPE_RETAIN_SCENARIOS='maps,slices'  only these heaps
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { after, test } from 'node:test';
import { cli } from '../tools/lib/paths.mjs';
import { run } from '../tools/lib/run.mjs';
import { cellsOf } from './cells.mjs';
import { judged } from './judge.mjs';
import { buildProgram, holding, scenariosOf } from './program.mjs';
import { Results } from './results.mjs';

const MINUTE = 60_000;
const words = (name) => (process.env[name] ?? '').split(',').filter((word) => word !== '');
const onlyScenarios = words('STALLSCOPE_RETAIN_SCENARIOS');
const tool = process.env.STALLSCOPE_CLI ?? cli;
const skip = process.platform !== 'linux' && 'other processes are read on Linux only';

const results = new Results();
after(() => console.log(results.table()));

for (const cell of cellsOf(words('STALLSCOPE_RETAIN'))) {
  const body = cell.variant.refused ? refused : exact;
  test(cell.name, { skip, timeout: 30 * MINUTE }, (t) => body(t, cell));
}

/** Every scenario of a build. */
async function exact(t, cell) {
  const program = await buildProgram(cell);
  const scenarios = (await scenariosOf(program)).filter(
    (name) => onlyScenarios.length === 0 || onlyScenarios.includes(name),
  );
  assert.ok(scenarios.length > 0, 'no such scenario');
  for (const scenario of scenarios) {
    await t.test(scenario, { timeout: 10 * MINUTE }, async () => {
      const faults = await holding(program, scenario, (expected) => judged(expected, retain)).catch(
        (error) => [error.message],
      );
      results.add(cell, scenario, faults);
      assert.ok(faults.length === 0, faults.join('\n'));
    });
  }
}

/**
 * The bound on the pause is looked at elsewhere: here a busy machine may take its time.
 * @returns {Promise<import('./compare.mjs').Answer>}
 */
async function retain(pid, ...args) {
  const { stdout } = await run(
    tool,
    ['retain', '--pid', String(pid), '--json', '--max-pause', '5000', ...args],
    { timeoutMs: 2 * MINUTE },
  );
  return JSON.parse(stdout);
}

/** Without debug information it says so, and what to do, and leaves the program alone. */
async function refused(t, cell) {
  const program = await buildProgram(cell);
  const faults = await holding(program, 'globals', async ({ pid }) => {
    const { code, stdout, output } = await run(tool, ['retain', '--pid', String(pid), '--json'], {
      allowFailure: true,
    });
    const wrong = [];
    if (code === 0) wrong.push('it did not refuse');
    if (stdout !== '') wrong.push(`it answered ${stdout.slice(0, 200)}`);
    if (!/debug information|DWARF/.test(output)) wrong.push(`nobody would know why: ${output}`);
    if (/panicked|\bat .*\.rs:/.test(output)) wrong.push(`it panicked: ${output}`);
    const state = /^State:\s+(\S)/m.exec(fs.readFileSync(`/proc/${pid}/status`, 'utf8'))[1];
    if (state === 'T' || state === 't') wrong.push('it left the program stopped');
    return wrong;
  }).catch((error) => [error.message]);
  results.add(cell, 'refused', faults);
  assert.ok(faults.length === 0, faults.join('\n'));
}
