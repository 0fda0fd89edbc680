// The palette's commands, category Stallscope. Each is one line here; what it does lives beside.
import * as vscode from 'vscode';
import type { GoplsCache } from '../cache/goplsCache';
import type { Session } from '../core/session';
import type { Panel, RunCommand } from '../panel/panel';
import type { Verifications } from '../verify/verifications';
import type { FixTarget } from '../../shared/panel';
import type { Doctor } from '../doctor/doctor';
import type { Fixes } from '../doctor/fixes';
import { captureHeapNow, chooseCapture } from './capture';
import type { Exporting } from '../export/exporting';
import type { Reports } from '../report/reports';
import type { LiveHeap } from '../retain/liveHeap';
import type { Experiments } from '../reproduce/experiments';
import { exportTrace, openLog, showLog } from './logs';
import { compareTraces } from './traces';
import type { DecisionLog } from './decisionLog';
import { deleteIncidents, openIncident, saveProfile, type IncidentViews } from './incidents';
import { clearHistory } from './history';
import { listProcesses, restartGopls, restartIsSafe, setCapture, setWatching } from './watching';

export function registerCommands(
  session: Session,
  panel: Panel,
  decisionLog: DecisionLog,
  /** Where incidents are. */
  storage: vscode.Uri,
  parts: {
    reports: Reports;
    exporting: Exporting;
    fixes: Fixes;
    cache: GoplsCache;
    experiments: Experiments;
    heap: LiveHeap;
  },
): vscode.Disposable {
  const { reports, exporting, fixes, cache, experiments, heap } = parts;
  const views: IncidentViews = {
    show: (incident) => panel.show(incident),
    present: (incident) => panel.show(incident, { keepFocus: panel.isVisible }),
    changed: () => panel.pushIncidents(),
  };
  const commands: Record<string, (argument?: unknown) => unknown> = {
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
    showExportStatus: () => exporting.showStatus(),
    openLog: () => openLog(session, () => panel.showPage('log')),
    exportTrace: () => exportTrace(session),
    compareTraces: () => compareTraces(session, (comparison) => panel.showComparison(comparison)),
    showDecisionLog: () => decisionLog.show(),
    deleteIncidents: () => deleteIncidents(session, views),
    listProcesses: () => listProcesses(session),
    verifyFix: () => panel.showPage('verify'),
    diagnose: () => panel.diagnose(),
    undoFix: () => fixes.undo(),
    showCache: () => panel.showPage('cache'),
    cleanCache: () => cache.choose(),
    showHistory: () => panel.showPage('history'),
    clearHistory: () => clearHistory(session, panel),
    whoHolds: () => heap.read(),
    reproduce: () => experiments.choose(),
    // Of a quick fix: not in the palette.
    applyFix: (target) => fixes.apply(target as FixTarget),
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
  parts: {
    verifications: Verifications;
    reports: Reports;
    doctor: Doctor;
    fixes: Fixes;
    cache: GoplsCache;
    heap: LiveHeap;
  },
): RunCommand {
  const { verifications, reports, doctor, fixes, cache, heap } = parts;
  const views: IncidentViews = {
    show: (incident) => panel().show(incident),
    present: (incident) => panel().show(incident, { keepFocus: panel().isVisible }),
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
      case 'compareTraces':
        // Two questions, and files that may be large.
        void compareTraces(session, (comparison) => panel().showComparison(comparison), target.incident);
        break;
      case 'copyAsIssue':
        void reports.copyAsIssue(target.incident);
        break;
      case 'deleteIncidents':
        await deleteIncidents(session, views, target.incident);
        break;
      case 'restartGopls':
        if (!(await restartIsSafe(session))) break;
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
      case 'applyChange':
      case 'undoChange':
        // A question: longer than the panel would wait.
        if (target.verification !== undefined)
          void verifications.change(target.verification, id === 'applyChange' ? 'apply' : 'undo');
        break;
      case 'diagnose':
        panel().diagnose(target.incident);
        break;
      case 'openFinding':
        if (target.fix) void fixes.show(target.fix);
        break;
      case 'openSetting':
        if (target.setting) void fixes.showSetting(target.setting);
        break;
      case 'openServerLog': {
        const log = doctor.latest[target.report ?? 0]?.lifecycle.log?.path;
        // It may be a large one.
        if (log !== undefined) void showLog(session, log, () => panel().showPage('log'));
        break;
      }
      case 'applyFix':
        // A look at what it changes: longer than the panel would wait.
        if (target.fix) void fixes.apply(target.fix);
        break;
      case 'copyFix':
        if (target.fix) await fixes.copy(target.fix);
        break;
      case 'undoFix':
        void fixes.undo();
        break;
      case 'cleanCache':
        // A question, and files to be removed: longer than the panel would wait.
        void cache.removeOrphans();
        break;
      case 'emptyOwnCache':
        void cache.emptyOwn();
        break;
      case 'measureWarmLoad':
        void cache.measureWarm();
        break;
      case 'copyGoCommand':
        if (target.goCache !== undefined) await cache.copyGoCommand(target.goCache);
        break;
      case 'clearHistory':
        // A question.
        void clearHistory(session, panel());
        break;
      case 'whoHolds':
        // A question, and an analysis of seconds: longer than the panel would wait.
        void heap.read();
        break;
      case 'keepHeap':
        await heap.keep();
        break;
      case 'compareHeap':
        void heap.compare();
        break;
      case 'forgetHeap':
        await heap.forget();
        break;
      case 'exportHeapJson':
      case 'exportHeapProfile':
        // A dialog.
        void heap.export(id === 'exportHeapJson' ? 'json' : 'profile');
        break;
      case 'exportHeapPage':
        void heap.export('page', target.incident);
        break;
      case 'closeHeap':
        await heap.close('asked');
        break;
      case 'togglePause':
        await setWatching(session, session.refresh()?.watching === false);
        break;
    }
    return { ok: true, value: null };
  };
}
