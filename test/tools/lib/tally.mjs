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

/** More failures than this are no accident. */
const MOST_ACCIDENTS = 3;

/**
 * A real gopls and a real browser on a shared machine now and then wait for each other longer than any bound that still finds a
 * mistake. So a few failures are looked at twice: what fails again has failed; what does not is told, to be looked into.
 */
async function twice(counts, runAgain) {
  if (counts.failed === 0 || counts.failed > MOST_ACCIDENTS) return counts;
  const again = await runAgain();
  if (!again || again.failed > 0) return counts;
  return { passed: counts.passed + counts.failed, failed: 0, again: counts.failed };
}

/** `cargo test`: its counts are in the lines `test result: ok. 3 passed; 0 failed; …`. */
export async function cargoTest(args, how = {}) {
  const { targets, ...counts } = await cargoOnce(args, how);
  return twice(counts, async () => {
    const all = [];
    for (const target of targets) all.push(await cargoOnce(target.split(' '), how));
    return all.length > 0 && { failed: all.reduce((sum, { failed }) => sum + failed, 0) };
  });
}

async function cargoOnce(args, { env = {} }) {
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
  const targets = [...output.matchAll(/^ {4}`(-p \S+ --(?:lib|bins?|tests?|examples?)(?: \S+)?)`$/gm)].map(
    ([, target]) => target,
  );
  return { ...counts, targets };
}

/** `node --test` with one process per file; TypeScript through tsx. */
export async function nodeTest(files, how = {}) {
  if (files.length === 0) return { passed: 0, failed: 0 };
  const { failedFiles = [], ...counts } = await nodeOnce(files, how);
  return twice(counts, () => failedFiles.length > 0 && nodeOnce(failedFiles, { ...how, concurrency: 1 }));
}

async function nodeOnce(files, { concurrency = 2, timeoutMs = 10 * 60_000, env = {} }) {
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
