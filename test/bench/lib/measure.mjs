// Whole processes, measured from outside, in turn.
import path from 'node:path';
import { out } from '../../tools/lib/paths.mjs';
import { run } from '../../tools/lib/run.mjs';

const SOURCE = path.join(import.meta.dirname, 'measure.go');
const MEASURE = path.join(out, 'bench/measure');

export async function buildMeasure() {
  await run('go', ['build', '-o', MEASURE, SOURCE]);
}

/**
 * Runs each command `runs` times, in turn so that a machine which becomes slower does so for all of them, after one
 * run of each that does not count. Returns per command its runs: wall_ns, cpu_ns and peak_rss_bytes.
 *
 * @param {string[][]} commands
 */
export async function measureInTurn(commands, runs) {
  const measured = commands.map(() => []);
  for (let round = 0; round <= runs; round += 1) {
    for (const [index, command] of commands.entries()) {
      const { stdout } = await run(MEASURE, command);
      if (round > 0) measured[index].push(JSON.parse(stdout));
    }
  }
  return measured;
}
