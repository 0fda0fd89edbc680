// npm run build: the native addon, the command line tool, the extension and its panel.
import fs from 'node:fs';
import path from 'node:path';
import { cargoTarget, cli, dist, heapHelper, repo, target } from './lib/paths.mjs';
import { run, step } from './lib/run.mjs';
import { verb } from './lib/verb.mjs';
import { setUpBuild } from './setup.mjs';

const SHIPPED = ['stallscope-addon', 'stallscope-cli', 'stallscope-retain'];

export async function build() {
  await setUpBuild();
  await step('build the addon and the command line tool (release)', () =>
    run('cargo', ['build', '--release', '--locked', ...SHIPPED.flatMap((crate) => ['-p', crate])], {
      cwd: repo,
    }),
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

await verb(import.meta, build);
