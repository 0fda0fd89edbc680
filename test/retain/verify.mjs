// Holds what the programs say of themselves against the runtime's own heap dump, with every Go. Nothing of Stallscope takes part.
//
//   node test/retain/verify.mjs            every Go
//   node test/retain/verify.mjs 1.24 cgo   these cells, see cells.mjs
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { out, repo } from '../tools/lib/paths.mjs';
import { Failure, run } from '../tools/lib/run.mjs';
import { verb } from '../tools/lib/verb.mjs';
import { cellsOf } from './cells.mjs';
import { buildProgram, scenariosOf } from './program.mjs';

const programs = path.join(repo, 'test/retain/programs');

/** What goes on while it looks has no dump of one moment; nor has what is let go of afterwards. */
const RESTLESS = ['under load', 'died since the last collection'];

async function verify() {
  const words = process.argv.slice(2);
  const judge = path.join(out, 'retain', 'heapdump');
  await run('go', ['build', '-o', judge, './heapdump'], { cwd: programs });
  let wrong = 0;
  for (const cell of cellsOf(words.length > 0 ? words : ['plain', 'cgo'])) {
    if (cell.variant.refused) continue;
    const file = await buildProgram(cell, { tags: ['heapdump'] });
    const dump = path.join(path.dirname(file), 'heap.dump');
    for (const scenario of await scenariosOf(file)) {
      if (RESTLESS.includes(scenario)) continue;
      const env = { ...process.env, GODEBUG: 'memprofilerate=1', RETAIN_DUMP: dump };
      const made = spawnSync(file, [scenario], { env, input: '', encoding: 'utf8', maxBuffer: 1 << 26 });
      const judged = spawnSync(judge, [dump, programs], { input: made.stdout, encoding: 'utf8' });
      if (made.status !== 0 || judged.status !== 0) wrong += 1;
      console.log(`${cell.name}: ${made.stderr}${judged.stdout}${judged.stderr}`.trim());
    }
    fs.rmSync(dump, { force: true });
  }
  if (wrong > 0) throw new Failure(`${wrong} scenarios are not what they say`);
}

await verb(import.meta, verify);
