// The decision log as a read-only document: for every stall which rule fired or why none did, with the values.
import * as vscode from 'vscode';
import { l10n } from 'vscode';
import type { Decision } from '../../shared/model';
import type { Session } from '../core/session';
import { decisionText } from '../texts/decisions';
import { tellNoCore } from './incidents';

const SCHEME = 'stallscope-decisions';
const MOST_LINES = 1_000;

export class DecisionLog implements vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<vscode.Uri>();
  private readonly subscriptions: vscode.Disposable[];
  private readonly uri: vscode.Uri;

  constructor(private readonly session: Session) {
    this.uri = vscode.Uri.from({ scheme: SCHEME, path: `/${l10n.t('Stallscope decision log')}` });
    this.subscriptions = [
      this.changed,
      vscode.workspace.registerTextDocumentContentProvider(SCHEME, {
        onDidChange: this.changed.event,
        provideTextDocumentContent: () => this.text(),
      }),
      // A stall that begins or ends is what brings new lines.
      session.onEvent(({ kind }) => {
        if (kind !== 'status' && this.isOpen()) this.changed.fire(this.uri);
      }),
    ];
  }

  async show(): Promise<void> {
    if (!(await this.session.start())) return tellNoCore(this.session);
    this.changed.fire(this.uri);
    await vscode.window.showTextDocument(await vscode.workspace.openTextDocument(this.uri), {
      preview: true,
    });
  }

  private isOpen(): boolean {
    return vscode.workspace.textDocuments.some(({ uri }) => uri.scheme === SCHEME);
  }

  private text(): string {
    const core = this.session.running;
    if (!core) return '';
    const decisions = core.decisions(MOST_LINES);
    if (decisions.length === 0) return l10n.t('No decision has been taken yet: nothing has stalled.') + '\n';
    return logText(decisions, core.status().origin_unix_ms);
  }

  dispose(): void {
    for (const subscription of this.subscriptions) subscription.dispose();
  }
}

/** One line per decision. `originUnixMs` is the moment the decisions' times count from. */
export function logText(decisions: readonly Decision[], originUnixMs: number): string {
  return decisions
    .map((decision) => {
      const time = new Date(originUnixMs + decision.at_ns / 1e6);
      return `${localIso(time)}  ${decision.fired ? '●' : '○'} ${decisionText(decision)}\n`;
    })
    .join('');
}

/** `2026-11-24 04:19:00.123` in local time: sorts, and has milliseconds, which no locale format offers. */
function localIso(time: Date): string {
  const local = new Date(time.getTime() - time.getTimezoneOffset() * 60_000);
  return local.toISOString().slice(0, 23).replace('T', ' ');
}
