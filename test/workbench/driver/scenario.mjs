// What the workbench tests and the demo have in common: what ships, on gopls's own source, with a cold cache.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { goplsSource, out, target } from '../../tools/lib/paths.mjs';
import { Failure } from '../../tools/lib/run.mjs';
import { Workbench } from './workbench.mjs';

/** The debug server on a loopback port which the system picks: what "Enable" sets for the user. */
export const DEBUG_FLAGS = ['-debug=127.0.0.1:0'];

/** The .vsix files `npm test` and `npm run demo` packed: Stallscope as it ships, and the test language client. */
export function extensionsUnderTest() {
  const vsix = (name) => {
    const found = fs.existsSync(out) ? fs.readdirSync(out).find((entry) => name.test(entry)) : undefined;
    if (!found) throw new Failure(`no ${name} in out/: run \`npm run package\` and \`npm test\``);
    return path.join(out, found);
  };
  return [vsix(new RegExp(`^stallscope-${target}-.*\\.vsix$`)), vsix(/^test-go-lsp\.vsix$/)];
}

/**
 * A workbench on gopls's source whose gopls has never seen it (an empty cache of its own) and serves its debug pages.
 * The source is a copy: an editor saves when it likes.
 */
export async function startWorkbench({ settings = {}, ...options } = {}) {
  const home = fs.mkdtempSync(path.join(os.tmpdir(), 'stallscope-wb-'));
  const folder = path.join(home, path.basename(goplsSource()));
  fs.cpSync(goplsSource(), folder, { recursive: true });
  return Workbench.start({
    home,
    folder,
    settings: { 'go.languageServerFlags': DEBUG_FLAGS, ...settings },
    ...options,
  });
}

/** The number of the first line of a file of the workspace that contains a text. */
export function lineOf(file, text) {
  const lines = fs.readFileSync(path.join(goplsSource(), file), 'utf8').split('\n');
  const index = lines.findIndex((line) => line.includes(text));
  if (index < 0) throw new Failure(`${file} has no line with ${JSON.stringify(text)}`);
  return index + 1;
}

/** The place the first hover goes to: a type which the whole of gopls is built around. */
export const SNAPSHOT_FILE = 'internal/cache/snapshot.go';
/** Its middle is the type's name, where the mouse comes to rest. */
export const SNAPSHOT_TEXT = 'type Snapshot struct';
export const snapshotLine = () => lineOf(SNAPSHOT_FILE, SNAPSHOT_TEXT);

/**
 * Opens the file of the first hover and waits until gopls is there: a hover from before it has registered goes nowhere,
 * and one that comes seconds later finds the workspace loaded.
 */
export async function openSnapshot(editor) {
  await editor.openFile(SNAPSHOT_FILE, { line: snapshotLine() });
  await editor.waitFor(
    'gopls in the status bar',
    async () => /gopls \S*\d/.test((await editor.statusItem('stallscope.stallscope'))?.text ?? ''),
    { timeoutMs: 60_000, everyMs: 50 },
  );
}

/** How long the hovers took by the test language client's own clock, in milliseconds, oldest first. */
export function hoverTimesMs(workbench) {
  const text = workbench.logs(/gopls \(server\)/).map((log) => log.text);
  return [...text.join('\n').matchAll(/hover answered in (\d+) ms/g)].map(([, ms]) => Number(ms));
}
