// The console of a machine in software: the first process on it is told something by the line, and answers by the line.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import readline from 'node:readline';

const MINUTE = 60_000;

export class Console {
  #child;
  #ended;
  #lines;
  #options;
  /** What the kernel said last, for when it dies. */
  #said = [];
  #trouble = '';

  /**
   * Switches one on.
   * @param {string} emulator
   * @param {string[]} args
   * @param {{ mark: string, longestMs: number, folder: string }} options  what its answers begin with; an order that takes longer has
   *   hung it; where its disk lies, which goes with it
   */
  constructor(emulator, args, options) {
    this.#options = options;
    this.#child = spawn(emulator, args);
    this.#ended = once(this.#child, 'exit');
    this.#child.stderr.setEncoding('utf8').on('data', (chunk) => (this.#trouble += chunk));
    this.#lines = this.#marked();
  }

  async *#marked() {
    const { mark } = this.#options;
    for await (const line of readline.createInterface({ input: this.#child.stdout })) {
      const at = line.indexOf(mark);
      if (at >= 0) yield line.slice(at + mark.length);
      else this.#said = [...this.#said.slice(-20), line];
    }
  }

  /** Its next answer. */
  async answer() {
    let timer;
    const late = new Promise((resolve) => (timer = setTimeout(resolve, this.#options.longestMs, {})));
    const { value } = await Promise.race([this.#lines.next(), late]);
    clearTimeout(timer);
    assert.ok(value, `the machine does not answer: ${this.#trouble}\n${this.#said.join('\n')}`);
    return value;
  }

  /** Tells it something; the answer. */
  async ask(line) {
    this.#child.stdin.write(`${line}\n`);
    return this.answer();
  }

  /** Tells it to end, and waits for that. */
  async off(line) {
    this.#child.stdin.write(`${line}\n`);
    const kill = setTimeout(() => this.#child.kill('SIGKILL'), MINUTE);
    await this.#ended;
    clearTimeout(kill);
    fs.rmSync(this.#options.folder, { recursive: true, force: true });
  }
}
