// npm run test:matrix: what Stallscope needs of gopls, on every version it is meant for.
//
//   npm run test:matrix                       all of them
//   npm run test:matrix -- v0.18.1 v0.24.0    only these
//
// Per version: the probe's tests against that gopls, what it says of its workspace, then a stall end to end with the addon that ships. Each gopls is
// compiled once, which takes a few minutes, and kept.
import { createRequire } from 'node:module';
import path from 'node:path';
import { build } from './build.mjs';
import { dist, gopls, target } from './lib/paths.mjs';
import { Failure, log, run, step } from './lib/run.mjs';
import { cargoTest, nodeTest } from './lib/tally.mjs';
import { verb } from './lib/verb.mjs';
import { CHECKS } from './matrix/checks.mjs';
import { watchColdHover } from './matrix/cold-hover.mjs';
import { table } from './matrix/table.mjs';
import { GOPLS_MATRIX, installGopls, installGoplsSource } from './setup/gopls.mjs';

async function matrix() {
  const versions = wantedVersions(process.argv.slice(2));
  await build();
  await installGoplsSource();
  const addon = createRequire(import.meta.url)(path.join(dist, `stallscope.${target}.node`));
  const results = [];
  for (const version of versions) results.push(await tryVersion(version, addon));
  const total = results.map(({ counts }) => counts).reduce(add);
  console.log(`\n${table(results)}\n`);
  console.log(`${total.passed} passed, ${total.failed} failed`);
  if (total.failed > 0) process.exitCode = 1;
}

function wantedVersions(names) {
  const known = Object.keys(GOPLS_MATRIX);
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length > 0)
    throw new Failure(`no such gopls here: ${unknown.join(', ')}; there are ${known.join(', ')}`);
  return known.filter((version) => names.length === 0 || names.includes(version));
}

/** Everything about one version. What goes wrong is counted, so that the other versions are still tried. */
async function tryVersion(version, addon) {
  let counts = { passed: 0, failed: 0 };
  let seen;
  try {
    await installGopls(version);
    const rust = await step(`${version}: the probe's tests`, () =>
      cargoTest(['-p', 'stallscope-probe', '--test', 'gopls', '--test', 'spans'], {
        env: { STALLSCOPE_GOPLS: gopls(version) },
      }),
    );
    counts = add(counts, rust);
    const said = await step(`${version}: what it says of its workspace`, () =>
      nodeTest(['test/addon/workspace.test.mjs'], { env: { STALLSCOPE_GOPLS_VERSION: version } }),
    );
    counts = add(counts, said);
    const goVersion = await builtBy(version);
    seen = await step(`${version}: a cold first hover`, async () => ({
      ...(await watchColdHover(version, addon)),
      goVersion,
    }));
    counts = add(counts, judge(version, seen));
  } catch (error) {
    console.error(`${version}: ${error instanceof Failure ? error.message : error.stack}`);
    counts = add(counts, { passed: 0, failed: 1 });
  }
  return { version, counts, seen };
}

/** The Go that compiled it, by Go's own tool. */
async function builtBy(version) {
  const { stdout } = await run('go', ['version', gopls(version)]);
  return stdout.trim().split(': ').at(-1);
}

function judge(version, seen) {
  const counts = { passed: 0, failed: 0 };
  for (const [title, check] of Object.entries(CHECKS)) {
    try {
      check(seen);
      counts.passed += 1;
      log(`${version}: ${title}: ok`);
    } catch (error) {
      counts.failed += 1;
      log(`${version}: ${title}: FAILED: ${error.message}`);
    }
  }
  return counts;
}

const add = (a, b) => ({ passed: a.passed + b.passed, failed: a.failed + b.failed });

await verb(import.meta, matrix);
