// Whether hovers of a warm gopls take longer because we watch.
import { setTimeout as sleep } from 'node:timers/promises';
import { log, step } from '../tools/lib/run.mjs';
import { withHost } from './lib/host.mjs';
import { median, pairedDifference, quantile } from './lib/statistics.mjs';
import { FILE, warmGopls } from './lib/workspace.mjs';

/** 20 pairs of blocks, with and without us in turn: 320 hovers on each side. */
const PAIRS = 20;
const PER_BLOCK = 16;
/** The watcher reads gopls's counters 20 ms after it hears of a request, so some hovers meet a reading. */
const PAUSE_MS = [10, 60];

export async function hover() {
  return withHost(async (host) => {
    await step('hover: load the workspace', () => warmGopls(host));
    const block = async (on, pair) => {
      if (on) await host.call('watch', { storage: host.folder(`storage-${pair}`) });
      // What starting took has passed; in both sides, so that gopls has rested as long.
      await sleep(500);
      const taken = await host.call('hovers', {
        file: FILE,
        count: PER_BLOCK,
        seed: pair,
        pauseMs: PAUSE_MS,
      });
      if (on) await host.call('unwatch');
      return taken;
    };
    // The first ones type-check what no later one has to.
    await host.call('hovers', { file: FILE, count: 50, seed: 0, pauseMs: [0, 5] });
    const pairs = [];
    for (let pair = 0; pair < PAIRS; pair += 1) {
      const times = {};
      for (const on of pair % 2 === 0 ? [true, false] : [false, true]) {
        times[on ? 'with' : 'without'] = await block(on, pair);
      }
      pairs.push(times);
      if ((pair + 1) % 5 === 0) log(`hover: ${pair + 1} of ${PAIRS} pairs of blocks`);
    }
    return report(pairs);
  });
}

function report(pairs) {
  const difference = pairedDifference(pairs.map((pair) => median(pair.with) - median(pair.without)));
  const text = (values) =>
    `${median(values).toFixed(2)} ms, p95 ${quantile(values, 0.95).toFixed(2)} ms, ${values.length} hovers`;
  const signed = (value) => `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(2)}`;
  return {
    commands: [
      `textDocument/hover on the exported names of ${FILE} in a Node process with the addon, gopls its child`,
    ],
    notes: [
      `${pairs.length} pairs of blocks of ${PER_BLOCK} hovers, with and without us in turn, the same names and pauses ` +
        `(${PAUSE_MS.join(' to ')} ms) in both. With us: the core watches with default settings and is told of each ` +
        'hover, as by the extension.',
      'The difference is the median over the pairs of (block median with us − without). p: how often chance alone would ' +
        'make it as large, from 10,000 random swaps of with and without within the pairs; below 0.05 it is beyond the noise.',
    ],
    rows: [
      { what: 'hover: with us', wanted: '', measured: text(pairs.flatMap((pair) => pair.with)) },
      { what: 'hover: without us', wanted: '', measured: text(pairs.flatMap((pair) => pair.without)) },
      {
        what: 'hover: difference',
        wanted: 'none beyond noise',
        measured:
          `${signed(difference.median)} ms (95 % of it within ${signed(difference.low)} to ${signed(difference.high)}), ` +
          `p ${difference.p.toFixed(3)}`,
        // Quicker with us is chance too, but nobody's loss.
        met: difference.p >= 0.05 || difference.median < 0,
      },
    ],
    data: { pairs, difference },
  };
}
