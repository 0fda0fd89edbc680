// Bundles the test extension; see src/extension.ts for what it is.
import path from 'node:path';
import esbuild from 'esbuild';

const here = import.meta.dirname;

await esbuild.build({
  entryPoints: [path.join(here, 'src/extension.ts')],
  outfile: path.join(here, 'dist/extension.js'),
  bundle: true,
  platform: 'node',
  format: 'cjs',
  target: 'node20',
  external: ['vscode'],
  logLevel: 'warning',
});
