// Asks gopls what is in its workspace (views, modules, packages), which some leak patterns are judged on, and gives the
// answer to the core. Every command of gopls is a command of the editor: the language client sees to that.
import * as vscode from 'vscode';
import { within, type Session } from '../core/session';
import { WorkspacePolicy } from './workspacePolicy';

/** The list of views costs gopls nothing. If even that takes so long, the other question has to wait for a better time. */
const SLOW_MS = 200;
/** An answer that comes later is of a moment that has passed. */
const TIMEOUT_MS = 10_000;

export interface AskWorkspaceSetup {
  session: Session;
  /** Whether somebody looks at the panel. */
  looking(): boolean;
  /** The core has it, and an incident just closed may have changed by it. */
  onAnswer(): void;
  log: vscode.LogOutputChannel;
}

export function askWorkspace(setup: AskWorkspaceSetup): vscode.Disposable {
  const { session } = setup;
  const policy = new WorkspacePolicy();
  return vscode.Disposable.from(
    session.onEvent((event) => {
      if (event.kind === 'incident-closed') policy.incidentClosed(Date.now());
      if (event.kind !== 'status') return;
      const pid = policy.due(event.status, setup.looking(), Date.now());
      if (pid !== undefined) void ask(pid, policy, setup);
    }),
    vscode.workspace.onDidChangeTextDocument(({ document }) => {
      if (document.uri.scheme !== 'output') policy.edited(Date.now());
    }),
  );
}

async function ask(pid: number, policy: WorkspacePolicy, setup: AskWorkspaceSetup): Promise<void> {
  const { session, log } = setup;
  const began = Date.now();
  policy.began(began);
  const answering = answers();
  // However late: until then nothing else is asked.
  void answering.then(
    () => policy.ended(pid, { tookMs: Date.now() - began }, Date.now()),
    () => policy.ended(pid, 'refused', Date.now()),
  );
  try {
    const answer = await within(answering, TIMEOUT_MS);
    if (!answer) return log.info(`gopls has not said what is in its workspace within ${TIMEOUT_MS} ms`);
    log.debug(`gopls said what is in its workspace in ${Date.now() - began} ms`);
    const outcome = await session.running?.workspaceAnswered({ pid, ...answer });
    if (outcome?.ok) setup.onAnswer();
    else if (outcome) log.info(outcome.error.message);
  } catch (error) {
    // A gopls or a client without these commands: what they would tell stays unknown.
    log.info(`gopls cannot be asked what is in its workspace: ${String(error)}`);
  }
}

/** One question after the other, the cheap one first. Rejects where there is no such command. */
async function answers(): Promise<{ workspace_stats: string | null; views: string | null }> {
  const began = Date.now();
  const views = await answer('gopls.views');
  const slow = Date.now() - began > SLOW_MS;
  return { views, workspace_stats: slow ? null : await answer('gopls.workspace_stats') };
}

async function answer(command: string): Promise<string | null> {
  const value = await vscode.commands.executeCommand<unknown>(command);
  return value === undefined || value === null ? null : JSON.stringify(value);
}
