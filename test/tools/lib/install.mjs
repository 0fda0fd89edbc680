// Installs a folder once: built aside, moved into place whole, guarded by a lock, so that neither an
// interrupted run nor two runs at once leave half of something behind.
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { step } from './run.mjs';

const STAMP = '.installed';

/**
 * @param {object} what
 * @param {string} what.title     for the progress line
 * @param {string} what.dir       the folder to be there afterwards
 * @param {string} what.witness   a file below `dir` which is there when the installation is whole
 * @param {string} [what.recipe]  when given, an installation by another recipe is replaced
 * @param {(fresh: string) => Promise<void>} fill  fills an empty folder which then becomes `dir`
 */
export async function installOnce({ title, dir, witness, recipe }, fill) {
  const ready = () =>
    fs.existsSync(path.join(dir, witness)) &&
    (recipe === undefined || readOr(path.join(dir, STAMP), '') === recipe);
  if (ready()) return dir;
  await withLock(`${dir}.lock`, async () => {
    if (ready()) return;
    await step(title, async () => {
      const fresh = `${dir}.new-${process.pid}`;
      fs.rmSync(fresh, { recursive: true, force: true });
      fs.mkdirSync(fresh, { recursive: true });
      try {
        await fill(fresh);
        if (recipe !== undefined) fs.writeFileSync(path.join(fresh, STAMP), recipe);
        const old = `${dir}.old-${process.pid}`;
        if (fs.existsSync(dir)) fs.renameSync(dir, old);
        fs.renameSync(fresh, dir);
        fs.rmSync(old, { recursive: true, force: true });
      } finally {
        fs.rmSync(fresh, { recursive: true, force: true });
      }
    });
  });
  return dir;
}

const readOr = (file, fallback) => {
  try {
    return fs.readFileSync(file, 'utf8');
  } catch {
    return fallback;
  }
};

/** Holds an exclusive lock (a file naming its owner) while `body` runs; a dead owner's lock is taken over. */
export async function withLock(lock, body) {
  fs.mkdirSync(path.dirname(lock), { recursive: true });
  for (;;) {
    try {
      fs.writeFileSync(lock, String(process.pid), { flag: 'wx' });
      break;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
      const owner = Number(readOr(lock, ''));
      if (owner > 0 && !alive(owner)) fs.rmSync(lock, { force: true });
      else await sleep(500);
    }
  }
  const release = () => fs.rmSync(lock, { force: true });
  process.once('exit', release);
  try {
    return await body();
  } finally {
    process.off('exit', release);
    release();
  }
}

function alive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}
