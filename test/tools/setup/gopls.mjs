// gopls in the versions the tests run, and the source of gopls as a realistic workspace.
import fs from 'node:fs';
import path from 'node:path';
import { installOnce } from '../lib/install.mjs';
import { GOPLS_VERSION, gopls, goplsSource } from '../lib/paths.mjs';
import { cleanEnv, run } from '../lib/run.mjs';

/** The versions Stallscope is tested against, and the Go each of them needs when it is not the installed one. */
export const GOPLS_MATRIX = {
  'v0.18.1': { GOTOOLCHAIN: 'go1.24.6' }, // its x/tools does not compile with newer Go
  'v0.21.0': {},
  'v0.22.0': { GONOSUMDB: 'golang.org/x/tools' }, // not every mirror of the checksum database serves it
  'v0.23.0': {},
  'v0.24.0': { GOTOOLCHAIN: 'go1.27.0' },
};

export async function installGopls(version = GOPLS_VERSION) {
  await installOnce(
    { title: `gopls ${version}`, dir: path.dirname(gopls(version)), witness: path.basename(gopls(version)) },
    async (dir) => {
      await run('go', ['install', '-trimpath', `golang.org/x/tools/gopls@${version}`], {
        cwd: dir,
        env: cleanEnv({ GOBIN: dir, GOFLAGS: '', ...GOPLS_MATRIX[version] }),
      });
    },
  );
}

/** A writable copy of gopls's own source with its dependencies downloaded: big enough for a real stall. */
export async function installGoplsSource(version = GOPLS_VERSION) {
  await installOnce(
    { title: `source of gopls ${version}`, dir: goplsSource(version), witness: 'go.mod' },
    async (dir) => {
      const { stdout } = await run(
        'go',
        ['mod', 'download', '-json', `golang.org/x/tools/gopls@${version}`],
        {
          cwd: dir,
        },
      );
      fs.cpSync(JSON.parse(stdout).Dir, dir, { recursive: true });
      // The module cache is read-only; a workspace is not.
      await run('chmod', ['-R', 'u+w', dir]);
      await run('go', ['mod', 'download'], { cwd: dir });
    },
  );
}
