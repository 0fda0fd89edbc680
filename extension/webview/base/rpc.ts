// The panel's side of the protocol: typed requests matched to their answers, and pushes handed on.
import type { Outcome } from '../../shared/core';
import type { PanelApi, PanelMessage, PanelMethod } from '../../shared/panel';
import { t } from './l10n';

/** What the page gets from `acquireVsCodeApi()`. */
export interface VsCodeApi {
  postMessage(message: unknown): void;
  getState(): unknown;
  setState(state: unknown): void;
}

type Args<M extends PanelMethod> = Parameters<PanelApi[M]>[0];
type Answer<M extends PanelMethod> = ReturnType<PanelApi[M]>;
/** The value inside an `Outcome`, or the answer itself. */
export type Value<M extends PanelMethod> = Answer<M> extends Outcome<infer V> ? V : Answer<M>;

/** Profiles of huge heaps take a moment; this is for an extension host that is gone. */
const TIMEOUT_MS = 60_000;
/** These wait for a person in a dialog, or for a capture with a deadline of its own: they take as long as they take. */
const PATIENT: readonly PanelMethod[] = ['command', 'verify'];

/** A request that did not give an answer, in words for the user. */
export class RequestFailed extends Error {
  constructor(
    message: string,
    /** `Failure.code`, `timeout`, or `failure` for an unexpected one. */
    readonly code: string,
  ) {
    super(message);
  }
}

export type Push = Exclude<PanelMessage, { type: 'response' | 'failure' }>;

interface Pending {
  resolve(value: unknown): void;
  reject(error: RequestFailed): void;
  timer: number;
}

export class Rpc {
  private readonly pending = new Map<number, Pending>();
  private readonly listeners = new Set<(push: Push) => void>();
  private nextId = 1;

  constructor(private readonly vscode: VsCodeApi) {
    window.addEventListener('message', (event: MessageEvent<unknown>) => this.receive(event.data));
  }

  /** Asks the extension. Rejects with {@link RequestFailed}, whether the failure was expected or not. */
  ask<M extends PanelMethod>(method: M, args: Args<M>): Promise<Value<M>> {
    const id = this.nextId++;
    return new Promise<unknown>((resolve, reject) => {
      const giveUp = () => {
        this.pending.delete(id);
        reject(
          new RequestFailed(
            t('No answer from the extension to “{method}” within 60 s.', { method }),
            'timeout',
          ),
        );
      };
      const timer = PATIENT.includes(method) ? 0 : window.setTimeout(giveUp, TIMEOUT_MS);
      this.pending.set(id, { resolve, reject, timer });
      this.vscode.postMessage({ type: 'request', id, method, args });
    }).then((answer) => {
      if (!isOutcome(answer)) return answer as Value<M>;
      if (answer.ok) return answer.value as Value<M>;
      throw new RequestFailed(answer.error.message, answer.error.code);
    });
  }

  /** Listens to pushes; returns the way to stop. */
  listen(listener: (push: Push) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  private receive(data: unknown): void {
    if (typeof data !== 'object' || data === null || !('type' in data)) return;
    const message = data as PanelMessage;
    if (message.type !== 'response' && message.type !== 'failure') {
      for (const listener of this.listeners) listener(message);
      return;
    }
    const pending = this.pending.get(message.id);
    if (!pending) return;
    this.pending.delete(message.id);
    window.clearTimeout(pending.timer);
    if (message.type === 'response') pending.resolve(message.value);
    else pending.reject(new RequestFailed(message.message, 'failure'));
  }
}

function isOutcome(value: unknown): value is Outcome<unknown> {
  return typeof value === 'object' && value !== null && 'ok' in value && typeof value.ok === 'boolean';
}
