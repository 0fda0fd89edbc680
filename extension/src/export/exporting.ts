// The export of incidents to a collector: switched on and off, and always said where to.
import * as vscode from 'vscode';
import { l10n } from 'vscode';
import type { Core } from '../../shared/core';
import type { ExportSettings, ExportStatus } from '../../shared/model';
import { tellNoCore } from '../commands/incidents';
import { valueOrMessage, type Session } from '../core/session';
import { writeSetting } from '../core/settings';
import * as words from '../texts/wording';
import { EXPORT_ENABLED, EXPORT_SECTION, readExportSettings } from './settings';

export class Exporting implements vscode.Disposable {
  private readonly subscriptions: vscode.Disposable[] = [];
  /** What the user was told of last, so that they are told of every change and of nothing twice. */
  private told: string | undefined;

  constructor(
    private readonly session: Session,
    private readonly log: vscode.LogOutputChannel,
  ) {
    this.subscriptions.push(
      session.onStart((core) => this.configure(core)),
      vscode.workspace.onDidChangeConfiguration((change) => {
        if (change.affectsConfiguration(EXPORT_SECTION) && session.running) this.configure(session.running);
      }),
    );
  }

  private configure(core: Core): void {
    const settings = readExportSettings();
    this.tell(core, settings);
    core.configureExport(settings);
  }

  /** Says where to, before anything is sent. */
  private tell(core: Core, settings: ExportSettings): void {
    const found = settings.enabled ? core.exportDestinations(settings) : undefined;
    const message =
      found === undefined
        ? undefined
        : found.ok
          ? goesTo(found.value, settings)
          : notExported(found.error.message);
    if (message === this.told) return;
    this.told = message;
    if (message === undefined) return;
    this.log.info(message);
    const [show, off] = [l10n.t('Show Export Status'), l10n.t('Switch Off')];
    const ask = found?.ok ? vscode.window.showInformationMessage : vscode.window.showWarningMessage;
    void ask(message, show, off).then((answer) => {
      if (answer === show) void this.showStatus();
      if (answer === off) void writeSetting(EXPORT_ENABLED, false);
    });
  }

  /** Shows how it stands, and switches it on or off when that is wanted. */
  async showStatus(): Promise<void> {
    const core = await this.session.start();
    if (!core) return tellNoCore(this.session);
    const settings = readExportSettings();
    const places = await valueOrMessage(Promise.resolve(core.exportDestinations(settings)), words.failure);
    if (!places) return;
    const change = settings.enabled ? l10n.t('Switch Off') : l10n.t('Switch On');
    const message = settings.enabled
      ? goesTo(places, settings)
      : l10n.t('Stalls are not exported. Switched on, they would go to {places}.', {
          places: places.join(', '),
        });
    const detail = settings.enabled ? detailOf(core.exportStatus()) : undefined;
    const answer = await vscode.window.showInformationMessage(message, { modal: true, detail }, change);
    if (answer === change) await writeSetting(EXPORT_ENABLED, !settings.enabled);
  }

  dispose(): void {
    for (const subscription of this.subscriptions) subscription.dispose();
  }
}

function goesTo(places: string[], { redact }: ExportSettings): string {
  const args = { places: places.join(', ') };
  return redact
    ? l10n.t('Stalls are exported to {places}. Names of files, folders and packages stay here.', args)
    : l10n.t('Stalls are exported to {places}, with the names of files, folders and packages.', args);
}

const notExported = (problem: string) => l10n.t('Stalls are not exported. ({problem})', { problem });

function detailOf(status: ExportStatus): string {
  const lines = [
    status.sent_unix_ms === null
      ? l10n.t('Nothing was sent from this window yet.')
      : l10n.t('{sent} messages sent from this window, the last at {time}.', {
          sent: status.sent,
          time: new Date(status.sent_unix_ms).toLocaleTimeString(),
        }),
    l10n.t('{waiting} wait on disk, {dropped} were dropped so far.', {
      waiting: status.waiting,
      dropped: status.dropped,
    }),
  ];
  if (status.problem !== null) lines.push(status.problem);
  return lines.join('\n');
}
