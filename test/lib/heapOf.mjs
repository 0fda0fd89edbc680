// Opens the living heap of a gopls that this process has started, through the addon.
import path from 'node:path';
import { dist } from '../tools/lib/paths.mjs';

export const heapHelper = path.join(dist, 'stallscope-retain');

/** As the extension asks for it; what `changes` says is another. */
export async function heapRequest(core, pid, changes = {}) {
  const processes = await core.goplsProcesses();
  if (!processes.ok) throw new Error(processes.error.message);
  const found = processes.value.find((one) => one.pid === pid);
  if (!found) throw new Error(`no gopls ${pid}`);
  return {
    pid,
    started_unix_ms: found.started_unix_ms,
    bound_ms: 5_000,
    memory_limit_bytes: null,
    helper: heapHelper,
    language: 'en',
    ...changes,
  };
}
