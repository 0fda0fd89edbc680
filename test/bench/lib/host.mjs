// The parent's side of an extension host played by `editorHost.mjs`, with a temporary folder for what it writes.
import { fork } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { cleanEnv, onInterrupt } from '../../tools/lib/run.mjs';

export class EditorHost {
  #process;
  #waiting = new Map();
  #nextId = 1;
  #forget = onInterrupt(() => this.stop());

  constructor() {
    this.home = fs.mkdtempSync(path.join(os.tmpdir(), 'stallscope-bench-'));
    this.#process = fork(path.join(import.meta.dirname, 'editorHost.mjs'), {
      env: cleanEnv(),
      // Ctrl-C is for us: we end it in order, and gopls with it.
      detached: true,
    });
    this.#process.on('message', ({ id, value, error }) => {
      const { resolve, reject } = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (error) reject(new Error(error));
      else resolve(value);
    });
    this.#process.once('exit', (code, signal) => {
      for (const { reject } of this.#waiting.values())
        reject(new Error(`the host ended with ${code ?? signal}`));
      this.#waiting.clear();
    });
  }

  get pid() {
    return this.#process.pid;
  }

  /** A path below the temporary folder. */
  folder(name) {
    return path.join(this.home, name);
  }

  /** Calls one of `calls` in the host. */
  call(name, argument = {}) {
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#process.send({ id, name, argument });
    });
  }

  /** Ends the host and its gopls. */
  async stop() {
    this.#forget();
    if (this.#process.exitCode === null && this.#process.signalCode === null) {
      const gone = new Promise((resolve) => this.#process.once('exit', resolve));
      if (this.#process.connected) this.#process.disconnect();
      await gone;
    }
    fs.rmSync(this.home, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }
}

/** Runs `body` with a host which is stopped afterwards, come what may. */
export async function withHost(body) {
  const host = new EditorHost();
  try {
    return await body(host);
  } finally {
    await host.stop();
  }
}
