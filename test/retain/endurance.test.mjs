// Heap after heap of one gopls that works all the time, read by one process as the extension host does it: gopls goes on and
// answers, its requests wait no longer than it stands still, and nothing is left behind in the process that reads.
//
//   STALLSCOPE_RETAIN_RUNS=200 node --test test/retain/endurance.test.mjs     as `npm run test:retain`
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { idleCore, value } from '../addon/support/core.mjs';
import { eventually } from '../lib/eventually.mjs';
import { Gopls } from '../lib/gopls.mjs';
import { heapRequest } from '../lib/heapOf.mjs';
import { gopls as goplsFile } from '../tools/lib/paths.mjs';

const MINUTE = 60_000;
const RUNS = Number(process.env.STALLSCOPE_RETAIN_RUNS ?? 10);
/** Until what is loaded once and what grows to its size has done so. */
const WARM_UP_RUNS = 3;
/** So long it is measured how long requests take that nobody disturbs. */
const USUAL_MS = 15_000;
/** Beside the analysis, on a machine that others use, a request takes this much longer at most than ever before. */
const BUSY_MS = 3_000;
/** What the process that reads may have more in the end, of its own memory, whatever its garbage collector is at. */
const MOST_GROWN_BYTES = 48 << 20;

/** What gopls works on: little of its own, with much behind it, so that it is a real heap and a look at it takes a second. */
const MAIN = `package main

import (
	"fmt"
	"go/types"
	"net/http"
)

func main() {
	config := types.Config{}
	fmt.Println(http.ListenAndServe("", nil), config)
}
`;

/** What this process has that reading a heap might leave in it. */
function own() {
  const links = fs.readdirSync('/proc/self/fd').map((fd) => {
    try {
      return fs.readlinkSync(`/proc/self/fd/${fd}`);
    } catch {
      return ''; // The folder itself.
    }
  });
  const status = fs.readFileSync('/proc/self/status', 'utf8');
  const bytes = (name) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)[1]) * 1024;
  return {
    descriptors: links.length - 1,
    copies: links.filter((link) => link.includes('memfd:')).length,
    maps: (fs.readFileSync('/proc/self/maps', 'utf8').match(/memfd:/g) ?? []).length,
    anonBytes: bytes('RssAnon'),
    sharedBytes: bytes('RssShmem'),
  };
}

/** The helpers of a gopls or of this process, also those that have ended and were not waited for: pid and state. */
function helpers(goplsPid) {
  return fs.readdirSync('/proc').flatMap((pid) => {
    try {
      const stat = fs.readFileSync(`/proc/${pid}/stat`, 'utf8');
      const [, name, state, parent] = /\((.*)\) (\S) (\d+) /s.exec(stat);
      const words = fs.readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
      const ours = Number(parent) === process.pid || words.includes(String(goplsPid));
      return name.startsWith('stallscope-reta') && ours ? [`${pid} ${state}`] : [];
    } catch {
      return []; // No process, or it ended while we looked.
    }
  });
}

/** Edits, rests the mouse and asks for symbols without a break; tells of every request when it began and how long it took. */
function work(gopls, document) {
  const lines = document.text.split('\n');
  const line = lines.findIndex((text) => text.includes('ListenAndServe'));
  const position = { line, character: lines[line].indexOf('ListenAndServe') + 2 };
  const requests = [];
  let wanted = true;
  const timed = async (method, ask) => {
    const began = performance.now();
    assert.ok(await ask(), `${method} was not answered`);
    requests.push({ method, began, ms: performance.now() - began });
  };
  const done = (async () => {
    const { uri } = document;
    for (let round = 1; wanted; round += 1) {
      gopls.notify('textDocument/didChange', {
        textDocument: { uri, version: 1 + round },
        contentChanges: [
          { text: `${document.text}\nfunc editedInRound${round}() int { return ${round} }\n` },
        ],
      });
      await timed('hover', () => gopls.hover(uri, position));
      await timed('symbols', () => gopls.request('textDocument/documentSymbol', { textDocument: { uri } }));
      await sleep(50);
    }
  })();
  // Whoever ends it is told.
  done.catch(() => {});
  return {
    requests,
    end: () => {
      wanted = false;
      return done;
    },
  };
}

test(
  `${RUNS} heaps of a gopls at work, one after the other`,
  {
    skip: process.platform !== 'linux' && 'other processes are read on Linux only',
    timeout: 5 * MINUTE + RUNS * MINUTE,
  },
  async (t) => {
    const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'stallscope-endurance-'));
    const workspace = path.join(scratch, 'module');
    fs.mkdirSync(workspace);
    fs.writeFileSync(path.join(workspace, 'go.mod'), 'module example.com/endures\n\ngo 1.21\n');
    fs.writeFileSync(path.join(workspace, 'main.go'), MAIN);
    const gopls = new Gopls({ executable: goplsFile(), workspace, cache: path.join(scratch, 'cache') });
    t.after(async () => {
      await gopls.kill();
      fs.rmSync(scratch, { recursive: true, force: true, maxRetries: 5 });
    });
    await gopls.initialize();
    const document = gopls.open('main.go');
    await gopls.hover(document.uri, { line: 0, character: 9 });
    const core = idleCore(t);
    const request = await heapRequest(core, gopls.pid);

    const load = work(gopls, document);
    await sleep(USUAL_MS);
    const usualMs = Math.max(...load.requests.map(({ ms }) => ms));
    const pauses = [];
    let before;
    for (let run = 1; run <= WARM_UP_RUNS + RUNS; run += 1) {
      const pause = {};
      const told = ({ at }) => {
        if (at === 'guarded') pause.from = performance.now();
        if (at === 'went-on') pause.to = performance.now();
      };
      const { facts } = value(await core.openHeap(request, told));
      pauses.push({ ...pause, ms: facts.pause_ns / 1e6 });
      const { check, objects_marked } = value(await core.askHeap({ ask: 'summary' }));
      assert.ok(objects_marked > 50_000, `run ${run}: ${objects_marked} objects, ${JSON.stringify(check)}`);
      value(await core.closeHeap());
      if (run === WARM_UP_RUNS) before = own();
      if (run % 20 === 0) t.diagnostic(`run ${run}: ${JSON.stringify(own())}`);
    }
    await load.end();
    await eventually('no helper of it is left', () => helpers(gopls.pid).length === 0);
    const after = await eventually('the descriptors are those from before', () => {
      const now = own();
      return now.descriptors <= before.descriptors && now;
    });
    t.diagnostic(`before ${JSON.stringify(before)}, after ${JSON.stringify(after)}`);
    assert.deepEqual([after.copies, after.maps], [before.copies, before.maps], 'copies in memory');
    assert.ok(after.sharedBytes <= before.sharedBytes + (1 << 20), 'shared memory');
    const grown = after.anonBytes - before.anonBytes;
    assert.ok(grown < MOST_GROWN_BYTES, `${grown >> 20} MB more of its own memory`);

    // A pause lay between the two moments at which its steps reached JavaScript.
    const beyond = load.requests.map((one) => {
      const overlapping = pauses.filter(({ from, to }) => from < one.began + one.ms && one.began < to);
      const pausedMs = overlapping.reduce((sum, { ms }) => sum + ms, 0);
      return { ...one, pausedMs, beyondMs: one.ms - pausedMs - usualMs };
    });
    const paused = beyond.filter(({ pausedMs }) => pausedMs > 0);
    const worst = beyond.reduce((a, b) => (a.beyondMs > b.beyondMs ? a : b));
    const sorted = pauses.map(({ ms }) => ms).sort((a, b) => a - b);
    t.diagnostic(
      `${load.requests.length} requests, ${paused.length} of them over a pause; usually ${usualMs.toFixed(0)} ms at most; ` +
        `pauses ${sorted[0].toFixed(0)} to ${sorted.at(-1).toFixed(0)} ms, half below ${sorted[sorted.length >> 1].toFixed(0)}; ` +
        `the worst request: ${JSON.stringify(worst)}`,
    );
    assert.ok(paused.length > 0, 'no request came during a pause: nothing was tested');
    assert.ok(worst.beyondMs < BUSY_MS, `not explained by a pause: ${JSON.stringify(worst)}`);

    assert.ok(await gopls.request('workspace/symbol', { query: 'main' }), 'it still answers');
    const state = /\) (\S) /.exec(fs.readFileSync(`/proc/${gopls.pid}/stat`, 'utf8'))[1];
    assert.ok(!'TtZX'.includes(state), `gopls is in state ${state}`);
  },
);
