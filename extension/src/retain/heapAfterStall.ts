// Reads who holds gopls's memory after a stall, for whoever has switched that on, and keeps it with the incident. Nobody is asked and
// nothing pops up: what came of it, also why nothing did, is in the incident and in the log.
import * as vscode from 'vscode';
import type { Core } from '../../shared/core';
import type { Incident } from '../../shared/model';
import { readSettings, SECTION } from '../core/settings';
import type { Session } from '../core/session';
import { memoryMatters, REST_WITHIN_MS, Seldom } from './afterStall';
import { limits } from './limits';

const LOOK_EVERY_MS = 500;
const MB = 1e6;

export class HeapAfterStall implements vscode.Disposable {
  private readonly seldom: Seldom;
  private readonly listening: vscode.Disposable;
  private ended = false;

  constructor(
    private readonly session: Session,
    /** The executable `stallscope-retain`. */
    private readonly helper: string,
    /** An incident has more to show. */
    private readonly onKept: () => void,
    private readonly log: vscode.LogOutputChannel,
  ) {
    this.seldom = new Seldom();
    this.listening = session.onEvent((event) => {
      // Its captures have ended, and it was written for the last time.
      if (event.kind === 'incident-closed' && isOn()) void this.after(event.summary.id);
    });
  }

  private async after(id: string): Promise<void> {
    const core = this.session.running;
    const found = await core?.incident(id);
    if (!core || !found?.ok) return;
    const { settings } = readSettings();
    const much = { rise_bytes: settings.capture_rise_mb * MB, rss_bytes: settings.memory_alert_mb * MB };
    if (!memoryMatters(found.value, much)) return;
    if (!this.seldom.begin(Date.now())) {
      this.log.info(`${id}: its heap is not read, another was read lately`);
      return;
    }
    let tried = false;
    try {
      tried = await this.read(core, found.value);
    } catch (error) {
      this.log.warn(`${id}: its heap was not read: ${String(error)}`);
    } finally {
      this.seldom.ended(Date.now(), tried);
    }
  }

  /** Resolves to whether gopls was to be stopped for it. */
  private async read(core: Core, { id, gopls }: Incident): Promise<boolean> {
    // Whether or not it has come to rest by then: the core looks once more, and notes with the incident when it has not.
    await this.rest();
    if (this.ended || this.session.running !== core || !isOn()) return false;
    const { pid, started_unix_ms } = gopls;
    const language = vscode.env.language;
    const kept = await core.keepHeapAfter(id, {
      pid,
      started_unix_ms,
      helper: this.helper,
      language,
      ...limits(),
    });
    if (!kept.ok) this.log.warn(`${id}: its heap was not kept: ${kept.error.message}`);
    else if (kept.value.problem)
      this.log.info(`${id}: who holds the memory was not read: ${kept.value.problem.message}`);
    else {
      const pause_ns = kept.value.record?.facts.pause_ns ?? 0;
      this.log.info(
        `${id}: who holds the memory is kept with it; gopls stood still for ${(pause_ns / 1e6).toFixed(0)} ms`,
      );
    }
    this.onKept();
    return true;
  }

  /** Until nobody waits for gopls, or it has taken too long. */
  private async rest(): Promise<void> {
    const until = Date.now() + REST_WITHIN_MS;
    while (Date.now() < until && !this.ended && this.session.running) {
      const { stall, loading, in_flight } = this.session.running.status();
      if (!stall && !loading && !in_flight.some(({ interactive }) => interactive)) return;
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    }
  }

  dispose(): void {
    this.ended = true;
    this.listening.dispose();
  }
}

/** Elsewhere nothing can be read: that is said where somebody asks for it, not with every incident. */
const isOn = () =>
  process.platform === 'linux' &&
  vscode.workspace.getConfiguration(SECTION).get<unknown>('retain.onStall') === 'after';
