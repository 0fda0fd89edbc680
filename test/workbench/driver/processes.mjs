// The process table: /proc where there is one (not every Debian has `ps`), else `ps`.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';

/** All processes below one, from one look at the table. */
export function descendants(root) {
  const all = fs.existsSync('/proc/self/stat') ? ofProc() : ofPs();
  const below = [];
  for (let parents = [root]; parents.length > 0;) {
    const children = all.filter(({ ppid }) => parents.includes(ppid));
    below.push(...children);
    parents = children.map(({ pid }) => pid);
  }
  return below;
}

function ofProc() {
  const numbers = fs.readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return numbers.flatMap((name) => {
    try {
      const status = fs.readFileSync(`/proc/${name}/status`, 'utf8');
      const number = (field) => Number(new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? 0);
      const args = fs.readFileSync(`/proc/${name}/cmdline`, 'utf8').split('\0').join(' ').trim();
      return [{ pid: Number(name), ppid: number('PPid'), rssBytes: number('VmRSS') * 1024, args }];
    } catch {
      // It ended while we looked.
      return [];
    }
  });
}

function ofPs() {
  const ps = spawnSync('ps', ['-eo', 'pid=,ppid=,rss=,args='], { encoding: 'utf8' }).stdout ?? '';
  return [...ps.matchAll(/^\s*(\d+)\s+(\d+)\s+(\d+)\s+(.*)$/gm)].map(([, pid, ppid, rss, args]) => ({
    pid: Number(pid),
    ppid: Number(ppid),
    rssBytes: Number(rss) * 1024,
    args,
  }));
}

/** CPU time a process has used so far, in nanoseconds, from the scheduler's own account of each of its threads (Linux). */
export function cpuNs(pid) {
  const tasks = `/proc/${pid}/task`;
  return fs.readdirSync(tasks).reduce((sum, task) => {
    try {
      return sum + Number(fs.readFileSync(`${tasks}/${task}/schedstat`, 'utf8').split(' ')[0]);
    } catch {
      return sum;
    }
  }, 0);
}

/** How long ago a process was started (Linux). */
export function ageMs(pid) {
  const fields = fs.readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1).split(' ');
  const [uptime] = fs.readFileSync('/proc/uptime', 'utf8').split(' ');
  // Field 22 of proc_pid_stat(5), of which the first two are cut off: ticks of 10 ms since the boot.
  return Math.round(Number(uptime) * 1000 - Number(fields[19]) * 10);
}
