// From the moment a capture is due to the moment it is asked for, and to its bytes on disk.
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { rssBytes } from '../lib/procfs.mjs';
import { log } from '../tools/lib/run.mjs';
import { withHost } from './lib/host.mjs';
import { spread } from './lib/report.mjs';
import { quantile } from './lib/statistics.mjs';
import { FILE, TYPE } from './lib/workspace.mjs';

const CAPTURES = 40;
/** Of the default settings: a stall, and the growth which makes its heap worth capturing. */
const STALL_AFTER_MS = 200;
const RISE_BYTES = 15e6;
const WINDOW_MS = 500;
/** Ten times as often as the watcher: the bench must know better than it when the limit was crossed. */
const READ_EVERY_MS = 5;
const GIVE_UP_AFTER_MS = 30_000;

export async function trigger() {
  const { captures, missed } = await withHost(async (host) => {
    const all = [];
    let missed = 0;
    for (let round = 0; round < CAPTURES; round += 1) {
      const capture = await oneCapture(host, round);
      // Where the bench's own readings missed the crossing there is nothing to compare with.
      if (capture.dueMs === undefined) missed += 1;
      else all.push(capture);
      if ((round + 1) % 10 === 0) log(`trigger: ${round + 1} of ${CAPTURES} captures`);
    }
    return { captures: all, missed };
  });
  const toRequest = captures.map(({ sentMs, dueMs }) => sentMs - dueMs);
  const toDisk = captures.map(({ onDiskMs, dueMs }) => onDiskMs - dueMs);
  const stallNoticed = captures.map(({ noticedMs, hoverMs }) => noticedMs - hoverMs - STALL_AFTER_MS);
  const byGrowth = captures.filter(({ dueMs, hoverMs }) => dueMs > hoverMs + STALL_AFTER_MS).length;
  const p95 = quantile(toRequest, 0.95);
  const withP95 = (values) => `${spread(values, 'ms')}, p95 ${quantile(values, 0.95).toFixed(1)} ms`;
  return {
    commands: [
      `${CAPTURES} × gopls -debug=127.0.0.1:0 with an empty GOPLSCACHE on its own source, a hover in ${FILE} at once`,
    ],
    notes: [
      `A capture is due when the hover has been in flight for ${STALL_AFTER_MS} ms and RSS is more than 15 MB above its ` +
        `lowest of the last ${WINDOW_MS} ms, whichever comes later. The bench knows both by itself: when it sent the ` +
        `hover, and RSS which it reads about every ${READ_EVERY_MS} ms. The reading before the limit was seen crossed ` +
        'counts as the crossing, so the latencies are rather too long than too short.',
      'Asked for: `sent_ns` of the heap capture in incident.json. On disk: its `on_disk_ns`, after fdatasync and rename.',
      `Growth came last in ${byGrowth} of ${captures.length} captures, the 200 ms in the others; ${missed} more are left out ` +
        'because the bench itself did not see the growth. gopls saturates all ' +
        'cores meanwhile. The debug server had been found before the hover.',
    ],
    rows: [
      {
        what: 'trigger: stall noticed after its 200 ms',
        wanted: '',
        measured: withP95(stallNoticed),
      },
      {
        what: 'trigger: threshold to capture request',
        wanted: 'p95 <= 50 ms',
        measured: withP95(toRequest),
        met: p95 <= 50,
      },
      { what: 'trigger: threshold to bytes on disk', wanted: '', measured: withP95(toDisk) },
    ],
    data: captures,
  };
}

/** One gopls from its start to the first heap that is safe on disk; all times in Unix ms. */
async function oneCapture(host, round) {
  const storage = host.folder(`storage-${round}`);
  const cache = host.folder(`cache-${round}`);
  fs.mkdirSync(cache);
  const pid = await host.call('startGopls', { cache });
  await host.call('watch', { storage });
  const readings = new Readings(pid);
  try {
    const hoverMs = await host.call('coldHover', { file: FILE, text: TYPE });
    const { origin, heap, stall } = await firstHeap(storage);
    const at = (ns) => Number(origin + BigInt(ns)) / 1e6;
    return {
      hoverMs,
      noticedMs: at(stall.at_ns),
      dueMs: readings.due(hoverMs),
      triggerMs: at(heap.trigger_ns),
      sentMs: at(heap.sent_ns),
      onDiskMs: at(heap.on_disk_ns),
      sizeBytes: heap.size_bytes,
    };
  } finally {
    readings.stop();
    await host.call('unwatch');
    await host.call('killGopls');
    fs.rmSync(cache, { recursive: true, force: true });
  }
}

/** The first heap capture, once `incident.json` says that it is on disk. */
async function firstHeap(storage) {
  const deadline = Date.now() + GIVE_UP_AFTER_MS;
  for (;;) {
    const incidents = path.join(storage, 'incidents');
    for (const id of fs.existsSync(incidents) ? fs.readdirSync(incidents) : []) {
      const file = path.join(incidents, id, 'incident.json');
      if (!fs.existsSync(file)) continue;
      const incident = JSON.parse(fs.readFileSync(file, 'utf8'));
      const heap = incident.captures.find(({ kind }) => kind === 'heap');
      const stall = incident.decisions.find(({ rule }) => rule === 'stall');
      if (heap?.on_disk_ns) return { origin: BigInt(incident.origin_unix_ns), heap, stall };
    }
    if (Date.now() > deadline)
      throw new Error(`no heap was captured within ${GIVE_UP_AFTER_MS} ms in ${storage}`);
    await sleep(50);
  }
}

/** RSS of a process, read from outside until told to stop. */
class Readings {
  #all = [];
  #running = true;

  constructor(pid) {
    void this.#read(pid);
  }

  async #read(pid) {
    while (this.#running) {
      this.#all.push({ ms: performance.timeOrigin + performance.now(), rss: rssBytes(pid) });
      await sleep(READ_EVERY_MS);
    }
  }

  stop() {
    this.#running = false;
  }

  /** When a capture for a hover sent at `hoverMs` was due; undefined when no reading showed it. */
  due(hoverMs) {
    const stallMs = hoverMs + STALL_AFTER_MS;
    const crossed = this.#all.findIndex(
      ({ ms, rss }) =>
        ms >= stallMs && rss - this.#lowest(Math.max(hoverMs, ms - WINDOW_MS), ms) > RISE_BYTES,
    );
    if (crossed < 0) return undefined;
    return Math.max(stallMs, this.#all[crossed - 1].ms);
  }

  #lowest(fromMs, toMs) {
    return Math.min(...this.#all.filter(({ ms }) => ms >= fromMs && ms <= toMs).map(({ rss }) => rss));
  }
}
