// A disk of a few MB, mounted on a folder: to be filled up, and to be made read-only. Linux only.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Failure } from '../../tools/lib/run.mjs';

export class SmallDisk {
  /** Why no disk can be mounted here; undefined when one can. */
  static obstacle() {
    if (process.platform !== 'linux') return 'only Linux has disks in memory that a test can mount';
    if (process.getuid() !== 0) return 'mounting a small disk needs root';
    return undefined;
  }

  /** Whether a process can be root in a namespace of its own, where it may mount. */
  static namespaces() {
    return process.platform === 'linux' && spawnSync('unshare', ['-rm', 'true']).status === 0;
  }

  /** Use `SmallDisk.mount`. */
  constructor(folder) {
    this.folder = folder;
    this.filler = path.join(folder, 'filler');
  }

  static mount(folder, sizeMB) {
    fs.mkdirSync(folder, { recursive: true });
    command('mount', '-t', 'tmpfs', '-o', `size=${sizeMB}m`, 'tmpfs', folder);
    return new SmallDisk(folder);
  }

  /** Fills it to the last byte. */
  fill() {
    const file = fs.openSync(this.filler, 'a');
    try {
      for (const size of [1 << 16, 1 << 12, 1]) {
        const piece = Buffer.alloc(size, 1);
        while (writes(file, piece));
      }
    } finally {
      fs.closeSync(file);
    }
  }

  /** Gives back what `fill` has taken. */
  free() {
    fs.rmSync(this.filler);
  }

  /** As a disk becomes by itself after errors, or by `mount -o remount,ro`. */
  async setReadOnly(readOnly) {
    const deadline = Date.now() + 10_000;
    for (;;) {
      // It is busy as long as somebody writes.
      const remounted = spawnSync('mount', ['-o', `remount,${readOnly ? 'ro' : 'rw'}`, this.folder]);
      if (remounted.status === 0) return;
      if (Date.now() > deadline) throw new Failure(`remounting ${this.folder}: ${remounted.stderr}`);
      await sleep(100);
    }
  }

  unmount() {
    command('umount', '-l', this.folder);
  }
}

function writes(file, piece) {
  try {
    return fs.writeSync(file, piece) === piece.length;
  } catch (error) {
    if (error.code === 'ENOSPC') return false;
    throw error;
  }
}

function command(name, ...args) {
  const { status, stderr, error } = spawnSync(name, args, { encoding: 'utf8' });
  if (status !== 0) throw new Failure(`\`${[name, ...args].join(' ')}\`: ${error?.message ?? stderr}`);
}
