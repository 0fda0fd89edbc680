// The last resort for latency: where gopls does not tell when a request ended, the request is asked a second time
// through the editor and the second one is timed. It costs gopls a request, so it is rare, alone and guarded: our own
// observer sees the echo too, and must neither report it nor echo it again.
import * as vscode from 'vscode';
import type { RequestSeen } from './observer';

/** Least time between the end of an echo and the beginning of the next. */
const MIN_GAP_MS = 5_000;
/** An echo that is not answered by then is given up; the editor offers no way to cancel it. */
const TIMEOUT_MS = 60_000;

const COMMANDS: { readonly [method: string]: string } = {
  'textDocument/hover': 'vscode.executeHoverProvider',
  'textDocument/definition': 'vscode.executeDefinitionProvider',
  'textDocument/references': 'vscode.executeReferenceProvider',
  'textDocument/completion': 'vscode.executeCompletionItemProvider',
};

export interface EchoSetup {
  execute(command: string, uri: vscode.Uri, position: vscode.Position): PromiseLike<unknown>;
  began(method: string, uri: string): void;
  ended(method: string, uri: string): void;
  now(): number;
}

export class Echo {
  /** The call of our own observer that the running echo is going to cause. */
  private expected: { method: string; uri: string; line: number } | undefined;
  private running = false;
  private lastEnd = Number.NEGATIVE_INFINITY;

  constructor(private readonly setup: EchoSetup) {}

  /** Whether this request is our own echo coming by. True once per echo. */
  isOwn({ method, uri, line }: RequestSeen): boolean {
    const { expected } = this;
    if (expected?.method !== method || expected.uri !== uri || expected.line !== line) return false;
    this.expected = undefined;
    return true;
  }

  /** Asks the same again, unless that would be too much. */
  async repeat({ method, uri, line, position }: RequestSeen): Promise<void> {
    const command = COMMANDS[method];
    const { setup } = this;
    if (command === undefined || this.running || setup.now() - this.lastEnd < MIN_GAP_MS) return;
    this.running = true;
    this.expected = { method, uri, line };
    setup.began(method, uri);
    let timer: NodeJS.Timeout | undefined;
    const timeout = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, TIMEOUT_MS);
    });
    try {
      await Promise.race([setup.execute(command, vscode.Uri.parse(uri), position), timeout]);
    } catch {
      // An answer all the same: the user's own request meets the same fate.
    } finally {
      clearTimeout(timer);
      setup.ended(method, uri);
      this.expected = undefined;
      this.running = false;
      this.lastEnd = setup.now();
    }
  }
}
