// CPU time of another process to the nanosecond. /proc/PID/stat counts in ticks of 10 ms, and a tenth of a percent of
// a core is two of those in twenty seconds; the scheduler's own count per thread is exact.
import fs from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

/** Often enough that a thread which ends takes next to nothing along that was not read yet. */
const READ_EVERY_MS = 500;

class CpuMeter {
  #pid;
  /** By thread id, the latest reading: those of threads that have ended count on. */
  #threads = new Map();

  constructor(pid) {
    this.#pid = pid;
  }

  totalNs() {
    const tasks = `/proc/${this.#pid}/task`;
    for (const thread of fs.readdirSync(tasks)) {
      try {
        this.#threads.set(
          thread,
          Number(fs.readFileSync(`${tasks}/${thread}/schedstat`, 'utf8').split(' ')[0]),
        );
      } catch {
        // It ended while we looked.
      }
    }
    return [...this.#threads.values()].reduce((sum, ns) => sum + ns, 0);
  }
}

/** What each of some processes uses of one core over a while, in percent. */
export async function corePercents(pids, ms) {
  const meters = pids.map((pid) => new CpuMeter(pid));
  const before = meters.map((meter) => meter.totalNs());
  const begin = performance.now();
  while (performance.now() - begin < ms) {
    await sleep(Math.min(READ_EVERY_MS, ms - (performance.now() - begin)));
    for (const meter of meters) meter.totalNs();
  }
  const elapsedNs = (performance.now() - begin) * 1e6;
  return meters.map((meter, index) => ((meter.totalNs() - before[index]) / elapsedNs) * 100);
}
