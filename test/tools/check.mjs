// npm run check: everything that can be said about the code without running it.
import fs from 'node:fs';
import path from 'node:path';
import { checkDrift } from './gen.mjs';
import { checkLayers } from './layers.mjs';
import { arm64, repo } from './lib/paths.mjs';
import { Failure, log, run, step } from './lib/run.mjs';
import { verb } from './lib/verb.mjs';
import { setUpBuild } from './setup.mjs';
import { installArm64Target } from './setup/arm64.mjs';

const cargo = (...args) => run('cargo', args, { cwd: repo });
/** Runs a program of one of our node modules, without a shell or npx in between. */
const node = (script, ...args) =>
  run(process.execPath, [path.join(repo, 'node_modules', script), ...args], { cwd: repo });
const types = (project) => node('typescript/bin/tsc', '--noEmit', '-p', project);

const CHECKS = {
  rustfmt: () => cargo('fmt', '--all', '--check'),
  clippy: () => cargo('clippy', '--workspace', '--all-targets', '--locked', '--', '-D', 'warnings'),
  'clippy for 64-bit ARM': checkArm64,
  'layer rules': checkLayers,
  'generated types': checkDrift,
  'types of the extension': () => types('extension/src'),
  'types of the panel': () => types('extension/webview'),
  'types of the panel tests': () => types('extension/webview/tsconfig.test.json'),
  'types of the test tools': () => types('test'),
  eslint: () => node('eslint/bin/eslint.js', '--max-warnings', '0', '.'),
  prettier: () => node('prettier/bin/prettier.cjs', '--check', '--log-level', 'warn', '.'),
  translations: checkTranslations,
};

/** What differs by processor. The rest has C in it, which takes a compiler for C: `npm run build -- arm64`. */
async function checkArm64() {
  const missing = await installArm64Target();
  if (missing) return log(`skipped: ${missing}`);
  const crate = ['-p', 'stallscope-retain', '--all-targets', '--target', arm64.triple];
  await cargo('clippy', ...crate, '--locked', '--', '-D', 'warnings');
}

/** Every text of the manifest is there in every language, and none is left over. */
async function checkTranslations() {
  const read = (file) => JSON.parse(fs.readFileSync(path.join(repo, file), 'utf8'));
  const used = new Set(
    [...JSON.stringify(read('package.json')).matchAll(/"%([\w.-]+)%"/g)].map((match) => match[1]),
  );
  const wrong = [];
  const compare = (file, wanted, present) => {
    for (const key of wanted) if (!present.has(key)) wrong.push(`${file} lacks ${JSON.stringify(key)}`);
    for (const key of present)
      if (!wanted.has(key)) wrong.push(`${file}: nobody uses ${JSON.stringify(key)}`);
  };
  for (const file of ['package.nls.json', 'package.nls.zh-cn.json']) {
    if (used.size > 0) compare(file, used, new Set(Object.keys(read(file))));
  }
  if (wrong.length > 0) throw new Failure(wrong.join('\n'));
}

/** Runs every check, the later ones too when an earlier one fails, and returns the counts. */
export async function check() {
  await setUpBuild();
  const failures = [];
  for (const [name, body] of Object.entries(CHECKS)) {
    await step(`check: ${name}`, body).catch((error) => failures.push(`${name}: ${error.message ?? error}`));
  }
  for (const failure of failures) console.error(`\n${failure}`);
  return { passed: Object.keys(CHECKS).length - failures.length, failed: failures.length };
}

await verb(import.meta, async () => {
  const { failed } = await check();
  if (failed > 0) throw new Failure(`${failed} checks failed`);
});
