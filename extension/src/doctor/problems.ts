// What the doctor found in files, where the editor shows problems, and its fixes where the editor offers them. Nothing is
// shown before somebody has asked for a diagnosis in this window.
import * as vscode from 'vscode';
import { l10n } from 'vscode';
import type { DoctorFinding, Range } from '../../shared/doctor';
import type { FixTarget } from '../../shared/panel';
import { numbered, type Doctor } from './doctor';
import { isDocumentOf } from './documents';

const SOURCE = 'Stallscope';
const SEVERITIES = {
  error: vscode.DiagnosticSeverity.Error,
  warning: vscode.DiagnosticSeverity.Warning,
  information: vscode.DiagnosticSeverity.Information,
};
/** Where the doctor finds things: other documents are never asked about. */
const FILES: vscode.DocumentSelector = [{ pattern: '**/{go.mod,go.work,settings.json,*.code-workspace}' }];

/** A problem, and which fixes it has. */
class Problem extends vscode.Diagnostic {
  fixes: readonly { title: string; target: FixTarget }[] = [];
}

export class Problems implements vscode.Disposable, vscode.CodeActionProvider {
  private readonly collection = vscode.languages.createDiagnosticCollection('stallscope');
  private readonly subscriptions: vscode.Disposable[];

  constructor(private readonly doctor: Doctor) {
    this.subscriptions = [
      this.collection,
      doctor.onReports(() => this.show()),
      // The user's settings have an address of their own once they are open.
      vscode.workspace.onDidOpenTextDocument((document) => {
        if (document.uri.scheme !== 'file') this.show();
      }),
      vscode.workspace.onDidSaveTextDocument((document) => {
        if (doctor.wasAsked && vscode.languages.match(FILES, document) > 0) void doctor.reports(true);
      }),
      vscode.languages.registerCodeActionsProvider(FILES, this, {
        providedCodeActionKinds: [vscode.CodeActionKind.QuickFix],
      }),
    ];
  }

  private show(): void {
    const byFile = new Map<string, { uri: vscode.Uri; problems: Problem[] }>();
    for (const { report, finding, found } of numbered(this.doctor.latest)) {
      const at = fileOf(found);
      if (!at) continue;
      const problem = problemOf(found, at.range);
      problem.fixes = found.fixes
        .filter(({ edits }) => edits.length > 0)
        .map(({ id, title }) => ({ title, target: { report, finding, fix: id } }));
      for (const uri of this.addresses(at.path)) {
        const known = byFile.get(uri.toString()) ?? { uri, problems: [] };
        known.problems.push(problem);
        byFile.set(uri.toString(), known);
      }
    }
    this.collection.clear();
    this.collection.set([...byFile.values()].map(({ uri, problems }) => [uri, problems]));
  }

  /** A file, or the document that it is open as. */
  private addresses(file: string): vscode.Uri[] {
    const open = vscode.workspace.textDocuments.filter((document) =>
      isDocumentOf(document, file, this.doctor.userSettings),
    );
    return open.length > 0 ? open.map(({ uri }) => uri) : [vscode.Uri.file(file)];
  }

  provideCodeActions(
    _document: vscode.TextDocument,
    _range: vscode.Range,
    { diagnostics }: vscode.CodeActionContext,
  ): vscode.CodeAction[] {
    return diagnostics.filter((diagnostic) => diagnostic instanceof Problem).flatMap(actionsOf);
  }

  dispose(): void {
    for (const subscription of this.subscriptions) subscription.dispose();
  }
}

function actionsOf(problem: Problem): vscode.CodeAction[] {
  return problem.fixes.map(({ title, target }, index) => {
    const action = new vscode.CodeAction(title, vscode.CodeActionKind.QuickFix);
    action.diagnostics = [problem];
    action.isPreferred = index === 0;
    // Not an edit: the doctor looks again first, and remembers how to undo it.
    action.command = { command: 'stallscope.applyFix', title, arguments: [target] };
    return action;
  });
}

function fileOf({ place }: DoctorFinding): { path: string; range: Range | null } | undefined {
  if (place.kind === 'file') return { path: place.path, range: place.range };
  if (place.kind === 'setting' && place.path !== null) return { path: place.path, range: place.range };
  return undefined;
}

function problemOf(found: DoctorFinding, range: Range | null): Problem {
  const [start, end] = [range?.start ?? { line: 0, column: 0 }, range?.end ?? { line: 0, column: 0 }];
  const place = new vscode.Range(start.line, start.column, end.line, end.column);
  const problem = new Problem(
    place,
    l10n.t('{title}\n{why}', { title: found.title, why: found.why }),
    SEVERITIES[found.severity],
  );
  problem.source = SOURCE;
  problem.code = found.id;
  return problem;
}
