// One core's life in this window: created late, told of settings, ended in time. Everything else in the extension
// gets at the core through here and copes with its absence.
import * as vscode from 'vscode';
import type { Core, CoreModule, CoreOptions, Failure, Outcome } from '../../shared/core';
import type { Adjustment, SpansView, Status, WatchEvent } from '../../shared/model';
import { readSettings, SECTION, SETTING_NAMES } from './settings';

/** How long the end of the extension host may wait for the core: 3 s for captures to arrive, and the time to write them. */
const STOP_TIMEOUT_MS = 4000;

export interface SessionSetup {
  /** Loads the addon; throws with a message for the user. */
  loadModule(): CoreModule;
  /** Everything of `CoreOptions` that is not settings. */
  place(): Promise<Omit<CoreOptions, 'settings'>>;
  log: vscode.LogOutputChannel;
}

export class Session implements vscode.Disposable {
  private core: Core | undefined;
  private starting: Promise<Core | undefined> | undefined;
  private latest: Status | undefined;
  private failure: string | undefined;
  private ended = false;
  private readonly told = new Set<string>();
  private readonly events = new vscode.EventEmitter<WatchEvent>();
  private readonly failures = new vscode.EventEmitter<string>();
  private readonly starts = new vscode.EventEmitter<Core>();
  private readonly subscriptions: vscode.Disposable[] = [];

  /** What the watcher tells, as it happens. */
  readonly onEvent = this.events.event;
  /** The core could not be started; the message says why. Fired once. */
  readonly onFailure = this.failures.event;
  /** A core runs; after a change of the workspace another one. */
  readonly onStart = this.starts.event;

  constructor(private readonly setup: SessionSetup) {
    this.subscriptions.push(
      this.events,
      this.failures,
      this.starts,
      vscode.workspace.onDidChangeConfiguration((change) => {
        if (change.affectsConfiguration(SECTION)) this.configure();
      }),
      vscode.workspace.onDidGrantWorkspaceTrust(() => this.configure()),
      // The workspace is fixed for a core's life.
      vscode.workspace.onDidChangeWorkspaceFolders(() => void this.restart()),
    );
  }

  /** The core, when it runs. */
  get running(): Core | undefined {
    return this.core;
  }

  /** The latest status that was pushed. */
  get status(): Status | undefined {
    return this.latest;
  }

  /** How gopls's own spans come, as of now. */
  get spans(): SpansView | undefined {
    return this.core?.spans();
  }

  /** Why there is no core, when it could not be started. */
  get problem(): string | undefined {
    return this.failure;
  }

  /** Asks the core for its status now, for displays that count seconds. */
  refresh(): Status | undefined {
    if (this.core) this.latest = this.core.status();
    return this.latest;
  }

  /** Starts the core unless it runs already. Resolves to undefined when that is not possible. */
  start(): Promise<Core | undefined> {
    if (this.ended) return Promise.resolve(undefined);
    this.starting ??= this.create();
    return this.starting;
  }

  private async create(): Promise<Core | undefined> {
    try {
      const began = performance.now();
      const module = this.setup.loadModule();
      const core = module.createCore({ ...(await this.setup.place()), settings: this.readSettings() });
      const outcome = this.ended ? undefined : core.start((event) => this.receive(event));
      if (outcome?.ok === false) return this.fail(outcome.error.message);
      if (outcome === undefined) return undefined;
      this.core = core;
      this.failure = undefined;
      this.tellAdjustments(core.configure(this.readSettings()));
      this.starts.fire(core);
      this.setup.log.info(`core started in ${(performance.now() - began).toFixed(1)} ms`);
      return core;
    } catch (error) {
      return this.fail(error instanceof Error ? error.message : String(error));
    }
  }

  private fail(message: string): undefined {
    this.setup.log.error(message);
    this.failure = message;
    this.failures.fire(message);
  }

  private receive(event: WatchEvent): void {
    if (this.ended) return;
    if (event.kind === 'status') this.latest = event.status;
    this.events.fire(event);
  }

  private configure(): void {
    if (this.core) this.tellAdjustments(this.core.configure(this.readSettings()));
  }

  private readSettings() {
    const { settings, wrongType } = readSettings();
    for (const setting of wrongType) {
      this.tellOnce(
        vscode.l10n.t('{setting} has a value of the wrong type; its default is used.', { setting }),
      );
    }
    return settings;
  }

  private tellAdjustments(adjustments: Adjustment[]): void {
    for (const { setting, given, used } of adjustments) {
      const name = SETTING_NAMES[setting as keyof typeof SETTING_NAMES] ?? setting;
      this.tellOnce(
        vscode.l10n.t('{setting}: {given} is out of range; {used} is used.', {
          setting: `${SECTION}.${name}`,
          given,
          used,
        }),
      );
    }
  }

  private tellOnce(message: string): void {
    if (this.told.has(message)) return;
    this.told.add(message);
    this.setup.log.warn(message);
    void vscode.window.showWarningMessage(message);
  }

  private async restart(): Promise<void> {
    if (!this.starting) return;
    await this.stop();
    await this.start();
  }

  private async stop(): Promise<void> {
    // A core that is just being created must not outlive us.
    await this.starting;
    const core = this.core;
    this.core = undefined;
    this.starting = undefined;
    this.latest = undefined;
    if (!core) return;
    const outcome = await within(core.stop(), STOP_TIMEOUT_MS);
    if (outcome === undefined) this.setup.log.warn(`the core did not stop within ${STOP_TIMEOUT_MS} ms`);
    else if (!outcome.ok) this.setup.log.warn(outcome.error.message);
  }

  /** Ends the core; resolves when what was captured is on disk or waiting longer makes no sense. */
  async end(): Promise<void> {
    this.ended = true;
    await this.stop();
  }

  dispose(): void {
    this.ended = true;
    for (const subscription of this.subscriptions) subscription.dispose();
  }
}

/** The value of `work`, or undefined when it takes longer than `ms`. */
export async function within<T>(work: PromiseLike<T>, ms: number): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), ms);
  });
  try {
    return await Promise.race([work, timeout]);
  } finally {
    clearTimeout(timer);
  }
}

/** The value of an outcome; a failure is shown to the user and becomes undefined. */
export async function valueOrMessage<T>(
  outcome: PromiseLike<Outcome<T>>,
  worded: (failure: Failure) => string,
): Promise<T | undefined> {
  const result = await outcome;
  if (result.ok) return result.value;
  void vscode.window.showErrorMessage(worded(result.error));
  return undefined;
}
