// Where the memory of a real gopls is: the parts that Go and the system name add up to RSS, at every size and while a
// workspace is being loaded; and nothing is said of a leak because RSS rises.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { editUnder } from '../lib/editing.mjs';
import { Gopls } from '../lib/gopls.mjs';
import { gopls as goplsFile, goplsSource } from '../tools/lib/paths.mjs';
import { addon, coreOptions, eventually, value } from '../addon/support/core.mjs';

const MINUTE = 60_000;
const MB = 1e6;
const FILE = 'internal/cache/snapshot.go';
const TYPE = 'type Snapshot struct';
/** The bench does it for ten minutes. */
const EDITED_MS = 40_000;
/** What neither Go nor the system names, as a share of RSS. */
const MOST_UNNAMED = 0.03;
/** What Go has reserved and nobody has touched, when gopls is at rest: 15 to 60 MB, more of it in a larger heap. */
const MOST_UNTOUCHED_MB = 40;
const MOST_UNTOUCHED = 0.04;
/** The RSS of the status and that of the reading are of two moments. */
const SAME_RSS = 0.1;

const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'stallscope-memory-'));
after(() => fs.rmSync(scratch, { recursive: true, force: true }));

const sum = (parts) => parts.reduce((total, { bytes }) => total + bytes, 0);
const bytesOf = ({ parts }, kind) => parts.find((part) => part.kind === kind)?.bytes ?? 0;

/** A module with one file that uses the standard library. */
function smallModule() {
  const folder = path.join(scratch, 'small');
  fs.mkdirSync(folder);
  fs.writeFileSync(path.join(folder, 'go.mod'), 'module example.test/small\n\ngo 1.22\n');
  fs.writeFileSync(
    path.join(folder, 'main.go'),
    'package main\n\nimport "fmt"\n\nfunc main() { fmt.Println("small") }\n',
  );
  return { workspace: folder, file: 'main.go' };
}

/**
 * Loads a workspace under a core, and gives all views of the memory that differ: those of the load, and the one after
 * gopls came to rest.
 */
async function load(name, leastMB, { workspace, file, env, editedMs }) {
  const core = addon.createCore(coreOptions(path.join(scratch, name), { workspace: [workspace] }));
  value(core.start(() => {}));
  const gopls = new Gopls({
    executable: goplsFile(),
    workspace,
    cache: path.join(scratch, `cache of ${name}`),
    env,
  });
  const views = [];
  const look = async () => {
    const view = value(await core.memory());
    if (view !== null && view.at_ns !== views.at(-1)?.at_ns) views.push(view);
    return view;
  };
  try {
    await gopls.initialize();
    const document = gopls.open(file);
    await eventually('gopls', () => core.status().gopls !== null, MINUTE);
    const deadline = Date.now() + 2 * MINUTE;
    while (core.status().loading) {
      assert.ok(Date.now() < deadline, `still loading: ${JSON.stringify(core.status())}`);
      await look();
      await sleep(500);
    }
    const loading = views.filter(({ verdict }) => verdict.kind === 'workspace-load');
    const { at_ns: loadedNs } = core.status();
    const isAtRest = (view, { gopls: now }) =>
      view !== null &&
      // While gopls is at rest it is not read again for minutes: one soon after the load must do, if nothing has changed since.
      view.at_ns > loadedNs &&
      view.waterfall.rss_bytes >= leastMB * MB &&
      now.cpu_share < 0.1 &&
      Math.abs(now.rss_bytes / view.waterfall.rss_bytes - 1) < SAME_RSS &&
      addsUp(view).whole;
    // On a starved machine a load may look finished while the open file is still being checked, and the two sides of a
    // reading be of different moments: one of the next readings must do.
    let seen;
    const rest = await eventually(
      `a reading at rest of ${leastMB} MB or more`,
      async () => {
        const [view, status] = [await look(), core.status()];
        seen = { view, gopls: status.gopls, loadedNs };
        return isAtRest(view, status) ? view : undefined;
      },
      2 * MINUTE,
    ).catch((error) => assert.fail(`${error.message}; at last ${JSON.stringify(seen)}`));
    const edited = editedMs && (await editUnder(core, gopls, { document, text: TYPE }, editedMs));
    const patterns = edited && value(await core.patterns('en')).judgement;
    return { loading, rest, edited, patterns };
  } finally {
    await core.stop();
    await gopls.kill();
  }
}

function addsUp({ waterfall }) {
  const { rss_bytes: rss, parts } = waterfall;
  assert.equal(sum(parts), rss, 'the parts add up to the byte');
  const [unnamed, untouched] = [bytesOf(waterfall, 'rest'), -bytesOf(waterfall, 'untouched')];
  const whole =
    unnamed <= MOST_UNNAMED * rss && untouched <= Math.max(MOST_UNTOUCHED_MB * MB, MOST_UNTOUCHED * rss);
  return { whole, unnamed: unnamed / rss, untouchedMB: untouched / MB };
}

for (const [name, scene, leastMB, mostMB] of [
  ['a small module', smallModule, 200, 700],
  ['its own source', () => ({ workspace: goplsSource(), file: FILE, editedMs: EDITED_MS }), 700, 2500],
  // The same live heap with a lazier collector is a larger process.
  [
    'its own source with GOGC=250',
    () => ({ workspace: goplsSource(), file: FILE, env: { GOGC: '250' } }),
    1300,
    4000,
  ],
]) {
  test(`the parts add up to RSS: ${name}`, { timeout: 6 * MINUTE }, async (t) => {
    const { loading, rest, edited, patterns } = await load(name, leastMB, scene());
    const rssMB = rest.waterfall.rss_bytes / MB;
    const { unnamed, untouchedMB } = addsUp(rest);
    const figures = `${rssMB.toFixed(0)} MB at rest, ${(unnamed * 100).toFixed(1)} % unnamed, ${untouchedMB.toFixed(0)} MB untouched`;
    t.diagnostic(figures);
    assert.ok(rssMB <= mostMB, `${rssMB} MB`);
    assert.equal(rest.waterfall.swap_bytes, 0);
    assert.ok(bytesOf(rest.waterfall, 'files') > 10 * MB, 'gopls itself');
    assert.equal(rest.waterfall.ballast_bytes, 100_007_936);

    // A small module may be loaded before the first reading.
    assert.ok(loading.length > 0 || rssMB < 500, 'nothing was read during the load');
    for (const view of loading.filter(({ waterfall }) => waterfall.rss_bytes > 250 * MB)) {
      addsUp(view);
    }
    const largest = Math.max(0, ...loading.map(({ waterfall }) => waterfall.rss_bytes));
    t.diagnostic(`${loading.length} readings during the load, up to ${(largest / MB).toFixed(0)} MB`);
    // RSS has risen by hundreds of MB, and that is a workspace load and no leak, all the time and right afterwards.
    assert.equal(rest.verdict.kind, 'not-enough-evidence');
    assert.ok(rest.verdict.needed_cycles > 0);

    if (!edited) return;
    const last = edited.views.at(-1);
    t.diagnostic(`${edited.rounds} rounds of edits, ${last.cycles.length} GC cycles seen`);
    assert.ok(last.cycles.length >= 2, 'no GC cycle was seen');
    for (const { verdict } of edited.views)
      assert.ok(!/growing|growth/.test(verdict.kind), JSON.stringify(verdict));
    assert.deepEqual(patterns.findings, [], 'a healthy gopls is accused of nothing');
    assert.ok(patterns.clear.length > 0, 'and something was judged');
    if (last.allocation) t.diagnostic(JSON.stringify(last.allocation));
    const totals = last.cycles.map((cycle) => cycle.allocated_bytes);
    assert.deepEqual(
      totals,
      [...new Set(totals)].sort((a, b) => a - b),
      'each cycle once, in their order',
    );
  });
}
