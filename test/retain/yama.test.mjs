// The security module Yama decides who may read whose memory. On a machine with a kernel that has it, in each of its scopes: who may,
// gets the right counts; who may not, is told so before the program stands still.
//
//   npm run test:retain -- yama
import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { cargoTarget } from '../tools/lib/paths.mjs';
import { boot } from './vm.mjs';
import { assertAnswer, assertRead, assertRefused, buildWatched } from './watched.mjs';

const MINUTE = 60_000;
const skip = process.env.STALLSCOPE_RETAIN_YAMA ? false : 'by name only: npm run test:retain -- yama';

const RETAIN = 'stallscope retain --pid PID --json --max-pause 5000';
const USER = 'confined -user 1000';
/** Who reads what: started by one parent, unless it is said otherwise. */
const READERS = {
  'a user, a program beside it': `${USER} keeper retain globals -- ${RETAIN}`,
  'root, a program beside it': `keeper retain globals -- ${RETAIN}`,
  "root, a user's program": `keeper ${USER} retain globals -- ${RETAIN}`,
  "a user, another one's program": `keeper ${USER} retain globals -- confined -user 1001 ${RETAIN}`,
};
const DESCENDANT = `${USER} ancestor retain globals`;
/** A goroutine computes: what it has in registers is asked of the watchdog, which is nobody's ancestor. */
const COMPUTING = 'ancestor retain registers';
/** Now and then it is just being taken off its processor, or the watchdog is too late for so slow a machine. */
const LOOKS = 4;

/** Of each scope, who may not; and what they are told. */
const SCOPES = [
  { scope: 0, refused: [] },
  {
    scope: 1,
    refused: ['a user, a program beside it'],
    why: /nobody but a process it descends from to read it \(Yama scope 1\)/,
    remedy:
      /from the editor that started it, run the command as root, or set `kernel\.yama\.ptrace_scope` to 0/,
  },
  {
    scope: 2,
    refused: ['a user, a program beside it'],
    descendant: true,
    why: /nobody but an administrator to read it \(Yama scope 2\)/,
    remedy: /Run the command as root, or have an administrator set `kernel\.yama\.ptrace_scope` to 1/,
  },
  // There is no way back from this one.
  {
    scope: 3,
    refused: ['a user, a program beside it', 'root, a program beside it', "root, a user's program"],
    descendant: true,
    why: /nobody but the kernel itself to read it \(Yama scope 3\)/,
    remedy: /restarting the machine/,
  },
];

let machine;
before(
  async () => {
    if (skip) return;
    const files = await buildWatched();
    files.ancestor = path.join(cargoTarget, 'release/examples/ancestor');
    machine = await boot(
      Object.fromEntries(Object.entries(files).map(([name, file]) => [`bin/${name}`, file])),
    );
  },
  { timeout: 10 * MINUTE },
);
after(() => machine?.off());

async function outcomeOf(order) {
  const { code, stdout, stderr } = await machine.sh(order);
  assert.equal(code, 0, `${order}: ${stderr}`);
  return JSON.parse(stdout);
}

test('a control group of version 2 that is too small', { skip, timeout: 5 * MINUTE }, async () => {
  const group = '/sys/fs/cgroup/small';
  const made = await machine.sh(
    `mount -t cgroup2 cgroup2 /sys/fs/cgroup && echo +memory > /sys/fs/cgroup/cgroup.subtree_control && mkdir ${group} && ` +
      `echo 60000000 > ${group}/memory.max`,
  );
  assert.equal(made.code, 0, made.stderr);
  const outcome = await outcomeOf(
    `keeper retain globals -- sh -c "echo \\$\\$ > ${group}/cgroup.procs && exec ${RETAIN}"`,
  );
  assert.match(
    outcome.stderr,
    /this needs \d+ MB of memory, and 5\d MB are free in this container or control group/,
  );
  const events = await machine.sh(`cat ${group}/memory.events`);
  assert.match(events.stdout, /^max 0$/m, 'its limit was reached');
});

for (const { scope, refused, descendant = false, why, remedy } of SCOPES) {
  test(`scope ${scope}`, { skip, timeout: 20 * MINUTE }, async (t) => {
    await machine.sh(`echo ${scope} > /proc/sys/kernel/yama/ptrace_scope`);
    assert.equal((await machine.sh('cat /proc/sys/kernel/yama/ptrace_scope')).stdout, `${scope}\n`);

    for (const [name, order] of Object.entries(READERS)) {
      await t.test(name, async () => {
        const outcome = await outcomeOf(order);
        if (name === "a user, another one's program")
          assertRefused(outcome, /belongs to another user/, /Run the command as that user, or as root/);
        else if (refused.includes(name)) assertRefused(outcome, why, remedy);
        else assertRead(outcome);
      });
    }

    await t.test('a user, a program that it has started', async () => {
      const outcome = await outcomeOf(DESCENDANT);
      if (!descendant) return assertAnswer(outcome, outcome.report);
      assert.deepEqual(outcome.error, { kind: 'refused', refusal: { why: 'yama', scope } });
      assertRefused(
        { ...outcome, code: 2, stdout: '', stderr: `stallscope: ${outcome.message}\n` },
        why,
        remedy,
      );
    });

    if (scope > 1) return;
    for (const [who, confined, unread] of [
      // In scope 1 the watchdog may not do it, unless it is root's.
      ['a user', `${USER} `, scope === 1],
      ['root', '', false],
    ]) {
      await t.test(`${who}, a program that it has started and that computes`, async () => {
        let outcome;
        for (let look = 0; look < LOOKS; look += 1) {
          outcome = await outcomeOf(`${confined}${COMPUTING}`);
          assert.equal(outcome.ended, '0');
          assert.ok(outcome.report && outcome.stops > 0, outcome.message);
          if (outcome.report.copy.registers_unread > 0 === unread) break;
        }
        const { line, report } = outcome;
        assert.equal(report.copy.registers_unread > 0, unread);
        assert.ok(report.check.reliable, report.check.reason);
        const { survivors, survivors_found: found } = report.check;
        // Besides what only a register holds, all that the runtime has found alive.
        const missing = unread ? line.types.length : 0;
        assert.ok(found.objects >= survivors.objects - missing, JSON.stringify(report.check));
      });
    }
  });
}
