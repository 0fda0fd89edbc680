// An answer that comes while the JavaScript thread is busy waits there: a real gopls, a thread that really is busy, and its lag
// as the heartbeat of the extension tells it.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { eventually, value } from '../addon/support/core.mjs';
import { watched } from '../addon/support/watched.mjs';
import { gopls as goplsFile } from '../tools/lib/paths.mjs';

const MINUTE = 60_000;
const HOVER = 'textDocument/hover';
const BUSY_MS = 3_000;

/** A hover that gopls answers while this thread is busy. */
async function askWhileBusy(gopls, core, uri, position) {
  // gopls goes on by itself a moment later, when this thread is busy, and answers well within the limit.
  process.kill(gopls.pid, 'SIGSTOP');
  spawn('sh', ['-c', `sleep 0.08; kill -CONT ${gopls.pid}`], { stdio: 'ignore' });
  core.observed(HOVER, uri, position.line);
  const hover = gopls.hover(uri, position);
  const begin = performance.now();
  while (performance.now() - begin < BUSY_MS);
  core.hostLagged(Math.floor(performance.now() - begin));
  await hover;
}

test('gopls answers at once, and the extension host takes it late', { timeout: 4 * MINUTE }, async (t) => {
  const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'stallscope-late-'));
  const workspace = path.join(scratch, 'workspace');
  fs.mkdirSync(workspace);
  fs.writeFileSync(path.join(workspace, 'go.mod'), 'module example.test/late\n\ngo 1.22\n');
  fs.writeFileSync(path.join(workspace, 'main.go'), 'package main\n\nfunc main() { println(len("x")) }\n');
  const scene = await watched(t, { scratch, workspace, executable: goplsFile() });
  const { core, events } = scene;
  await scene.gopls.initialize();
  const { uri } = scene.gopls.open('main.go');
  const position = { line: 2, character: 6 };
  await scene.gopls.hover(uri, position);
  await eventually('the end of the load', () => !core.status().loading, 2 * MINUTE);
  const before = value(await core.incidents()).map(({ id }) => id);

  await askWhileBusy(scene.gopls, core, uri, position);

  const closed = (e) => e.kind === 'incident-closed' && !before.includes(e.summary.id);
  const { summary, prompt } = await events
    .until('the incident', closed, { timeoutMs: 15_000 })
    // On a busy machine gopls may have answered before this thread was busy: then nothing came late.
    .catch(async () => {
      await askWhileBusy(scene.gopls, core, uri, position);
      return events.until('the incident', closed, { timeoutMs: MINUTE });
    });
  const incident = value(await core.incident(summary.id));
  const { request, held_up_ns, taken_late_ns, causes, decisions, captures } = incident;
  t.diagnostic(JSON.stringify({ duration_ns: request.duration_ns, held_up_ns, taken_late_ns, causes }));
  assert.equal(request.method, HOVER);
  assert.ok(request.duration_ns < 0.2e9, 'gopls answered in time');
  assert.equal(held_up_ns, 0);
  assert.ok(taken_late_ns > 0.8 * BUSY_MS * 1e6 && taken_late_ns < 1.5 * BUSY_MS * 1e6, `${taken_late_ns}`);
  assert.equal(causes[0].kind, 'extension-host');
  assert.deepEqual(
    causes.filter(({ kind }) => !['extension-host', 'unknown'].includes(kind)),
    [],
  );
  assert.ok(decisions.some(({ rule, fired }) => rule === 'taken-late' && fired));
  // Nothing was asked of gopls; a profile from before is linked.
  assert.deepEqual(
    captures.filter(({ kind }) => kind !== 'baseline'),
    [],
  );
  assert.equal(prompt, false);
  assert.equal(summary.held_up_ns, taken_late_ns);
});
