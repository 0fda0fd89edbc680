// `stallscope watch --json` as a script reads it.
import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { cli } from '../../tools/lib/paths.mjs';

const LOOK_MS = 50;

/** Waits until `find` gives something. */
export async function eventually(what, find, timeoutMs = 60_000) {
  const until = Date.now() + timeoutMs;
  for (;;) {
    const found = await find();
    if (found !== undefined && found !== false) return found;
    if (Date.now() > until) throw new Error(`${what}: not within ${timeoutMs / 1000} s`);
    await sleep(LOOK_MS);
  }
}

export class Watch {
  lines = [];
  #process;
  #ended;
  #text = '';
  #errors = '';

  constructor(storage, args = []) {
    this.#process = spawn(cli, ['watch', '--json', '--storage', storage, ...args]);
    this.#ended = new Promise((resolve) => this.#process.once('close', resolve));
    this.#process.stderr.on('data', (data) => (this.#errors += data));
    this.#process.stdout.on('data', (data) => {
      const whole = (this.#text + data).split('\n');
      this.#text = whole.pop();
      this.lines.push(...whole.map((line) => JSON.parse(line)));
    });
  }

  get pid() {
    return this.#process.pid;
  }

  /** The lines of a type, of one gopls or of any. */
  of(type, pid) {
    return this.lines.filter((line) => line.type === type && (pid === undefined || line.pid === pid));
  }

  /** The first line of a type that is as wanted, now or later. */
  line(type, pid, is = () => true, timeoutMs = 60_000) {
    return eventually(`a line ${type} of ${pid}`, () => this.of(type, pid).find(is), timeoutMs).catch(
      (error) => {
        throw new Error(
          `${error.message}\n${this.#errors}\n${this.lines
            .slice(-8)
            .map((line) => JSON.stringify(line))
            .join('\n')}`,
        );
      },
    );
  }

  /** The latest line that has all of them. */
  get all() {
    return this.of('all').at(-1);
  }

  /** Its row of one gopls. */
  row(pid) {
    return this.all?.gopls.find((row) => row.pid === pid);
  }

  /** Tells it to end; resolves to its exit code. */
  end(signal = 'SIGTERM') {
    this.#process.kill(signal);
    return this.#ended;
  }
}
