// Applies a fix of the doctor: looks again first, so that it fits the files as they are; shows what it changes, and asks; saves;
// and remembers how to put every byte back.
import { existsSync } from 'node:fs';
import path from 'node:path';
import * as vscode from 'vscode';
import { l10n } from 'vscode';
import type { DoctorFinding, DoctorFix, FileEdit, FindingPlace } from '../../shared/doctor';
import type { FixTarget, SettingTarget } from '../../shared/panel';
import type { Doctor } from './doctor';
import { documentOf, showPlace } from './documents';
import { changedLines, difference, edited } from './edits';

/** What the last fix changed, kept across windows. */
const UNDO_KEY = 'doctor.undo';
/** Of each file, when it is asked whether to change it. */
const MOST_SHOWN_LINES = 12;
/** More is not kept: the editor's own undo is there for that. */
const MOST_KEPT_CHARS = 2_000_000;

interface Kept {
  title: string;
  files: {
    path: string;
    before: string;
    after: string;
    /** There was no such file. */
    isNew?: boolean;
  }[];
}

/** A file as it is and as it will be; without a document there is none yet. */
interface Change {
  path: string;
  document: vscode.TextDocument | undefined;
  before: string;
  after: string;
}

export class Fixes {
  constructor(
    private readonly doctor: Doctor,
    private readonly memory: vscode.Memento,
    private readonly log: vscode.LogOutputChannel,
  ) {}

  /** Applies a fix after a look at what it changes. */
  async apply(target: FixTarget): Promise<void> {
    const chosen = this.find(target);
    if (!chosen) return this.gone();
    const now = await this.again(chosen.found, target);
    if (!now) return this.gone();
    const changes = await this.changes(now.edits);
    if (!changes) return;
    const apply = l10n.t('Apply');
    const question = { modal: true, detail: changes.map(shown).join('\n\n') };
    if ((await vscode.window.showWarningMessage(`${now.title}?`, question, apply)) !== apply) return;
    const edit = new vscode.WorkspaceEdit();
    for (const { path: file, document, before, after } of changes) {
      if (document) replace(edit, document, before, after);
      else edit.createFile(vscode.Uri.file(file), { contents: Buffer.from(after, 'utf8') });
    }
    // The file may have changed while the question was on the screen.
    if (changes.some(({ document, before }) => document && document.getText() !== before)) return this.gone();
    if (!(await vscode.workspace.applyEdit(edit))) return this.refused();
    for (const { document } of changes) await document?.save();
    const files = changes.map(({ path, before, after, document }) => ({
      path,
      before,
      after: document?.getText() ?? after,
      isNew: !document,
    }));
    const size = files.reduce((sum, { before, after }) => sum + before.length + after.length, 0);
    const kept: Kept | undefined = size <= MOST_KEPT_CHARS ? { title: now.title, files } : undefined;
    await this.memory.update(UNDO_KEY, kept);
    void this.doctor.reports(true);
    const undo = l10n.t('Undo');
    const done = l10n.t('Done: {fix}', { fix: now.title });
    const answer = await vscode.window.showInformationMessage(done, ...(kept ? [undo] : []));
    if (answer === undo) await this.undo();
  }

  /** Puts back what the last fix changed, if nobody has changed it since. */
  async undo(): Promise<void> {
    const kept = this.memory.get<Kept>(UNDO_KEY);
    if (!kept) {
      void vscode.window.showInformationMessage(l10n.t('There is no fix to undo.'));
      return;
    }
    const edit = new vscode.WorkspaceEdit();
    const documents: vscode.TextDocument[] = [];
    for (const { path: file, before, after, isNew } of kept.files) {
      const document = await this.open(file);
      if (!document) return;
      if (document.getText() !== after) {
        void vscode.window.showWarningMessage(
          l10n.t('{file} has changed since the fix, so it is left as it is.', { file: path.basename(file) }),
        );
        return;
      }
      if (isNew === true) edit.deleteFile(document.uri);
      else {
        replace(edit, document, after, before);
        documents.push(document);
      }
    }
    if (!(await vscode.workspace.applyEdit(edit))) return this.refused();
    for (const document of documents) await document.save();
    await this.memory.update(UNDO_KEY, undefined);
    void this.doctor.reports(true);
    void vscode.window.showInformationMessage(l10n.t('Undone: {fix}', { fix: kept.title }));
  }

  /** Shows where a finding is. */
  async show({ report, finding }: FixTarget): Promise<void> {
    const found = this.doctor.latest[report]?.findings[finding];
    await this.showAt(found?.place);
  }

  /** Shows where a setting stands. */
  async showSetting({ report, setting }: SettingTarget): Promise<void> {
    const seen = this.doctor.latest[report]?.settings[setting];
    await this.showAt(seen?.place);
  }

  private async showAt(place: FindingPlace | undefined): Promise<void> {
    if (!place) return this.gone();
    try {
      await showPlace(place, this.doctor.userSettings);
    } catch (error) {
      this.log.warn(`${place.kind}: ${String(error)}`);
      this.gone();
    }
  }

  /** Puts the command of a fix on the clipboard, and offers a terminal where it belongs: it is the user who runs it. */
  async copy(target: FixTarget): Promise<void> {
    const fix = this.find(target)?.fix;
    if (!fix || fix.command.length === 0) return this.gone();
    const line = fix.command.map(quoted).join(' ');
    await vscode.env.clipboard.writeText(line);
    if (fix.folder === null) {
      return void vscode.window.showInformationMessage(l10n.t('Copied: {command}', { command: line }));
    }
    const open = l10n.t('Open a Terminal There');
    const told = l10n.t('Copied: {command}, to be run in {folder}', { command: line, folder: fix.folder });
    if ((await vscode.window.showInformationMessage(told, open)) !== open) return;
    vscode.window.createTerminal({ cwd: fix.folder }).show();
  }

  private find({ report, finding, fix }: FixTarget): { found: DoctorFinding; fix: DoctorFix } | undefined {
    const found = this.doctor.latest[report]?.findings[finding];
    const chosen = found?.fixes.find(({ id }) => id === fix);
    return found && chosen && { found, fix: chosen };
  }

  /** The same fix of the same finding, as it is now. */
  private async again(before: DoctorFinding, target: FixTarget): Promise<DoctorFix | undefined> {
    const outcome = await this.doctor.reports(true);
    if (!outcome.ok) return undefined;
    const alike = (outcome.value[target.report]?.findings ?? []).filter(({ id }) => id === before.id);
    // Lines above may have come or gone since: the title names what it is about.
    const same =
      alike.find(({ place }) => JSON.stringify(place) === JSON.stringify(before.place)) ??
      alike.find(({ title }) => title === before.title);
    return same?.fixes.find(({ id }) => id === target.fix);
  }

  private async changes(edits: readonly FileEdit[]): Promise<Change[] | undefined> {
    const changes: Change[] = [];
    for (const file of new Set(edits.map((edit) => edit.path))) {
      const isThere = existsSync(file);
      const document = isThere ? await this.open(file) : undefined;
      if (isThere && !document) return undefined;
      if (document?.isDirty) {
        void vscode.window.showWarningMessage(
          l10n.t('{file} has changes that are not saved. Save it first.', { file: path.basename(file) }),
        );
        return undefined;
      }
      const before = document?.getText() ?? '';
      const after = edited(
        before,
        edits.filter((edit) => edit.path === file),
      );
      if (after === undefined) {
        this.gone();
        return undefined;
      }
      changes.push({ path: file, document, before, after });
    }
    return changes;
  }

  private async open(file: string): Promise<vscode.TextDocument | undefined> {
    try {
      return await documentOf(file, this.doctor.userSettings);
    } catch (error) {
      this.log.warn(`${file}: ${String(error)}`);
      void vscode.window.showWarningMessage(l10n.t('{file} cannot be opened.', { file }));
      return undefined;
    }
  }

  private refused(): void {
    void vscode.window.showWarningMessage(
      l10n.t('The editor did not take the change, so nothing is changed.'),
    );
  }

  private gone(): void {
    void vscode.window.showInformationMessage(
      l10n.t('That is not as it was found any more. The doctor has looked again.'),
    );
  }
}

function replace(edit: vscode.WorkspaceEdit, document: vscode.TextDocument, before: string, after: string) {
  const { from, to, text } = difference(before, after);
  edit.replace(document.uri, new vscode.Range(document.positionAt(from), document.positionAt(to)), text);
}

/** The lines of a file that change, as they are and as they will be. */
function shown({ path: file, before, after }: Change): string {
  const { line, was, is } = changedLines(before, after);
  const all = [...was.map((text) => `− ${text.trim()}`), ...is.map((text) => `+ ${text.trim()}`)];
  const more = all.length - MOST_SHOWN_LINES;
  return [
    l10n.t('{file}, from line {line}:', { file: path.basename(file), line: String(line) }),
    ...all.slice(0, MOST_SHOWN_LINES),
    ...(more > 0 ? [l10n.t('… and {count} more lines', { count: String(more) })] : []),
  ].join('\n');
}

/** An argument as a shell of Linux and macOS takes it. */
const quoted = (argument: string): string =>
  /^[\w@%+=:,./-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", "'\\''")}'`;
