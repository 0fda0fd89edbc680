// What watching costs: one reading, the whole watcher beside a calm gopls, and gopls itself through our polling.
import { setTimeout as sleep } from 'node:timers/promises';
import { log, run, step } from '../tools/lib/run.mjs';
import { corePercents } from './lib/cpu.mjs';
import { example } from './lib/examples.mjs';
import { withHost } from './lib/host.mjs';
import { commandLine, spread } from './lib/report.mjs';
import { median } from './lib/statistics.mjs';
import { warmGopls } from './lib/workspace.mjs';

/**
 * With and without us in turn. Go collects garbage every two minutes by itself, which costs gopls more than we do: that
 * falls into two of the windows at most, and the median does not see it.
 */
const PAIRS = 6;
const WINDOW_MS = 10_000;
/** What has just begun or ended is no part of a calm editor. */
const SETTLE_MS = 2000;
const SAMPLES_PER_SECOND = 20;

export async function watcher() {
  return withHost(async (host) => {
    const pid = await step('watcher: load the workspace', () => warmGopls(host));
    const readings = await step('watcher: cost of a reading', () => readingCosts(pid));
    const windows = [];
    for (let pair = 0; pair < PAIRS; pair += 1) {
      for (const on of pair % 2 === 0 ? [true, false] : [false, true]) {
        if (on) {
          await host.call('watch', { storage: host.folder(`storage-${pair}`) });
          await host.call('baselineTaken');
        }
        await sleep(SETTLE_MS);
        const [hostPercent, goplsPercent] = await corePercents([host.pid, pid], WINDOW_MS);
        windows.push({ pair, on, hostPercent, goplsPercent });
        if (on) await host.call('unwatch');
      }
      log(`watcher: ${pair + 1} of ${PAIRS} pairs`);
    }
    return report(readings, windows);
  });
}

/** The example's figures in µs of CPU time, by its own names. */
async function readingCosts(pid) {
  const { stdout } = await run(example('sample_cost'), [String(pid)]);
  const figure = (name) => {
    const line = stdout.split('\n').find((candidate) => candidate.startsWith(name));
    return Number(/([\d.]+) µs CPU/.exec(line)[1]);
  };
  return {
    rssUs: figure('RSS alone'),
    wholeUs: figure('RSS, CPU, threads, faults'),
    sleepUs: figure('a sleep of 50 ms'),
  };
}

function report(readings, windows) {
  const { rssUs, wholeUs, sleepUs } = readings;
  const of = (on, key) => windows.filter((window) => window.on === on).map((window) => window[key]);
  const differences = Array.from({ length: PAIRS }, (_, pair) => {
    const [on, off] = [true, false].map((side) => windows.find((w) => w.pair === pair && w.on === side));
    return on.goplsPercent - off.goplsPercent;
  });
  const share = of(true, 'hostPercent');
  const percent = '% of a core';
  return {
    commands: [
      commandLine([example('sample_cost'), 'GOPLS_PID']),
      'a Node process with the addon (createCore, start, default settings: RSS every 50 ms), gopls its child, all calm',
    ],
    notes: [
      `${PAIRS} pairs of ${WINDOW_MS / 1000} s with and without the watcher, in turn, on a gopls which has loaded its own ` +
        'source. CPU time is the sum over all threads in /proc/PID/task/*/schedstat.',
      'The watcher is the whole Node process which hosts it, Node’s own idling and the status events included. The one ' +
        'baseline profile (at most every five minutes) is taken before each window.',
    ],
    rows: [
      { what: 'watcher: one RSS reading', wanted: '', measured: `${rssUs.toFixed(1)} µs of CPU` },
      {
        what: 'watcher: one sample (RSS, CPU, threads, faults)',
        wanted: '',
        measured:
          `${wholeUs.toFixed(1)} µs of CPU, ` +
          `${((wholeUs * SAMPLES_PER_SECOND) / 1e4).toFixed(3)} ${percent} at 50 ms`,
      },
      {
        what: 'watcher: a thread that only sleeps 50 ms at a time',
        wanted: '',
        measured: `${((sleepUs * SAMPLES_PER_SECOND) / 1e4).toFixed(3)} ${percent}, the floor here`,
      },
      {
        what: 'watcher: all of it, calm gopls',
        wanted: '<= 0.1 % of a core',
        measured: spread(share, percent, 3),
        met: median(share) <= 0.1,
      },
      {
        what: 'watcher: the same process without it',
        wanted: '',
        measured: spread(of(false, 'hostPercent'), percent, 3),
      },
      {
        what: 'watcher: what polling costs gopls',
        wanted: '< 1 % of a core',
        measured: `${spread(differences, percent, 3)}; gopls without us ${median(of(false, 'goplsPercent')).toFixed(3)}`,
        met: median(differences) < 1,
      },
    ],
    data: { readings, windows },
  };
}
