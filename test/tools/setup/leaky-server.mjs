// The server that leaks on request (test/leaky-server), for whoever wants a process with a known leak.
import fs from 'node:fs';
import path from 'node:path';
import { leakyServer, repo } from '../lib/paths.mjs';
import { run } from '../lib/run.mjs';

export async function buildLeakyServer() {
  fs.mkdirSync(path.dirname(leakyServer), { recursive: true });
  // Replaced by a rename: one may be running.
  const fresh = `${leakyServer}.new-${process.pid}`;
  await run('go', ['build', '-trimpath', '-o', fresh, '.'], { cwd: path.join(repo, 'test/leaky-server') });
  fs.renameSync(fresh, leakyServer);
}
