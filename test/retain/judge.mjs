// One heap of a program that knows what it holds: everything that is not as it should be.
import { faultsOf, pathFaults } from './compare.mjs';

/** @typedef {(pid: number, ...args: string[]) => Promise<import('./compare.mjs').Answer>} Ask  `stallscope retain --json` */

/** A computing goroutine is looked at so many times at most: see README.md. */
const LOOKS = 4;

/**
 * @param {import('./compare.mjs').Expected} expected
 * @param {Ask} ask
 */
export async function judged(expected, ask) {
  if (!expected.computing) return looked(expected, ask);
  let faults = [];
  for (let look = 0; look < LOOKS; look += 1) {
    // Asked for a type that is not there, it fails.
    faults = await looked(expected, ask).catch((error) => [error.message]);
    if (faults.length === 0) break;
  }
  return faults;
}

async function looked(expected, ask) {
  const faults = faultsOf(expected, await ask(expected.pid));
  for (const want of expected.types) {
    if (want.paths) faults.push(...pathFaults(want, await ask(expected.pid, '--type', want.type)));
  }
  return faults;
}
