// Whether there is Go in this window: before that nothing of the core is loaded.
import * as vscode from 'vscode';

const LANGUAGES = ['go', 'go.mod', 'go.work'];

/** Calls `found` once, when there is a Go file open or a module in the workspace. */
export function whenGoIsHere(found: () => void): vscode.Disposable {
  const subscriptions: vscode.Disposable[] = [];
  let done = false;
  const once = () => {
    if (done) return;
    done = true;
    for (const subscription of subscriptions) subscription.dispose();
    found();
  };
  const isGo = ({ languageId }: vscode.TextDocument) => LANGUAGES.includes(languageId);
  subscriptions.push(
    vscode.workspace.onDidOpenTextDocument((document) => {
      if (isGo(document)) once();
    }),
    vscode.workspace.onDidChangeWorkspaceFolders(() => void search(once)),
  );
  if (vscode.workspace.textDocuments.some(isGo)) once();
  else void search(once);
  return new vscode.Disposable(() => {
    done = true;
    for (const subscription of subscriptions) subscription.dispose();
  });
}

async function search(found: () => void): Promise<void> {
  const modules = await vscode.workspace.findFiles('**/{go.mod,go.work}', '**/node_modules/**', 1);
  if (modules.length > 0) found();
}
