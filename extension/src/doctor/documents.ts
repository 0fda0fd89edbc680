// Files that the doctor speaks of, as documents of the editor. All are files of this machine, the user's settings too: those of a
// remote window's user are on another one, and nothing is found in them.
import path from 'node:path';
import * as vscode from 'vscode';
import type { FindingPlace } from '../../shared/doctor';

/** The scheme of the user's own files. */
const USER_DATA = 'vscode-userdata';

/** Whether a document is the file at a path. */
export function isDocumentOf(document: vscode.TextDocument, file: string, userSettings: string): boolean {
  if (document.uri.scheme === USER_DATA)
    return file === userSettings && path.posix.basename(document.uri.path) === path.basename(userSettings);
  return document.uri.scheme === 'file' && document.uri.fsPath === file;
}

/** Opens it without showing it. */
export async function documentOf(file: string, userSettings: string): Promise<vscode.TextDocument> {
  const open = vscode.workspace.textDocuments.find((document) => isDocumentOf(document, file, userSettings));
  return open ?? vscode.workspace.openTextDocument(vscode.Uri.file(file));
}

/** Shows where a finding is, as far as that is a file or a folder. */
export async function showPlace(place: FindingPlace, userSettings: string): Promise<void> {
  if (place.kind === 'folder') {
    await vscode.commands.executeCommand('revealInExplorer', vscode.Uri.file(place.path));
    return;
  }
  if (place.kind !== 'file' && place.kind !== 'setting') return;
  if (place.path === null) {
    await vscode.commands.executeCommand(
      'workbench.action.openSettings',
      place.kind === 'setting' && place.key,
    );
    return;
  }
  const document = await documentOf(place.path, userSettings);
  const { start, end } = place.range ?? { start: { line: 0, column: 0 }, end: { line: 0, column: 0 } };
  await vscode.window.showTextDocument(document, {
    selection: new vscode.Range(start.line, start.column, end.line, end.column),
  });
}
