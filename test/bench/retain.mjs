// `stallscope retain` on the heaps of real gopls: how long gopls stands still, how long the answer takes, how much memory that
// needs, all per byte that is alive. `retain` reads one of some hundred MB, `retain-k8s` one of two GB.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Gopls } from '../lib/gopls.mjs';
import { cli, gopls as goplsFile, out } from '../tools/lib/paths.mjs';
import { log, run, step } from '../tools/lib/run.mjs';
import { peakBytes, watched } from './lib/heapMemory.mjs';
import { commandLine, spread } from './lib/report.mjs';
import { median } from './lib/statistics.mjs';
import { kubernetes, spreadOver, xTools } from './lib/workloads.mjs';

const READINGS = 7;
/** And as many while gopls is asked for something all the time. */
const BUSY_READINGS = 5;
/** goref holds gopls for as long as it works: minutes. It is not waited for longer than this. */
const GOREF_MINUTES = 5;
/** A pause that is too long is to be measured, not refused. */
const MOST_PAUSE_MS = 10_000;
const WANTED = { pauseMsPerGb: 150, secondsPerGb: 4, memoryShare: 1.5 };
const [MB, GB] = [1e6, 1e9];
/** After the load gopls goes on with analyses and its index, and lets go of what it needed for the load only later. */
const CALM_SECONDS = 5;
/** By so much what is alive may differ from one calm to the next. */
const CALM_SHARE = 0.01;
const LOAD_MINUTES = 15;
const HOVER_PAUSE_MS = 20;

export const retain = () => measure('x/tools', xTools, 80);
export const retainK8s = () => measure('kubernetes', kubernetes, 60);

async function measure(name, make, count) {
  const workload = await step(`retain: the workspace ${name}`, make);
  const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'stallscope-retain-'));
  const gopls = new Gopls({
    executable: goplsFile(),
    workspace: workload.folder,
    cache: path.join(scratch, 'cache'),
    env: workload.env,
  });
  try {
    const uris = await step(`retain: load ${name}`, () => load(gopls, spreadOver(workload.files, count)));
    const readings = await many('at rest', READINGS, gopls);
    const goref = await step('retain: goref, where it is', () => readByGoref(gopls, scratch));
    const busy = await beside(hovers(gopls, uris), () => many('busy', BUSY_READINGS, gopls));
    return report(name, workload, count, { readings, busy, goref });
  } finally {
    await gopls.kill();
    fs.rmSync(scratch, { recursive: true, force: true });
  }
}

async function many(how, count, gopls) {
  const readings = [];
  for (let round = 0; round < count; round += 1) {
    readings.push(await reading(gopls));
    log(`retain: ${how}, ${round + 1} of ${count}`);
  }
  return readings;
}

/** One request after the other, as somebody makes who moves the mouse over code. */
function hovers(gopls, uris) {
  return async (round) => {
    // Where there is nothing to be said there is no answer, or an error: the work is the same.
    await gopls.hover(uris[round % uris.length], { line: 20, character: 3 }).catch(() => {});
  };
}

/** Does something again and again until something else is done. */
async function beside(again, what) {
  let done = false;
  const doing = (async () => {
    for (let round = 0; !done; round += 1) {
      await again(round);
      await sleep(HOVER_PAUSE_MS);
    }
  })();
  try {
    return await what();
  } finally {
    done = true;
    await doing;
  }
}

/** Until gopls has loaded everything and what is alive no longer changes. The files that are open. */
async function load(gopls, files) {
  const until = Date.now() + LOAD_MINUTES * 60_000;
  await gopls.initialize();
  const opened = files.map((file) => gopls.open(file));
  // It is answered when the workspace is loaded.
  await gopls.request('textDocument/documentSymbol', { textDocument: { uri: opened[0].uri } });
  for (let last = 0; ;) {
    await calm(gopls.pid, until);
    const { bytes } = await liveHeap(gopls);
    if (Math.abs(bytes - last) <= CALM_SHARE * bytes) return opened.map(({ uri }) => uri);
    last = bytes;
  }
}

/** Until it has used less than a twentieth of a core for some seconds. */
async function calm(pid, until) {
  for (let before = cpuMs(pid), quiet = 0; quiet < CALM_SECONDS; before = cpuMs(pid)) {
    await sleep(1000);
    quiet = cpuMs(pid) - before < 50 ? quiet + 1 : 0;
    if (Date.now() > until) throw new Error(`gopls was not calm within ${LOAD_MINUTES} minutes`);
  }
}

function cpuMs(pid) {
  const fields = fs.readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1].split(' ');
  // With its `go list`.
  return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks) * 10, 0);
}

/** What the runtime says is alive right after a collection. */
async function liveHeap(gopls) {
  const answer = await fetch(`${await gopls.debugAddress()}/debug/pprof/heap?gc=1&debug=1`);
  const text = await answer.text();
  const number = (field) => Number(new RegExp(`^# ${field} = (\\d+)$`, 'm').exec(text)[1]);
  return { bytes: number('HeapAlloc'), objects: number('HeapObjects') };
}

const ours = (pid) => [cli, 'retain', '--pid', String(pid), '--json', '--max-pause', String(MOST_PAUSE_MS)];

async function reading(gopls) {
  const live = await liveHeap(gopls);
  const { stdout, wall_ms, stopped_ms, looks } = await watched(ours(gopls.pid), gopls.pid);
  const { copy, check, objects_marked, bytes_marked } = JSON.parse(stdout);
  const peak_bytes = peakBytes(looks, copy.copied_bytes);
  return {
    live,
    wall_ms,
    stopped_ms,
    peak_bytes,
    copy,
    check,
    objects_marked,
    bytes_marked,
    load: os.loadavg()[0],
  };
}

/** The same by goref; undefined where it is not installed. */
async function readByGoref(gopls, folder) {
  const { code } = await run('which', ['grf'], { allowFailure: true });
  if (code !== 0) return undefined;
  const live = await liveHeap(gopls);
  const words = ['grf', 'attach', String(gopls.pid), '-o', path.join(folder, 'grf.out')];
  const { wall_ms, stopped_ms, looks, late } = await watched(words, gopls.pid, {
    timeoutMs: GOREF_MINUTES * 60_000,
  });
  const peak_bytes = Math.max(...looks.map(({ caller }) => caller.peak));
  return { live, wall_ms, stopped_ms, peak_bytes, late };
}

function report(name, workload, count, { readings, busy, goref }) {
  const last = readings.at(-1);
  const row = (what, measured, more = {}) => ({
    what: `retain ${name}: ${what}`,
    wanted: '',
    measured,
    ...more,
  });
  const judged = (what, values, unit, most, digits) =>
    row(what, spread(values, unit, digits), { wanted: `<= ${most} ${unit}`, met: median(values) <= most });
  const perGb = (pick) => readings.map((one) => pick(one) / (one.live.bytes / GB));
  const each = (pick) => readings.map(pick);
  const parts = (of) =>
    Object.keys(last.copy.pause)
      .map((part) => {
        const values = of.map(({ copy }) => copy.pause[part] / 1e6);
        return `${part.replace(/_ns$/, '')} ${median(values).toFixed(0)} ms`;
      })
      .join(', ');
  const slept = (of) => `${of.filter(({ copy }) => copy.slept).length} of ${of.length}`;
  const pausePerGb = ({ copy, live }) => copy.pause_ns / 1e6 / (live.bytes / GB);
  return {
    commands: [commandLine(ours('PID')), 'grf attach PID'],
    notes: [
      `gopls with ${count} of ${workload.files.length} files open in ${path.relative(out, workload.folder)}, calm. Alive is ` +
        'HeapAlloc right after a collection, just before each reading; the 100 MB of ballast are in it.',
      'Busy: while it is asked for one hover after the other. A gopls in which no goroutine runs is copied before it is stopped.',
      'Time is that of the whole command. Memory is that of its processes at one moment, the copy counted once.',
      'goref’s pause is how long gopls was stopped by what /proc says, as is ours in the second line.',
    ],
    rows: [
      row(
        'alive',
        spread(
          each(({ live }) => live.bytes / MB),
          'MB',
          0,
        ),
      ),
      row(
        'objects',
        spread(
          each(({ live }) => live.objects / 1e6),
          'million',
        ),
      ),
      judged('pause', readings.map(pausePerGb), 'ms per GB', WANTED.pauseMsPerGb, 0),
      row(
        'pause by /proc',
        spread(
          perGb(({ stopped_ms: ms }) => ms),
          'ms per GB',
          0,
        ),
      ),
      row('parts of the pause', parts(readings)),
      row('copied while it slept', slept(readings)),
      judged('pause, busy', busy.map(pausePerGb), 'ms per GB', WANTED.pauseMsPerGb, 0),
      row('parts of the pause, busy', parts(busy)),
      row('copied while it slept, busy', slept(busy)),
      row(
        'copied',
        spread(
          each(({ copy }) => copy.copied_bytes / MB),
          'MB',
          0,
        ),
      ),
      judged(
        'time',
        perGb(({ wall_ms: ms }) => ms / 1000),
        's per GB',
        WANTED.secondsPerGb,
        2,
      ),
      judged(
        'peak memory',
        each((one) => one.peak_bytes / one.live.bytes),
        '× alive',
        WANTED.memoryShare,
        2,
      ),
      row(
        'expected to need at most',
        spread(
          each((one) => one.copy.need_bytes / one.live.bytes),
          '× alive',
          2,
        ),
      ),
      ...gorefRows(row, goref),
    ],
    data: { readings, busy, goref },
  };
}

function gorefRows(row, reading) {
  if (!reading) return [row('goref', 'not installed: no grf on PATH')];
  const { live, wall_ms, stopped_ms, peak_bytes, late } = reading;
  const gb = live.bytes / GB;
  const more = late ? ` at least: it was not done after ${GOREF_MINUTES} minutes` : '';
  return [
    row('goref, pause', `${(stopped_ms / gb).toFixed(0)} ms per GB${more}`),
    row('goref, time', `${(wall_ms / 1000 / gb).toFixed(2)} s per GB${more}`),
    row('goref, peak memory', `${(peak_bytes / live.bytes).toFixed(2)} × alive${more}`),
  ];
}
