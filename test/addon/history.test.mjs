// The history of a real gopls: what was asked, how long it took, its memory, a stall, and another version from one window to the
// next; kept when a window ends, and forgotten on request.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { slowGo } from '../lib/slowGo.mjs';
import { gopls as goplsFile, GOPLS_VERSION } from '../tools/lib/paths.mjs';
import { addon, coreOptions, eventually, value } from './support/core.mjs';
import { watched } from './support/watched.mjs';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const SLEEP_S = 1;
const HOVERS = 8;
const HOVER = 'textDocument/hover';
const MAIN = 'package main\n\nimport "fmt"\n\nfunc main() {\n\tfmt.Println("hello")\n}\n';
/** Before and after now, whatever the hour. */
const DAYS = () => ({
  midnights_unix_ms: [Date.now() - 24 * HOUR, Date.now() + 2 * HOUR],
  workspace: null,
  method: null,
});

/** A small module, in a folder of the test's own. */
function module() {
  const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'stallscope-history-'));
  const workspace = path.join(scratch, 'module');
  fs.mkdirSync(workspace);
  fs.writeFileSync(path.join(workspace, 'go.mod'), 'module example.com/history\n\ngo 1.21\n');
  fs.writeFileSync(path.join(workspace, 'main.go'), MAIN);
  return { scratch, workspace };
}

/** A window: its gopls loads, whose first hover waits for a slow `go list`; then hovers that take a moment. */
async function window(t, scratch, workspace, options) {
  const { core, gopls, events } = await watched(t, {
    scratch,
    workspace,
    options,
    executable: goplsFile(),
    env: slowGo(path.join(scratch, options.go_extension), ['list'], SLEEP_S),
  });
  await gopls.initialize();
  const { uri, text } = gopls.open('main.go');
  const line = text.split('\n').findIndex((candidate) => candidate.includes('Println'));
  core.observed(HOVER, uri, line);
  await gopls.hover(uri, { line, character: 6 });
  const closed = await events.until('the stall', ({ kind }) => kind === 'incident-closed', {
    timeoutMs: MINUTE,
  });
  await eventually('the end of the load', () => !core.status().loading, MINUTE);
  for (let hover = 0; hover < HOVERS; hover += 1) {
    core.observed(HOVER, uri, line);
    await gopls.hover(uri, { line, character: 6 });
    // Each in a reading of the counters of its own.
    await sleep(1500);
  }
  const rss = core.status().gopls.rss_bytes;
  await core.stop();
  await gopls.kill();
  return { rss, stall: closed.summary };
}

test(
  'what a window has seen is there for the next, and an upgrade between them is told',
  { timeout: 5 * MINUTE },
  async (t) => {
    const { scratch, workspace } = module();
    const storage = path.join(scratch, 'storage');
    const reader = addon.createCore(coreOptions(storage));
    assert.equal(value(await reader.history(DAYS())).since_unix_ms, null, 'there is none yet');

    const first = await window(t, scratch, workspace, { go_extension: 'v0.50.0' });
    const one = value(await reader.history(DAYS()));
    const [day] = one.days;
    assert.equal(day.stalls, 1);
    assert.equal(day.stalled_ns, first.stall.duration_ns);
    const [hovers] = one.methods;
    assert.equal(hovers.method, HOVER);
    // The stall, and those that came in a reading of their own.
    assert.ok(hovers.waits > HOVERS / 2 && hovers.waits <= HOVERS + 1, `${hovers.waits} of ${HOVERS + 1}`);
    assert.ok(hovers.p50_ns < 0.3e9 && hovers.p95_ns > SLEEP_S * 0.9e9, JSON.stringify(hovers));
    const [{ workspace: name, days, rss_peak_bytes: peak, watched_ns: watched_ }] = one.workspaces;
    assert.deepEqual([name, one.known_workspaces], [workspace, [workspace]]);
    assert.ok(days[0].rss_average_bytes > first.rss / 3 && days[0].rss_average_bytes <= peak);
    assert.ok(peak >= first.rss && peak < 4e9, `${peak} of ${first.rss}`);
    assert.ok(watched_ > HOVERS * 1e9 && watched_ < 5 * MINUTE * 1e6, `${watched_}`);
    assert.deepEqual(one.changes, []);

    const second = await window(t, scratch, workspace, { go_extension: 'v0.51.0' });
    const both = value(await reader.history(DAYS()));
    const sum = both.days.reduce(
      (all, { stalls, stalled_ns }) => [all[0] + stalls, all[1] + stalled_ns],
      [0, 0],
    );
    assert.deepEqual(sum, [2, first.stall.duration_ns + second.stall.duration_ns]);
    assert.ok(both.methods[0].waits > hovers.waits, 'added');
    const [change, ...others] = both.changes;
    assert.deepEqual(
      [change.part, change.from, change.to, others],
      ['go-extension', 'v0.50.0', 'v0.51.0', []],
    );
    assert.equal(change.waits, 'unknown', 'no days to compare');

    value(await reader.clearHistory());
    assert.deepEqual(value(await reader.history(DAYS())).days, []);
    assert.equal(value(await reader.incidents()).length, 2, 'incidents stay');
  },
);

test('the versions of gopls and of the go that it finds are known', { timeout: 2 * MINUTE }, async (t) => {
  const { scratch, workspace } = module();
  const { core } = await watched(t, { scratch, workspace, executable: goplsFile() });
  // Two readings of its memory.
  await sleep(3000);
  await core.stop();
  const kept = fs.readFileSync(path.join(scratch, 'storage/history.sqlite')).toString('latin1');
  const go = execFileSync('go', ['env', 'GOVERSION'], { cwd: os.tmpdir(), encoding: 'utf8' }).trim();
  assert.ok(kept.includes(`"gopls":"${GOPLS_VERSION}","go":"${go}"`), go);
});

test('without days to keep there is none', { timeout: 2 * MINUTE }, async (t) => {
  const { scratch, workspace } = module();
  const options = { settings: { history_days: 0 } };
  const { core } = await watched(t, { scratch, workspace, options, executable: goplsFile() });
  await core.stop();
  assert.equal(fs.existsSync(path.join(scratch, 'storage/history.sqlite')), false);
});
