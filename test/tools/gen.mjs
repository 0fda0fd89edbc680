// npm run gen: the TypeScript types that come from Rust, so that the two languages cannot drift apart.
//   native/addon/index.d.ts     the addon's functions, from napi-derive
//   extension/shared/model.ts   the data they carry, from ts-rs
//   extension/shared/doctor.ts  what the doctor says, from ts-rs
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Failure, cleanEnv, run, step } from './lib/run.mjs';
import { cargoTarget, repo } from './lib/paths.mjs';
import { verb } from './lib/verb.mjs';
import { setUpBuild } from './setup.mjs';

const GENERATED = {
  'index.d.ts': path.join(repo, 'native/addon/index.d.ts'),
  'model.ts': path.join(repo, 'extension/shared/model.ts'),
  'doctor.ts': path.join(repo, 'extension/shared/doctor.ts'),
};

const TYPED = ['stallscope-core', 'stallscope-doctor'];

/** Makes cargo build what generates types. The Rust tests do the same, so that nothing is compiled twice. */
export const TYPE_FEATURES = ['--features', TYPED.map((name) => `${name}/ts`).join(',')];

/** Generates all of them into `dir`. */
async function generate(dir) {
  await run(
    'cargo',
    [
      'test',
      '--locked',
      ...TYPED.flatMap((name) => ['-p', name]),
      ...TYPE_FEATURES,
      '--lib',
      'export_bindings',
    ],
    {
      cwd: repo,
      // Bytes and nanoseconds stay below 2^53, so they are numbers in JavaScript.
      env: cleanEnv({ TS_RS_EXPORT_DIR: dir, TS_RS_LARGE_INT: 'number' }),
    },
  );
  await run(
    process.execPath,
    [
      path.join(repo, 'node_modules/@napi-rs/cli/dist/cli.js'),
      'build',
      '--manifest-path',
      path.join(repo, 'native/addon/Cargo.toml'),
      '--target-dir',
      cargoTarget,
      '--output-dir',
      dir,
      '--dts',
      'index.d.ts',
      '--no-js',
      ...TYPE_FEATURES,
    ],
    { cwd: repo },
  );
}

async function intoTemp(body) {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'stallscope-gen-'));
  try {
    await generate(dir);
    return body(dir);
  } finally {
    fs.rmSync(dir, { recursive: true, force: true });
  }
}

export async function gen() {
  await setUpBuild();
  await step('generate the types', () =>
    intoTemp((dir) => {
      for (const [name, committed] of Object.entries(GENERATED))
        fs.copyFileSync(path.join(dir, name), committed);
    }),
  );
}

/** Fails when a committed file is not what Rust says today. */
export async function checkDrift() {
  await intoTemp((dir) => {
    for (const [name, committed] of Object.entries(GENERATED)) {
      const now = fs.readFileSync(path.join(dir, name), 'utf8');
      if (!fs.existsSync(committed) || fs.readFileSync(committed, 'utf8') !== now) {
        throw new Failure(
          `${path.relative(repo, committed)} is not what the Rust types say: run \`npm run gen\`.`,
        );
      }
    }
  });
}

await verb(import.meta, gen);
