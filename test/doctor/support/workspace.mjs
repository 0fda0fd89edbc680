// A folder with files for one test, and what `stallscope doctor` says of it.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { cli, gopls } from '../../tools/lib/paths.mjs';
import { run } from '../../tools/lib/run.mjs';

/** A folder with these files (texts by path). Whoever asks for it removes it. */
export function made(files) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'stallscope-doctor-'));
  for (const [name, text] of Object.entries(files)) {
    const file = path.join(folder, name);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, text);
  }
  return folder;
}

/** Takes a folder of `made` away again. What still runs in it for a moment may write once more. */
export function removed(folder) {
  fs.rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
}

/** A folder with these files; it is gone after the test. */
export function folderOf(t, files) {
  const folder = made(files);
  t.after(() => removed(folder));
  return folder;
}

/** A small module of two packages, the one in a sub-folder that the other uses. */
export const MODULE = {
  'go.mod': 'module example.com/small\n\ngo 1.23\n',
  'main.go': 'package main\n\nimport "example.com/small/inner"\n\nfunc main() { println(inner.Answer()) }\n',
  'inner/inner.go': 'package inner\n\n// Answer is used from outside.\nfunc Answer() int { return 42 }\n',
};

/** What the doctor says of the settings of a folder. */
export async function diagnosed(folder, args = []) {
  const { stdout } = await run(cli, ['doctor', folder, '--json', '--gopls', gopls(), ...args]);
  const report = JSON.parse(stdout);
  return { ...report, findings: report.findings.filter(({ area }) => area === 'settings') };
}
