// The living heap of a real gopls on its own source, held against what its runtime counts itself, and its dominators against what is
// gone when a node is taken away.
//
//   STALLSCOPE_RETAIN_GOPLS=v0.21.0,v0.24.0 node --test test/retain/gopls.test.mjs     these versions; `npm run test:retain` has all
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { Gopls } from '../lib/gopls.mjs';
import { atRest } from '../lib/rest.mjs';
import {
  GOPLS_VERSION,
  cargoTarget,
  cli,
  gopls as goplsFile,
  goplsSource,
  repo,
} from '../tools/lib/paths.mjs';
import { run } from '../tools/lib/run.mjs';

const MINUTE = 60_000;
const tool = process.env.STALLSCOPE_CLI ?? cli;
const versions = (process.env.STALLSCOPE_RETAIN_GOPLS ?? GOPLS_VERSION).split(',').filter(Boolean);

/** How far all objects and bytes may be off what the runtime counts, as a share of them. */
const MOST_OFF = 0.001;
const MOST_LOOKS = 5;
/** How many of each there are in one workspace of one module. */
const COUNTS = {
  'golang.org/x/tools/gopls/internal/cache.Cache': [1, 1],
  'golang.org/x/tools/gopls/internal/cache.Session': [1, 1],
  'golang.org/x/tools/gopls/internal/cache.View': [1, 1],
  'golang.org/x/tools/gopls/internal/cache.Snapshot': [1, 3],
  'golang.org/x/tools/gopls/internal/cache.packageHandle': [300, 5_000],
  'go/token.FileSet': [1, 20],
  'go/token.File': [500, 100_000],
  'go/ast.File': [1, 50_000],
  'go/types.Package': [100, 20_000],
};

const said = [];
const say = (line) => said.push(line);
after(() => console.log(said.join('\n')));

/** What the runtime counts right after a collection. */
async function collected(gopls) {
  const page = await fetch(`${await gopls.debugAddress()}/debug/pprof/heap?gc=1&debug=1`);
  const text = await page.text();
  const number = (name) => Number(new RegExp(`^# ${name} = (\\d+)$`, 'm').exec(text)[1]);
  return { objects: number('HeapObjects'), bytes: number('HeapAlloc') };
}

async function retain(gopls, ...more) {
  const { stdout } = await run(
    tool,
    ['retain', '--pid', String(gopls.pid), '--json', '--max-pause', '5000', ...more],
    { timeoutMs: 5 * MINUTE },
  );
  return JSON.parse(stdout);
}

const signed = (number) => (number > 0 ? `+${number}` : `${number}`);

for (const version of versions) {
  test(
    `gopls ${version} on the source of gopls`,
    {
      skip: process.platform !== 'linux' && 'other processes are read on Linux only',
      timeout: 25 * MINUTE,
    },
    async (t) => {
      const cache = fs.mkdtempSync(path.join(os.tmpdir(), 'stallscope-retain-'));
      const gopls = new Gopls({ executable: goplsFile(version), workspace: goplsSource(), cache });
      t.after(async () => {
        await gopls.kill();
        fs.rmSync(cache, { recursive: true, force: true, maxRetries: 5 });
      });
      await gopls.initialize();
      const { uri, text } = gopls.open('internal/server/hover.go');
      const lines = text.split('\n');
      const line = lines.findIndex((one) => one.includes('func (s *server) Hover'));
      assert.ok(await gopls.hover(uri, { line, character: lines[line].indexOf('Hover') + 2 }));

      await t.test('after its load what has died since is told from what was missed', async () => {
        await atRest(gopls);
        const { check, objects_marked } = await retain(gopls);
        const gone = check.survivors.objects - check.survivors_found.objects;
        say(
          `${version} after its load: ${objects_marked} alive; of ${check.survivors.objects} survivors ${gone} are not, ` +
            `${check.died.objects} of them have died for sure; missed ${check.missed.toFixed(5)}, reliable ${check.reliable}`,
        );
        assert.ok(check.died.objects <= gone, 'died is a part of what was not found');
        assert.ok(check.reliable || check.reason, JSON.stringify(check));
      });

      await t.test('at rest, after a collection, it is what the runtime counts', async () => {
        // A cache of gopls lets go of what nobody has used for a minute, of v0.24 a fifth of all objects at once. When that falls
        // between collection and look, it is told as dead but for what an old address still leads to; then it is looked at again.
        let off = Infinity;
        let answer;
        for (let look = 1; look <= MOST_LOOKS && off > MOST_OFF; look += 1) {
          await atRest(gopls);
          const runtime = await collected(gopls);
          answer = await retain(gopls);
          const found = { objects: answer.objects_marked, bytes: answer.bytes_marked };
          const { survivors, survivors_found: again, died, missed } = answer.check;
          const shares = ['objects', 'bytes'].flatMap((what) => [
            Math.abs(found[what] - runtime[what]) / runtime[what],
            // Also what has died.
            (survivors[what] - again[what]) / survivors[what],
          ]);
          off = Math.max(...shares);
          const told = (what) => `${found[what]} (${signed(found[what] - runtime[what])})`;
          say(
            `${version} at rest: HeapObjects ${runtime.objects}, found ${told('objects')}; HeapAlloc ${runtime.bytes}, found ${told('bytes')}; ` +
              `of ${survivors.objects} survivors ${survivors.objects - again.objects} with ${survivors.bytes - again.bytes} bytes not found, ` +
              `${died.objects} with ${died.bytes} died; missed ${missed.toFixed(6)}; stood still for ${answer.pause_ms.toFixed(0)} ms`,
          );
        }
        assert.ok(off <= MOST_OFF, `${off} of what the runtime counts`);
        const { reliable, missed, reason } = answer.check;
        assert.ok(reliable, reason);
        assert.ok(missed <= MOST_OFF, 'next to nothing is missed');
        for (const [type, [least, most]] of Object.entries(COUNTS)) {
          const { count = 0 } = answer.types.find((row) => row.type === type) ?? {};
          assert.ok(count >= least && count <= most, `${count} ${type}`);
        }
      });

      if (version !== GOPLS_VERSION) return;
      await t.test('what is retained is what is gone when a node is taken away', async () => {
        await run(
          'cargo',
          ['build', '--release', '--locked', '-p', 'stallscope-retain', '--example', 'removal'],
          { cwd: repo },
        );
        const removal = path.join(cargoTarget, 'release/examples/removal');
        const { stdout } = await run(removal, [String(gopls.pid)], { timeoutMs: 15 * MINUTE });
        const answer = JSON.parse(stdout);
        const { faults, broken, ...rest } = answer;
        say(`${version} without ${rest.nodes} nodes, one at a time: ${JSON.stringify(rest)}`);
        assert.ok(rest.whole && rest.objects > 500_000, JSON.stringify(rest));
        assert.ok(rest.nodes >= 100 && rest.retain_others >= 50 && rest.deepest >= 20, JSON.stringify(rest));
        assert.deepEqual(faults, []);
        assert.ok(broken, 'a dominator that is wrong is not found');
      });
    },
  );
}
