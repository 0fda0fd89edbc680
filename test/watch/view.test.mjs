// The terminal view in a pseudo-terminal: it draws what there is, `q` and Ctrl-C end it, and the terminal is as it was.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { cli, gopls as goplsFile } from '../tools/lib/paths.mjs';
import { editor, smallModule, startBelow } from './support/owners.mjs';
import { eventually } from './support/watch.mjs';

const MINUTE = 60_000;
const ALTERNATE = '\u001b[?1049h';
const BACK = '\u001b[?1049l';
const CURSOR = '\u001b[?25h';
// eslint-disable-next-line no-control-regex
const SEQUENCE = /\u001b\[[0-9;?]*[A-Za-z]/g;

const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'stallscope-view-'));
const storage = path.join(scratch, 'incidents-of-the-view');
after(() => fs.rmSync(scratch, { recursive: true, force: true }));

/** The heaps that were captured. */
function heaps() {
  const incidents = path.join(storage, 'incidents');
  if (!fs.existsSync(incidents)) return [];
  return fs.readdirSync(incidents, { recursive: true }).filter((name) => /heap-\d+\.pb\.gz$/.test(name));
}

/** `script` of util-linux gives it a terminal; what it draws comes out of that. */
class Terminal {
  drawn = '';
  #process;
  #ended;

  constructor(options = '', env = {}) {
    const inner = `stty rows 24 cols 80; '${cli}' watch --storage '${storage}' ${options}; echo "ended $?"; stty -a`;
    this.#process = spawn('script', ['-qec', inner, '/dev/null'], {
      env: { ...process.env, TERM: 'xterm-256color', ...env },
    });
    this.#ended = new Promise((resolve) => this.#process.once('close', resolve));
    this.#process.stdout.on('data', (data) => (this.drawn += data));
  }

  /** What was drawn, without the places: only what has changed is drawn at all. */
  get text() {
    return this.drawn.replaceAll(SEQUENCE, ' ');
  }

  type(keys) {
    this.#process.stdin.write(keys);
  }

  /** Ends it at once, however it is. */
  kill() {
    this.#process.kill();
    this.#process.stdin.end();
  }

  /** Its end, with the terminal's state. */
  async end() {
    await eventually('the end', () => /ended \d+/.test(this.drawn), MINUTE);
    this.#process.stdin.end();
    await this.#ended;
    const tail = this.drawn.slice(this.drawn.lastIndexOf(BACK));
    return { code: Number(/ended (\d+)/.exec(tail)[1]), tail };
  }
}

test('it draws, q ends it, and the terminal is as it was', { timeout: 2 * MINUTE }, async (t) => {
  const workspace = smallModule(path.join(scratch, 'small'));
  const { client, pid } = await startBelow(
    editor(scratch, 'kak-lsp', goplsFile()),
    { workspace, cache: path.join(scratch, 'cache') },
    eventually,
  );
  t.after(() => client.kill());
  await client.initialize();
  // It serves by then, so that nothing else is said of it before.
  await client.debugAddress();
  const terminal = new Terminal(`--pid ${pid}`, { NO_COLOR: '1' });
  t.after(() => terminal.kill());
  await eventually('the row', () => terminal.text.includes(String(pid)) && terminal.text.includes('Kakoune'));
  assert.ok(terminal.drawn.includes(ALTERNATE));
  await eventually('the sums', () => /\d+ gopls, [\d.]+ [MG]B/.test(terminal.text));
  // eslint-disable-next-line no-control-regex
  assert.ok(!/\u001b\[(3[0-7]|38;5;\d+)m/.test(terminal.drawn), 'no colours where NO_COLOR is set');
  terminal.type('s');
  await eventually('another order', () => terminal.text.includes('CPU '));
  await eventually('its debug server', () => terminal.text.includes('waits are known'));
  terminal.type('c');
  await eventually('the question', () => terminal.text.includes('y/n'));
  terminal.type('y');
  await eventually('the capture', () => heaps().length === 1);
  terminal.type('q');
  const { code, tail } = await terminal.end();
  assert.equal(code, 0);
  assert.ok(tail.includes(CURSOR), 'the cursor is shown again');
  assert.match(tail, /[^-]icanon/, 'lines are read as lines again');
  assert.match(tail, /[^-]echo\b/);
});

test('Ctrl-C ends it as well', { timeout: MINUTE }, async (t) => {
  const terminal = new Terminal();
  t.after(() => terminal.kill());
  await eventually('the view', () => terminal.text.includes('stallscope watch'));
  terminal.type('\u0003');
  const { code, tail } = await terminal.end();
  assert.equal(code, 0);
  assert.match(tail, /[^-]icanon/);
});
