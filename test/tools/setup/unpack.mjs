// A package of the npm registry as a folder, without what it depends on.
import fs from 'node:fs';
import path from 'node:path';
import { run } from '../lib/run.mjs';

/** Downloads a package and unpacks it into `dir`. npm compares it with the registry's checksum. */
export async function unpack(spec, dir) {
  const packed = await run('npm', ['pack', spec, '--silent', '--pack-destination', dir], { cwd: dir });
  const archive = path.join(dir, packed.stdout.trim().split('\n').at(-1));
  await run('tar', ['-xzf', archive, '--strip-components=1', '-C', dir]);
  fs.rmSync(archive);
}
