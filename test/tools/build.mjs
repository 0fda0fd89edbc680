// npm run build: the native addon, the command line tool, the extension and its panel.
//
//   npm run build             for this machine
//   npm run build -- arm64    the native parts for 64-bit ARM with Linux, on a machine with Debian
import fs from 'node:fs';
import path from 'node:path';
import { arm64, cargoTarget, cli, dist, heapHelper, repo, target } from './lib/paths.mjs';
import { Failure, cleanEnv, run, step } from './lib/run.mjs';
import { verb } from './lib/verb.mjs';
import { setUpBuild } from './setup.mjs';
import { installArm64Compiler } from './setup/arm64.mjs';

const SHIPPED = ['stallscope-addon', 'stallscope-cli', 'stallscope-retain'];
const RELEASE = ['build', '--release', '--locked', ...SHIPPED.flatMap((crate) => ['-p', crate])];

export async function build() {
  await setUpBuild();
  await step('build the addon and the command line tool (release)', () =>
    run('cargo', RELEASE, { cwd: repo }),
  );
  await step('bundle the extension', async () => {
    // From scratch, so that nothing left over ships.
    fs.mkdirSync(dist, { recursive: true });
    for (const entry of fs.readdirSync(dist)) {
      if (!entry.endsWith('.node')) fs.rmSync(path.join(dist, entry), { recursive: true });
    }
    placeAddon();
    place(cli, path.basename(cli));
    // Where the memory of another process can be read.
    if (process.platform === 'linux') place(heapHelper, path.basename(heapHelper));
    await run(process.execPath, [path.join(repo, 'extension/build.mjs')], { cwd: repo });
  });
}

/** The same native parts, linked for 64-bit ARM; nothing of it is put among what ships from here. */
export async function buildArm64() {
  await setUpBuild();
  await installArm64Compiler();
  await step('build the addon and the command line tool for 64-bit ARM (release)', () =>
    run('cargo', [...RELEASE, '--target', arm64.triple], {
      cwd: repo,
      env: cleanEnv({ CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER: arm64.compiler }),
    }),
  );
}

/** What cargo calls a dynamic library here. */
function libraryName(crate) {
  if (process.platform === 'win32') return `${crate}.dll`;
  return process.platform === 'darwin' ? `lib${crate}.dylib` : `lib${crate}.so`;
}

function placeAddon() {
  const library = path.join(cargoTarget, 'release', libraryName('stallscope_addon'));
  const addon = `stallscope.${target}.node`;
  place(library, addon);
  for (const entry of fs.readdirSync(dist)) {
    if (entry.includes('.node') && entry !== addon) fs.rmSync(path.join(dist, entry));
  }
}

/** Puts a file among what ships. By a rename: an extension host may have the old one mapped, and writing into it would crash it. */
function place(file, name) {
  const fresh = path.join(dist, `${name}.new-${process.pid}`);
  fs.copyFileSync(file, fresh);
  fs.renameSync(fresh, path.join(dist, name));
}

await verb(import.meta, async () => {
  const [what, ...rest] = process.argv.slice(2);
  if (rest.length > 0 || (what !== undefined && what !== 'arm64'))
    throw new Failure('npm run build, or npm run build -- arm64');
  await (what === 'arm64' ? buildArm64() : build());
});
