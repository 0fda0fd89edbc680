// The status bar item: one calm number; during a stall what, and for how long.
import * as vscode from 'vscode';
import { l10n } from 'vscode';
import type { Status } from '../../shared/model';
import type { Session } from '../core/session';
import * as words from '../texts/wording';
import { tooltip } from './tooltip';

/** How often the seconds of a stall move. */
const STALLED_REFRESH_MS = 200;
/** A tooltip that changes under the mouse is drawn anew by the editor, so not with every status. */
const TOOLTIP_REFRESH_MS = 2_000;

export interface ItemText {
  text: string;
  /** For screen readers: without icons, in a sentence. */
  label: string;
  stalled: boolean;
}

/** What the item says. */
export function itemText(status: Status | undefined, problem: string | undefined): ItemText {
  const calm = (text: string, label: string): ItemText => ({ text, label, stalled: false });
  if (problem !== undefined)
    return calm('$(warning) gopls', l10n.t('Stallscope does not work: {problem}', { problem }));
  if (status?.watching === false) return calm('$(debug-pause) gopls', l10n.t('Stallscope is paused'));
  if (!status?.gopls) return calm('$(circle-slash) gopls', l10n.t('Stallscope: no gopls is running'));
  // Found a moment ago, and not measured yet.
  const memory = status.gopls.rss_bytes > 0 ? words.bytes(status.gopls.rss_bytes) : '…';
  if (status.stall) {
    const request = words.requestNameInline(status.stall.method);
    const age = words.duration(status.stall.age_ns);
    return {
      text: `$(loading~spin) gopls ${request} ${age} · ${memory}`,
      label: l10n.t('gopls stalls: {request} for {age}, memory {memory}', { request, age, memory }),
      stalled: true,
    };
  }
  if (status.loading) {
    return calm(
      `$(pulse) gopls ${memory} · ${l10n.t('loading')}`,
      l10n.t('gopls loads the workspace, memory {memory}', { memory }),
    );
  }
  if (status.gopls.debug.state === 'failing') {
    return calm(
      `$(warning) gopls ${memory}`,
      l10n.t('gopls, memory {memory}; its debug server does not answer', { memory }),
    );
  }
  return calm(`$(pulse) gopls ${memory}`, l10n.t('gopls, memory {memory}', { memory }));
}

export class StatusBar implements vscode.Disposable {
  private readonly item: vscode.StatusBarItem;
  private readonly subscriptions: vscode.Disposable[];
  private ticking: NodeJS.Timeout | undefined;
  private tooltipAt = 0;
  private shown = '';

  constructor(private readonly session: Session) {
    // Behind the branch and the problem counts, which people know by their place.
    this.item = vscode.window.createStatusBarItem('stallscope.status', vscode.StatusBarAlignment.Left, -10);
    this.item.name = 'Stallscope';
    this.item.command = 'stallscope.showPanel';
    this.subscriptions = [
      this.item,
      session.onFailure(() => this.draw()),
      session.onEvent((event) => {
        if (event.kind === 'status') this.draw();
        else if (event.kind === 'stall-started') this.tick();
      }),
      vscode.window.onDidChangeActiveColorTheme(() => {
        this.tooltipAt = 0;
        this.draw();
      }),
    ];
  }

  /** Shows the item; called once there is Go in this window. */
  show(): void {
    this.draw();
    this.item.show();
  }

  private draw(): void {
    const { status, problem } = this.session;
    const { text, label, stalled } = itemText(status, problem);
    if (text !== this.shown) {
      this.shown = text;
      this.item.text = text;
      this.item.accessibilityInformation = { label, role: 'button' };
      this.item.backgroundColor = stalled
        ? new vscode.ThemeColor('statusBarItem.warningBackground')
        : undefined;
    }
    const now = Date.now();
    if (now - this.tooltipAt >= TOOLTIP_REFRESH_MS || problem !== undefined) {
      this.tooltipAt = now;
      this.item.tooltip = tooltip(status, problem, this.session.spans);
    }
    if (stalled && !this.ticking) this.tick();
  }

  /** Counts the seconds while a stall lasts, and only then. */
  private tick(): void {
    this.ticking ??= setInterval(() => {
      if (!this.session.refresh()?.stall) {
        clearInterval(this.ticking);
        this.ticking = undefined;
      }
      this.draw();
    }, STALLED_REFRESH_MS);
  }

  dispose(): void {
    clearInterval(this.ticking);
    for (const subscription of this.subscriptions) subscription.dispose();
  }
}
