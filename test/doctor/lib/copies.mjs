// Copies of the small workspaces, to be examined, mended and broken; gone after the test.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';

const WORKSPACES = path.join(import.meta.dirname, '../workspaces');

export const names = () => fs.readdirSync(WORKSPACES).sort();

/** A copy of one, in a folder without a go.mod or go.work above it. */
export function copy(t, name) {
  const folder = emptyFolder(t);
  const workspace = path.join(folder, 'workspace');
  fs.cpSync(path.join(WORKSPACES, name), workspace, { recursive: true });
  return workspace;
}

export function emptyFolder(t) {
  // Real, because `go` tells real paths.
  const folder = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'stallscope-doctor-')));
  t.after(() => fs.rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Writes files, by their paths in a folder. */
export function write(folder, files) {
  for (const [name, text] of Object.entries(files)) {
    const file = path.join(folder, name);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, text);
  }
}

/** Every file below a folder with its bytes as text; links as where they lead. */
export function contents(folder) {
  const found = new Map();
  for (const entry of fs.readdirSync(folder, { recursive: true, withFileTypes: true })) {
    const file = path.join(entry.parentPath, entry.name);
    const name = path.relative(folder, file);
    if (entry.isSymbolicLink()) found.set(name, `-> ${fs.readlinkSync(file)}`);
    else if (entry.isFile()) found.set(name, fs.readFileSync(file, 'latin1'));
  }
  return found;
}
