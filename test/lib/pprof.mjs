// What `go tool pprof` says of a profile: the reference for every number of ours.
import { run } from '../tools/lib/run.mjs';

/** The sum over all samples of a profile, e.g. in bytes. */
export async function pprofTotal(file, sampleType = 'inuse_space') {
  const { stdout } = await run('go', [
    'tool',
    'pprof',
    '-top',
    '-unit=B',
    `-sample_index=${sampleType}`,
    file,
  ]);
  const total = /of (-?\d+)B total$/m.exec(stdout);
  if (!total) throw new Error(`go tool pprof printed no total for ${file}:\n${stdout}`);
  return Number(total[1]);
}
