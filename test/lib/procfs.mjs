// What Linux itself says of a process: the yardstick for what the core says of it.
import fs from 'node:fs';

/** Resident set size, as `VmRSS` in /proc. */
export function rssBytes(pid) {
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(fs.readFileSync(`/proc/${pid}/status`, 'utf8'))[1];
  return Number(kilobytes) * 1024;
}

/** The arguments of each child of a process, by pid. */
export function children(pid) {
  const found = new Map();
  for (const entry of fs.readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const status = fs.readFileSync(`/proc/${entry}/status`, 'utf8');
      if (Number(/^PPid:\s+(\d+)$/m.exec(status)[1]) !== pid) continue;
      found.set(Number(entry), fs.readFileSync(`/proc/${entry}/cmdline`, 'utf8').split('\0').slice(0, -1));
    } catch {
      // It ended while we looked.
    }
  }
  return found;
}
