// npm run bench: what Stallscope costs and how quick it is, beside what is wanted of it.
//
//   npm run bench                        all of it, below 30 minutes on two cores
//   npm run bench -- analyze trigger     only these parts, of: analyze watcher fleetwatch activation trigger waits
//                                        spans history hover editing retain
//   npm run bench -- retain-k8s          a heap of 2 GB: only when it is asked for. Ten minutes, 14 GB of memory and 4 GB of
//                                        disk, and Kubernetes with its modules from the Go module proxy
//
// Prints medians over several runs and the command lines used, and writes every single measurement to
// out/bench/PART.json. Linux only: CPU times and memory of other processes are read from /proc.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { activation } from '../bench/activation.mjs';
import { analyze } from '../bench/analyze.mjs';
import { editing } from '../bench/editing.mjs';
import { fleetwatch } from '../bench/fleetwatch.mjs';
import { buildExamples } from '../bench/lib/examples.mjs';
import { history } from '../bench/history.mjs';
import { hover } from '../bench/hover.mjs';
import { printPart, printTable } from '../bench/lib/report.mjs';
import { retain, retainK8s } from '../bench/retain.mjs';
import { spans } from '../bench/spans.mjs';
import { trigger } from '../bench/trigger.mjs';
import { waits } from '../bench/waits.mjs';
import { watcher } from '../bench/watcher.mjs';
import { build } from './build.mjs';
import { GOPLS_VERSION, out } from './lib/paths.mjs';
import { Failure, log, run, step } from './lib/run.mjs';
import { verb } from './lib/verb.mjs';
import { setUpBuild, setUpWorkbench } from './setup.mjs';

const PARTS = {
  analyze,
  watcher,
  fleetwatch,
  activation,
  trigger,
  waits,
  spans,
  history,
  hover,
  editing,
  retain,
};
/** Only when they are asked for by name. */
const LARGE_PARTS = { 'retain-k8s': retainK8s };
const ALL = { ...PARTS, ...LARGE_PARTS };

async function bench() {
  if (process.platform !== 'linux') throw new Failure('The bench reads /proc: it runs on Linux only.');
  const wanted = process.argv.slice(2);
  const unknown = wanted.filter((name) => !ALL[name]);
  if (unknown.length > 0) throw new Failure(`unknown: ${unknown}; there are ${Object.keys(ALL).join(', ')}`);
  const begin = Date.now();
  const folder = path.join(out, 'bench');
  fs.mkdirSync(folder, { recursive: true });
  await step('set-up', async () => {
    await setUpBuild();
    await setUpWorkbench();
    await build();
    await step('build the measuring programs', buildExamples);
  });
  const machine = await describeMachine();
  console.log(`\n${machine}`);
  const reports = {};
  for (const [name, body] of Object.entries(wanted.length > 0 ? ALL : PARTS)) {
    if (wanted.length > 0 && !wanted.includes(name)) continue;
    reports[name] = await step(name, body);
    printPart(name, reports[name]);
    const result = { machine, at: new Date().toISOString(), ...reports[name] };
    fs.writeFileSync(path.join(folder, `${name}.json`), JSON.stringify(result, null, 2));
  }
  const missed = printTable(reports);
  console.log(
    `\n${missed === 0 ? 'Everything wanted is met.' : `${missed} missed.`} All measurements: ${folder}/`,
  );
  log(`the bench took ${((Date.now() - begin) / 60_000).toFixed(1)} min`);
}

/** Numbers mean little without the machine, and nothing when it was busy with something else. */
async function describeMachine() {
  const [{ model }] = os.cpus();
  const { stdout } = await run('go', ['version']);
  return (
    `${os.cpus().length} × ${model}, ${os.type()} ${os.release()}, Node ${process.version}, ` +
    `${stdout.trim().replace('go version ', '')}, gopls ${GOPLS_VERSION}; ` +
    `load before we began: ${os.loadavg()[0].toFixed(1)}`
  );
}

await verb(import.meta, bench);
