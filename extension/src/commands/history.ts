// Commands about the history of waits and memory.
import * as vscode from 'vscode';
import { l10n } from 'vscode';
import { valueOrMessage, type Session } from '../core/session';
import * as words from '../texts/wording';

/** Forgets all of it; asks first. Incidents stay. */
export async function clearHistory(session: Session, panel: { pushHistory(): void }): Promise<void> {
  const clear = l10n.t('Clear');
  const answer = await vscode.window.showWarningMessage(
    l10n.t('Clear the history of all workspaces?'),
    {
      modal: true,
      detail: l10n.t('How long answers took, memory and stalls of the past are forgotten. Incidents stay.'),
    },
    clear,
  );
  const core = answer === clear ? await session.start() : undefined;
  if (!core) return;
  await valueOrMessage(core.clearHistory(), words.failure);
  panel.pushHistory();
}
