// A gopls of our own, for tests and for making fixtures: a child of this process with its debug server on, spoken to
// over stdio in the few messages of the Language Server Protocol that make it load a workspace and answer.
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';

export class Gopls {
  #buffer = Buffer.alloc(0);
  #waiting = new Map();
  #nextId = 1;
  #process;
  #ended;
  #settings;
  #folders;
  stderr = '';
  /** Called with each notification from gopls. */
  onNotification = (_message) => {};

  /**
   * @param {object} how
   * @param {string} how.executable
   * @param {string} how.workspace  a folder with a go.mod
   * @param {string} how.cache      GOPLSCACHE; an empty folder makes the first load a cold one
   * @param {object} [how.env]      what else is in its environment
   * @param {object} [how.settings] its settings, as under `gopls` in VS Code
   * @param {string[]} [how.flags]  what else it is started with
   * @param {string[]} [how.folders]  the folders that are open, where it is not the workspace as a whole
   */
  constructor({ executable, workspace, cache, env = {}, settings = {}, flags = [], folders }) {
    this.workspace = workspace;
    this.#folders = folders;
    this.#settings = settings;
    // A group of its own, so that its `go` commands end with it.
    this.#process = spawn(executable, ['-debug=127.0.0.1:0', ...flags], {
      cwd: workspace,
      env: { ...process.env, ...env, GOPLSCACHE: cache },
      detached: true,
    });
    this.#ended = new Promise((resolve) => this.#process.once('close', resolve));
    this.#process.once('error', (error) => this.#refuse(error.message));
    this.#process.once('exit', (code, signal) => this.#refuse(`it ended with ${code ?? signal}`));
    // A message to a gopls that is gone: whoever waits for the answer is told above.
    this.#process.stdin.on('error', () => {});
    this.#process.stderr.on('data', (data) => (this.stderr += data));
    this.#process.stdout.on('data', (data) => this.#receive(data));
  }

  get pid() {
    return this.#process.pid;
  }

  notify(method, params) {
    this.#send({ method, params });
  }

  /** Resolves to the result; rejects when gopls answers with an error or ends. */
  request(method, params) {
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { method, resolve, reject });
      this.#send({ id, method, params });
    });
  }

  /** Tells gopls which workspace to load; it starts loading at once. */
  async initialize() {
    await this.request('initialize', {
      processId: process.pid,
      rootUri: pathToFileURL(this.workspace).href,
      workspaceFolders: this.#folders?.map((folder) => ({
        uri: pathToFileURL(folder).href,
        name: path.basename(folder),
      })),
      initializationOptions: this.#settings,
      capabilities: { workspace: { configuration: true }, window: { workDoneProgress: true } },
    });
    this.notify('initialized', {});
  }

  /** Opens a file of the workspace, as an editor does before it asks about it. */
  open(file) {
    const absolute = path.join(this.workspace, file);
    const uri = pathToFileURL(absolute).href;
    const text = fs.readFileSync(absolute, 'utf8');
    this.notify('textDocument/didOpen', { textDocument: { uri, languageId: 'go', version: 1, text } });
    return { uri, text };
  }

  /** What the mouse resting on a place asks for. */
  hover(uri, position) {
    return this.request('textDocument/hover', { textDocument: { uri }, position });
  }

  /** Where gopls says that its debug server is, e.g. `http://127.0.0.1:43211`. */
  async debugAddress() {
    for (let tries = 0; tries < 100; tries++) {
      const found = /http:\/\/(?:localhost|127\.0\.0\.1):\d+/.exec(this.stderr);
      if (found) return found[0].replace('localhost', '127.0.0.1');
      await sleep(50);
    }
    throw new Error(`gopls did not name its debug server:\n${this.stderr}`);
  }

  /** Ends it at once, with its children, as a crash does. Resolves when it is gone. */
  async kill() {
    try {
      process.kill(-this.pid, 'SIGKILL');
    } catch {
      // Gone already, or it never started.
    }
    await this.#ended;
  }

  #receive(data) {
    this.#buffer = Buffer.concat([this.#buffer, data]);
    for (;;) {
      const end = this.#buffer.indexOf('\r\n\r\n');
      if (end < 0) return;
      const length = Number(/Content-Length: (\d+)/i.exec(this.#buffer.toString('latin1', 0, end))[1]);
      if (this.#buffer.length < end + 4 + length) return;
      const message = JSON.parse(this.#buffer.toString('utf8', end + 4, end + 4 + length));
      this.#buffer = this.#buffer.subarray(end + 4 + length);
      if (message.method === undefined) this.#settle(message);
      else if (message.id === undefined) this.onNotification(message);
      else this.#answer(message);
    }
  }

  #settle({ id, result, error }) {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (error) waiting?.reject(new Error(`gopls answered ${waiting.method} with: ${error.message}`));
    else waiting?.resolve(result);
  }

  /** gopls asks for its settings and for progress bars. */
  #answer({ id, method, params }) {
    const result = method === 'workspace/configuration' ? params.items.map(() => this.#settings) : null;
    this.#send({ id, result });
  }

  #refuse(why) {
    for (const { method, reject } of this.#waiting.values()) {
      reject(new Error(`gopls did not answer ${method}: ${why}\n${this.stderr}`));
    }
    this.#waiting.clear();
  }

  #send(message) {
    const body = JSON.stringify({ jsonrpc: '2.0', ...message });
    this.#process.stdin.write(`Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
  }
}
