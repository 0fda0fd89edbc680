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
  return pack('pack the .vsix', repo, `${name}-${target}-${version}.vsix`, ['--target', target]);
}

/** Bundles and packs the stand-in for the Go extension; returns the path of its .vsix. */
export async function packTestExtension() {
  const folder = path.join(repo, 'test/lsp-extension');
  await run(process.execPath, [path.join(folder, 'build.mjs')], { cwd: folder });
  return pack('pack the test language client', folder, 'test-go-lsp.vsix', ['--skip-license']);
}

async function pack(title, cwd, fileName, options) {
  const vsix = path.join(out, fileName);
  fs.mkdirSync(out, { recursive: true });
  const vsce = path.join(repo, 'node_modules/@vscode/vsce/vsce');
  // Everything is bundled, so there are no dependencies to look for.
  const common = ['package', '--no-dependencies', '--allow-missing-repository', '--out', vsix];
  // The README's picture is for people who read the repository: there is no address to rewrite it to.
  common.push('--no-rewrite-relative-links');
  await step(title, () => run(process.execPath, [vsce, ...common, ...options], { cwd }));
  return vsix;
}

await verb(import.meta, async () => {
  await build();
  console.log(await packExtension());
});
