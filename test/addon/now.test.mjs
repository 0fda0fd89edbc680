// What goes on now, by the status of the core: the `go` command that a real gopls runs, with its age; the load of the workspace;
// and of a request that is queued, what the one in front of it waits for.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { slowGo } from '../lib/slowGo.mjs';
import { gopls as goplsFile } from '../tools/lib/paths.mjs';
import { eventually, value } from './support/core.mjs';
import { watched } from './support/watched.mjs';

const HOVER = 'textDocument/hover';
const MINUTE = 60_000;
const SLEEP_S = 3;
const linux = { skip: process.platform !== 'linux' && 'only Linux tells', timeout: 3 * MINUTE };
const MAIN = 'package main\n\nimport "fmt"\n\nfunc main() {\n\tfmt.Println("hello")\n}\n';

/** A core that watches a gopls on a small module, whose `go` sleeps before `go list` and `go mod`. */
function slow(t) {
  const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'stallscope-now-'));
  const workspace = path.join(scratch, 'module');
  fs.mkdirSync(workspace);
  fs.writeFileSync(path.join(workspace, 'go.mod'), 'module example.com/now\n\ngo 1.21\n');
  fs.writeFileSync(path.join(workspace, 'main.go'), MAIN);
  // Two loads of this workspace are known.
  const storage = path.join(scratch, 'storage');
  fs.mkdirSync(storage);
  const past = [1, 2].map((seconds) => ({ duration_ns: seconds * 1e9, peak_rss_bytes: 1e8 }));
  fs.writeFileSync(path.join(storage, 'loads.json'), JSON.stringify({ workspaces: { [workspace]: past } }));
  return watched(t, {
    scratch,
    workspace,
    executable: goplsFile(),
    env: slowGo(path.join(scratch, 'bin'), ['list', 'mod'], SLEEP_S),
  });
}

test('a load, its command, and what a request behind a command waits for', linux, async (t) => {
  const { core, gopls, events } = await slow(t);
  const began = performance.now();
  await gopls.initialize();

  // Nobody waits: the command is seen because a workspace is loaded.
  const loading = await eventually(
    'go list, and what it uses',
    () => {
      const status = core.status();
      return status.commands.some(({ line, cpu_share }) => line.startsWith('go list') && cpu_share !== null)
        ? status
        : undefined;
    },
    MINUTE,
  );
  const list = loading.commands.find(({ line }) => line.startsWith('go list'));
  assert.ok(list.age_ns > 1e8 && list.age_ns <= (performance.now() - began) * 1e6 + 2e7, `${list.age_ns}`);
  assert.equal(list.waits, true, 'it sleeps');
  const { load } = loading;
  assert.equal(load.step, 'listing');
  assert.ok(load.age_ns >= list.age_ns, JSON.stringify(load));
  assert.deepEqual([load.earlier, load.usual_ns, load.longest_ns], [2, 2e9, 2e9]);
  const later = core.status();
  assert.ok(later.load.age_ns > load.age_ns, 'it ticks');
  await eventually('the end of the load', () => !core.status().loading, MINUTE);
  assert.equal(core.status().load, null);
  await eventually('no stall', () => core.status().stall === null, MINUTE);

  // A hover behind `go mod tidy`.
  const { uri, text } = gopls.open('main.go');
  const line = text.split('\n').findIndex((candidate) => candidate.includes('Println'));
  await gopls.hover(uri, { line, character: 6 });
  const from = events.all.length;
  const tidy = gopls.request('workspace/executeCommand', {
    command: 'gopls.tidy',
    arguments: [{ URIs: [uri] }],
  });
  tidy.catch(() => {});
  core.observed(HOVER, uri, line);
  const hover = gopls.hover(uri, { line, character: 6 });
  const phase = await eventually('what it is behind', () => {
    const waiting = core.status().in_flight.find(({ method }) => method === HOVER);
    return waiting?.phase?.command ? waiting.phase : undefined;
  });
  assert.equal(phase.phase, 'queued');
  assert.equal(phase.behind, 'workspace/executeCommand');
  assert.equal(phase.front, 'go-command');
  assert.match(phase.command, /^go mod tidy/);
  await hover;
  const closed = await events.until(
    'the incident',
    ({ kind, summary }) => kind === 'incident-closed' && summary.method === HOVER,
    { from, timeoutMs: MINUTE },
  );
  const { wait, causes } = value(await core.incident(closed.summary.id));
  const behind = wait.queued_behind.find(({ method }) => method === 'workspace/executeCommand');
  assert.equal(
    behind.phases.reduce((sum, { duration_ns }) => sum + duration_ns, 0),
    behind.duration_ns,
    'to the nanosecond',
  );
  assert.equal(behind.phases[0].phase, 'go-command');
  const { evidence } = causes.find(({ kind }) => kind === 'queue');
  assert.equal(evidence.behind_phase, 'go-command');
  assert.match(evidence.behind_command, /^go mod tidy/);

  // Nothing goes on, and nobody looks.
  await eventually('no command', () => core.status().commands.length === 0);
  const days = value(
    await core.waitDays({
      midnights_unix_ms: [Date.now() - 1000 * MINUTE, Date.now() + 1000 * MINUTE],
      method: HOVER,
      cause: 'queue',
    }),
  );
  assert.ok(days.waits >= 1 && days.days[0].sum.p95_ns >= 1e9, JSON.stringify(days));
});
