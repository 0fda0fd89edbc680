// The doctor as people call it, `stallscope doctor`, and its fixes as an editor applies them.
import fs from 'node:fs';
import path from 'node:path';
import { cli } from '../../tools/lib/paths.mjs';
import { cleanEnv, run } from '../../tools/lib/run.mjs';

/** What counts is the workspace, not how this machine is set up; nothing is downloaded. */
export const goEnv = (extra = {}) =>
  cleanEnv({ GOFLAGS: '', GOPROXY: 'off', GOTOOLCHAIN: 'local', GOWORK: '', ...extra });

/** What the doctor says of a folder. */
export async function examine(folder, env = {}, args = []) {
  const { stdout } = await run(cli, ['doctor', folder, '--json', ...args], { env: goEnv(env) });
  return JSON.parse(stdout);
}

/** The ids of what it found in the workspace, sorted. */
export const ids = (report) =>
  report.findings
    .filter(({ area }) => area === 'workspace')
    .map(({ id }) => id)
    .sort();

export function finding(report, id) {
  const found = report.findings.find((candidate) => candidate.id === id);
  if (!found) throw new Error(`no ${id} among ${ids(report)}`);
  return found;
}

export const fix = (report, id, name) => finding(report, id).fixes.find((candidate) => candidate.id === name);

/** The text of a file at a place, as editors count: lines, and columns in UTF-16 units. */
export function textAt({ path: file, range }) {
  const text = fs.readFileSync(file, 'utf8');
  return text.slice(offset(text, range.start), offset(text, range.end));
}

function offset(text, { line, column }) {
  let at = 0;
  for (let left = line; left > 0; left -= 1) at = text.indexOf('\n', at) + 1;
  return at + column;
}

/** Applies edits, the last first; a file that is not there is made. Returns what puts the files back as they were. */
export function apply(edits) {
  const before = new Map();
  const ordered = edits.toSorted(
    (a, b) => b.range.start.line - a.range.start.line || b.range.start.column - a.range.start.column,
  );
  for (const { path: file, range, new_text: newText } of ordered) {
    const bytes = fs.existsSync(file) ? fs.readFileSync(file) : undefined;
    if (!before.has(file)) before.set(file, bytes);
    const text = bytes?.toString('utf8') ?? '';
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(
      file,
      text.slice(0, offset(text, range.start)) + newText + text.slice(offset(text, range.end)),
    );
  }
  return () => before.forEach((bytes, file) => (bytes ? fs.writeFileSync(file, bytes) : fs.rmSync(file)));
}

/** The real go, in a folder. */
export async function go(folder, args, env = {}) {
  const { code, output, stdout } = await run('go', args, {
    cwd: folder,
    env: goEnv({ PWD: folder, ...env }),
    allowFailure: true,
  });
  return { ok: code === 0, output, stdout };
}
