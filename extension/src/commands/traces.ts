// The command that holds two traces against each other: an incident or the open log, and whatever else has a trace.
import * as vscode from 'vscode';
import { l10n } from 'vscode';
import type { Core } from '../../shared/core';
import type { TraceComparison, TraceOther } from '../../shared/model';
import { valueOrMessage, type Session } from '../core/session';
import * as words from '../texts/wording';
import { pickIncident, saveFolder, tellNoCore } from './incidents';

/** Asks for what is not given, compares, and shows it. `incident` null is the open log. */
export async function compareTraces(
  session: Session,
  show: (comparison: TraceComparison) => void,
  incident?: string | null,
): Promise<void> {
  const core = await session.start();
  if (!core) return tellNoCore(session);
  const ofWhich = incident === undefined ? await pickOne(session, core) : incident;
  if (ofWhich === undefined) return;
  const other = await pickOther(session, ofWhich);
  if (!other) return;
  const title = l10n.t('Comparing traces…');
  const location = vscode.ProgressLocation.Notification;
  const comparison = await vscode.window.withProgress({ title, location }, () =>
    valueOrMessage(core.compareTraces(ofWhich, other), words.failure),
  );
  if (comparison) show(comparison);
}

/** An incident's id; null for the open log, where there is one. */
async function pickOne(session: Session, core: Core): Promise<string | null | undefined> {
  const title = l10n.t('Compare Traces');
  if (core.logProgress() === null) return pickIncident(session, title);
  const log = l10n.t('The log that is open');
  const which = await vscode.window.showQuickPick([log, l10n.t('An incident…')], { title });
  if (which === undefined) return undefined;
  return which === log ? null : pickIncident(session, title);
}

async function pickOther(session: Session, incident: string | null): Promise<TraceOther | undefined> {
  const title = l10n.t('Compare Traces');
  const file = {
    label: l10n.t('A file…'),
    detail: l10n.t(
      'A message log of gopls, Chrome trace events (Perfetto, go tool trace), or a speedscope file',
    ),
  };
  const another = {
    label: l10n.t('Another incident…'),
    detail: l10n.t('One that was recorded by this editor'),
  };
  const placeHolder = incident === null ? l10n.t('Compare the open log with…') : l10n.t('Compare it with…');
  const picked = await vscode.window.showQuickPick([file, another], { title, placeHolder });
  if (picked === another) {
    const id = await pickIncident(session, title);
    return id === undefined ? undefined : { incident: id };
  }
  if (picked !== file) return undefined;
  const [chosen] =
    (await vscode.window.showOpenDialog({
      title,
      openLabel: l10n.t('Compare'),
      defaultUri: saveFolder(),
      canSelectMany: false,
    })) ?? [];
  if (!chosen) return undefined;
  if (chosen.scheme !== 'file') {
    void vscode.window.showErrorMessage(
      l10n.t('Only a file in a folder of this machine can be compared with.'),
    );
    return undefined;
  }
  return { file: chosen.fsPath };
}
