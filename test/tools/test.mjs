// npm test: everything, from a fresh machine with git, Rust, Go and Node to one closing line with the counts.
//
//   npm test                    all of it
//   npm test -- rust addon      only these parts, of: checks rust typescript addon alone patterns reproduce watch retain doctor fleet
//                               panel workbench
import { build } from './build.mjs';
import { check } from './check.mjs';
import { TYPE_FEATURES } from './gen.mjs';
import { Failure, log, step } from './lib/run.mjs';
import { cargoTest, filesBelow, nodeTest } from './lib/tally.mjs';
import { verb } from './lib/verb.mjs';
import { packExtension, packTestExtension } from './package.mjs';
import {
  buildLeakyServer,
  buildStandIn,
  installChromium,
  installSchemas,
  setUpBuild,
  setUpFleet,
  setUpWorkbench,
} from './setup.mjs';

const MINUTE = 60_000;

/** What runs, in this order: the quick and the telling first. */
const PARTS = {
  checks: check,
  rust: () => cargoTest(['--workspace', ...TYPE_FEATURES, '--', '--skip', 'export_bindings']),
  typescript: () => nodeTest(filesBelow('extension', /\.test\.tsx?$/)),
  addon: () => nodeTest(filesBelow('test/addon', /\.test\.(mjs|ts)$/)),
  // One at a time: what these measure, or wait for, needs a machine that is not busy with other waits.
  alone: () => nodeTest(filesBelow('test/alone', /\.test\.mjs$/), { concurrency: 1 }),
  patterns: () => nodeTest(filesBelow('test/patterns', /\.test\.mjs$/)),
  // One at a time: each measures how long gopls takes.
  reproduce: () => nodeTest(filesBelow('test/reproduce', /\.test\.mjs$/), { concurrency: 1 }),
  watch: () => nodeTest(filesBelow('test/watch', /\.test\.mjs$/)),
  // One at a time: some of the programs keep both cores busy.
  retain: () =>
    nodeTest(filesBelow('test/retain', /\.test\.mjs$/), { concurrency: 1, timeoutMs: 30 * MINUTE }),
  // One at a time: the doctor must be done within seconds, and some count what gopls does in a while.
  doctor: () => nodeTest(filesBelow('test/doctor', /\.test\.mjs$/), { concurrency: 1 }),
  fleet: () => nodeTest(filesBelow('test/fleet', /\.test\.mjs$/)),
  // One at a time: two browsers on two cores make each other wait.
  panel: () => nodeTest(filesBelow('test/panel', /\.test\.mjs$/), { concurrency: 1 }),
  // One at a time: each measures how long gopls takes.
  workbench: () =>
    nodeTest(filesBelow('test/workbench', /\.test\.mjs$/), { concurrency: 1, timeoutMs: 30 * MINUTE }),
};

async function test() {
  const begin = Date.now();
  const wanted = process.argv.slice(2);
  const unknown = wanted.filter((name) => !PARTS[name]);
  if (unknown.length > 0)
    throw new Failure(`unknown: ${unknown}; there are ${Object.keys(PARTS).join(', ')}`);
  const parts = Object.entries(PARTS).filter(([name]) => wanted.length === 0 || wanted.includes(name));
  const total = { passed: 0, failed: 0 };
  const table = [];
  const add = (name, { passed, failed, again = 0 }) => {
    total.passed += passed;
    total.failed += failed;
    table.push(
      `${name.padEnd(12)} ${String(passed).padStart(5)} passed ${String(failed).padStart(4)} failed` +
        (again > 0 ? `, ${again} of them only at a second attempt: see above` : ''),
    );
  };
  try {
    if (wanted.length === 0 || wanted.includes('workbench') || wanted.includes('panel'))
      await step('set-up: browser', installChromium);
    await step('set-up: node modules', setUpBuild);
    await step('set-up: code-server and gopls', setUpWorkbench);
    await step('set-up: schemas of others', installSchemas);
    if (wanted.length === 0 || wanted.includes('fleet'))
      await step('set-up: a collector and Prometheus', setUpFleet);
    await step('set-up: a gopls that misbehaves', buildStandIn);
    await step('set-up: a server that leaks', buildLeakyServer);
    await step('build', async () => {
      await build();
      await packExtension();
      await packTestExtension();
    });
  } catch (error) {
    console.error(`\n${error.message ?? error}`);
    add('set-up', { passed: 0, failed: 1 });
  }
  if (total.failed === 0) {
    for (const [name, body] of parts) {
      const counts = await step(name, body).catch((error) => {
        console.error(error);
        return { passed: 0, failed: 1 };
      });
      add(name, counts);
    }
  }
  console.log(`\n${table.join('\n')}`);
  log(`everything took ${((Date.now() - begin) / MINUTE).toFixed(1)} min`);
  console.log(`${total.passed} passed, ${total.failed} failed`);
  if (total.failed > 0) process.exitCode = 1;
}

await verb(import.meta, test);
