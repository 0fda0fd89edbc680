// Export Report and Copy as GitHub Issue. Nothing is sent anywhere, and nothing is opened by itself.
import path from 'node:path';
import * as vscode from 'vscode';
import { l10n } from 'vscode';
import type { Core } from '../../shared/core';
import type { ReportPreview } from '../../shared/model';
import { pickIncident, saveFolder, tellNoCore } from '../commands/incidents';
import { valueOrMessage, type Session } from '../core/session';
import * as words from '../texts/wording';
import { aboutEditor, whoAndWhere } from './about';
import { ReportFiles } from './files';
import { showContent, type Hiding } from './picker';

interface FormPick extends vscode.QuickPickItem {
  pageOnly: boolean;
}

export class Reports implements vscode.Disposable {
  private readonly files: ReportFiles;

  constructor(
    private readonly session: Session,
    private readonly extensionPath: string,
  ) {
    this.files = new ReportFiles(() => session.running);
  }

  /** Builds the report of an incident, shows what is in it, and saves it where the user wants it. */
  async exportReport(given?: string): Promise<void> {
    const title = l10n.t('Export Report');
    const [core, incident] = await this.subject(title, given);
    if (!core || incident === undefined) return;
    const form = await pickForm(title);
    if (!form) return;
    const { pageOnly } = form;
    const leaveOut = new Set<string>();
    let hiding: Hiding = { redact: true, hide_names: false, also_hide: [] };
    let preview = await this.build(core, incident, hiding, true);
    while (preview) {
      const shown = preview;
      const wish = await showContent({
        title,
        preview: shown,
        hiding,
        pageOnly,
        leaveOut,
        look: (file) => void this.files.show(shown.report, file),
        lookAtReplaced: () => void this.files.showReplaced(shown),
      });
      switch (wish.kind) {
        case 'cancel':
          return;
        case 'save':
          return this.save(core, shown, incident, pageOnly, [...leaveOut]);
        case 'redact':
          hiding = { ...hiding, redact: !hiding.redact };
          break;
        case 'names':
          hiding = { ...hiding, hide_names: !hiding.hide_names };
          break;
        case 'word': {
          const word = (await askForWord(title))?.trim();
          if (!word) continue;
          hiding = { ...hiding, also_hide: [...hiding.also_hide, word] };
        }
      }
      preview = await this.build(core, incident, hiding, true);
    }
  }

  /** Puts what maintainers ask into the clipboard, as Markdown. */
  async copyAsIssue(given?: string): Promise<void> {
    const [core, incident] = await this.subject(l10n.t('Copy as GitHub Issue'), given);
    if (!core || incident === undefined) return;
    const hiding = { redact: true, hide_names: false, also_hide: [] };
    const preview = await this.build(core, incident, hiding, false);
    if (!preview) return;
    const text = await valueOrMessage(core.reportText(preview.report, null), words.failure);
    if (text === undefined) return;
    await vscode.env.clipboard.writeText(text);
    const look = l10n.t('Look at It');
    const answer = await vscode.window.showInformationMessage(
      l10n.t(
        'The text of an issue is in the clipboard. Paths and names are replaced; read it before you post it.',
      ),
      look,
    );
    if (answer === look) await this.files.showIssue(preview.report);
  }

  /** What it is about; an incident that is not given is asked for. */
  private async subject(title: string, given?: string): Promise<[Core?, string?]> {
    const core = await this.session.start();
    if (!core) {
      tellNoCore(this.session);
      return [];
    }
    return [core, given ?? (await pickIncident(this.session, title))];
  }

  private async build(
    core: Core,
    incident: string,
    hiding: Hiding,
    withPage: boolean,
  ): Promise<ReportPreview | undefined> {
    const page = path.join(this.extensionPath, 'extension', 'dist', 'report.html');
    const request = {
      incident,
      ...hiding,
      ...whoAndWhere(),
      page: withPage ? page : null,
      about: aboutEditor(),
    };
    return vscode.window.withProgress(
      { location: vscode.ProgressLocation.Window, title: l10n.t('Putting the report together …') },
      () => valueOrMessage(core.buildReport(request), words.failure),
    );
  }

  private async save(
    core: Core,
    { report }: ReportPreview,
    incident: string,
    pageOnly: boolean,
    leaveOut: string[],
  ): Promise<void> {
    const ending = pageOnly ? 'html' : 'zip';
    const destination = await vscode.window.showSaveDialog({
      title: l10n.t('Export Report'),
      defaultUri: vscode.Uri.joinPath(saveFolder(), `gopls-${incident}.${ending}`),
      filters: pageOnly ? { [l10n.t('Page')]: ['html'] } : { [l10n.t('Zip')]: ['zip'] },
    });
    if (!destination) return;
    if (destination.scheme !== 'file') {
      void vscode.window.showErrorMessage(l10n.t('Reports can only be saved to a folder of this machine.'));
      return;
    }
    const how = { page_only: pageOnly, leave_out: leaveOut };
    const saved = await valueOrMessage(core.saveReport(report, how, destination.fsPath), words.failure);
    if (saved === undefined) return;
    const copy = l10n.t('Copy Path');
    const answer = await vscode.window.showInformationMessage(
      l10n.t('The report was saved as {file}. It was not sent to anybody.', { file: destination.fsPath }),
      copy,
    );
    if (answer === copy) await vscode.env.clipboard.writeText(destination.fsPath);
  }

  dispose(): void {
    this.files.dispose();
  }
}

function pickForm(title: string): Thenable<FormPick | undefined> {
  const forms: FormPick[] = [
    {
      label: l10n.t('$(browser) Page'),
      detail: l10n.t('The analysis as one HTML file: opens from disk, without network.'),
      pageOnly: true,
    },
    {
      label: l10n.t('$(file-zip) Zip for maintainers'),
      detail: l10n.t('The page, versions, settings, and the profiles for go tool pprof.'),
      pageOnly: false,
    },
  ];
  return vscode.window.showQuickPick(forms, {
    title,
    placeHolder: l10n.t('Before anything is saved you see what is in it.'),
    matchOnDetail: true,
  });
}

function askForWord(title: string): Thenable<string | undefined> {
  return vscode.window.showInputBox({
    title,
    prompt: l10n.t(
      'A word to hide. It is replaced wherever it stands by itself, in capital or small letters.',
    ),
    ignoreFocusOut: true,
  });
}
