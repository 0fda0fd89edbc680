// Commands about message logs of gopls, and about traces of what was recorded.
import * as path from 'node:path';
import * as vscode from 'vscode';
import { l10n } from 'vscode';
import type { Core } from '../../shared/core';
import type { TraceFormat } from '../../shared/model';
import { valueOrMessage, type Session } from '../core/session';
import * as words from '../texts/wording';
import { pickIncident, saveFolder, tellNoCore } from './incidents';

const LOOK_EVERY_MS = 200;

/** Asks for a log, and shows it. */
export async function openLog(session: Session, show: () => void): Promise<void> {
  const picked = await vscode.window.showOpenDialog({
    title: l10n.t('Open gopls Log'),
    openLabel: l10n.t('Open Log'),
    defaultUri: saveFolder(),
    canSelectMany: false,
  });
  const file = picked?.[0];
  if (!file) return;
  if (file.scheme !== 'file') {
    void vscode.window.showErrorMessage(l10n.t('Only a log in a folder of this machine can be opened.'));
    return;
  }
  await showLog(session, file.fsPath, show);
}

/** Reads a log of this machine, and shows it; a large one can be given up. */
export async function showLog(session: Session, file: string, show: () => void): Promise<void> {
  const core = await session.start();
  if (!core) return tellNoCore(session);
  const overview = await valueOrMessage(readLog(core, file), words.failure);
  if (overview) show();
}

async function readLog(core: Core, file: string): ReturnType<Core['openLog']> {
  const title = l10n.t('Reading {file}…', { file: path.basename(file) });
  const location = vscode.ProgressLocation.Notification;
  return vscode.window.withProgress({ title, location, cancellable: true }, async (progress, token) => {
    const listening = token.onCancellationRequested(() => core.closeLog());
    let told = 0;
    const looking = setInterval(() => {
      const at = core.logProgress();
      if (!at || at.size_bytes === 0) return;
      const percent = (100 * at.read_bytes) / at.size_bytes;
      progress.report({ increment: percent - told });
      told = percent;
    }, LOOK_EVERY_MS);
    try {
      return await core.openLog(file, vscode.env.language);
    } finally {
      clearInterval(looking);
      listening.dispose();
    }
  });
}

/** Saves an incident, or the open log, for Perfetto or speedscope. */
export async function exportTrace(
  session: Session,
  target: { incident?: string; openLog?: boolean } = {},
): Promise<void> {
  const core = await session.start();
  if (!core) return tellNoCore(session);
  const ofLog = target.openLog === true;
  const incident = ofLog ? null : (target.incident ?? (await pickIncident(session, l10n.t('Export Trace'))));
  if (incident === undefined) return;
  const formats: (vscode.QuickPickItem & { format: TraceFormat; end: string })[] = [
    {
      label: l10n.t('Chrome trace events'),
      detail: l10n.t('For Perfetto (ui.perfetto.dev), chrome://tracing and speedscope'),
      format: 'chrome',
      end: 'trace.json',
    },
    {
      label: l10n.t('speedscope file'),
      detail: l10n.t('Slices alone, without counters and marks'),
      format: 'speedscope',
      end: 'speedscope.json',
    },
  ];
  const picked = await vscode.window.showQuickPick(formats, {
    title: l10n.t('Export Trace'),
    placeHolder: l10n.t('Methods, times and figures; no path and no source text.'),
  });
  if (!picked) return;
  const destination = await vscode.window.showSaveDialog({
    title: l10n.t('Export Trace'),
    defaultUri: vscode.Uri.joinPath(saveFolder(), `${incident ?? 'gopls-log'}.${picked.end}`),
    filters: { JSON: ['json'] },
  });
  if (!destination) return;
  if (destination.scheme !== 'file') {
    void vscode.window.showErrorMessage(l10n.t('Traces can only be saved to a folder of this machine.'));
    return;
  }
  const saved = await valueOrMessage(
    core.saveTrace(incident, picked.format, destination.fsPath),
    words.failure,
  );
  if (saved === undefined) return;
  void vscode.window.showInformationMessage(
    l10n.t('The trace was saved as {file}.', { file: destination.fsPath }),
  );
}
