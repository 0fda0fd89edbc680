// The shell's side of verifying a fix: adds what only VS Code knows, shows that a run is being recorded, exports.
import * as vscode from 'vscode';
import { l10n } from 'vscode';
import type { Core, Outcome } from '../../shared/core';
import type { VerificationView, VerifyStep } from '../../shared/model';
import type { PanelVerifyStep } from '../../shared/panel';
import { valueOrMessage, type Session } from '../core/session';
import * as words from '../texts/wording';
import type { SettingsChange } from './changeSettings';
import { goplsSettings } from './goplsSettings';
import { asMarkdown } from './markdown';

export class Verifications implements vscode.Disposable {
  private readonly item = vscode.window.createStatusBarItem(
    'stallscope.recording',
    vscode.StatusBarAlignment.Left,
  );

  constructor(
    private readonly session: Session,
    private readonly settings: SettingsChange,
    private readonly log: vscode.LogOutputChannel,
  ) {
    this.item.name = l10n.t('Stallscope: Recording');
    this.item.command = 'stallscope.verifyFix';
  }

  /** Does a step for the panel. */
  async step(core: Core, step: PanelVerifyStep): Promise<Outcome<VerificationView>> {
    const whole: VerifyStep = step.step === 'begin-run' ? { ...step, settings: goplsSettings() } : step;
    const outcome = await core.verify(whole);
    if (outcome.ok) this.showRecording(outcome.value);
    else this.log.warn(`${step.step}: ${outcome.error.message}`);
    return outcome;
  }

  /** Makes the change that one is about, or takes it back; each asks or says what it did. */
  async change(id: string, how: 'apply' | 'undo'): Promise<void> {
    const core = this.session.running;
    const view = core && (await valueOrMessage(core.verify({ step: 'look', id }), words.failure));
    const change = view?.verification.change;
    if (change) await this.settings[how](id, change);
  }

  /** Saves one as Markdown where the user wants it. */
  async export(id: string): Promise<void> {
    const core = this.session.running;
    const view = core && (await valueOrMessage(core.verify({ step: 'look', id }), words.failure));
    if (!view) return;
    const folder = vscode.workspace.workspaceFolders?.[0]?.uri;
    const name = `${id}.md`;
    const destination = await vscode.window.showSaveDialog({
      title: l10n.t('Export Verification'),
      defaultUri: folder ? vscode.Uri.joinPath(folder, name) : vscode.Uri.file(name),
      filters: { Markdown: ['md'] },
    });
    if (!destination) return;
    const markdown = asMarkdown(view, {
      t: (text, args) => l10n.t(text, args ?? {}),
      valueByName: words.valueByName,
      time: (unixMs) => words.localTime(new Date(unixMs).toISOString()),
    });
    await vscode.workspace.fs.writeFile(destination, Buffer.from(markdown, 'utf8'));
    await vscode.window.showTextDocument(destination, { preview: true });
  }

  /** Deletes one after a question. True when it is gone. */
  async remove(id: string): Promise<boolean> {
    const remove = l10n.t('Delete');
    const answer = await vscode.window.showWarningMessage(
      l10n.t('Delete this verification?'),
      { modal: true, detail: l10n.t('Its heaps stay in the list of incidents.') },
      remove,
    );
    const core = this.session.running;
    if (answer !== remove || !core) return false;
    return (await valueOrMessage(core.deleteVerification(id), words.failure)) !== undefined;
  }

  private showRecording({ recording, verification }: VerificationView): void {
    if (!recording || !verification.open) {
      this.item.hide();
      return;
    }
    this.item.text =
      verification.open.side === 'before'
        ? l10n.t('$(record) Run before the change')
        : l10n.t('$(record) Run after the change');
    this.item.tooltip = l10n.t('Stallscope records what you do now. Click here when you are done.');
    this.item.show();
  }

  dispose(): void {
    this.item.dispose();
  }
}
