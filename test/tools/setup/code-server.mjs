// A real VS Code workbench served to a browser: code-server from the npm registry, with the Node it needs.
import fs from 'node:fs';
import path from 'node:path';
import { installOnce } from '../lib/install.mjs';
import { CODE_SERVER_VERSION, NODE_MAJOR, codeServer, node24, target } from '../lib/paths.mjs';
import { cleanEnv, log, run } from '../lib/run.mjs';
import { unpack } from './unpack.mjs';

/** code-server runs only on the Node it was built for, which is newer than the one we ask of contributors. */
async function installNode() {
  await installOnce(
    { title: `Node ${NODE_MAJOR}`, dir: path.dirname(path.dirname(node24)), witness: 'bin/node' },
    (dir) => unpack(`node-${target}@${NODE_MAJOR}`, dir),
  );
}

export async function installCodeServer() {
  await installNode();
  const nodeHome = path.dirname(path.dirname(node24));
  const env = cleanEnv({
    PATH: `${path.dirname(node24)}${path.delimiter}${process.env.PATH}`,
    // Headers for the native step come with that Node, not from the system.
    npm_config_nodedir: nodeHome,
  });
  await installOnce(
    {
      title: `code-server ${CODE_SERVER_VERSION}`,
      dir: codeServer,
      witness: 'out/node/entry.js',
      recipe: `1 ${CODE_SERVER_VERSION}`,
    },
    async (dir) => {
      await unpack(`code-server@${CODE_SERVER_VERSION}`, dir);
      const npm = (cwd, ...args) =>
        run('npm', [...args, '--no-audit', '--no-fund'], { cwd: path.join(dir, cwd), env });
      await npm('.', 'ci', '--omit=dev', '--ignore-scripts');
      // Its shrinkwrap is out of step with its package.json there, which `npm ci` refuses.
      await npm('lib/vscode', 'install', '--omit=dev', '--ignore-scripts');
      await npm('lib/vscode/extensions', 'install', '--omit=dev', '--ignore-scripts');
      // 270 MB which only slow the start.
      fs.rmSync(path.join(dir, 'lib/vscode/extensions/copilot'), { recursive: true, force: true });
      // Needs a C++ compiler and Python. Without it the workbench works but writes no log files.
      const native = await run('npm', ['rebuild', '@vscode/spdlog', '@vscode/native-watchdog'], {
        cwd: path.join(dir, 'lib/vscode'),
        env,
        allowFailure: true,
      });
      if (native.code !== 0) log('code-server: no C++ toolchain, so the workbench will write no log files');
    },
  );
}
