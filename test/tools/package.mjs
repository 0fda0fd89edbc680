// npm run package: the .vsix for this platform, as users install it.
import fs from 'node:fs';
import path from 'node:path';
import { build } from './build.mjs';
import { out, repo, target } from './lib/paths.mjs';
import { run, step } from './lib/run.mjs';
import { verb } from './lib/verb.mjs';

/** Packs what `build` made; returns the path of the .vsix. */
export async function packExtension() {
  const { name, version } = JSON.parse(fs.readFileSync(path.join(repo, 'package.json'), 'utf8'));
  const vsix = path.join(out, `${name}-${target}-${version}.vsix`);
  fs.mkdirSync(out, { recursive: true });
  await step('pack the .vsix', () =>
    run(
      process.execPath,
      [
        path.join(repo, 'node_modules/@vscode/vsce/vsce'),
        'package',
        '--target',
        target,
        // Everything is bundled.
        '--no-dependencies',
        '--skip-license',
        '--allow-missing-repository',
        '--out',
        vsix,
      ],
      { cwd: repo },
    ),
  );
  return vsix;
}

await verb(import.meta, async () => {
  await build();
  console.log(await packExtension());
});
