// What `stallscope watch` costs beside twelve gopls at rest, each with its debug server on: its own CPU time, and theirs through it.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Gopls } from '../lib/gopls.mjs';
import { children } from '../lib/procfs.mjs';
import { cli, gopls } from '../tools/lib/paths.mjs';
import { onInterrupt, step } from '../tools/lib/run.mjs';
import { smallModule } from '../watch/support/owners.mjs';
import { eventually } from '../watch/support/watch.mjs';
import { corePercents } from './lib/cpu.mjs';
import { commandLine } from './lib/report.mjs';
import { median } from './lib/statistics.mjs';

const HOW_MANY = 12;
const WINDOW_MS = 60_000;
/** The load and its first collections are over by then. */
const SETTLE_MS = 30_000;
/** Each watcher takes one calm profile right after it has begun. */
const BEGIN_MS = 10_000;

export async function fleetwatch() {
  const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'stallscope-fleetwatch-'));
  const all = [];
  const end = async () => {
    await Promise.all(all.map((one) => one.kill()));
    fs.rmSync(scratch, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  };
  const forget = onInterrupt(end);
  try {
    await step(`fleetwatch: ${HOW_MANY} gopls`, () => start(all, scratch));
    const pids = all.map((one) => one.pid);
    const rest = await step('fleetwatch: without', () => corePercents(pids, WINDOW_MS / 2));
    const lines = await step('fleetwatch: with lines', () => beside(pids, lined(scratch)));
    const view = await step('fleetwatch: with the view', () => beside(pids, viewed(scratch)));
    return report({ rest, lines, view });
  } finally {
    forget();
    await end();
  }
}

async function start(all, scratch) {
  for (let number = 0; number < HOW_MANY; number += 1) {
    const workspace = smallModule(path.join(scratch, `module-${number}`));
    const one = new Gopls({ executable: gopls(), workspace, cache: path.join(scratch, 'cache') });
    all.push(one);
    await one.initialize();
    const { uri } = one.open('main.go');
    await one.hover(uri, { line: 2, character: 6 });
  }
  await sleep(SETTLE_MS);
}

/** The share of a core of the watching process and of each gopls, while it watches. */
async function beside(pids, { child, pid }) {
  const watching = await eventually('the watching process', pid);
  await sleep(BEGIN_MS);
  const percents = await corePercents([watching, ...pids], WINDOW_MS);
  child.kill();
  return { own: percents[0], gopls: percents.slice(1) };
}

function lined(scratch) {
  const child = spawn(cli, ['watch', '--json', '--storage', path.join(scratch, 'incidents')], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  return { child, pid: () => child.pid };
}

function viewed(scratch) {
  const inner = `stty rows 40 cols 120; '${cli}' watch --storage '${path.join(scratch, 'incidents')}'; true`;
  const child = spawn('script', ['-qec', inner, '/dev/null'], { stdio: ['pipe', 'ignore', 'ignore'] });
  const below = (pid) => [...children(pid)].flatMap(([of, argv]) => (argv[0] === cli ? [of] : below(of)));
  return { child, pid: () => below(child.pid)[0] };
}

function report({ rest, lines, view }) {
  const percent = (value) => `${value.toFixed(2)} % of a core`;
  return {
    commands: [commandLine([cli, 'watch', '--json']), commandLine([cli, 'watch'])],
    notes: [
      `${HOW_MANY} gopls with -debug=127.0.0.1:0, each on a module of one file, at rest; ${WINDOW_MS / 1000} s each, after ` +
        `${BEGIN_MS / 1000} s. CPU time is the sum over all threads in /proc/PID/task/*/schedstat.`,
    ],
    rows: [
      {
        what: `fleetwatch: watch --json beside ${HOW_MANY} gopls`,
        wanted: '< 1 % of a core',
        measured: percent(lines.own),
        met: lines.own < 1,
      },
      {
        what: 'fleetwatch: the same with the view in a terminal',
        wanted: '< 1 % of a core',
        measured: percent(view.own),
        met: view.own < 1,
      },
      {
        what: 'fleetwatch: what it costs each gopls',
        wanted: '',
        measured: `${percent(median(lines.gopls) - median(rest))}; without it ${percent(median(rest))}`,
      },
    ],
    data: { rest, lines, view },
  };
}
