// One stall, end to end: a gopls that has never seen the workspace answers its first hover, and the watcher that
// ships in the extension looks on, told nothing but our own pid.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Gopls } from '../../lib/gopls.mjs';
import { gopls, goplsSource } from '../lib/paths.mjs';
import { onInterrupt } from '../lib/run.mjs';

const FILE = 'internal/cache/snapshot.go';
/** The hover goes to the type's name. */
const LINE = 'type Snapshot struct';
const FOUND_TIMEOUT_MS = 10_000;
const HOVER_TIMEOUT_MS = 180_000;
/** Captures that still run when the hover is answered, and a watcher that has not noticed yet. */
const INCIDENT_TIMEOUT_MS = 30_000;
/** What to look for in a heap. */
const GOPLS_PACKAGES = 'golang.org/x/tools/gopls/internal/';
/** A second incident of the same wait would be there by then. */
const AFTERMATH_MS = 2_000;

/** Now on the wall clock, which the watcher's moments can be compared with; finer than a millisecond. */
const unixMs = () => performance.timeOrigin + performance.now();

/**
 * @param {string} version     of gopls
 * @param {import('../../../extension/shared/core').CoreModule} addon
 */
export async function watchColdHover(version, addon) {
  const home = fs.mkdtempSync(path.join(os.tmpdir(), `stallscope-matrix-${version}-`));
  const core = addon.createCore({
    storage_dir: path.join(home, 'incidents'),
    workspace: [goplsSource()],
    host_pid: process.pid,
    log_dirs: [],
    go_extension: null,
    settings: {},
  });
  let server;
  const cleanUp = async () => {
    await server?.kill();
    fs.rmSync(home, { recursive: true, force: true });
  };
  const forget = onInterrupt(cleanUp);
  try {
    const events = [];
    value(core.start((event) => events.push({ ...event, unixMs: unixMs() })));
    const startedUnixMs = unixMs();
    server = new Gopls({
      executable: gopls(version),
      workspace: goplsSource(),
      cache: path.join(home, 'gopls-cache'),
    });
    const found = await until('gopls is found', FOUND_TIMEOUT_MS, () =>
      events.find(({ kind, pid }) => kind === 'gopls-found' && pid === server.pid),
    );
    const status = await until('the debug server is found and read', FOUND_TIMEOUT_MS, () => {
      const { gopls: watched } = core.status();
      const usable = watched?.debug.state === 'on' && watched.latency_source !== 'echo';
      return usable ? watched : undefined;
    });
    const hover = await withDeadline(
      HOVER_TIMEOUT_MS,
      `gopls ${version} answers the hover`,
      firstHover(server),
    );
    await until('an incident is closed', INCIDENT_TIMEOUT_MS, () =>
      events.find(({ kind }) => kind === 'incident-closed'),
    );
    await sleep(AFTERMATH_MS);
    const incidents = await readIncidents(core);
    return { version, foundMs: found.unixMs - startedUnixMs, status, hover, incidents };
  } finally {
    await core.stop();
    await cleanUp();
    forget();
  }
}

/** Resolves to the hover's text and the moments at which it was asked for and answered. */
async function firstHover(server) {
  await server.initialize();
  const { uri, text } = server.open(FILE);
  const line = text.split('\n').findIndex((candidate) => candidate.startsWith(LINE));
  const askedUnixMs = unixMs();
  const result = await server.hover(uri, { line, character: LINE.indexOf('Snapshot') });
  return { text: result?.contents.value ?? '', askedUnixMs, answeredUnixMs: unixMs() };
}

/** Every incident, each with its heaps and what the addon reads out of them. */
async function readIncidents(core) {
  const summaries = value(await core.incidents());
  return Promise.all(
    summaries.map(async ({ id }) => {
      const incident = value(await core.incident(id));
      const whole = incident.captures.filter(({ kind, state }) => kind === 'heap' && state === 'complete');
      const heaps = await Promise.all(
        whole.map(async (capture) => ({ capture, page: value(await heapPage(core, id, capture.number)) })),
      );
      return { incident, heaps };
    }),
  );
}

const heapPage = (core, incident, capture) =>
  core.heapTable(
    { incident, capture },
    {
      sample_type: 'inuse_space',
      sort: 'flat',
      descending: true,
      filter: GOPLS_PACKAGES,
      offset: 0,
      limit: 1,
    },
  );

/** The addon's failures are data; here each of them is the end. */
function value(outcome) {
  if (outcome.ok) return outcome.value;
  throw new Error(`${outcome.error.code}: ${outcome.error.message}`);
}

async function until(what, timeoutMs, look) {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const seen = look();
    if (seen !== undefined) return seen;
    if (Date.now() > deadline) throw new Error(`not within ${timeoutMs / 1000} s: ${what}`);
    await sleep(10);
  }
}

const withDeadline = (timeoutMs, what, promise) =>
  Promise.race([
    promise,
    sleep(timeoutMs, undefined, { ref: false }).then(() => {
      throw new Error(`not within ${timeoutMs / 1000} s: ${what}`);
    }),
  ]);
