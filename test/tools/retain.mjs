// npm run test:retain: the live heap of programs that know what they hold, for every Go and every way to compile; of real gopls; and of
// one gopls two hundred times.
//
//   npm run test:retain                  all of it; two hours, much of it for compiling the standard library anew
//   npm run test:retain -- 1.24 pie      only these programs, see test/retain/cells.mjs
//   npm run test:retain -- v0.24.0       only this gopls
//   npm run test:retain -- endurance     only one gopls again and again
//   npm run test:retain -- yama          only who may read whose memory, on a machine in software, see test/retain/yama.test.mjs
//   npm run test:retain -- arm64         only on 64-bit ARM, on a machine in software, see test/retain/arm64.test.mjs; with Go's and ways
//                                        to compile, those
import path from 'node:path';
import { installVm, noVm } from '../retain/vm.mjs';
import { build, buildArm64 } from './build.mjs';
import { GOPLS_VERSION, repo } from './lib/paths.mjs';
import { Failure, run } from './lib/run.mjs';
import { filesBelow, nodeTest } from './lib/tally.mjs';
import { verb } from './lib/verb.mjs';
import { buildLeakyServer, setUpBuild } from './setup.mjs';
import { installArm64Machine } from './setup/arm64.mjs';
import { installGopls, installGoplsSource } from './setup/gopls.mjs';

const MINUTE = 60_000;
/** The oldest and the newest whose types we know, and the one in between that everything else is tested with. */
const GOPLS = ['v0.21.0', GOPLS_VERSION, 'v0.24.0'];
const RUNS = '200';

/** On 64-bit ARM: the oldest Go and the newest, moved when they are loaded, and linked with C. */
const ARM64_CELLS = ['1.22.12/plain', '1.24.13/pie', '1.27.4/plain', '1.27.4/cgo'];

async function retain() {
  const words = process.argv.slice(2);
  if (words.includes('arm64')) return arm64(words.filter((word) => word !== 'arm64'));
  if (words.includes('yama') && noVm) throw new Failure(`There can be no such machine here: ${noVm}.`);
  await setUpBuild();
  await build();
  if (words.includes('yama')) return yama();
  const all = words.length === 0;
  const versions = all ? GOPLS : words.filter((word) => word.startsWith('v0.'));
  const endures = all || words.includes('endurance');
  const cells = words.filter((word) => !word.startsWith('v0.') && word !== 'endurance');
  if (versions.length > 0 || endures) {
    for (const version of new Set([...versions, GOPLS_VERSION])) await installGopls(version);
    await installGoplsSource();
  }
  if (all) await buildLeakyServer();
  const wanted = {
    'gopls.test.mjs': versions.length > 0,
    'endurance.test.mjs': endures,
    'truth.test.mjs': all || cells.length > 0,
    'leaky.test.mjs': all,
    'yama.test.mjs': false,
    'arm64.test.mjs': false,
  };
  const files = filesBelow('test/retain', /\.test\.mjs$/).filter(
    (file) => wanted[path.basename(file)] ?? true,
  );
  await told(files, {
    STALLSCOPE_RETAIN: cells.length > 0 ? cells.join(',') : 'all',
    STALLSCOPE_RETAIN_GOPLS: versions.join(','),
    STALLSCOPE_RETAIN_RUNS: RUNS,
  });
}

/** On a machine in software: only by name, and then nothing else. */
async function yama() {
  await installVm();
  await run('cargo', ['build', '--release', '--locked', '-p', 'stallscope-retain', '--example', 'ancestor'], {
    cwd: repo,
  });
  await told(filesBelow('test/retain', /yama\.test\.mjs$/), { STALLSCOPE_RETAIN_YAMA: 'yes' });
}

/** The same. */
async function arm64(words) {
  await buildArm64();
  await installArm64Machine();
  await told(filesBelow('test/retain', /arm64\.test\.mjs$/), {
    STALLSCOPE_RETAIN_ARM64: (words.length > 0 ? words : ARM64_CELLS).join(','),
  });
}

async function told(files, env) {
  const { passed, failed } = await nodeTest(files, { concurrency: 1, timeoutMs: 240 * MINUTE, env });
  console.log(`${passed} passed, ${failed} failed`);
  if (failed > 0) process.exitCode = 1;
}

await verb(import.meta, retain);
