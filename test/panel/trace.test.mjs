// An independent reader: speedscope itself, as its package ships it, opens what we write, and exports what it has
// understood. Both must have the same slices as the trace.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Host } from './host.mjs';
import { firstLoad, laterStall, writeIncidents } from './incidents.mjs';
import { launch } from './page.mjs';
import { cargoTarget, cli, repo } from '../tools/lib/paths.mjs';

const VIEWER = path.join(repo, 'node_modules/speedscope/dist/release/index.html');
const LOG = path.join(repo, 'test/fixtures/logs/v0.23.0.log');

let browser;
let folder;
before(async () => {
  browser = await launch();
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'stallscope-trace-'));
});
after(async () => {
  await browser.close();
  fs.rmSync(folder, { recursive: true, force: true });
});

/** What speedscope made of a file, in its own format. */
async function reread(file) {
  const context = await browser.newContext({ acceptDownloads: true });
  const page = await context.newPage();
  await page.goto(`file://${VIEWER}`);
  await page.locator('input[type=file]').setInputFiles(file);
  await page.locator('canvas').first().waitFor();
  const downloading = page.waitForEvent('download');
  await page.keyboard.press('Control+s');
  const exported = await (await downloading).path();
  const read = JSON.parse(fs.readFileSync(exported, 'utf8'));
  await context.close();
  return read;
}

/** Row, name and length of every slice, in milliseconds. */
function slices({ profiles, shared }) {
  const perMs = { nanoseconds: 1e6, microseconds: 1e3, milliseconds: 1 };
  return profiles.flatMap(({ events, unit }) => {
    const open = [];
    const closed = [];
    for (const { type, at, frame } of events) {
      if (type === 'O') open.push({ at, frame });
      else {
        const { at: from, frame: opened } = open.pop();
        assert.equal(opened, frame);
        closed.push(`${shared.frames[frame].name} ${((at - from) / perMs[unit]).toFixed(3)}`);
      }
    }
    return closed;
  });
}

// Its importer writes the facts of a slice into its name.
const bare = (slice) => slice.replace(/ \{.*\} /, ' ');

/** The slices of Chrome's format that can be seen. */
function drawn(file) {
  const { traceEvents } = JSON.parse(fs.readFileSync(file, 'utf8'));
  return (
    traceEvents
      // A slice of no length speedscope passes over: there is nothing to draw.
      .filter(({ ph, dur }) => ph === 'X' && dur > 0)
      .map(({ name, dur }) => `${name} ${(dur / 1000).toFixed(3)}`)
      .sort()
  );
}

const stallscope = fs.existsSync(cli) ? cli : path.join(cargoTarget, 'debug/stallscope');

test('speedscope reads the same slices out of both formats', async () => {
  const chrome = path.join(folder, 'a.json');
  const own = path.join(folder, 'b.json');
  execFileSync(stallscope, ['trace', LOG, '--chrome', chrome, '--speedscope', own]);
  const written = drawn(chrome);
  assert.equal(written.length, 12, 'fifteen, three of them of no length');
  assert.deepEqual(
    slices(await reread(own))
      .map(bare)
      .sort(),
    written,
  );
  assert.deepEqual(
    slices(await reread(chrome))
      .map(bare)
      .sort(),
    written,
  );
});

test('an incident: its requests and captures as slices, RSS as a counter, and nothing that names a file', async () => {
  const incident = laterStall();
  const host = new Host((storage) => writeIncidents(storage, [incident]));
  try {
    const file = path.join(folder, 'incident.json');
    const saved = await host.core.saveTrace(incident.id, 'chrome', file);
    assert.ok(saved.ok, JSON.stringify(saved.error));
    const kept = (await host.core.incident(incident.id)).value;
    const written = drawn(file);
    const main = `${kept.request.method} ${(kept.request.duration_ns / 1e6).toFixed(3)}`;
    assert.ok(written.includes(main), `${main} is not in ${written.join(', ')}`);
    assert.deepEqual(
      slices(await reread(file))
        .map(bare)
        .sort(),
      written,
    );
    const text = fs.readFileSync(file, 'utf8');
    const rss = JSON.parse(text).traceEvents.filter(({ ph, name }) => ph === 'C' && name.startsWith('RSS'));
    assert.deepEqual(
      rss.map(({ args }) => args.value),
      kept.series.map(({ rss_bytes }) => rss_bytes),
    );
    assert.doesNotMatch(text, /file:\/\//);
  } finally {
    host.close();
  }
});

test('the phases of a wait lie within its request, and what was sampled beside them', async () => {
  const incident = firstLoad();
  // As if gopls's own spans had come as well: a wait of two phases.
  const { start_ns, end_ns } = incident.request;
  const turn = start_ns + Math.round((end_ns - start_ns) / 3);
  const slice = (phase, begin_ns, end_ns) => ({ phase, begin_ns, end_ns, source: 'spans' });
  const slices_by_spans = [slice('awaiting-load', start_ns, turn), slice('type-checking', turn, end_ns)];
  incident.wait_by_spans = {
    phases: slices_by_spans.map(({ phase, begin_ns, end_ns: to }) => ({
      phase,
      duration_ns: to - begin_ns,
      share: (to - begin_ns) / (end_ns - start_ns),
      error_share: 0,
    })),
    slices: slices_by_spans,
    source: 'spans',
    samples: 0,
    queued_behind: [],
    unknown_functions: [],
  };
  const host = new Host((storage) => writeIncidents(storage, [incident]));
  try {
    // A phase that goes on is one slice.
    const goesOn = ({ phase }, index, all) => index > 0 && all[index - 1].phase === phase;
    const sampled = incident.wait.slices.filter((...slice) => !goesOn(...slice)).length;
    for (const format of ['chrome', 'speedscope']) {
      const file = path.join(folder, `phases-${format}.json`);
      const saved = await host.core.saveTrace(incident.id, format, file);
      assert.ok(saved.ok, JSON.stringify(saved.error));
      const read = await reread(file);
      const seen = slices(read).map(bare);
      if (format === 'chrome') assert.deepEqual(seen.sort(), drawn(file));
      const row = read.profiles.find(({ name }) => /Phases by sampling/.test(name));
      assert.ok(row, read.profiles.map(({ name }) => name).join());
      assert.equal(row.events.filter(({ type }) => type === 'O').length, sampled);
      const thirds = `workspace load ${((turn - start_ns) / 1e6).toFixed(3)}`;
      assert.ok(seen.includes(thirds), `${thirds} is not in ${seen.join(', ')}`);
    }
  } finally {
    host.close();
  }
});
