// Where a core of this window lives and looks: its storage, the workspace, and the log folders beside ours.
import { readdir } from 'node:fs/promises';
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
  };
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
