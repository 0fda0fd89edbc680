// Wiring only: which part knows which. Activation registers what VS Code must know at once and leaves the rest, above
// all loading the native core, for after the editor has painted.
import path from 'node:path';
import * as vscode from 'vscode';
import type { Status } from '../shared/model';
import { GoplsCache } from './cache/goplsCache';
import { panelCommands, registerCommands } from './commands/commands';
import { DecisionLog } from './commands/decisionLog';
import { canRestartGopls, restartGopls, restartIsSafe } from './commands/watching';
import { loadAddon } from './core/addon';
import { placeOf, serverLog, userSettingsFile } from './core/place';
import { Session } from './core/session';
import { Doctor } from './doctor/doctor';
import { Fixes } from './doctor/fixes';
import { Problems } from './doctor/problems';
import { DebugServer } from './debugServer/debugServer';
import { Exporting } from './export/exporting';
import { Panel } from './panel/panel';
import { Prompts } from './prompts/prompts';
import { Reports } from './report/reports';
import { HeapAfterStall } from './retain/heapAfterStall';
import { LiveHeap } from './retain/liveHeap';
import { Experiments } from './reproduce/experiments';
import { keepContextKeys } from './showing/contextKeys';
import { GoplsTiming } from './spans/timing';
import { StatusBar } from './showing/statusBar';
import { SettingsChange } from './verify/changeSettings';
import { Verifications } from './verify/verifications';
import { whenGoIsHere } from './watching/goWorkspace';
import { askWorkspace } from './watching/askWorkspace';
import { watchEditor } from './watching/watchEditor';

let session: Session | undefined;

export interface Exports {
  /** What the status bar knows, for tests. */
  status(): Status | undefined;
}

export function activate(context: vscode.ExtensionContext): Exports {
  const dist = path.join(context.extensionPath, 'extension', 'dist');
  const log = vscode.window.createOutputChannel('Stallscope', { log: true });
  const current = new Session({
    loadModule: () => loadAddon(dist),
    place: () => placeOf(context),
    log,
  });
  session = current;
  const settingsChange = new SettingsChange(context.globalState, restartGopls, log);
  const verifications = new Verifications(current, settingsChange, log);
  const doctor = new Doctor(
    current,
    userSettingsFile(context.globalStorageUri),
    () => serverLog(context.logUri),
    log,
  );
  const fixes = new Fixes(doctor, context.globalState, log);
  const restarting = {
    isPossible: canRestartGopls,
    isSafe: () => restartIsSafe(current),
    restart: restartGopls,
  };
  const cache: GoplsCache = new GoplsCache(current, restarting, () => panel.showPage('cache'), log);
  const heapHelper = path.join(dist, 'stallscope-retain');
  const heap: LiveHeap = new LiveHeap(
    current,
    {
      helper: heapHelper,
      kept: path.join(context.globalStorageUri.fsPath, 'heaps'),
      memory: context.globalState,
    },
    () => panel.showPage('retain'),
    log,
  );
  const exporting = new Exporting(current, log);
  const reports = new Reports(current, context.extensionPath);
  const panel: Panel = new Panel(
    current,
    context.extensionUri,
    panelCommands(current, () => panel, { verifications, reports, doctor, fixes, cache, heap }),
    verifications,
    doctor,
    cache,
    heap,
    log,
  );
  const experiments = new Experiments(
    current,
    path.join(context.globalStorageUri.fsPath, 'experiments'),
    path.join(dist, process.platform === 'win32' ? 'stallscope.exe' : 'stallscope'),
    log,
  );
  const decisionLog = new DecisionLog(current);
  const statusBar = new StatusBar(current);
  context.subscriptions.push(
    log,
    current,
    panel,
    verifications,
    decisionLog,
    statusBar,
    reports,
    exporting,
    experiments,
    registerCommands(current, panel, decisionLog, context.globalStorageUri, {
      reports,
      exporting,
      fixes,
      cache,
      experiments,
      heap,
    }),
    doctor,
    cache,
    heap,
    new HeapAfterStall(current, heapHelper, () => panel.pushKeptHeap(), log),
    new Problems(doctor),
    keepContextKeys(current),
    new DebugServer(current, context.globalState, log),
    new GoplsTiming(current, context, log),
    new Prompts(
      current,
      {
        showIncident: (id) => panel.show(id),
        showPanel: () => panel.show(),
        restartGopls: () => void restartGopls(),
        deleteIncidents: () => void vscode.commands.executeCommand('stallscope.deleteIncidents'),
      },
      log,
    ),
    watchEditor(current, log),
    askWorkspace({
      session: current,
      looking: () => panel.isVisible,
      onAnswer: () => void panel.pushIncidents(),
      log,
    }),
    whenGoIsHere(() => {
      statusBar.show();
      // Behind everything the editor does for its first paint.
      setImmediate(() => void current.start());
    }),
  );
  return { status: () => current.status };
}

export async function deactivate(): Promise<void> {
  const ending = session;
  session = undefined;
  await ending?.end();
}
