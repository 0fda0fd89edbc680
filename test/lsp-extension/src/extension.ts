// A stand-in for the Go extension, which lives only in an extension gallery. It does what Stallscope relies on
// in the same way: gopls is a direct child of the extension host speaking LSP over stdio, started with the
// flags and the environment of the same settings, restarted when they change, and every command of gopls is a
// command of the editor.
import * as vscode from 'vscode';
import {
  CloseAction,
  ErrorAction,
  LanguageClient,
  RevealOutputChannelOn,
  type LanguageClientOptions,
} from 'vscode-languageclient/node';

/** As in the Go extension: after so many crashes gopls is left alone. */
const MAX_CRASHES = 5;
const STOP_TIMEOUT_MS = 2000;
/** Longer than it takes to rest the mouse on a word. */
const BLOCK_MS = 5000;
/** A change of any of these means another gopls. */
const RESTARTING_SETTINGS = ['useLanguageServer', 'languageServerFlags', 'toolsEnvVars', 'alternateTools'];

let client: LanguageClient | undefined;
// One channel for all generations of gopls: its log file is where the debug server's address can be read.
let serverLog: vscode.LogOutputChannel;
/** Starts and stops come one after the other, however fast they are asked for. */
let queue: Promise<void> = Promise.resolve();

export async function activate(context: vscode.ExtensionContext): Promise<void> {
  serverLog = vscode.window.createOutputChannel('gopls (server)', { log: true });
  context.subscriptions.push(
    serverLog,
    vscode.commands.registerCommand('go.languageserver.restart', restart),
    vscode.commands.registerCommand('go.test.blockExtensionHost', blockExtensionHost),
    vscode.workspace.onDidChangeConfiguration((change) => {
      if (RESTARTING_SETTINGS.some((name) => change.affectsConfiguration(`go.${name}`))) void restart();
    }),
  );
  await restart();
}

/** What a bad extension does: the one JavaScript thread of the extension host, which is ours as well, computes. */
function blockExtensionHost(): void {
  const until = performance.now() + BLOCK_MS;
  while (performance.now() < until);
}

export async function deactivate(): Promise<void> {
  await inTurn(stop);
}

function restart(): Promise<void> {
  return inTurn(async () => {
    await stop();
    await start();
  });
}

function inTurn(work: () => Promise<void>): Promise<void> {
  queue = queue.then(work).catch((error: unknown) => serverLog.error(String(error)));
  return queue;
}

async function stop(): Promise<void> {
  const stopping = client;
  client = undefined;
  await stopping?.stop(STOP_TIMEOUT_MS).catch((error: unknown) => serverLog.warn(`stop: ${String(error)}`));
}

async function start(): Promise<void> {
  const go = vscode.workspace.getConfiguration('go');
  if (!go.get<boolean>('useLanguageServer')) return;
  const env = { ...process.env, ...go.get<Record<string, string>>('toolsEnvVars') };
  let crashes = 0;
  const options: LanguageClientOptions = {
    documentSelector: [
      { language: 'go', scheme: 'file' },
      { language: 'go.mod', scheme: 'file' },
    ],
    initializationOptions: vscode.workspace.getConfiguration('gopls'),
    outputChannel: serverLog,
    revealOutputChannelOn: RevealOutputChannelOn.Never,
    middleware: {
      // A second opinion on how long a hover takes, for tests to compare ours with.
      provideHover: async (document, position, token, next) => {
        const began = performance.now();
        try {
          return await next(document, position, token);
        } finally {
          serverLog.info(`hover answered in ${(performance.now() - began).toFixed(0)} ms`);
        }
      },
    },
    errorHandler: {
      error: () => ({ action: ErrorAction.Continue, message: '' }),
      closed: () => {
        crashes += 1;
        const action = crashes < MAX_CRASHES ? CloseAction.Restart : CloseAction.DoNotRestart;
        return { action, message: '' };
      },
    },
  };
  client = new LanguageClient(
    'go',
    'gopls',
    {
      command: go.get<Record<string, string>>('alternateTools')?.['gopls'] ?? 'gopls',
      args: go.get<string[]>('languageServerFlags') ?? [],
      options: { env },
    },
    options,
  );
  await client.start();
}
