// Sees the moment of every request of the user. VS Code asks all providers of a kind at the same time, so a provider
// that answers nothing at once learns of a request in the same millisecond as gopls, at no cost.
//
// Only kinds where one provider more changes nothing for the user are registered. Left out, with the reason:
//   rename, call and type hierarchy   the editor settles on one provider and would settle on ours
//   formatting, code actions          two formatters make the editor ask which one to use; a save is seen as a whole
//   signature help                    providers are asked one after the other
//   document symbols, folding, lenses the editor's own idea, nobody waits for them
import * as vscode from 'vscode';
import type { ObservedRequest } from '../../shared/model';

export const GO_FILES: vscode.DocumentFilter[] = [
  { language: 'go', scheme: 'file' },
  { language: 'go.mod', scheme: 'file' },
];

/** A request at a place in a document: one that can be repeated there. */
export interface RequestSeen extends ObservedRequest {
  uri: string;
  line: number;
  position: vscode.Position;
}

/** Registers the providers. `seen` and `searched` (a symbol search has no place) must return quickly and never throw. */
export function observeRequests(
  seen: (request: RequestSeen) => void,
  searched: (request: ObservedRequest) => void,
): vscode.Disposable {
  const stamp =
    (method: string) =>
    (document: vscode.TextDocument, position: vscode.Position): undefined => {
      seen({ method, uri: document.uri.toString(), line: position.line, position });
      return undefined;
    };
  const { languages } = vscode;
  return vscode.Disposable.from(
    languages.registerHoverProvider(GO_FILES, { provideHover: stamp('textDocument/hover') }),
    languages.registerDefinitionProvider(GO_FILES, { provideDefinition: stamp('textDocument/definition') }),
    languages.registerTypeDefinitionProvider(GO_FILES, {
      provideTypeDefinition: stamp('textDocument/typeDefinition'),
    }),
    languages.registerImplementationProvider(GO_FILES, {
      provideImplementation: stamp('textDocument/implementation'),
    }),
    languages.registerReferenceProvider(GO_FILES, { provideReferences: stamp('textDocument/references') }),
    // `.` as gopls has it: providers are asked only for their own trigger characters.
    languages.registerCompletionItemProvider(
      GO_FILES,
      { provideCompletionItems: stamp('textDocument/completion') },
      '.',
    ),
    languages.registerWorkspaceSymbolProvider({
      provideWorkspaceSymbols: (): undefined => {
        searched({ method: 'workspace/symbol', uri: null, line: null });
        return undefined;
      },
    }),
  );
}

/** Sees a save from the moment the editor begins it (code actions and formatting come then) to its end. */
export function observeSaves(began: (uri: string) => void, ended: (uri: string) => void): vscode.Disposable {
  const { workspace } = vscode;
  return vscode.Disposable.from(
    workspace.onWillSaveTextDocument(({ document, reason }) => {
      // Nobody waits for a save that the editor makes by itself after a pause.
      if (reason !== vscode.TextDocumentSaveReason.AfterDelay && isGoFile(document))
        began(document.uri.toString());
    }),
    workspace.onDidSaveTextDocument((document) => {
      if (isGoFile(document)) ended(document.uri.toString());
    }),
  );
}

/** Whether gopls is asked about this document. */
export function isGoFile(document: vscode.TextDocument): boolean {
  return GO_FILES.some(
    ({ language, scheme }) => document.languageId === language && document.uri.scheme === scheme,
  );
}
