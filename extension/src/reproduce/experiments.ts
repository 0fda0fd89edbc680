// The command that reproduces: asks with which source, says what it costs, has the tool do it, and shows its page. The window is not
// watched meanwhile: what the experiment takes from its gopls is not that one's fault.
import { mkdir, readFile, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import * as vscode from 'vscode';
import { l10n } from 'vscode';
import type { Session } from '../core/session';
import { goplsSettings } from '../verify/goplsSettings';
import { argumentsOf, type Source } from './arguments';
import { withPolicy } from './page';
import { runTool, type Ended, type Running } from './tool';

const GENERATED_PACKAGES = 50;
/** Older results are removed; a captured heap may have many MB. */
const MOST_KEPT = 5;

export class Experiments implements vscode.Disposable {
  private running: Running | undefined;

  constructor(
    private readonly session: Session,
    /** The folder of all results. */
    private readonly storage: string,
    private readonly tool: string,
    private readonly log: vscode.LogOutputChannel,
  ) {}

  dispose(): void {
    this.running?.stop();
  }

  /** Asks, and does it. */
  async choose(): Promise<void> {
    if (this.running) {
      void vscode.window.showInformationMessage(l10n.t('An experiment is being run already.'));
      return;
    }
    if (!vscode.workspace.isTrusted) {
      void vscode.window.showWarningMessage(
        l10n.t('An experiment runs gopls and go on the workspace: trust it first.'),
      );
      return;
    }
    const source = await pickSource();
    if (!source || !(await consents()) || this.running) return;
    const folder = path.join(this.storage, new Date().toISOString().replaceAll(':', ''));
    await mkdir(folder, { recursive: true });
    await this.removeOld();
    const page = path.join(folder, 'experiment.html');
    const ended = await this.run(source, folder, page);
    await this.show(page, ended);
  }

  private async run(source: Source, folder: string, page: string): Promise<Ended> {
    const gopls = await this.ofWindow();
    const args = argumentsOf({ source, gopls, settings: goplsSettings(), folder, page });
    this.log.info(`an experiment in ${folder}`);
    const resume = this.pause();
    const location = vscode.ProgressLocation.Notification;
    const title = l10n.t('Experiment with gopls');
    try {
      return await vscode.window.withProgress({ location, title, cancellable: true }, (progress, token) => {
        const say = (message: string) => progress.report({ message });
        const json = path.join(folder, 'experiment.json');
        this.running = runTool(this.tool, args, { json, env: environment(), say });
        token.onCancellationRequested(() => this.running?.stop());
        return this.running.ended;
      });
    } finally {
      this.running = undefined;
      resume();
    }
  }

  /** The executable of the gopls that is watched; null where there is none, or it cannot be read. */
  private async ofWindow(): Promise<string | null> {
    const processes = await this.session.running?.goplsProcesses();
    const watched = processes?.ok === true ? processes.value.find(({ watched }) => watched) : undefined;
    return watched?.exe || null;
  }

  /** Stops watching this window; what begins it again, if it was watched. */
  private pause(): () => void {
    if (this.session.refresh()?.watching !== true) return () => {};
    this.session.running?.pause();
    return () => this.session.running?.resume();
  }

  private async show(page: string, { code, why }: Ended): Promise<void> {
    const html = await readFile(page, 'utf8').catch(() => undefined);
    if (html === undefined) {
      void vscode.window.showErrorMessage(l10n.t('There was no experiment: {why}', { why }));
      return;
    }
    const panel = vscode.window.createWebviewPanel(
      'stallscope.experiment',
      l10n.t('Experiment'),
      vscode.ViewColumn.Active,
      { enableScripts: false, localResourceRoots: [] },
    );
    panel.webview.html = withPolicy(html);
    if (code !== 0)
      void vscode.window.showWarningMessage(l10n.t('The experiment was not done to its end: {why}', { why }));
  }

  private async removeOld(): Promise<void> {
    const names = (await readdir(this.storage)).sort();
    for (const name of names.slice(0, -MOST_KEPT))
      await rm(path.join(this.storage, name), { recursive: true, force: true });
  }
}

/** As the Go extension starts gopls. */
function environment(): NodeJS.ProcessEnv {
  const more = vscode.workspace.getConfiguration('go').get<Record<string, unknown>>('toolsEnvVars') ?? {};
  const texts = Object.entries(more).filter(([, value]) => typeof value === 'string');
  return { ...process.env, ...(Object.fromEntries(texts) as Record<string, string>) };
}

async function pickSource(): Promise<Source | undefined> {
  const folders = (vscode.workspace.workspaceFolders ?? []).filter(({ uri }) => uri.scheme === 'file');
  const picks: (vscode.QuickPickItem & { source: Source })[] = folders.map(({ name, uri }) => ({
    label: name,
    description: l10n.t('this workspace, in a copy'),
    source: { folder: uri.fsPath },
  }));
  picks.push({
    label: l10n.t('A generated workspace of {count} packages', { count: GENERATED_PACKAGES }),
    description: l10n.t('the same everywhere'),
    source: { packages: GENERATED_PACKAGES },
  });
  const title = l10n.t('Reproduce');
  const placeHolder = l10n.t('With which source is gopls to be measured?');
  return (await vscode.window.showQuickPick(picks, { title, placeHolder }))?.source;
}

async function consents(): Promise<boolean> {
  const run = l10n.t('Run');
  const detail = l10n.t(
    'Another gopls, the one of this window with its settings, loads the source with an empty cache, answers hovers, definitions, completions and saves, and loads it again. That takes as long as the first load of the workspace and some seconds, as much CPU and memory as gopls needs for it, and room on the disk for a copy. Your files and the gopls of this window are left alone, but it has less of the machine meanwhile; Stallscope does not watch it until then.',
  );
  const question = l10n.t('Run an experiment with a gopls of its own?');
  return (await vscode.window.showInformationMessage(question, { modal: true, detail }, run)) === run;
}
