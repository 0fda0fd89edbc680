// What stands in a report where the editor is otherwise: it answers from the content, and remembers nothing.
import type { ReportPage } from '../../shared/model';
import type { PanelMessage, PanelRequest } from '../../shared/panel';
import type { VsCodeApi } from '../base/rpc';
import { answer } from './answers';

export class ReportHost implements VsCodeApi {
  constructor(private readonly page: ReportPage) {}

  /** Answers like an extension host: later, by a message to the page. */
  postMessage(message: unknown): void {
    const request = message as PanelRequest;
    const reply = (data: PanelMessage) => window.dispatchEvent(new MessageEvent('message', { data }));
    window.setTimeout(() => reply({ type: 'response', id: request.id, value: answer(this.page, request) }));
  }

  getState(): unknown {
    return undefined;
  }

  setState(): void {
    // A report opens as it was made.
  }
}
