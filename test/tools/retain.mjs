// npm run test:retain: the live heap of programs that know what they hold, for every Go and every way to compile.
//
//   npm run test:retain                  all of it; an hour, most of it for compiling the standard library anew
//   npm run test:retain -- 1.24 pie      only these, see test/retain/cells.mjs
import { build } from './build.mjs';
import { filesBelow, nodeTest } from './lib/tally.mjs';
import { verb } from './lib/verb.mjs';
import { setUpBuild } from './setup.mjs';

const MINUTE = 60_000;

async function retain() {
  await setUpBuild();
  await build();
  const words = process.argv.slice(2);
  const { passed, failed } = await nodeTest(filesBelow('test/retain', /\.test\.mjs$/), {
    concurrency: 1,
    timeoutMs: 120 * MINUTE,
    env: { STALLSCOPE_RETAIN: words.length > 0 ? words.join(',') : 'all' },
  });
  console.log(`${passed} passed, ${failed} failed`);
  if (failed > 0) process.exitCode = 1;
}

await verb(import.meta, retain);
