// A server that leaks on request: the type that leaks, how many there are, and the field that holds them, each named exactly.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { cli, leakyServer } from '../tools/lib/paths.mjs';
import { run } from '../tools/lib/run.mjs';

const MINUTE = 60_000;
const tool = process.env.STALLSCOPE_CLI ?? cli;
const IN_SERVER = 'stallscope.test/gopls/internal/';

/**
 * Each way of leaking: how often it is done, the type of which one more is there each time, how many there are without it, and the
 * field that holds those that are too many.
 */
const LEAKS = [
  { way: 'view-again', times: 3, type: 'cache.View', before: 1, field: '.abandonedViews[…]' },
  { way: 'snapshot', times: 7, type: 'cache.Snapshot', before: 1, field: '.previous' },
  // The first save of the file is no leak.
  {
    way: 'save-retaining-syntax',
    times: 12,
    type: 'cache/parsego.File',
    before: 0,
    kept: 1,
    field: '.parseCache.retained[…]',
  },
  { way: 'analysis', times: 4, type: 'cache.analysisNode', before: 0, field: '.analysisNodes[…]' },
  { way: 'buffer', times: 5, type: 'bytes.Buffer', before: 0, field: '.received[…]', everywhere: true },
];

async function started(t) {
  const child = spawn(leakyServer, { stdio: ['pipe', 'pipe', 'inherit'] });
  t.after(async () => {
    child.stdin.end();
    if (child.exitCode === null) await once(child, 'exit');
  });
  const [address] = await once(createInterface(child.stdout), 'line');
  const ask = async (page) => {
    const answer = await fetch(`${address}${page}`, { method: 'POST' });
    assert.equal(answer.status, 200, page);
    await answer.arrayBuffer();
  };
  const retain = async (type) => {
    const { stdout } = await run(
      tool,
      ['retain', '--pid', String(child.pid), '--json', '--type', type, '--max-pause', '5000'],
      { timeoutMs: 2 * MINUTE },
    );
    return JSON.parse(stdout);
  };
  return { ask, retain };
}

for (const { way, times, type, before, kept = 0, field, everywhere = false } of LEAKS) {
  const name = everywhere ? type : `${IN_SERVER}${type}`;
  test(
    `${way}: ${type} held by ${field}`,
    {
      skip: process.platform !== 'linux' && 'other processes are read on Linux only',
      timeout: 5 * MINUTE,
    },
    async (t) => {
      const { ask, retain } = await started(t);
      const count = ({ types }) => types.find((row) => row.type === name)?.count ?? 0;
      assert.equal(count(await retain(name)), before, 'before it leaks');
      await ask(`/do/${way}?times=${times}`);
      await ask('/gc');
      const answer = await retain(name);
      assert.ok(answer.check.reliable, answer.check.reason);
      assert.equal(count(answer), before + times, JSON.stringify(answer.paths));
      const held = answer.paths.filter(({ path }) => path.endsWith(field));
      const objects = held.reduce((sum, row) => sum + row.objects, 0);
      assert.equal(objects, times - kept, JSON.stringify(answer.paths));
    },
  );
}
