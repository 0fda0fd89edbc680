// What the user is told without having asked: a stall, a lot of memory, a problem. Seldom, and never while typing.
import * as vscode from 'vscode';
import { l10n } from 'vscode';
import type { IncidentSummary, Note } from '../../shared/model';
import type { Session } from '../core/session';
import { PROMPT_ENABLED, SECTION, SETTING_NAMES, writeSetting } from '../core/settings';
import { noteForLog, noteText } from '../texts/decisions';
import * as words from '../texts/wording';
import { PromptPolicy } from './policy';

type Occasion = { kind: 'stall'; incident: IncidentSummary } | { kind: 'memory'; rssBytes: number };

export interface PromptActions {
  showIncident(id: string): void;
  showPanel(): void;
  restartGopls(): void;
  deleteIncidents(): void;
}

export class Prompts implements vscode.Disposable {
  private readonly policy = new PromptPolicy<Occasion>();
  private readonly toldProblems = new Set<string>();
  private readonly subscriptions: vscode.Disposable[];
  private timer: NodeJS.Timeout | undefined;

  constructor(
    session: Session,
    private readonly actions: PromptActions,
    private readonly log: vscode.LogOutputChannel,
  ) {
    this.subscriptions = [
      vscode.workspace.onDidChangeTextDocument(({ document, contentChanges }) => {
        // An output channel that grows is a document that changes; nobody types there.
        if (contentChanges.length > 0 && document.uri.scheme !== 'output') this.policy.edited(Date.now());
      }),
      session.onFailure((message) => void vscode.window.showErrorMessage(message)),
      session.onEvent((event) => {
        switch (event.kind) {
          case 'incident-closed':
            this.log.info(`${words.incidentTitle(event.summary)} [${event.summary.id}]`);
            // Saved: the next failure on disk is news again.
            if (event.summary.has_heap)
              this.forgetProblems('disk-full', 'storage-read-only', 'storage-failed');
            if (event.prompt && promptEnabled()) this.offer({ kind: 'stall', incident: event.summary });
            break;
          case 'status':
            if (event.status.gopls?.debug.state === 'on') this.forgetProblems('debug-server-failing');
            break;
          case 'memory-alert':
            this.offer({ kind: 'memory', rssBytes: event.rss_bytes });
            break;
          case 'problem':
            this.tellProblem(event.note);
            break;
        }
      }),
    ];
  }

  private offer(occasion: Occasion): void {
    if (this.policy.offer(occasion, Date.now())) this.next();
  }

  private next(): void {
    clearTimeout(this.timer);
    const verdict = this.policy.next(Date.now());
    if (verdict === 'nothing') return;
    if ('waitMs' in verdict) {
      this.timer = setTimeout(() => this.next(), verdict.waitMs);
      return;
    }
    const { show } = verdict;
    const answered =
      show.kind === 'stall' ? this.askAfterStall(show.incident) : this.askAboutMemory(show.rssBytes);
    void answered.finally(() => {
      this.policy.closed();
      this.next();
    });
  }

  private async askAfterStall(incident: IncidentSummary): Promise<void> {
    const analysis = l10n.t('Show Analysis');
    const restart = l10n.t('Restart gopls');
    const never = l10n.t("Don't Ask Again");
    const answer = await vscode.window.showInformationMessage(stallText(incident), analysis, restart, never);
    if (answer === analysis) this.actions.showIncident(incident.id);
    // The incident is closed, so what was captured is on disk.
    else if (answer === restart) this.actions.restartGopls();
    else if (answer === never) await writeSetting(PROMPT_ENABLED, false);
  }

  private async askAboutMemory(rssBytes: number): Promise<void> {
    const panel = l10n.t('Show Panel');
    const never = l10n.t("Don't Warn Again");
    const answer = await vscode.window.showWarningMessage(
      l10n.t('gopls uses {memory} of memory.', { memory: words.bytes(rssBytes) }),
      panel,
      never,
    );
    if (answer === panel) this.actions.showPanel();
    else if (answer === never) await writeSetting(SETTING_NAMES.memory_alert_mb, 0);
  }

  private tellProblem(note: Note): void {
    this.log.warn(noteForLog(note));
    const text = noteText(note);
    if (text === undefined || this.toldProblems.has(note.code)) return;
    this.toldProblems.add(note.code);
    const showLog = l10n.t('Show Log');
    const makeRoom = l10n.t('Delete Incidents…');
    const choices = note.code === 'disk-full' ? [makeRoom, showLog] : [showLog];
    void vscode.window.showWarningMessage(text, ...choices).then((answer) => {
      if (answer === showLog) this.log.show();
      else if (answer === makeRoom) this.actions.deleteIncidents();
    });
  }

  private forgetProblems(...codes: string[]): void {
    for (const code of codes) this.toldProblems.delete(code);
  }

  dispose(): void {
    clearTimeout(this.timer);
    for (const subscription of this.subscriptions) subscription.dispose();
  }
}

/** `Hover took 5.3 s; gopls grew by 410 MB.` */
export function stallText(incident: IncidentSummary): string {
  const title = words.incidentTitle(incident);
  const growth = words.incidentGrowth(incident);
  const text =
    growth === undefined
      ? l10n.t('{title}; gopls hardly grew meanwhile.', { title })
      : l10n.t('{title}; gopls grew by {growth}.', { title, growth });
  return incident.heap_failed === true
    ? l10n.t('{text} Its heap could not be captured; the analysis says why.', { text })
    : text;
}

function promptEnabled(): boolean {
  return vscode.workspace.getConfiguration(SECTION).get<unknown>(PROMPT_ENABLED) !== false;
}
