// The same heaps on 64-bit ARM: the programs and `stallscope retain` are compiled for it and run on such a machine in software, with a
// kernel of its own. Registers, frames, stack maps and the pause are those of that processor.
//
//   npm run test:retain -- arm64               the oldest and the newest Go, and one linked with C
//   npm run test:retain -- arm64 1.24 pie      these
import assert from 'node:assert/strict';
import path from 'node:path';
import { test } from 'node:test';
import { arm64 } from '../tools/lib/paths.mjs';
import { cellsOf } from './cells.mjs';
import { judged } from './judge.mjs';
import { boot } from './machine.mjs';
import { buildProgram } from './program.mjs';
import { Results } from './results.mjs';

const MINUTE = 60_000;
const TOOL = '/bin/stallscope';
/** Nobody waits for the program, and its processor is slow. */
const LONGEST_PAUSE_MS = '20000';
const words = (name) => (process.env[name] ?? '').split(',').filter((word) => word !== '');
const chosen = words('STALLSCOPE_RETAIN_ARM64');
const onlyScenarios = words('STALLSCOPE_RETAIN_SCENARIOS');
const skip = chosen.length === 0 && 'by name only: npm run test:retain -- arm64';
const cells = skip ? [] : cellsOf(chosen).filter(({ variant }) => !variant.refused);

const onMachine = (cell) => `cells/${cell.name}/retain`;
const results = new Results();

test('a 64-bit ARM machine', { skip, timeout: 240 * MINUTE }, async (t) => {
  const files = Object.fromEntries(
    ['stallscope', 'stallscope-retain'].map((name) => [`bin/${name}`, path.join(arm64.release, name)]),
  );
  for (const cell of cells) files[onMachine(cell)] = await buildProgram(cell, { forArm64: true });
  const machine = await boot(files);
  try {
    for (const cell of cells) await t.test(cell.name, (t) => exact(t, cell, machine));
  } finally {
    await machine.off();
    console.log(results.table());
  }
});

/**
 * Every scenario of a build.
 * @param {import('./machine.mjs').Machine} machine
 */
async function exact(t, cell, machine) {
  const retain = async (pid, ...args) => {
    const words = ['retain', '--pid', `${pid}`, '--json', '--max-pause', LONGEST_PAUSE_MS, ...args];
    const { code, stdout, stderr } = await machine.run(TOOL, ...words);
    assert.equal(code, 0, stderr);
    return JSON.parse(stdout);
  };
  const program = `/${onMachine(cell)}`;
  const { stdout } = await machine.run(program, 'list');
  const scenarios = stdout
    .trim()
    .split('\n')
    .filter((name) => onlyScenarios.length === 0 || onlyScenarios.includes(name));
  assert.ok(scenarios.length > 0, 'no such scenario');
  for (const scenario of scenarios) {
    await t.test(scenario, { timeout: 30 * MINUTE }, async () => {
      const faults = await machine
        .holding(program, scenario, (expected) => judged(expected, retain))
        .catch((error) => [error.message]);
      results.add(cell, scenario, faults);
      assert.ok(faults.length === 0, faults.join('\n'));
    });
  }
}
