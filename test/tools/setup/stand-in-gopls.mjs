// The stand-in for gopls which misbehaves on demand (test/stand-in-gopls), with a real gopls behind it.
import fs from 'node:fs';
import path from 'node:path';
import { gopls, repo, standIn } from '../lib/paths.mjs';
import { run } from '../lib/run.mjs';

export async function buildStandIn() {
  fs.mkdirSync(standIn.folder, { recursive: true });
  // Replaced by a rename: one may be running.
  const fresh = `${standIn.executable}.new-${process.pid}`;
  await run('go', ['build', '-trimpath', '-o', fresh, '.'], { cwd: path.join(repo, 'test/stand-in-gopls') });
  fs.renameSync(fresh, standIn.executable);
  // A copy, not a link: a process is known by the name of its executable file, and only the stand-in is to be
  // taken for gopls.
  const copied = `${standIn.real}.new-${process.pid}`;
  fs.copyFileSync(gopls(), copied);
  fs.renameSync(copied, standIn.real);
}
