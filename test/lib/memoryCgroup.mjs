// A cgroup of our own with a memory limit, where this machine lets us make one.
import fs from 'node:fs';
import path from 'node:path';

/** Version 2 with the memory controller for its children, else version 1: where it is mounted, and its file for the limit. */
function hierarchy() {
  const unified = '/sys/fs/cgroup';
  const children = path.join(unified, 'cgroup.subtree_control');
  if (fs.existsSync(children) && fs.readFileSync(children, 'utf8').includes('memory'))
    return { mount: unified, limit: 'memory.max' };
  if (fs.existsSync('/sys/fs/cgroup/memory/memory.limit_in_bytes'))
    return { mount: '/sys/fs/cgroup/memory', limit: 'memory.limit_in_bytes' };
  return undefined;
}

/** An empty group, or why there is none. */
export function memoryCgroup(bytes) {
  const found = hierarchy();
  if (!found) return { why: 'no cgroup here limits memory' };
  const folder = path.join(found.mount, `stallscope-test-${process.pid}`);
  try {
    fs.mkdirSync(folder);
    fs.writeFileSync(path.join(folder, found.limit), String(bytes));
  } catch (error) {
    fs.rmSync(folder, { force: true, recursive: true });
    return { why: `no cgroup can be made here: ${error.message}` };
  }
  return {
    add: (pid) => fs.writeFileSync(path.join(folder, 'cgroup.procs'), String(pid)),
    /** Once nothing runs in it. */
    remove: () => fs.rmdirSync(folder),
  };
}
