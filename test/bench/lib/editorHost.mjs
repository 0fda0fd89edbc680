// Plays VS Code's extension host: one Node process with the addon and a language client in it, and gopls as its
// child, so that the core finds its gopls and hears of requests as it does in the editor. Told what to do by
// `EditorHost`, over Node's own channel between parent and child.
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Gopls } from '../../lib/gopls.mjs';
import { dist, gopls as goplsBinary, goplsSource, target } from '../../tools/lib/paths.mjs';
import { generator } from './statistics.mjs';

const HOVER = 'textDocument/hover';
/** How long gopls must have published nothing before a load counts as over. */
const CALM_MS = 8_000;

let gopls;
let core;
let lastDiagnosticsMs = 0;

export const calls = {
  /** Starts a gopls; returns its pid. It is told of no workspace yet. */
  startGopls({ cache }) {
    gopls = new Gopls({ executable: goplsBinary(), workspace: goplsSource(), cache });
    gopls.onNotification = ({ method }) => {
      if (method === 'textDocument/publishDiagnostics') lastDiagnosticsMs = Date.now();
    };
    return gopls.pid;
  },

  async killGopls() {
    await gopls.kill();
    gopls = undefined;
  },

  /** Starts the core as the extension does and waits until it reads gopls's counters. */
  async watch({ storage, settings = {} }) {
    const addon = createRequire(import.meta.url)(path.join(dist, `stallscope.${target}.node`));
    core = addon.createCore({
      storage_dir: storage,
      workspace: [goplsSource()],
      host_pid: process.pid,
      log_dirs: [],
      go_extension: null,
      settings,
    });
    const outcome = core.start(() => {});
    if (!outcome.ok) throw new Error(outcome.error.message);
    const ready = () => {
      const seen = core.status().gopls;
      return seen?.debug.state === 'on' && seen.latency_source === 'counters';
    };
    await until('the core reads gopls’s counters', ready, 20_000);
  },

  async unwatch() {
    await core.stop();
    core = undefined;
  },

  /** Waits until the core has taken its baseline profile: what it does in a calm editor once, not all the time. */
  async baselineTaken() {
    await until('a baseline', () => core.decisions(100).some(({ rule }) => rule === 'baseline'), 60_000);
  },

  /** Opens a file and hovers in it while the workspace is being loaded. Returns when that hover was sent, Unix ms. */
  async coldHover({ file, text }) {
    await gopls.initialize();
    const { uri, text: content } = gopls.open(file);
    const position = positionOf(content, text);
    const sentMs = performance.timeOrigin + performance.now();
    core.observed(HOVER, uri, position.line);
    // It ends with its gopls.
    gopls.hover(uri, position).catch(() => {});
    return sentMs;
  },

  /**
   * Has gopls record its CPU profile for some seconds. Returns what our own threads use of one core at the end of it.
   */
  async profileCpu({ file, seconds }) {
    const { address } = core.status().gopls.debug;
    const answer = await fetch(`http://${address}/debug/pprof/profile?seconds=${seconds}`);
    if (!answer.ok) throw new Error(`gopls records no CPU profile: HTTP status ${answer.status}`);
    fs.writeFileSync(file, Buffer.from(await answer.arrayBuffer()));
    return { own_cpu_share: core.status().own_cpu_share };
  },

  /** Loads the workspace and waits until everything is type-checked and diagnosed and gopls is calm. */
  async load({ file }) {
    await gopls.initialize();
    const { uri, text } = gopls.open(file);
    await gopls.hover(uri, positionOf(text, 'package '));
    await until(
      'gopls is calm',
      () => lastDiagnosticsMs > 0 && Date.now() - lastDiagnosticsMs > CALM_MS,
      240_000,
    );
  },

  /**
   * Asks for `count` hovers one after the other on exported names of the file, the same ones in every call, with
   * pauses as uneven as `seed` makes them, so that they meet the watcher's readings at every phase. Returns how long
   * each took in ms, the call which tells the core of it included.
   */
  async hovers({ file, count, seed, pauseMs: [least, most] }) {
    const absolute = path.join(goplsSource(), file);
    const { href: uri } = new URL(`file://${absolute}`);
    const places = exportedNames(fs.readFileSync(absolute, 'utf8'));
    const random = generator(seed);
    const taken = [];
    for (let index = 0; index < count; index += 1) {
      await sleep(least + random() * (most - least));
      const position = places[index % places.length];
      const begin = performance.now();
      core?.observed(HOVER, uri, position.line);
      const answer = await gopls.hover(uri, position);
      taken.push(performance.now() - begin);
      if (!answer) throw new Error(`gopls says nothing about ${file}:${position.line + 1}`);
    }
    return taken;
  },

  /** What loading the addon and starting a core takes in this process, in ms. Once per process: it stays loaded. */
  async startCore({ storage }) {
    const times = [performance.now()];
    const addon = createRequire(import.meta.url)(path.join(dist, `stallscope.${target}.node`));
    times.push(performance.now());
    core = addon.createCore({
      storage_dir: storage,
      workspace: [],
      host_pid: process.pid,
      log_dirs: [],
      go_extension: null,
      settings: {},
    });
    core.start(() => {});
    times.push(performance.now());
    await core.stop();
    return { require_ms: times[1] - times[0], start_ms: times[2] - times[1] };
  },
};

function positionOf(content, text) {
  const lines = content.split('\n');
  const line = lines.findIndex((candidate) => candidate.includes(text));
  return { line, character: lines[line].indexOf(text) + Math.floor(text.length / 2) };
}

/** Where exported names are declared or used at the top level: gopls has something to say about each. */
function exportedNames(content) {
  return content.split('\n').flatMap((text, line) => {
    const name = /^(?:type|func(?: \([^)]*\))?) ([A-Z]\w*)/.exec(text);
    return name ? [{ line, character: name[0].length - 1 }] : [];
  });
}

async function until(what, look, timeoutMs) {
  const deadline = Date.now() + timeoutMs;
  while (!look()) {
    if (Date.now() > deadline) throw new Error(`not within ${timeoutMs} ms: ${what}`);
    await sleep(20);
  }
}

process.on('message', ({ id, name, argument }) => {
  Promise.resolve()
    .then(() => calls[name](argument))
    .then(
      (value) => process.send({ id, value }),
      (error) => process.send({ id, error: error.stack }),
    );
});
// The parent is gone: so are we, and gopls with us.
process.on('disconnect', () => {
  void Promise.resolve(gopls?.kill()).finally(() => process.exit());
});
