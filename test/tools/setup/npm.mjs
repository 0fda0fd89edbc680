// This repository's own node modules, exactly as package-lock.json says.
import fs from 'node:fs';
import path from 'node:path';
import { withLock } from '../lib/install.mjs';
import { repo } from '../lib/paths.mjs';
import { run, step } from '../lib/run.mjs';

export async function installNodeModules() {
  const lockFile = fs.readFileSync(path.join(repo, 'package-lock.json'), 'utf8');
  const stamp = path.join(repo, 'node_modules/.stallscope-lock');
  const ready = () => fs.existsSync(stamp) && fs.readFileSync(stamp, 'utf8') === lockFile;
  if (ready()) return;
  await withLock(path.join(repo, 'out/npm-ci.lock'), async () => {
    if (ready()) return;
    await step('npm install', async () => {
      // No package here needs its install script: esbuild and vsce fall back to what npm already placed.
      // `npm ci` refuses this lock file on Node 20: a generator's optional platform packages ask for a newer Node and
      // are left out of the lock. `npm install` takes the locked versions all the same, and must not rewrite them.
      await run('npm', ['install', '--no-save', '--ignore-scripts', '--no-audit', '--no-fund'], {
        cwd: repo,
      });
      fs.writeFileSync(stamp, lockFile);
    });
  });
}
