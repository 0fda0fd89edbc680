// Executables of gopls for tests of the doctor.
import { createHash, randomBytes } from 'node:crypto';
import fs from 'node:fs';
import { gopls } from '../tools/lib/paths.mjs';

/**
 * A gopls of our own: the same program as any other of its version, but not the same file, so that no gopls of another test is
 * taken for it. Returns what gopls calls its directory in the cache.
 */
export function copyOfGopls(file) {
  fs.copyFileSync(gopls(), file);
  // Behind the end of the program nothing is read.
  fs.appendFileSync(file, randomBytes(16));
  return createHash('sha256').update(fs.readFileSync(file)).digest('hex').slice(0, 8);
}
