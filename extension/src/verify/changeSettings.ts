// Tries a suggested change: shows which key of the user settings changes, asks, writes it, and puts it back on request.
// Which change it is comes from the verification on disk, never from the panel.
import * as vscode from 'vscode';
import { l10n } from 'vscode';
import { changedKey, changeSnippet, type ChangedKey } from '../../shared/gcWords';
import type { SuggestedChange } from '../../shared/model';
import { asObject, before, changed, restored, type Before } from './objectSetting';

/** What to put back, by verification. */
const UNDO_KEY = 'verify.undo.';

/** As the user settings say it, and as it counts where the workspace says something else. */
interface Found {
  user: unknown;
  /** The workspace sets the same name, so the user's value would not count. */
  overridden: boolean;
  /** Some extension knows the setting. */
  known: boolean;
}

export class SettingsChange {
  constructor(
    private readonly memory: vscode.Memento,
    private readonly restartGopls: () => Promise<unknown>,
    private readonly log: vscode.LogOutputChannel,
  ) {}

  /** Asks, and changes the user settings. */
  async apply(verification: string, change: SuggestedChange): Promise<void> {
    const key = changedKey(change);
    const snippet = changeSnippet(change);
    const found = find(key);
    if (!found.known) {
      void vscode.window.showWarningMessage(
        l10n.t('No extension here has the setting {setting}. Where gopls is configured, set {snippet}.', {
          setting: key.setting,
          snippet,
        }),
      );
      return;
    }
    if (found.overridden) {
      await this.open(
        'workbench.action.openWorkspaceSettingsFile',
        l10n.t('This workspace sets {name} in {setting} itself, which counts more than your user settings.', {
          name: key.name,
          setting: key.setting,
        }),
      );
      return;
    }
    const now = asObject(found.user);
    const was = before(now, key.name);
    if ('value' in was && was.value === key.value) {
      void vscode.window.showInformationMessage(
        l10n.t('Your user settings have {snippet} already.', { snippet }),
      );
      return;
    }
    const yes = l10n.t('Change Settings');
    const answer = await vscode.window.showWarningMessage(
      l10n.t('Change your user settings?'),
      {
        modal: true,
        detail: l10n.t(
          'In your user settings (settings.json): {snippet}\nUntil now: {before}\nOther names in {setting} stay as they are. "Undo the change" puts it back.',
          { snippet, before: beforeText(was), setting: key.setting },
        ),
      },
      yes,
    );
    if (answer !== yes) return;
    // The setting may have changed while the question was on the screen.
    const latest = asObject(find(key).user);
    if (!(await this.write(key, changed(latest, key.name, key.value)))) return;
    await this.memory.update(UNDO_KEY + verification, before(latest, key.name));
    await this.offerRestart(l10n.t('{snippet} is in your user settings now.', { snippet }));
  }

  /** Puts back what was there, if it is still as it was written. */
  async undo(verification: string, change: SuggestedChange): Promise<void> {
    const key = changedKey(change);
    const was = this.memory.get<Before>(UNDO_KEY + verification);
    const now = asObject(find(key).user);
    if (!was || now[key.name] !== key.value) {
      void vscode.window.showInformationMessage(
        l10n.t('There is nothing to undo: {snippet} is not what Stallscope wrote into your user settings.', {
          snippet: changeSnippet(change),
        }),
      );
      return;
    }
    if (!(await this.write(key, restored(now, key.name, was)))) return;
    await this.memory.update(UNDO_KEY + verification, undefined);
    await this.offerRestart(
      l10n.t('{name} in {setting} is again as it was: {before}.', {
        name: key.name,
        setting: key.setting,
        before: beforeText(was),
      }),
    );
  }

  private async write({ setting }: ChangedKey, value: unknown): Promise<boolean> {
    try {
      await vscode.workspace.getConfiguration().update(setting, value, vscode.ConfigurationTarget.Global);
      return true;
    } catch (error) {
      this.log.error(`writing ${setting} failed: ${String(error)}`);
      await this.open(
        'workbench.action.openSettingsJson',
        l10n.t('{setting} could not be written. Set it to {value} yourself.', {
          setting,
          value: JSON.stringify(value),
        }),
      );
      return false;
    }
  }

  /** The environment counts from the next start on, and a memory limit is not taken back by a running gopls. */
  private async offerRestart(message: string): Promise<void> {
    const restart = l10n.t('Restart gopls');
    if ((await vscode.window.showInformationMessage(message, restart)) === restart) await this.restartGopls();
  }

  private async open(command: string, message: string): Promise<void> {
    const open = l10n.t('Open Settings');
    if ((await vscode.window.showWarningMessage(message, open)) === open)
      await vscode.commands.executeCommand(command);
  }
}

function find({ setting, name }: ChangedKey): Found {
  const found = vscode.workspace.getConfiguration().inspect<unknown>(setting);
  const nearer = [found?.workspaceValue, found?.workspaceFolderValue].map(asObject);
  return {
    user: found?.globalValue,
    overridden: nearer.some((value) => Object.hasOwn(value, name)),
    known: found?.defaultValue !== undefined || found?.globalValue !== undefined,
  };
}

const beforeText = (was: Before): string => ('value' in was ? JSON.stringify(was.value) : l10n.t('not set'));
