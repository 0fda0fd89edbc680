// Large public modules as workspaces, from the Go module proxy: two that differ as much as modules do.
import fs from 'node:fs';
import path from 'node:path';
import { installOnce } from '../lib/install.mjs';
import { tools } from '../lib/paths.mjs';
import { cleanEnv, run } from '../lib/run.mjs';

export const PUBLIC_MODULES = {
  // Hundreds of generated packages, some of them with files of megabytes, and many build tags.
  'aws-sdk-go': 'github.com/aws/aws-sdk-go@v1.55.7',
  // Written by hand, with hundreds of dependencies.
  prometheus: 'github.com/prometheus/prometheus@v0.304.0',
};

export const publicModule = (name) =>
  path.join(tools, 'src', `${name}-${PUBLIC_MODULES[name].split('@').at(-1)}`);

/** A writable copy of each, without its dependencies: nothing of it is run. */
export async function installPublicModules() {
  for (const [name, version] of Object.entries(PUBLIC_MODULES)) {
    await installOnce(
      { title: `source of ${name}`, dir: publicModule(name), witness: 'go.mod' },
      async (dir) => {
        const env = cleanEnv({ GOFLAGS: '' });
        const { stdout } = await run('go', ['mod', 'download', '-json', version], { cwd: dir, env });
        fs.cpSync(JSON.parse(stdout).Dir, dir, { recursive: true });
        // The module cache is read-only; a workspace is not.
        await run('chmod', ['-R', 'u+w', dir]);
      },
    );
  }
}
