// Bundles the two halves of the extension with esbuild: the shell for the extension host, the panel for its
// browser frame. The native addon is put beside them by test/tools/build.mjs.
//
//   node extension/build.mjs            once
//   node extension/build.mjs --watch    again at every change
import fs from 'node:fs';
import path from 'node:path';
import esbuild from 'esbuild';
import { uninstallBundle } from './bundles.mjs';
import { reportPage } from './report.mjs';

const here = import.meta.dirname;
const dist = path.join(here, 'dist');
const watch = process.argv.includes('--watch');

/** @type {import('esbuild').BuildOptions} */
const common = {
  bundle: true,
  sourcemap: true,
  minify: !watch,
  logLevel: 'warning',
  legalComments: 'none',
};

/** @type {import('esbuild').BuildOptions[]} */
const bundles = [
  {
    ...common,
    entryPoints: [path.join(here, 'src/extension.ts')],
    outfile: path.join(dist, 'extension.js'),
    platform: 'node',
    format: 'cjs',
    // VS Code 1.100 runs extensions on Node 20.
    target: 'node20',
    // `*.node` is resolved at run time, beside the bundle.
    external: ['vscode', '*.node'],
  },
];

bundles.push({ ...common, ...uninstallBundle, outfile: path.join(dist, 'uninstall.js'), sourcemap: false });

const panel = ['main.tsx', 'main.ts'].map((f) => path.join(here, 'webview', f)).find((f) => fs.existsSync(f));
if (panel) {
  bundles.push({
    ...common,
    entryPoints: [{ in: panel, out: 'webview' }],
    outdir: dist,
    platform: 'browser',
    format: 'iife',
    target: 'chrome120',
    jsx: 'automatic',
    jsxImportSource: 'preact',
  });
}

/** Puts the bundle of the report's page into the page, so that it is one file. */
const asOnePage = {
  name: 'as one page',
  setup(build) {
    build.onEnd(({ errors, outputFiles }) => {
      if (errors.length > 0) return;
      const text = (ending) => outputFiles.find((file) => file.path.endsWith(ending)).text.trim();
      fs.mkdirSync(dist, { recursive: true });
      fs.writeFileSync(path.join(dist, 'report.html'), reportPage(text('.js'), text('.css')));
    });
  },
};

bundles.push({
  ...common,
  entryPoints: [{ in: path.join(here, 'webview/report/main.tsx'), out: 'report' }],
  outdir: dist,
  platform: 'browser',
  format: 'iife',
  // `light-dark()` as it is: a report follows the reader's system, whatever that is.
  target: 'chrome123',
  jsx: 'automatic',
  jsxImportSource: 'preact',
  // A map would be a second file, or most of this one.
  sourcemap: false,
  minify: true,
  write: false,
  plugins: [asOnePage],
});

if (watch) {
  for (const options of bundles) {
    await (await esbuild.context({ ...options, logLevel: 'info' })).watch();
  }
} else {
  await Promise.all(bundles.map((options) => esbuild.build(options)));
}
