// Opens a stack frame's source, when the file is on this machine.
import { execFile } from 'node:child_process';
import { stat } from 'node:fs/promises';
import os from 'node:os';
import { promisify } from 'node:util';
import * as vscode from 'vscode';
import { l10n } from 'vscode';
import type { Outcome } from '../../shared/core';
import { sourceCandidates, type GoRoots, type SourceName } from './sourcePath';

const GO_ENV_TIMEOUT_MS = 5_000;
let roots: GoRoots | undefined;

export async function openSource(source: SourceName, line: number): Promise<Outcome<null>> {
  roots ??= await goRoots();
  // No answer of `go`: absolute paths still open.
  for (const candidate of sourceCandidates(source, roots ?? { goroot: '', gomodcache: '' })) {
    if (!(await isRegularFile(candidate))) continue;
    const at = new vscode.Position(Math.max(0, line - 1), 0);
    await vscode.window.showTextDocument(vscode.Uri.file(candidate), {
      selection: new vscode.Range(at, at),
      // Beside the panel, which stays.
      viewColumn: vscode.ViewColumn.Beside,
      preview: true,
    });
    return { ok: true, value: null };
  }
  const message = l10n.t('{file} is not on this machine.', { file: source.file });
  return { ok: false, error: { code: 'source-not-found', message } };
}

async function isRegularFile(file: string): Promise<boolean> {
  try {
    return (await stat(file)).isFile();
  } catch {
    return false;
  }
}

/**
 * Asks `go`. In the home folder and with the local toolchain: a workspace must not choose what runs or is fetched.
 * Undefined without `go` on the extension host's PATH, or when a busy machine lets it answer too late: asked again then.
 */
async function goRoots(): Promise<GoRoots | undefined> {
  const keys = ['GOROOT', 'GOMODCACHE'];
  try {
    const { stdout } = await promisify(execFile)('go', ['env', '-json', ...keys], {
      cwd: os.homedir(),
      env: { ...process.env, GOTOOLCHAIN: 'local', GOWORK: 'off' },
      timeout: GO_ENV_TIMEOUT_MS,
    });
    const answer = JSON.parse(stdout) as Record<string, unknown>;
    const [goroot = '', gomodcache = ''] = keys.map((key) => {
      const value = answer[key];
      return typeof value === 'string' ? value : '';
    });
    return { goroot, gomodcache };
  } catch {
    return undefined;
  }
}
