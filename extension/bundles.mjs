// What `build.mjs` and a test bundle alike.
import path from 'node:path';

/** The program that VS Code runs after the extension was removed. @type {import('esbuild').BuildOptions} */
export const uninstallBundle = {
  entryPoints: [path.join(import.meta.dirname, 'src/uninstall/uninstall.ts')],
  bundle: true,
  platform: 'node',
  format: 'cjs',
  target: 'node20',
  // jsonc-parser's main file looks its parts up at run time, which no bundler can follow.
  mainFields: ['module', 'main'],
  legalComments: 'none',
};
