// Commands about watching: on and off, pause, and the list of gopls processes.
import * as vscode from 'vscode';
import { l10n } from 'vscode';
import type { GoplsProcess, GoplsRelation } from '../../shared/model';
import { valueOrMessage, within, type Session } from '../core/session';
import { SETTING_NAMES, writeSetting } from '../core/settings';
import * as words from '../texts/wording';
import { tellNoCore } from './incidents';

const RESTART_TIMEOUT_MS = 10_000;
/** Of the Go extension, which owns the language server. */
const RESTART = 'go.languageserver.restart';

export async function setCapture(enabled: boolean): Promise<void> {
  await writeSetting(SETTING_NAMES.capture_enabled, enabled);
}

export async function setWatching(session: Session, watching: boolean): Promise<void> {
  const core = await session.start();
  if (!core) return tellNoCore(session);
  if (watching) core.resume();
  else core.pause();
}

/** Restarts the language server. True when that is done; else the user was told. */
export async function restartGopls(): Promise<boolean> {
  const restarted = within(
    vscode.commands.executeCommand(RESTART).then(() => true),
    RESTART_TIMEOUT_MS,
  );
  if (await restarted.catch(() => false)) return true;
  void vscode.window.showWarningMessage(
    l10n.t('gopls could not be restarted: the Go extension did not answer.'),
  );
  return false;
}

/** Whether somebody is there who can. */
export async function canRestartGopls(): Promise<boolean> {
  return (await vscode.commands.getCommands(true)).includes(RESTART);
}

/** A restart during a stall would cut its capture off: the user decides. */
export async function restartIsSafe(session: Session): Promise<boolean> {
  if (session.refresh()?.stall?.heap !== 'running') return true;
  const anyway = l10n.t('Restart Anyway');
  const answer = await vscode.window.showWarningMessage(
    l10n.t("gopls's heap is being captured. A restart now loses it."),
    { modal: true },
    anyway,
  );
  return answer === anyway;
}

export async function listProcesses(session: Session): Promise<void> {
  const core = await session.start();
  if (!core) return tellNoCore(session);
  const processes = await valueOrMessage(core.goplsProcesses(), words.failure);
  if (!processes) return;
  const rank: GoplsRelation[] = ['ours', 'daemon', 'forwarder', 'other'];
  const sorted = [...processes].sort(
    (a, b) =>
      Number(b.watched) - Number(a.watched) ||
      rank.indexOf(a.relation) - rank.indexOf(b.relation) ||
      b.rss_bytes - a.rss_bytes,
  );
  await vscode.window.showQuickPick(sorted.map(processPick), {
    title: l10n.t('gopls Processes'),
    placeHolder:
      sorted.length === 0
        ? l10n.t('No gopls is running.')
        : l10n.t('{count} gopls, {memory} together', {
            count: sorted.length,
            memory: words.bytes(sorted.reduce((sum, { rss_bytes }) => sum + rss_bytes, 0)),
          }),
    matchOnDescription: true,
    matchOnDetail: true,
  });
}

function processPick(gopls: GoplsProcess): vscode.QuickPickItem {
  return {
    label: `${gopls.watched ? '$(eye)' : '$(server-process)'} ${words.bytes(gopls.rss_bytes)}`,
    description: [relation(gopls), l10n.t('process {pid}', { pid: gopls.pid })].join(' · '),
    detail: [gopls.exe, words.localTime(new Date(gopls.started_unix_ms).toISOString()), gopls.editor]
      .filter(Boolean)
      .join(' · '),
  };
}

function relation({ relation: kind, watched }: GoplsProcess): string {
  switch (kind) {
    case 'ours':
      return watched ? l10n.t('this window, watched') : l10n.t('this window');
    case 'daemon':
      return watched ? l10n.t('daemon of this window, watched') : l10n.t('daemon');
    case 'forwarder':
      return l10n.t('forwards to a daemon');
    case 'other':
      return l10n.t('another window or editor');
  }
}
