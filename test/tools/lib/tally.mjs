// Runs test programs and counts what they ran, whatever program it is.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { repo } from './paths.mjs';
import { cleanEnv, run } from './run.mjs';

/** Every file below `dir` whose name matches; nothing when the folder is not there. */
export function filesBelow(dir, pattern) {
  const root = path.join(repo, dir);
  if (!fs.existsSync(root)) return [];
  return fs
    .readdirSync(root, { recursive: true })
    .filter((name) => pattern.test(name) && !name.split(path.sep).includes('node_modules'))
    .sort()
    .map((name) => path.join(root, name));
}

/** `cargo test`: its counts are in the lines `test result: ok. 3 passed; 0 failed; …`. */
export async function cargoTest(args, { env = {} } = {}) {
  const { code, output } = await run('cargo', ['test', '--locked', '--no-fail-fast', ...args], {
    cwd: repo,
    env: cleanEnv(env),
    show: true,
    allowFailure: true,
  });
  const counts = { passed: 0, failed: 0 };
  for (const [, passed, failed] of output.matchAll(/^test result: \w+\. (\d+) passed; (\d+) failed/gm)) {
    counts.passed += Number(passed);
    counts.failed += Number(failed);
  }
  // It may fail without a failed test: it did not compile, or a test took the process down.
  if (code !== 0 && counts.failed === 0) counts.failed = 1;
  return counts;
}

/** `node --test` with one process per file; TypeScript through tsx. */
export async function nodeTest(files, { concurrency = 2, timeoutMs = 10 * 60_000, env = {} } = {}) {
  if (files.length === 0) return { passed: 0, failed: 0 };
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'stallscope-tally-'));
  const tally = path.join(dir, 'tally.json');
  try {
    const { code } = await run(
      process.execPath,
      [
        '--import',
        'tsx',
        '--test',
        `--test-concurrency=${concurrency}`,
        '--test-reporter=spec',
        '--test-reporter-destination=stdout',
        `--test-reporter=${path.join(import.meta.dirname, 'tally-reporter.mjs')}`,
        `--test-reporter-destination=${tally}`,
        ...files,
      ],
      { cwd: repo, show: true, allowFailure: true, timeoutMs, env: { ...process.env, ...env } },
    );
    const counts = fs.existsSync(tally) ? parse(fs.readFileSync(tally, 'utf8')) : undefined;
    if (!counts) return { passed: 0, failed: 1 };
    if (code !== 0 && counts.failed === 0) counts.failed = 1;
    return counts;
  } finally {
    fs.rmSync(dir, { recursive: true, force: true });
  }
}

/** A run that was killed leaves an empty or a half-written tally. */
function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
