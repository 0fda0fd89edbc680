// gopls's own timing: asking it to post its spans to us, receiving them, and taking that back. Without the user's yes
// nothing is changed, and a flag that gopls does not know is never written, because gopls would not start with it.
import { execFile } from 'node:child_process';
import net from 'node:net';
import path from 'node:path';
import { promisify } from 'node:util';
import * as vscode from 'vscode';
import { l10n } from 'vscode';
import type { Core } from '../../shared/core';
import { knowsOtel } from '../../shared/goplsVersion';
import type { Status } from '../../shared/model';
import type { Session } from '../core/session';
import { FLAGS_SETTING, readFlags, writeFlags } from '../debugServer/languageServerFlags';
import { isForwarder, otelAddress, ourPort, withOtelFlag, withoutOtelFlag } from './otelFlag';
import { remember } from './remembered';

/** Below what systems give to clients, so that nobody's connection sits on it by chance. */
const PORTS = { from: 20_000, count: 10_000 };
const TRIES = 50;
/** A gopls that dies of its flags is never found; one that starts is, within seconds. */
const MISSING_FOR_MS = 15_000;
const VERSION_TIMEOUT_MS = 5_000;

export class GoplsTiming implements vscode.Disposable {
  private readonly subscriptions: vscode.Disposable[] = [];
  private core: Core | undefined;
  private port: number | null = null;
  private missingSince: number | undefined;
  private checked = false;

  constructor(
    private readonly session: Session,
    private readonly context: Pick<vscode.ExtensionContext, 'extensionPath' | 'globalStorageUri'>,
    private readonly log: vscode.LogOutputChannel,
  ) {
    this.subscriptions.push(
      session.onEvent((event) => {
        if (event.kind === 'status') this.look(event.status);
      }),
      vscode.workspace.onDidChangeConfiguration((change) => {
        if (change.affectsConfiguration(FLAGS_SETTING)) this.receive();
      }),
      vscode.commands.registerCommand('stallscope.recordTiming', () => this.offer()),
      vscode.commands.registerCommand('stallscope.undoRecordTiming', () => this.undo()),
    );
  }

  private look({ gopls, at_ns }: Status): void {
    // A core of its own after each restart.
    if (this.session.running !== this.core) this.receive();
    if (gopls || this.port === null) this.missingSince = undefined;
    else this.missingSince ??= at_ns;
    const missing = this.missingSince !== undefined && at_ns - this.missingSince > MISSING_FOR_MS * 1e6;
    if (missing && !this.checked) void this.explainMissing();
  }

  /** Receives on the port that the flags name, if they name one of ours. */
  private receive(): void {
    const core = this.session.running;
    const port = ourPort(readFlags()?.effective ?? []) ?? null;
    if (!core || (core === this.core && port === this.port)) return;
    if (port !== this.port) this.checked = false;
    this.core = core;
    this.port = port;
    const outcome = core.recordSpans(port);
    if (!outcome.ok) this.log.warn(`gopls's spans are not received: ${outcome.error.message}`);
    if (port === null) return;
    const dist = path.join(this.context.extensionPath, 'extension', 'dist');
    remember(dist, this.context.globalStorageUri.fsPath).catch((error: unknown) =>
      this.log.warn(`the flag will stay in the settings if Stallscope is removed: ${String(error)}`),
    );
  }

  private async offer(): Promise<void> {
    const flags = readFlags();
    const refusal = this.refusal(flags);
    if (refusal !== undefined || !flags) {
      void vscode.window.showInformationMessage(refusal ?? noSetting());
      return;
    }
    const record = l10n.t('Record');
    const question = l10n.t(
      '"Record" adds {flag} to {setting} in your user settings and restarts gopls. gopls then tells Stallscope on this machine, every two seconds, what it did and for which files. While no window with Stallscope is open, gopls logs that nobody listens, and another program could open that port and read it.',
      { flag: '-otel', setting: FLAGS_SETTING },
    );
    if ((await vscode.window.showInformationMessage(question, { modal: true }, record)) !== record) return;
    const port = await freePort();
    // The settings may have changed while the question was on the screen.
    const now = readFlags();
    if (port === undefined || !now || this.refusal(now) !== undefined) return;
    await this.write(withOtelFlag(now.user, port));
  }

  /** Why the flag is not written; undefined when it can be. */
  private refusal(flags: ReturnType<typeof readFlags>): string | undefined {
    if (!flags) return noSetting();
    const address = otelAddress(flags.effective);
    if (ourPort(flags.effective) !== undefined) return l10n.t("gopls's own timing is recorded already.");
    if (address !== undefined) {
      return l10n.t('gopls posts its timing to {address} already, and can post to one place only.', {
        address,
      });
    }
    if (flags.overridden) {
      return l10n.t('This workspace sets {setting} itself, which counts more than your user settings.', {
        setting: FLAGS_SETTING,
      });
    }
    if (isForwarder(flags.effective)) {
      return l10n.t('gopls runs as a shared daemon here (-remote), which cannot be told to post its timing.');
    }
    const version = this.session.status?.gopls?.version;
    const knows = knowsOtel(version);
    if (knows === undefined) {
      return l10n.t(
        'Whether this gopls can post its timing is not known, because its version is not. Open a Go file, or install gopls v0.22 or later.',
      );
    }
    return knows
      ? undefined
      : l10n.t('gopls {version} cannot post its timing and would not start. Install v0.22 or later.', {
          version: version ?? '',
        });
  }

  private async undo(): Promise<void> {
    const flags = readFlags();
    const rest = withoutOtelFlag(flags?.user ?? []);
    if (!flags || rest.length === flags.user.length) {
      void vscode.window.showInformationMessage(
        l10n.t("Your user settings do not ask gopls for its timing, or not on Stallscope's behalf."),
      );
      return;
    }
    if (!(await this.write(rest))) return;
    void vscode.window.showInformationMessage(
      l10n.t('{flag} was removed from your user settings; gopls restarts without it.', { flag: '-otel' }),
    );
  }

  /** Our flag is set and no gopls is there: an older one may have refused to start with it. */
  private async explainMissing(): Promise<void> {
    this.checked = true;
    const version = await installedVersion().catch((error: unknown) => {
      this.log.warn(`gopls did not tell its version: ${String(error)}`);
      return undefined;
    });
    if (knowsOtel(version) !== false || this.port === null) return;
    const remove = l10n.t('Remove the Flag');
    const answer = await vscode.window.showWarningMessage(
      l10n.t(
        'gopls {version} does not know {flag}, which Stallscope added to {setting}, and does not start with it.',
        { version: version ?? '', flag: '-otel', setting: FLAGS_SETTING },
      ),
      remove,
    );
    if (answer === remove) await this.undo();
  }

  private async write(flags: string[]): Promise<boolean> {
    try {
      await writeFlags(flags);
      return true;
    } catch (error) {
      this.log.error(`writing ${FLAGS_SETTING} failed: ${String(error)}`);
      void vscode.window.showWarningMessage(
        l10n.t('{setting} could not be written. Set it to {value} yourself.', {
          setting: FLAGS_SETTING,
          value: JSON.stringify(flags),
        }),
      );
      return false;
    }
  }

  dispose(): void {
    for (const subscription of this.subscriptions) subscription.dispose();
  }
}

function noSetting(): string {
  return l10n.t(
    'No extension here has the setting {setting}, with which gopls would be asked for its timing.',
    {
      setting: FLAGS_SETTING,
    },
  );
}

/** A port that nobody serves now. It stays the same from then on: it is in the settings. */
async function freePort(): Promise<number | undefined> {
  for (let tries = 0; tries < TRIES; tries += 1) {
    const port = PORTS.from + Math.floor(Math.random() * PORTS.count);
    const server = net.createServer();
    const free = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false));
      server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
    });
    if (free) return port;
  }
  return undefined;
}

interface GoExtension {
  settings?: { getExecutionCommand?(tool: string): { binPath?: string } | undefined };
}

/** What the gopls that the Go extension would start calls its version. */
async function installedVersion(): Promise<string | undefined> {
  const go = vscode.extensions.getExtension<GoExtension | undefined>('golang.go');
  const file = go?.exports?.settings?.getExecutionCommand?.('gopls')?.binPath ?? 'gopls';
  const { stdout } = await promisify(execFile)(file, ['version'], { timeout: VERSION_TIMEOUT_MS });
  return /\bv\d+\.\d+\.\S+/.exec(stdout)?.[0];
}
