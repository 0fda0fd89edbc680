// The Rust programs which measure from inside, or make what is measured: examples of their crates.
import path from 'node:path';
import { cargoTarget, repo } from '../../tools/lib/paths.mjs';
import { run } from '../../tools/lib/run.mjs';

export const example = (name) => path.join(cargoTarget, 'release/examples', name);

export function buildExamples() {
  const crates = ['stallscope-pprof', 'stallscope-probe'].flatMap((crate) => ['-p', crate]);
  return run('cargo', ['build', '--release', '--locked', ...crates, '--examples'], { cwd: repo });
}
