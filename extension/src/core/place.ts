// Where a core of this window lives and looks: its storage, the workspace, and the log folders beside ours.
import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import * as vscode from 'vscode';
import type { CoreOptions } from '../../shared/core';

/** The Go extension: its server log names gopls's debug address. Its folder may not exist yet when we look. */
const GO_EXTENSION = 'golang.go';
/** A window has a few dozen extensions; more folders than this are not worth reading. */
const MOST_LOG_FOLDERS = 64;

export async function placeOf(context: vscode.ExtensionContext): Promise<Omit<CoreOptions, 'settings'>> {
  const folders = vscode.workspace.workspaceFolders ?? [];
  return {
    storage_dir: context.globalStorageUri.fsPath,
    workspace: folders.filter(({ uri }) => uri.scheme === 'file').map(({ uri }) => uri.fsPath),
    host_pid: process.pid,
    log_dirs: await siblingLogFolders(context.logUri.fsPath),
    go_extension: goExtensionVersion(),
  };
}

function goExtensionVersion(): string | null {
  const manifest: unknown = vscode.extensions.getExtension(GO_EXTENSION)?.packageJSON;
  const version = (manifest as { version?: unknown } | undefined)?.version;
  return typeof version === 'string' ? `v${version}` : null;
}

/** The user's settings: `User/settings.json`, with our storage in `User/globalStorage/stallscope.stallscope`. */
export function userSettingsFile(storage: vscode.Uri): string {
  return path.join(storage.fsPath, '..', '..', 'settings.json');
}

/** What the language client writes of the gopls of this window, and gopls to its standard error; the Go extension's name for it. */
const SERVER_LOG = 'gopls (server).log';

/** Of the logs of that name in this window the one that was written to last; null where there is none. */
export async function serverLog(logUri: vscode.Uri): Promise<string | null> {
  let newest: { file: string; mtimeMs: number } | null = null;
  for (const folder of await siblingLogFolders(logUri.fsPath)) {
    const file = path.join(folder, SERVER_LOG);
    const mtimeMs = await stat(file).then(
      (found) => found.mtimeMs,
      () => null,
    );
    if (mtimeMs !== null && (newest === null || mtimeMs > newest.mtimeMs)) newest = { file, mtimeMs };
  }
  return newest?.file ?? null;
}

async function siblingLogFolders(own: string): Promise<string[]> {
  const parent = path.dirname(own);
  const entries = await readdir(parent, { withFileTypes: true }).catch(() => []);
  const others = entries
    .filter((entry) => entry.isDirectory() && entry.name !== path.basename(own) && entry.name.includes('.'))
    .map(({ name }) => name);
  return [...new Set([GO_EXTENSION, ...others])]
    .slice(0, MOST_LOG_FOLDERS)
    .map((name) => path.join(parent, name));
}
