// What goes into a report, before it is saved: the files, each to look at or to leave out, and what is hidden in them.
import * as vscode from 'vscode';
import { l10n } from 'vscode';
import type { ReportFile, ReportPreview } from '../../shared/model';
import * as words from '../texts/wording';
import { purpose } from './words';

/** What the user can change about what is hidden. */
export interface Hiding {
  redact: boolean;
  hide_names: boolean;
  also_hide: string[];
}

/** What the user wants next. */
export type Wish =
  { kind: 'save' } | { kind: 'redact' } | { kind: 'names' } | { kind: 'word' } | { kind: 'cancel' };

export interface Shown {
  title: string;
  preview: ReportPreview;
  hiding: Hiding;
  /** Only the page is saved: nothing can be left out of it. */
  pageOnly: boolean;
  /** Names of the files that stay out; changed here. */
  leaveOut: Set<string>;
  look(file: ReportFile): void;
  /** Shows what was replaced by what. */
  lookAtReplaced(): void;
}

interface FileItem extends vscode.QuickPickItem {
  file: ReportFile;
}

type Button = vscode.QuickInputButton & { run: Wish['kind'] | 'replaced' };

/** Shows a report as it is now, until the user wants something else of it. */
export async function showContent(shown: Shown): Promise<Wish> {
  const { preview, hiding, pageOnly, leaveOut } = shown;
  const picker = vscode.window.createQuickPick<FileItem>();
  picker.title = [shown.title, ...summary(preview, hiding)].join(' · ');
  picker.placeholder = pageOnly
    ? l10n.t('Enter saves it, the eye shows what is in it')
    : l10n.t('Enter saves what is checked, the eye shows a file');
  picker.canSelectMany = !pageOnly;
  picker.matchOnDetail = true;
  // It stays while a file is looked at.
  picker.ignoreFocusOut = true;
  const eye = { iconPath: new vscode.ThemeIcon('eye'), tooltip: l10n.t('Look at it') };
  const files = preview.files.filter(({ kind }) => !pageOnly || kind === 'page');
  picker.items = files.map((file) => ({
    label: file.name,
    description: words.bytes(file.size_bytes),
    detail: purpose(file.kind),
    buttons: [eye],
    file,
  }));
  if (!pageOnly) picker.selectedItems = picker.items.filter(({ label }) => !leaveOut.has(label));
  picker.buttons = buttons(hiding);

  return new Promise((resolve) => {
    const end = (wish: Wish) => {
      if (!pageOnly) {
        const kept = new Set(picker.selectedItems.map(({ label }) => label));
        for (const { name } of preview.files) {
          if (kept.has(name)) leaveOut.delete(name);
          else leaveOut.add(name);
        }
      }
      resolve(wish);
      picker.dispose();
    };
    picker.onDidTriggerItemButton(({ item }) => shown.look(item.file));
    picker.onDidTriggerButton((button) => {
      const { run } = button as Button;
      if (run === 'replaced') shown.lookAtReplaced();
      else end({ kind: run });
    });
    picker.onDidAccept(() => {
      if (pageOnly || picker.selectedItems.length > 0) end({ kind: 'save' });
    });
    // Also after the others; a promise keeps its first answer.
    picker.onDidHide(() => end({ kind: 'cancel' }));
    picker.show();
  });
}

function buttons({ redact, hide_names }: Hiding): Button[] {
  const icon = (name: string) => new vscode.ThemeIcon(name);
  const redaction: Button = {
    iconPath: icon(redact ? 'lock' : 'unlock'),
    tooltip: redact
      ? l10n.t('Folders, account and host names are replaced. Click to leave them as they are.')
      : l10n.t('Nothing is replaced. Click to replace folders, account and host names.'),
    run: 'redact',
  };
  if (!redact) return [redaction];
  return [
    {
      iconPath: icon('list-unordered'),
      tooltip: l10n.t('Show what was replaced by what'),
      run: 'replaced',
    },
    { iconPath: icon('tag'), tooltip: l10n.t('Hide another word…'), run: 'word' },
    {
      iconPath: icon(hide_names ? 'eye-closed' : 'symbol-namespace'),
      tooltip: hide_names
        ? l10n.t(
            'Names of modules, packages and files are replaced as well. Click to leave them as they are.',
          )
        : l10n.t('Names of modules, packages and files are as they are. Click to replace them as well.'),
      run: 'names',
    },
    redaction,
  ];
}

function summary({ replaced, left_out }: ReportPreview, { redact }: Hiding): string[] {
  const times = replaced.reduce((sum, entry) => sum + entry.times, 0);
  const told = [
    redact
      ? l10n.t('{count} replacements of paths and names', { count: times })
      : l10n.t('nothing is hidden'),
  ];
  if (left_out.length > 0)
    told.push(l10n.t('{count} captures could not be put in', { count: left_out.length }));
  return told;
}
