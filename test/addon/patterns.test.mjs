// Leak patterns of a process that goes on: a server that leaks in one way is watched as a gopls, by its natural profiles.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { leakyServer } from '../tools/lib/paths.mjs';
import { addon, coreOptions, eventually, scratchFolder, value } from './support/core.mjs';

const MINUTE = 60_000;
const PROMISED_CYCLES = 5;

/** The server under the name of gopls, and how to ask it. */
async function startLeaky(t) {
  assert.ok(fs.existsSync(leakyServer), '`npm test` builds it');
  const file = path.join(scratchFolder(t), 'gopls');
  fs.copyFileSync(leakyServer, file);
  const child = spawn(file, { stdio: ['pipe', 'pipe', 'inherit'] });
  t.after(async () => {
    child.stdin.end();
    if (child.exitCode === null) await once(child, 'exit');
  });
  const [address] = await once(createInterface(child.stdout), 'line');
  return async (page) => {
    const answer = await fetch(`${address}${page}`, { method: 'POST' });
    assert.equal(answer.status, 200, page);
  };
}

test(
  'a leak is found while it goes on, by as many GC cycles as promised',
  { timeout: 4 * MINUTE },
  async (t) => {
    const core = addon.createCore(coreOptions(path.join(scratchFolder(t), 'storage')));
    const ask = await startLeaky(t);
    value(core.start(() => {}));
    t.after(() => core.stop());
    await eventually('a gopls that has loaded', () => core.status().gopls && !core.status().loading, MINUTE);

    const cycles = async () => value(await core.memory())?.cycles.length ?? 0;
    const judged = async () => value(await core.patterns('en')).judgement;
    const found = new Map();
    for (let seen = await cycles(); seen < PROMISED_CYCLES; seen = await cycles()) {
      const { findings } = await judged();
      found.set(
        seen,
        findings.map(({ rule }) => rule),
      );
      await ask('/do/diagnostics?times=4');
      // It works, and its garbage is collected when Go likes, until another profile was read.
      await eventually(
        `cycle ${seen + 1}`,
        async () => {
          await ask('/do/churn?times=10');
          await sleep(100);
          return (await cycles()) > seen;
        },
        MINUTE,
      );
    }
    for (const [seen, rules] of found) assert.deepEqual(rules, [], `after ${seen} cycles`);
    const { findings, not_judged } = await judged();
    t.diagnostic(JSON.stringify(findings[0]?.measured));
    assert.deepEqual(
      findings.map(({ rule }) => rule),
      ['growing-diagnostics'],
    );
    assert.ok(findings[0].functions.length > 0);
    // One gopls serves this window, which is known; how many modules it has loaded is not, and is not guessed.
    const open = not_judged.map(({ rule }) => rule);
    assert.ok(open.includes('many-modules') && !open.includes('several-gopls'), open.join());
  },
);
