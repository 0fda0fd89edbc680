// A 64-bit ARM machine in software: Debian's kernel, and nothing on it but the files it is given and programs/machine, which starts them
// as it is told. Processes, signals, registers and memory are the kernel's own; only the processor is slow.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { arm64, out, repo } from '../tools/lib/paths.mjs';
import { cleanEnv, run } from '../tools/lib/run.mjs';
import { Console } from './console.mjs';
import { writeDisk } from './disk.mjs';

/** What programs/machine begins its lines with. */
const MARK = 'machine: ';
const MEMORY_MB = 3072;
const MINUTE = 60_000;
/** An order that takes longer has hung the machine. */
const LONGEST_MS = 6 * MINUTE;
/** What `ldd` says of what is built for it. */
const LIBRARIES = ['ld-linux-aarch64.so.1', 'libc.so.6', 'libgcc_s.so.1', 'libm.so.6'];

/** @typedef {{ line: string, code: number, stdout: string, stderr: string, error?: string }} Answer */

/**
 * Boots one; `files` are put on it: their name there, and where they are here.
 * @param {Record<string, string>} files
 */
export async function boot(files) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'stallscope-machine-'));
  try {
    const disk = path.join(folder, 'disk');
    const init = path.join(out, 'retain', 'machine');
    await run('go', ['build', '-trimpath', '-o', init, './machine'], {
      cwd: path.join(repo, 'test/retain/programs'),
      env: cleanEnv({ GOOS: 'linux', GOARCH: 'arm64', CGO_ENABLED: '0', GOTOOLCHAIN: 'local' }),
    });
    const libraries = LIBRARIES.map((name) => [`lib/${name}`, path.join(arm64.libraries, name)]);
    writeDisk(disk, { ...files, ...Object.fromEntries(libraries), init });
    const machine = new Machine(folder, disk);
    await machine.ready();
    return machine;
  } catch (error) {
    fs.rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}

export class Machine {
  #console;

  constructor(folder, disk) {
    const args = [
      ...['-M', 'virt', '-cpu', 'neoverse-n1', '-smp', '2', '-m', `${MEMORY_MB}`],
      ...['-nodefaults', '-nographic', '-no-reboot', '-serial', 'stdio'],
      ...['-kernel', arm64.kernel, '-initrd', disk, '-append', 'console=ttyAMA0 quiet panic=-1'],
    ];
    this.#console = new Console(arm64.machine, args, { mark: MARK, longestMs: LONGEST_MS, folder });
  }

  /** @returns {Promise<Answer>} */
  async #order(order) {
    return checked(await this.#console.ask(JSON.stringify(order)));
  }

  async ready() {
    assert.equal(checked(await this.#console.answer()).line, 'ready');
  }

  /** Runs a program to its end. */
  run(...words) {
    return this.#order({ run: words });
  }

  /**
   * The same as `holding` of program.mjs, on the machine.
   * @template T
   * @param {string} file
   * @param {string} scenario
   * @param {(expected: import('./compare.mjs').Expected) => Promise<T>} body
   */
  async holding(file, scenario, body) {
    const { line } = await this.#order({ start: [file, scenario] });
    const result = await body(JSON.parse(line));
    const { code, stderr } = await this.#order({ end: true });
    assert.equal(code, 0, `after it was looked at, it ended with ${code}: ${stderr}`);
    return result;
  }

  off() {
    return this.#console.off('{"off": true}');
  }
}

/** @returns {Answer} */
function checked(line) {
  const answer = JSON.parse(line);
  assert.equal(answer.error, undefined);
  return answer;
}
