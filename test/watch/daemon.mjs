// What a shared daemon saves: RSS of several gopls, and of one daemon with as many forwarders, on the same work. By hand, a quarter of an
// hour: node test/watch/daemon.mjs. Its figures are in docs/watching.md, and the advice of `stallscope watch` goes by them.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Gopls } from '../lib/gopls.mjs';
import { freePort } from '../lib/ports.mjs';
import { children, rssBytes } from '../lib/procfs.mjs';
import { gopls, goplsSource } from '../tools/lib/paths.mjs';
import { eventually } from './support/watch.mjs';

/** Files of gopls's source that are open, with a hover in each. */
const FILES = ['internal/cache/snapshot.go', 'internal/golang/hover.go', 'internal/server/general.go'];
const SESSIONS = [1, 2, 4];
/** What the collector gives back to the system comes in the minute after it. */
const SETTLE_MS = 90_000;

const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'stallscope-daemon-'));
const running = [];

async function start(workspace, flags = [], env = {}) {
  const cache = path.join(scratch, 'cache');
  const client = new Gopls({ executable: gopls(), workspace, cache, flags, env });
  running.push(client);
  await client.initialize();
  for (const file of FILES) {
    const { uri, text } = client.open(file);
    const line = text.split('\n').findIndex((candidate) => candidate.startsWith('func '));
    await client.hover(uri, { line, character: 6 });
  }
  return client;
}

/** Three collections, a pause, and what is left, in MB. */
async function settled(pids, addresses) {
  await sleep(20_000);
  for (let round = 0; round < 3; round += 1) {
    for (const address of addresses) await (await fetch(`${address}/debug/pprof/heap?gc=1`)).arrayBuffer();
  }
  await sleep(SETTLE_MS);
  return Math.round(pids.reduce((sum, pid) => sum + rssBytes(pid), 0) / 1e6);
}

async function separate(folders) {
  const all = [];
  for (const folder of folders) all.push(await start(folder));
  const addresses = await Promise.all(all.map((one) => one.debugAddress()));
  return settled(
    all.map(({ pid }) => pid),
    addresses,
  );
}

async function shared(folders) {
  // A socket of its own: a daemon of the user's is left alone.
  const env = { XDG_RUNTIME_DIR: fs.mkdtempSync(path.join(scratch, 'run-')) };
  const address = `127.0.0.1:${await freePort()}`;
  const flags = ['-remote=auto', `-remote.debug=${address}`, '-remote.listen.timeout=5s'];
  const all = [];
  for (const folder of folders) all.push(await start(folder, flags, env));
  const daemon = await eventually('the daemon', () => {
    for (const [pid, argv] of children(all[0].pid)) if (argv.includes('serve')) return pid;
    return undefined;
  });
  const daemonMb = await settled([daemon], [`http://${address}`]);
  const forwarders = all.reduce((sum, { pid }) => sum + rssBytes(pid), 0) / 1e6;
  return { daemonMb, allMb: Math.round(daemonMb + forwarders) };
}

async function end() {
  await Promise.all(running.splice(0).map((client) => client.kill()));
}

try {
  await separate([goplsSource()]);
  await end();
  console.log('sessions  a gopls each  one daemon  of that the daemon   (MB of RSS)');
  for (const sessions of SESSIONS) {
    const folders = Array(sessions).fill(goplsSource());
    const each = await separate(folders);
    await end();
    const { daemonMb, allMb } = await shared(folders);
    await end();
    console.log([sessions, each, allMb, daemonMb].map((value) => String(value).padStart(8)).join('  '));
  }
} finally {
  await end();
  await sleep(6_000);
  fs.rmSync(scratch, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
}
