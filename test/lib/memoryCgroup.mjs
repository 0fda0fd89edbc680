// A cgroup of our own with a memory limit, where this machine lets us make one.
import fs from 'node:fs';
import path from 'node:path';

const UNIFIED = '/sys/fs/cgroup';
const V1 = '/sys/fs/cgroup/memory';

/**
 * Version 2 with the memory controller for its children, else version 1: where it is mounted, and its files: the limit at
 * which something is killed, and that at which memory is only taken back, which version 1 does not have.
 */
function hierarchy() {
  const children = path.join(UNIFIED, 'cgroup.subtree_control');
  if (fs.existsSync(children) && fs.readFileSync(children, 'utf8').includes('memory'))
    return { mount: UNIFIED, limit: 'memory.max', high: 'memory.high', usage: 'memory.current' };
  if (fs.existsSync(path.join(V1, 'memory.limit_in_bytes')))
    return { mount: V1, limit: 'memory.limit_in_bytes', high: undefined, usage: 'memory.usage_in_bytes' };
  return undefined;
}

/** Why no memory cgroup can be had here; undefined when one can. */
function noneBecause(found) {
  if (found) return undefined;
  if (!fs.existsSync(UNIFIED)) return 'no cgroups are mounted at /sys/fs/cgroup';
  return 'no cgroup here limits memory: neither version 2 with memory in cgroup.subtree_control, nor version 1';
}

function made(bytes, fileOf, { kills }) {
  const found = hierarchy();
  const why = noneBecause(found);
  if (why) return { why };
  const file = fileOf(found);
  const folder = path.join(found.mount, `stallscope-test-${process.pid}`);
  try {
    fs.mkdirSync(folder);
    fs.writeFileSync(path.join(folder, file), String(bytes));
    if (!kills && !found.high) fs.writeFileSync(path.join(folder, 'memory.oom_control'), '1');
  } catch (error) {
    fs.rmSync(folder, { force: true, recursive: true });
    return { why: `no cgroup can be made here: ${error.message}` };
  }
  return {
    add: (pid) => fs.writeFileSync(path.join(folder, 'cgroup.procs'), String(pid)),
    /** Another limit, from now on. */
    limit: (limit) => fs.writeFileSync(path.join(folder, file), String(limit)),
    usageBytes: () => Number(fs.readFileSync(path.join(folder, found.usage), 'utf8')),
    /** Once nothing runs in it. */
    remove: () => fs.rmdirSync(folder),
  };
}

/** An empty group in which whatever needs more is killed, or why there is none. */
export const memoryCgroup = (bytes) => made(bytes, ({ limit }) => limit, { kills: true });

/**
 * An empty group that takes memory back from whatever needs more and kills nothing, or why there is none. Without swap only
 * pages of files can be taken back, a program's own code among them.
 */
export function reclaimingCgroup(bytes) {
  const found = hierarchy();
  const why = noneBecause(found);
  if (why) return { why };
  if (!fs.existsSync('/proc/pressure/memory'))
    return { why: 'this kernel does not tell memory pressure (/proc/pressure/memory, PSI)' };
  return made(bytes, ({ high, limit }) => high ?? limit, { kills: false });
}
