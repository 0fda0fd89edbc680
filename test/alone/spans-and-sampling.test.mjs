// Two ways tell what a wait was for: gopls's own spans, which are exact, and goroutine profiles, which need no flag. Here
// a real gopls that writes spans is looked at in both ways while a hover waits for the load of its own source. Each such
// wait is too short for many looks, so it is done several times, each with a cache of its own, and the waits are added up.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Gopls } from '../lib/gopls.mjs';
import { gopls as goplsFile, goplsSource } from '../tools/lib/paths.mjs';
import { EventLog, addon, coreOptions, eventually, value } from '../addon/support/core.mjs';
import { compare, printed, together } from '../addon/support/phases.mjs';
import { freePort } from '../lib/ports.mjs';

const HOVER = 'textDocument/hover';
const FILE = 'internal/cache/snapshot.go';
const TEXT = 'type Snapshot struct';
const WAITS = 8;
const MINUTE = 60_000;
/** A phase of this much is a large one, and both have to give it the same share to this many percentage points … */
const LARGE_PERCENT = 15;
const POINTS = 10;
/** … unless there were too few looks to know it so well. */
const ENOUGH_LOOKS = 100;
const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'stallscope-agreement-'));
const waits = [];

before(
  async () => {
    for (let round = 0; round < WAITS; round += 1)
      waits.push(await coldHover(path.join(scratch, `${round}`)));
  },
  { timeout: 8 * MINUTE },
);

after(() => fs.rmSync(scratch, { recursive: true, force: true }));

/** What both ways tell of the first hover after the start of a gopls. */
async function coldHover(folder, env = {}) {
  const port = await freePort();
  const events = new EventLog();
  const core = addon.createCore(coreOptions(path.join(folder, 'storage'), { workspace: [goplsSource()] }));
  let gopls;
  try {
    value(core.start(events.receive));
    value(core.recordSpans(port));
    await eventually('the port', () => core.spans().state.kind === 'here');
    gopls = new Gopls({
      executable: goplsFile(),
      workspace: goplsSource(),
      cache: path.join(folder, 'cache'),
      flags: [`-otel=http://127.0.0.1:${port}/stallscope`],
      env,
    });
    await gopls.initialize();
    await eventually('the counters', () => core.status().gopls?.latency_source === 'counters');
    const { uri, text } = gopls.open(FILE);
    const line = text.split('\n').findIndex((candidate) => candidate.includes(TEXT));
    core.observed(HOVER, uri, line);
    await gopls.hover(uri, { line, character: 'type S'.length });
    const closed = await events.until('the incident', (e) => e.kind === 'incident-closed', {
      timeoutMs: MINUTE,
    });
    const told = async () => {
      const { captures, wait, wait_by_spans: bySpans } = value(await core.incident(closed.summary.id));
      return wait && bySpans && { captures, sampled: wait, bySpans };
    };
    const wait = await eventually('what both tell of it', told, 15_000);
    const slices = wait.captures.filter(({ kind, state }) => kind === 'cpu' && state === 'complete');
    const tables = slices.map(async ({ number: capture }) =>
      value(await core.subsystems({ incident: closed.summary.id, capture }, { sample_type: null })),
    );
    return { ...wait, cpu: await Promise.all(tables) };
  } finally {
    await core.stop();
    await gopls?.kill();
  }
}

/** Both accounts of all waits. */
const both = () => ['bySpans', 'sampled'].map((way) => together(waits.map((wait) => wait[way])));

test('both name nearly all of the wait', (t) => {
  for (const { bySpans, sampled } of waits) {
    const [exact, seen] = [bySpans, sampled].map((one) => 1 - together([one]).share('unknown'));
    t.diagnostic(
      `${(together([bySpans]).whole_ns / 1e9).toFixed(2)} s: named by spans ${(exact * 100).toFixed(1)} %, ` +
        `by sampling ${(seen * 100).toFixed(1)} % in ${sampled.samples} looks`,
    );
    assert.ok(exact >= 0.95, `spans name ${exact}`);
  }
  // Of all together: on a busy machine a look may take long, and gopls is left alone after it.
  const seen = 1 - both()[1].share('unknown');
  assert.ok(seen >= 0.85, `sampling names ${seen}`);
});

test('both are of the same wait', () => {
  for (const { bySpans, sampled } of waits) {
    const [exact, seen] = [bySpans, sampled].map((one) => together([one]).whole_ns);
    assert.ok(Math.abs(exact - seen) < 1e6, `${exact} and ${seen} ns`);
  }
});

test('both give each large phase the same share', (t) => {
  const all = compare(...both());
  const looks = waits.reduce((sum, { sampled }) => sum + sampled.samples, 0);
  t.diagnostic(`${WAITS} waits, ${looks} looks; percent of the waits, differences in points`);
  for (const line of printed(all)) t.diagnostic(line);
  const large = all.filter(({ exact, seen }) => Math.max(exact, seen) > LARGE_PERCENT);
  assert.ok(
    large.some(({ phase }) => phase === 'type-checking'),
    'type checking is most of a cold hover',
  );
  for (const { phase, difference, error } of large) {
    const allowed = looks < ENOUGH_LOOKS ? Math.max(POINTS, error) : POINTS;
    assert.ok(Math.abs(difference) <= allowed, `${phase}: ${difference} points, allowed are ${allowed}`);
  }
});

test('a busy second of a wait tells what the CPU time went into', { timeout: MINUTE }, async (t) => {
  // On a fast machine the others end within the second that is recorded; with one processor of Go's none does.
  const slow = await coldHover(path.join(scratch, 'slow'), { GOMAXPROCS: '1' });
  const slices = [...waits, slow].flatMap(({ cpu }) => cpu);
  const seconds = slices.map(({ total }) => (total / 1e9).toFixed(2));
  t.diagnostic(`CPU time in a second of the wait: ${seconds.join(', ')} s`);
  assert.ok(slices.length > 0, 'none of the waits was recorded');
  for (const { unit, total } of slices) {
    assert.equal(unit, 'nanoseconds');
    // Of all cores, in a second and the moment that gopls takes to answer; little, where others had the cores.
    assert.ok(total >= 0 && total < 1.5e9 * os.availableParallelism(), `${total} ns`);
  }
  const all = slices.reduce((sum, { total }) => sum + total, 0);
  const load = ['parsing', 'type-checking'];
  const parts = slices.flatMap(({ rows }) => rows).filter(({ subsystem }) => load.includes(subsystem));
  const share = parts.reduce((sum, { value: ns }) => sum + ns, 0) / all;
  t.diagnostic(`${(share * 100).toFixed(0)} % of it in parsing and type checking`);
  assert.ok(share > 0.1, `${share}`);
});
