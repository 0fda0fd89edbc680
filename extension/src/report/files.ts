// The files of a report as read-only documents: what is looked at is what is saved.
import * as vscode from 'vscode';
import type { Core } from '../../shared/core';
import type { ReportFile, ReportPreview } from '../../shared/model';
import { failure } from '../texts/wording';
import { replacedText } from './words';

const SCHEME = 'stallscope-report';

/** What of a report a document shows: a file, or one of the texts beside the files. */
type Part = { file: string } | { text: 'issue' | 'replaced' };

export class ReportFiles implements vscode.TextDocumentContentProvider, vscode.Disposable {
  private readonly registration = vscode.workspace.registerTextDocumentContentProvider(SCHEME, this);
  private preview: ReportPreview | undefined;

  constructor(private readonly core: () => Core | undefined) {}

  /** Shows a file. */
  show(report: number, { name, kind }: ReportFile): Promise<void> {
    // A profile is shown as the list of its strings.
    return this.open(report, kind === 'heap' ? `${name}.txt` : name, { file: name });
  }

  /** Shows the Markdown of an issue. */
  showIssue(report: number): Promise<void> {
    return this.open(report, 'issue.md', { text: 'issue' });
  }

  /** Shows what was replaced by what. */
  showReplaced(preview: ReportPreview): Promise<void> {
    this.preview = preview;
    return this.open(preview.report, 'replaced.txt', { text: 'replaced' });
  }

  /** A picker that asked for it keeps the keyboard. */
  private async open(report: number, name: string, part: Part): Promise<void> {
    const uri = vscode.Uri.from({ scheme: SCHEME, path: `/${report}/${name}`, query: JSON.stringify(part) });
    const document = await vscode.workspace.openTextDocument(uri);
    await vscode.window.showTextDocument(document, { preview: true, preserveFocus: true });
  }

  async provideTextDocumentContent({ path, query }: vscode.Uri): Promise<string> {
    const report = Number(path.split('/')[1]);
    const part = JSON.parse(query) as Part;
    if ('text' in part && part.text === 'replaced') {
      return this.preview?.report === report ? replacedText(this.preview) : '';
    }
    const text = await this.core()?.reportText(report, 'file' in part ? part.file : null);
    if (!text) return vscode.l10n.t("Stallscope's core is not running.");
    return text.ok ? text.value : failure(text.error);
  }

  dispose(): void {
    this.registration.dispose();
  }
}
