// What each capture on request costs an editor: how long gopls takes to answer, how much comes, and how long a hover takes
// meanwhile, on a real gopls that has loaded its own source. `node test/bench/capturing.mjs` prints the table of
// docs/capturing.md; five minutes.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Gopls } from '../lib/gopls.mjs';
import { GOPLS_VERSION, gopls as executable, goplsSource } from '../tools/lib/paths.mjs';
import { median } from './lib/statistics.mjs';

const ROUNDS = 7;
const SECONDS = 5;
const FILE = 'internal/cache/snapshot.go';
/** A hover after the other with this pause: as somebody moves the mouse over the text. */
const PAUSE_MS = 20;
/** For hovers without a capture, as long as a recording. */
const QUIET_MS = 3000;

const PAGES = {
  heap: '/debug/pprof/heap',
  'heap-after-gc': '/debug/pprof/heap?gc=1',
  'heap-delta': `/debug/pprof/heap?seconds=${SECONDS}`,
  allocs: '/debug/pprof/allocs',
  goroutines: '/debug/pprof/goroutine?debug=1',
  cpu: `/debug/pprof/profile?seconds=${SECONDS}`,
  'heap-text': '/debug/pprof/heap?debug=1',
};

const cache = fs.mkdtempSync(path.join(os.tmpdir(), 'stallscope-capturing-'));
const gopls = new Gopls({ executable: executable(), workspace: goplsSource(), cache });
try {
  await gopls.initialize();
  const { uri, text } = gopls.open(FILE);
  const hover = hovers(uri, text);
  // The first waits for the load; diagnostics and analysis go on for a while after it.
  await hover();
  await calm();
  for (let i = 0; i < 50; i += 1) await hover();

  const rows = Object.fromEntries(Object.keys(PAGES).map((what) => [what, []]));
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [what, page] of Object.entries(PAGES)) {
      const { taken: without } = await hoverWhile(hover, sleep(QUIET_MS));
      const began = performance.now();
      const { taken: meanwhile, value: bytes } = await hoverWhile(hover, get(page));
      rows[what].push({ ms: performance.now() - began, bytes, without, meanwhile });
      await sleep(500);
    }
  }
  print(rows, await rssBytes());
} finally {
  await gopls.kill();
  fs.rmSync(cache, { recursive: true, force: true });
}

/** Hovers over the exported names of the file, one after the other. Gives how long each took, in ms. */
function hovers(uri, text) {
  const lines = text.split('\n');
  const places = lines.flatMap((line, at) =>
    [...line.matchAll(/\b[A-Z]\w{3,}\b/g)].map((found) => ({ line: at, character: found.index + 1 })),
  );
  let next = 0;
  return async () => {
    const began = performance.now();
    await gopls.hover(uri, places[next++ % places.length]);
    return performance.now() - began;
  };
}

async function hoverWhile(hover, work) {
  let ended = false;
  const value = work.finally(() => (ended = true));
  const taken = [];
  do {
    taken.push(await hover());
    await sleep(PAUSE_MS);
  } while (!ended);
  return { taken, value: await value };
}

async function get(page) {
  const answer = await fetch((await gopls.debugAddress()) + page);
  const body = await answer.arrayBuffer();
  if (!answer.ok) throw new Error(`${page}: HTTP status ${answer.status}`);
  return body.byteLength;
}

/** Until gopls has used less than a twentieth of a core for three seconds. */
async function calm() {
  for (let before = cpuMs(), quiet = 0; quiet < 3; before = cpuMs()) {
    await sleep(1000);
    quiet = cpuMs() - before < 50 ? quiet + 1 : 0;
  }
}

function cpuMs() {
  const fields = fs.readFileSync(`/proc/${gopls.pid}/stat`, 'utf8').split(') ')[1].split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

function rssBytes() {
  return Number(/VmRSS:\s+(\d+)/.exec(fs.readFileSync(`/proc/${gopls.pid}/status`, 'utf8'))[1]) * 1024;
}

function print(rows, rss) {
  const ms = (value) => `${value < 10 ? value.toFixed(1) : value.toFixed(0)} ms`;
  const size = (bytes) => (bytes < 1e6 ? `${(bytes / 1e3).toFixed(0)} kB` : `${(bytes / 1e6).toFixed(1)} MB`);
  console.log(
    `gopls ${GOPLS_VERSION}, RSS ${(rss / 1e6).toFixed(0)} MB, ${os.cpus()[0].model}, ${os.cpus().length} cores, ` +
      `${ROUNDS} rounds; load average ${os.loadavg()[0].toFixed(1)}\n`,
  );
  console.log('| what | answer | bytes | hover without | hover meanwhile | longest hover meanwhile |');
  console.log('| --- | --- | --- | --- | --- | --- |');
  for (const [what, all] of Object.entries(rows)) {
    const answer = all.map((round) => round.ms).sort((a, b) => a - b);
    const cells = [
      what,
      `${ms(median(answer))} (${ms(answer[0])} to ${ms(answer.at(-1))})`,
      size(median(all.map((round) => round.bytes))),
      ms(median(all.flatMap((round) => round.without))),
      ms(median(all.flatMap((round) => round.meanwhile))),
      ms(median(all.map((round) => Math.max(...round.meanwhile)))),
    ];
    console.log(`| ${cells.join(' | ')} |`);
  }
}
