// The panel's frame on the extension's side: opened once per window, restored after a reload, fed while visible.
import * as vscode from 'vscode';
import {
  PANEL_PROTOCOL,
  type CommandTarget,
  type PanelApi,
  type PanelCommand,
  type PanelMessage,
  type PanelPage,
  type PanelRequest,
} from '../../shared/panel';
import type { Core, Outcome } from '../../shared/core';
import type { Status, TraceComparison } from '../../shared/model';
import type { GoplsCache } from '../cache/goplsCache';
import type { Session } from '../core/session';
import type { Doctor } from '../doctor/doctor';
import type { LiveHeap } from '../retain/liveHeap';
import { failure } from '../texts/wording';
import { memoryLimitSetting } from '../verify/goplsSettings';
import type { Verifications } from '../verify/verifications';
import { openSource } from './openSource';
import { page } from './html';
import { checkedRequest } from './requests';

const VIEW_TYPE = 'stallscope.panel';
/** Most decisions handed out at once. */
const MOST_DECISIONS = 1_000;

/** Runs a command that the panel has a button for. */
export type RunCommand = (id: PanelCommand, target: CommandTarget) => Promise<Outcome<null>>;

export class Panel implements vscode.Disposable {
  private panel: vscode.WebviewPanel | undefined;
  /** The incident to show first. */
  private selected: string | null = null;
  /** The page to show first. */
  private page: PanelPage | null = null;
  /** Two traces, as last compared. */
  private comparison: TraceComparison | null = null;
  /** The Go that built the gopls of the incident last looked at: its standard library is the one in the stacks. */
  private goVersion: string | undefined;
  private readonly subscriptions: vscode.Disposable[];

  constructor(
    private readonly session: Session,
    private readonly extensionUri: vscode.Uri,
    private readonly runCommand: RunCommand,
    private readonly verifications: Verifications,
    private readonly doctor: Doctor,
    private readonly cache: GoplsCache,
    private readonly heap: LiveHeap,
    private readonly log: vscode.LogOutputChannel,
  ) {
    this.subscriptions = [
      vscode.window.registerWebviewPanelSerializer(VIEW_TYPE, {
        deserializeWebviewPanel: async (panel) => {
          this.panel?.dispose();
          this.adopt(panel);
          await this.session.start();
        },
      }),
      session.onEvent((event) => {
        if (event.kind === 'status') this.pushStatus(event.status);
        else if (event.kind === 'incident-closed' || event.kind === 'incident-updated')
          void this.pushIncidents();
      }),
      doctor.onReports(() => this.push({ type: 'doctor' })),
      cache.onChange(() => this.push({ type: 'cache' })),
      heap.onChange(() => this.push({ type: 'heap' })),
    ];
  }

  get isVisible(): boolean {
    return this.panel?.visible === true;
  }

  /** Opens the panel or brings it to the front, on this incident when one is given. */
  show(incident?: string, { keepFocus = false } = {}): void {
    this.selected = incident ?? null;
    void this.session.start();
    if (this.panel) {
      this.panel.reveal(undefined, keepFocus);
      if (incident !== undefined) this.push({ type: 'select', incident });
      return;
    }
    this.adopt(vscode.window.createWebviewPanel(VIEW_TYPE, 'Stallscope', vscode.ViewColumn.Active));
  }

  /** Opens the panel on one of its pages. */
  showPage(wanted: PanelPage): void {
    this.show();
    this.page = wanted;
    this.push({ type: 'page', page: wanted });
  }

  /** Opens the panel on a comparison of two traces. */
  showComparison(comparison: TraceComparison): void {
    this.comparison = comparison;
    this.showPage('traces');
  }

  /** Has the doctor look, and shows what it finds: first what explains the wait of an incident, by default of the last one. */
  diagnose(incident?: string): void {
    this.doctor.about(incident);
    this.showPage('doctor');
    if (this.doctor.wasAsked) void this.doctor.view(true);
  }

  /** Tells the panel that there are other verifications, or that one has gone on. */
  pushVerifications(): void {
    this.push({ type: 'verifications' });
  }

  /** Tells the panel that a heap was kept with an incident. */
  pushKeptHeap(): void {
    this.push({ type: 'heap' });
    void this.pushIncidents();
  }

  /** Tells the panel that the history is another one. */
  pushHistory(): void {
    this.push({ type: 'history' });
  }

  /** Tells the panel that the list of incidents is another one. */
  async pushIncidents(): Promise<void> {
    if (!this.panel) return;
    const incidents = await this.session.running?.incidents();
    if (incidents?.ok) this.push({ type: 'incidents', incidents: incidents.value });
  }

  private adopt(panel: vscode.WebviewPanel): void {
    this.panel = panel;
    const dist = vscode.Uri.joinPath(this.extensionUri, 'extension', 'dist');
    panel.iconPath = vscode.Uri.joinPath(this.extensionUri, 'extension', 'media', 'panel.svg');
    panel.webview.options = { enableScripts: true, localResourceRoots: [dist] };
    const uri = (file: string) => panel.webview.asWebviewUri(vscode.Uri.joinPath(dist, file)).toString();
    const listening = panel.webview.onDidReceiveMessage(
      (message: unknown) => void this.receive(panel, message),
    );
    const showing = panel.onDidChangeViewState(() => {
      // What was pushed while it was hidden was not sent.
      if (!panel.visible) return;
      if (this.session.status) this.pushStatus(this.session.status);
      void this.pushIncidents();
    });
    panel.onDidDispose(() => {
      listening.dispose();
      showing.dispose();
      if (this.panel !== panel) return;
      this.panel = undefined;
      void this.heap.panelClosed();
    });
    panel.webview.html = page({
      script: uri('webview.js'),
      style: uri('webview.css'),
      source: panel.webview.cspSource,
      language: vscode.env.language,
      texts: bundledTexts(),
    });
  }

  private pushStatus(status: Status): void {
    if (this.panel?.visible) this.push({ type: 'status', status, spans: this.session.spans ?? null });
  }

  private push(message: PanelMessage): void {
    if (this.panel?.visible) void this.panel.webview.postMessage(message);
  }

  private async receive(panel: vscode.WebviewPanel, message: unknown): Promise<void> {
    const request = checkedRequest(message);
    if (!request) {
      this.log.warn('the panel sent a message that is not of its protocol; it was dropped');
      return;
    }
    const { id } = request;
    let answer: PanelMessage;
    try {
      answer = { type: 'response', id, value: worded(await this.answer(request)) };
    } catch (error) {
      this.log.error(`${request.method}: ${String(error)}`);
      answer = { type: 'failure', id, message: error instanceof Error ? error.message : String(error) };
    }
    await panel.webview.postMessage(answer);
  }

  private async answer(request: PanelRequest): Promise<unknown> {
    if (request.method === 'command') {
      const { id, ...target } = request.args;
      return this.runCommand(id, target);
    }
    if (request.method === 'openSource') {
      return openSource({ file: request.args.file, goVersion: this.goVersion }, request.args.line);
    }
    if (request.method === 'traceComparison') return { ok: true, value: this.comparison };
    if (request.method === 'liveHeap') return { ok: true, value: this.heap.view() };
    if (request.method === 'doctor') return this.doctor.view(request.args.again);
    const core = await this.session.start();
    if (!core) throw new Error(this.session.problem ?? vscode.l10n.t("Stallscope's core is not running."));
    switch (request.method) {
      case 'hello':
        return this.hello(core);
      case 'incidents':
        return core.incidents();
      case 'stallSummary':
        return core.stallSummary();
      case 'waitDays':
        return core.waitDays(request.args.query);
      case 'history':
        return core.history(request.args.query);
      case 'incident':
        return this.incident(core, request.args.id);
      case 'timeline':
        return core.timeline(request.args.query);
      case 'memory':
        return core.memory();
      case 'gc':
        return core.gc(memoryLimitSetting());
      case 'patterns':
        return core.patterns(vscode.env.language);
      case 'incidentMemory':
        return core.incidentMemory(request.args.id);
      case 'incidentAllocation':
        return core.incidentAllocation(request.args.id);
      case 'incidentPatterns':
        return core.incidentPatterns(request.args.id, vscode.env.language);
      case 'sampleTypes':
        return core.sampleTypes(request.args.ref);
      case 'heapTable':
        return core.heapTable(request.args.ref, request.args.query);
      case 'flame':
        return core.flame(request.args.ref, request.args.query);
      case 'subsystems':
        return core.subsystems(request.args.ref, request.args.query);
      case 'icicle':
        return core.icicle(request.args.ref, request.args.query);
      case 'heapDiff':
        return core.heapDiff(request.args.ref, request.args.query, request.args.base);
      case 'flameDiff':
        return core.flameDiff(request.args.ref, request.args.query, request.args.base);
      case 'heapCaptures':
        return core.heapCaptures(request.args.limit);
      case 'verifications':
        return core.verifications();
      case 'verify':
        return this.verifications.step(core, request.args.step);
      case 'logOverview':
        return core.logOverview(request.args.readOn, vscode.env.language);
      case 'logRequests':
        return core.logRequests(request.args.query);
      case 'cache':
        return this.cache.page(core);
      case 'goCaches':
        return this.cache.ofGo(core);
      case 'askHeap':
        return this.heap.ask(core, request.args.question);
      case 'keptHeap':
        return keptHeap(core, request.args.id);
      case 'decisions':
        return core.decisions(Math.min(request.args.limit, MOST_DECISIONS));
    }
  }

  private async hello(core: Core): Promise<ReturnType<PanelApi['hello']>> {
    const incidents = await core.incidents();
    if (!incidents.ok) this.log.warn(incidents.error.message);
    const [select, page] = [this.selected, this.page];
    // Only for the paint it was asked for: a reload returns to what the panel itself remembers.
    this.selected = null;
    this.page = null;
    return {
      protocol: PANEL_PROTOCOL,
      status: core.status(),
      spans: core.spans(),
      incidents: incidents.ok ? incidents.value : [],
      select,
      page,
      locale: vscode.env.language,
    };
  }

  private async incident(core: Core, id: string): ReturnType<Core['incident']> {
    const outcome = await core.incident(id);
    if (outcome.ok) this.goVersion = outcome.value.gopls.go_version ?? undefined;
    return outcome;
  }

  dispose(): void {
    for (const subscription of this.subscriptions) subscription.dispose();
    this.panel?.dispose();
  }
}

/** What was kept of a heap; why nothing was, in the display language. */
async function keptHeap(core: Core, id: string): ReturnType<Core['keptHeap']> {
  const outcome = await core.keptHeap(id);
  if (!outcome.ok || !outcome.value?.problem) return outcome;
  const { problem } = outcome.value;
  return { ok: true, value: { ...outcome.value, problem: { ...problem, message: failure(problem) } } };
}

/** An answer with its expected failure in the display language: the panel shows the message as it comes. */
function worded(answer: unknown): unknown {
  if (typeof answer !== 'object' || answer === null || !('ok' in answer)) return answer;
  const outcome = answer as Outcome<unknown>;
  if (outcome.ok) return outcome;
  return { ok: false, error: { ...outcome.error, message: failure(outcome.error) } };
}

/** The texts of the display language that VS Code loaded for us; empty for English. */
function bundledTexts(): Record<string, string> {
  const texts: Record<string, string> = {};
  for (const [key, value] of Object.entries<unknown>(vscode.l10n.bundle ?? {})) {
    if (typeof value === 'string') texts[key] = value;
  }
  return texts;
}
