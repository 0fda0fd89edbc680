// The palette's commands, category Stallscope. Each is one line here; what it does lives beside.
import * as vscode from 'vscode';
import { l10n } from 'vscode';
import type { Session } from '../core/session';
import type { Panel, RunCommand } from '../panel/panel';
import type { Verifications } from '../verify/verifications';
import { captureHeapNow, chooseCapture } from './capture';
import type { Reports } from '../report/reports';
import { exportTrace, openLog } from './logs';
import type { DecisionLog } from './decisionLog';
import { deleteIncidents, openIncident, saveProfile, type IncidentViews } from './incidents';
import { listProcesses, restartGopls, setCapture, setWatching } from './watching';

export function registerCommands(
  session: Session,
  panel: Panel,
  decisionLog: DecisionLog,
  /** Where incidents are. */
  storage: vscode.Uri,
  reports: Reports,
): vscode.Disposable {
  const views: IncidentViews = {
    show: (incident) => panel.show(incident),
    changed: () => panel.pushIncidents(),
  };
  const commands: Record<string, () => unknown> = {
    showPanel: () => panel.show(),
    captureHeapNow: () => captureHeapNow(session, views),
    capture: () => chooseCapture(session, views, storage),
    openIncident: () => openIncident(session, views),
    enableCapture: () => setCapture(true),
    disableCapture: () => setCapture(false),
    pauseWatching: () => setWatching(session, false),
    resumeWatching: () => setWatching(session, true),
    saveProfileAs: () => saveProfile(session),
    exportReport: () => reports.exportReport(),
    copyAsIssue: () => reports.copyAsIssue(),
    openLog: () => openLog(session, () => panel.showPage('log')),
    exportTrace: () => exportTrace(session),
    showDecisionLog: () => decisionLog.show(),
    deleteIncidents: () => deleteIncidents(session, views),
    listProcesses: () => listProcesses(session),
    verifyFix: () => panel.showPage('verify'),
  };
  return vscode.Disposable.from(
    ...Object.entries(commands).map(([name, run]) =>
      vscode.commands.registerCommand(`stallscope.${name}`, run),
    ),
  );
}

/** What the panel's buttons do; answered when it is done or the user has been asked. */
export function panelCommands(
  session: Session,
  panel: () => Panel,
  parts: { verifications: Verifications; reports: Reports },
): RunCommand {
  const { verifications, reports } = parts;
  const views: IncidentViews = {
    show: (incident) => panel().show(incident),
    changed: () => panel().pushIncidents(),
  };
  return async (id, target) => {
    switch (id) {
      case 'captureHeapNow':
        await captureHeapNow(session, views);
        break;
      case 'enableDebugServer':
        await vscode.commands.executeCommand('stallscope.enableDebugServer');
        break;
      case 'saveProfileAs':
        await saveProfile(session, target);
        break;
      case 'exportReport':
        // Several questions and a look at what is in it: longer than the panel would wait.
        void reports.exportReport(target.incident);
        break;
      case 'openLog':
        // A dialog, and a log that may take its time.
        void openLog(session, () => panel().showPage('log'));
        break;
      case 'exportTrace':
        void exportTrace(session, target.incident === undefined ? { openLog: true } : target);
        break;
      case 'copyAsIssue':
        void reports.copyAsIssue(target.incident);
        break;
      case 'deleteIncidents':
        await deleteIncidents(session, views, target.incident);
        break;
      case 'restartGopls':
        if (!(await stallIsSafe(session))) break;
        await restartGopls();
        break;
      case 'cancelCapture':
        session.running?.cancelCapture();
        break;
      case 'openGoplsSettings':
        await vscode.commands.executeCommand('workbench.action.openSettings', 'gopls');
        break;
      case 'exportVerification':
        if (target.verification !== undefined) await verifications.export(target.verification);
        break;
      case 'deleteVerification':
        if (target.verification !== undefined && (await verifications.remove(target.verification)))
          panel().pushVerifications();
        break;
      case 'togglePause':
        await setWatching(session, session.refresh()?.watching === false);
        break;
    }
    return { ok: true, value: null };
  };
}

/** A restart during a stall would cut its capture off: the user decides. */
async function stallIsSafe(session: Session): Promise<boolean> {
  if (session.refresh()?.stall?.heap !== 'running') return true;
  const anyway = l10n.t('Restart Anyway');
  const answer = await vscode.window.showWarningMessage(
    l10n.t("gopls's heap is being captured. A restart now loses it."),
    { modal: true },
    anyway,
  );
  return answer === anyway;
}
