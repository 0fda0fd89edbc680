// A 64-bit ARM machine in software: Debian's kernel, and nothing on it but the files it is given and programs/machine, which starts them
// as it is told. Processes, signals, registers and memory are the kernel's own; only the processor is slow.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import readline from 'node:readline';
import { arm64, out, repo } from '../tools/lib/paths.mjs';
import { cleanEnv, run } from '../tools/lib/run.mjs';
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
  #folder;
  #child;
  #ended;
  #lines;
  /** What the kernel said last, for when it dies. */
  #said = [];
  #trouble = '';

  constructor(folder, disk) {
    this.#folder = folder;
    this.#child = spawn(arm64.machine, [
      ...['-M', 'virt', '-cpu', 'neoverse-n1', '-smp', '2', '-m', `${MEMORY_MB}`],
      ...['-nodefaults', '-nographic', '-no-reboot', '-serial', 'stdio'],
      ...['-kernel', arm64.kernel, '-initrd', disk, '-append', 'console=ttyAMA0 quiet panic=-1'],
    ]);
    this.#ended = once(this.#child, 'exit');
    this.#child.stderr.setEncoding('utf8').on('data', (chunk) => (this.#trouble += chunk));
    this.#lines = this.#marked();
  }

  async *#marked() {
    for await (const line of readline.createInterface({ input: this.#child.stdout })) {
      if (line.startsWith(MARK)) yield JSON.parse(line.slice(MARK.length));
      else this.#said = [...this.#said.slice(-20), line];
    }
  }

  /** @returns {Promise<Answer>} */
  async #answer() {
    let timer;
    const late = new Promise((resolve) => (timer = setTimeout(resolve, LONGEST_MS, { value: undefined })));
    const { value } = await Promise.race([this.#lines.next(), late]);
    clearTimeout(timer);
    assert.ok(value, `the machine does not answer: ${this.#trouble}\n${this.#said.join('\n')}`);
    assert.equal(value.error, undefined);
    return value;
  }

  async #order(order) {
    this.#child.stdin.write(`${JSON.stringify(order)}\n`);
    return this.#answer();
  }

  async ready() {
    assert.equal((await this.#answer()).line, 'ready');
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

  async off() {
    this.#child.stdin.write('{"off": true}\n');
    const kill = setTimeout(() => this.#child.kill('SIGKILL'), MINUTE);
    await this.#ended;
    clearTimeout(kill);
    fs.rmSync(this.#folder, { recursive: true, force: true });
  }
}
