// Everything about switching gopls's debug server on: asking once with the consequences said, doing it, undoing it,
// and pointing out one that other machines can reach. Without the user's yes nothing is changed.
import * as vscode from 'vscode';
import { l10n } from 'vscode';
import { openAddress } from '../../shared/address';
import type { Status } from '../../shared/model';
import { within, type Session } from '../core/session';
import {
  debugAddress,
  isLoopback,
  OUR_FLAG,
  withDebugFlag,
  withLoopbackOnly,
  withoutOurFlags,
} from './flags';
import { FLAGS_SETTING, readFlags, writeFlags } from './languageServerFlags';

/** `never`, or the time (Unix ms) before which the user is not asked again. */
const ANSWER_KEY = 'debugServer.askAgain';
/** The open address that the user has chosen to live with: as configured, because the port may be another each time. */
const ACCEPTED_KEY = 'debugServer.openAddressAccepted';
const NOT_NOW_MS = 24 * 3600 * 1000;
/** gopls may just be starting its server: off must last before it is believed. */
const OFF_FOR_MS = 3_000;
const QUIET_AFTER_EDIT_MS = 2_000;
/** A failing gopls command stays pending while its error message is up. */
const COMMAND_TIMEOUT_MS = 10_000;

export class DebugServer implements vscode.Disposable {
  private readonly subscriptions: vscode.Disposable[] = [];
  private offSince: number | undefined;
  private asked = false;
  private editedAt = 0;
  private flagged = false;

  constructor(
    session: Session,
    private readonly memory: vscode.Memento,
    private readonly log: vscode.LogOutputChannel,
  ) {
    this.subscriptions.push(
      session.onEvent((event) => {
        if (event.kind === 'status') this.look(event.status);
      }),
      vscode.workspace.onDidChangeTextDocument(({ document }) => {
        if (document.uri.scheme !== 'output') this.editedAt = Date.now();
      }),
      vscode.commands.registerCommand('stallscope.enableDebugServer', () => this.offer(true)),
      vscode.commands.registerCommand('stallscope.undoDebugServer', () => this.undo()),
    );
  }

  private look({ gopls, stall, loading, watching, at_ns }: Status): void {
    if (gopls?.debug.state !== 'off') this.offSince = undefined;
    else this.offSince ??= at_ns;
    if (gopls?.debug.state === 'on' && !gopls.debug.loopback_only) void this.flagOpen(gopls.debug.address);
    const lasting = this.offSince !== undefined && at_ns - this.offSince >= OFF_FOR_MS * 1e6;
    // Not into somebody's typing, nor into a first load, which the restart would begin anew.
    const calm = !stall && !loading && Date.now() - this.editedAt > QUIET_AFTER_EDIT_MS;
    if (lasting && watching && calm && !this.asked && this.mayAsk()) void this.offer(false);
  }

  private mayAsk(): boolean {
    const answer = this.memory.get<unknown>(ANSWER_KEY);
    return answer !== 'never' && !(typeof answer === 'number' && Date.now() < answer);
  }

  /** Asks. `wanted`: the user ran the command, so there is no need to offer a way to never be asked. */
  private async offer(wanted: boolean): Promise<void> {
    this.asked = true;
    const flags = readFlags();
    const configured = flags && debugAddress(flags.effective);
    if (wanted && configured !== undefined) {
      void vscode.window.showInformationMessage(
        l10n.t('gopls is started with a debug server at {address} already.', { address: configured }),
      );
      return;
    }
    // The setting asks for one and gopls has none: it is older than the setting, or about to restart.
    if (configured !== undefined) return;
    const enable = l10n.t('Enable');
    const session = l10n.t('This Session Only');
    const notNow = l10n.t('Not Now');
    const never = l10n.t('Never');
    // Without an extension that owns the setting there is nowhere to write the flag.
    const choices = [...(flags ? [enable] : []), session, notNow, ...(wanted ? [] : [never])];
    const answer = await vscode.window.showInformationMessage(questionText(flags !== undefined), ...choices);
    if (answer === enable) await this.enable();
    else if (answer === session) await this.startForSession();
    else await this.memory.update(ANSWER_KEY, answer === never ? 'never' : Date.now() + NOT_NOW_MS);
  }

  private async enable(): Promise<void> {
    const flags = readFlags();
    if (!flags) return;
    if (flags.overridden) {
      await this.openSettings(
        'workbench.action.openWorkspaceSettingsFile',
        l10n.t(
          'This workspace sets {setting} itself, which counts more than your user settings. Add {flag} there.',
          {
            setting: FLAGS_SETTING,
            flag: OUR_FLAG,
          },
        ),
      );
      return;
    }
    await this.write(withDebugFlag(flags.user));
  }

  private async undo(): Promise<void> {
    const flags = readFlags();
    const rest = flags && withoutOurFlags(flags.user);
    if (!flags || !rest || rest.length === flags.user.length) {
      void vscode.window.showInformationMessage(
        l10n.t(
          'Your user settings contain no debug server that Stallscope added. One started for this session ends with gopls.',
        ),
      );
      return;
    }
    // Whoever takes it back does not want to be asked about it tomorrow.
    await this.memory.update(ANSWER_KEY, 'never');
    if (!(await this.write(rest))) return;
    void vscode.window.showInformationMessage(
      l10n.t('{flag} was removed from your user settings; gopls restarts without its debug server.', {
        flag: OUR_FLAG,
      }),
    );
  }

  private async startForSession(): Promise<void> {
    try {
      // A failed command is answered too, with nothing, once its error message was closed.
      const work = vscode.commands
        .executeCommand<unknown>('gopls.start_debugging', {})
        .then((answer) => answer !== null && answer !== undefined);
      if (await within(work, COMMAND_TIMEOUT_MS)) return;
      this.log.warn('gopls.start_debugging was not answered in time');
    } catch (error) {
      this.log.warn(`gopls.start_debugging failed: ${String(error)}`);
    }
    void vscode.window.showWarningMessage(
      l10n.t(
        'gopls did not start its debug server. "Stallscope: Enable gopls Debug Server" starts it with gopls instead.',
      ),
    );
  }

  private async flagOpen(asked: string): Promise<void> {
    if (this.flagged) return;
    this.flagged = true;
    const address = openAddress(asked);
    const flags = readFlags();
    const configured = flags && debugAddress(flags.effective);
    const accepted = configured ?? address;
    if (this.memory.get<unknown>(ACCEPTED_KEY) === accepted) return;
    const fixable = flags && !flags.overridden && configured !== undefined && !isLoopback(configured);
    const fix = l10n.t('Listen on This Machine Only');
    const never = l10n.t("Don't Warn Again");
    const answer = await vscode.window.showWarningMessage(
      fixable
        ? l10n.t(
            "gopls's debug server at {address} can be reached from other machines, without a password. It shows your open files.",
            { address },
          )
        : l10n.t(
            "gopls's debug server at {address} can be reached from other machines, without a password. It shows your open files. Start gopls with {flag} instead.",
            { address, flag: OUR_FLAG },
          ),
      ...(fixable ? [fix] : []),
      never,
    );
    if (answer === never) await this.memory.update(ACCEPTED_KEY, accepted);
    // The settings may have changed while the question was on the screen.
    const now = readFlags();
    if (answer === fix && now) await this.write(withLoopbackOnly(now.user));
  }

  private async write(flags: string[]): Promise<boolean> {
    try {
      await writeFlags(flags);
      return true;
    } catch (error) {
      this.log.error(`writing ${FLAGS_SETTING} failed: ${String(error)}`);
      await this.openSettings(
        'workbench.action.openSettingsJson',
        l10n.t('{setting} could not be written. Set it to {value} yourself.', {
          setting: FLAGS_SETTING,
          value: JSON.stringify(flags),
        }),
      );
      return false;
    }
  }

  private async openSettings(command: string, message: string): Promise<void> {
    const open = l10n.t('Open Settings');
    if ((await vscode.window.showWarningMessage(message, open)) === open)
      await vscode.commands.executeCommand(command);
  }

  dispose(): void {
    for (const subscription of this.subscriptions) subscription.dispose();
  }
}

/** What the debug server is for, what it may cost, and what each choice does. */
function questionText(canEnable: boolean): string {
  const risk = l10n.t(
    "To see what fills gopls's memory during a stall, its debug server must be on. It listens on this machine only, but without a password: other users of this machine could read your open files.",
  );
  return canEnable
    ? l10n.t(
        '{risk} "Enable" adds it to {setting} in your user settings and restarts gopls; "This Session Only" opens a browser page instead.',
        { risk, setting: FLAGS_SETTING },
      )
    : l10n.t('{risk} "This Session Only" opens a browser page.', { risk });
}
