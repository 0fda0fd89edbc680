// The doctor in the editor: examines the folders of the window on request, keeps what it found for the panel, the problems and
// the quick fixes, and tells those when it has looked again.
import path from 'node:path';
import * as vscode from 'vscode';
import { l10n } from 'vscode';
import type { Outcome } from '../../shared/core';
import type { DoctorFinding, DoctorReport } from '../../shared/doctor';
import type { DoctorView, DoctorWait } from '../../shared/panel';
import type { Session } from '../core/session';

/** Of the Go extension, which knows its own settings. */
const GO_EXTENSION = 'golang.go';
/** Of a wait: what took less of it is not what it was for. */
const NOTABLE_SHARE = 0.1;

export class Doctor implements vscode.Disposable {
  private found: DoctorReport[] = [];
  private looking: Promise<Outcome<DoctorReport[]>> | undefined;
  /** Begins when the one that goes on has ended. */
  private next: Promise<Outcome<DoctorReport[]>> | undefined;
  private hasLooked = false;
  private wait: DoctorWait | null = null;
  /** The incident whose wait findings are held against; the last one where none was chosen. */
  private incident: string | undefined;
  private readonly changes = new vscode.EventEmitter<readonly DoctorReport[]>();

  /** It has looked again. */
  readonly onReports = this.changes.event;

  constructor(
    private readonly session: Session,
    /** The user's settings file on disk. */
    readonly userSettings: string,
    /** The log of this window's gopls. */
    private readonly serverLog: () => Promise<string | null>,
    private readonly log: vscode.LogOutputChannel,
  ) {}

  /** What was found last; with `again`, or the first time, it looks before. */
  reports(again: boolean): Promise<Outcome<DoctorReport[]>> {
    if (this.looking) return again ? this.lookOnceMore(this.looking) : this.looking;
    if (!again && this.hasLooked) return Promise.resolve({ ok: true, value: [...this.found] });
    return this.lookNow();
  }

  private lookNow(): Promise<Outcome<DoctorReport[]>> {
    this.looking ??= this.look().finally(() => {
      this.looking = undefined;
    });
    return this.looking;
  }

  /** What is being read may have changed since the look began: a file that was saved meanwhile, a fix that was undone. */
  private lookOnceMore(current: Promise<unknown>): Promise<Outcome<DoctorReport[]>> {
    this.next ??= current
      .catch(() => undefined)
      .then(() => {
        this.next = undefined;
        return this.lookNow();
      });
    return this.next;
  }

  /** As `reports`, with the wait that they are held against. */
  async view(again: boolean): Promise<Outcome<DoctorView>> {
    const found = await this.reports(again);
    return found.ok ? { ok: true, value: { reports: found.value, wait: this.wait } } : found;
  }

  /** From the next look on findings are held against the wait of this incident; without one, against that of the last. */
  about(incident: string | undefined): void {
    this.incident = incident;
  }

  /** What was found last. */
  get latest(): readonly DoctorReport[] {
    return this.found;
  }

  /** Whether it was asked in this window. */
  get wasAsked(): boolean {
    return this.hasLooked;
  }

  private async look(): Promise<Outcome<DoctorReport[]>> {
    const core = await this.session.start();
    if (!core) {
      const message = this.session.problem ?? l10n.t("Stallscope's core is not running.");
      return { ok: false, error: { code: 'no-core', message } };
    }
    const folders = (vscode.workspace.workspaceFolders ?? []).filter(({ uri }) => uri.scheme === 'file');
    if (folders.length === 0) {
      const message = l10n.t('No folder of this machine is open: open the one with the Go code.');
      return { ok: false, error: { code: 'no-folder', message } };
    }
    const [wait, log] = await Promise.all([this.waitAtHand(), this.serverLog()]);
    const reports: DoctorReport[] = [];
    for (const { uri } of folders) {
      const outcome = await core.doctor({
        folder: uri.fsPath,
        language: vscode.env.language,
        wait: wait?.took ?? [],
        user_settings: this.userSettings,
        code_workspace: codeWorkspace(),
        gopls: this.session.status?.gopls ? await this.executable(this.session.status.gopls.pid) : null,
        go_extension: goExtension(),
        log,
        is_trusted: vscode.workspace.isTrusted,
      });
      if (!outcome.ok) return outcome;
      for (const { what, why } of outcome.value.not_examined) this.log.warn(`doctor: ${what}: ${why}`);
      reports.push(outcome.value);
    }
    this.found = reports;
    this.wait = wait;
    this.hasLooked = true;
    this.changes.fire(reports);
    return { ok: true, value: [...reports] };
  }

  /** What that wait was for, so that what explains it comes first. */
  private async waitAtHand(): Promise<DoctorWait | null> {
    const id = this.incident ?? this.session.status?.last_incident?.id;
    const read = id === undefined ? undefined : await this.session.running?.incident(id);
    if (!read?.ok) return null;
    const { causes, wait, wait_by_spans, request } = read.value;
    const notable = ({ share }: { share: number }) => share >= NOTABLE_SHARE;
    const took = new Set<string>([
      ...causes.filter(notable).map(({ kind }) => kind),
      ...((wait_by_spans ?? wait)?.phases ?? []).filter(notable).map(({ phase }) => phase),
    ]);
    return { incident: read.value.id, method: request.method, took: [...took] };
  }

  private async executable(pid: number): Promise<string | null> {
    const processes = await this.session.running?.goplsProcesses();
    const found = processes?.ok ? processes.value.find((process) => process.pid === pid) : undefined;
    return found && path.isAbsolute(found.exe) ? found.exe : null;
  }

  dispose(): void {
    this.changes.dispose();
  }
}

/** All findings with their numbers, as the panel names them. */
export function* numbered(
  reports: readonly DoctorReport[],
): Generator<{ report: number; finding: number; found: DoctorFinding }> {
  for (const [report, { findings }] of reports.entries())
    for (const [finding, found] of findings.entries()) yield { report, finding, found };
}

function codeWorkspace(): string | null {
  const file = vscode.workspace.workspaceFile;
  return file?.scheme === 'file' ? file.fsPath : null;
}

function goExtension(): string | null {
  const extension = vscode.extensions.getExtension(GO_EXTENSION);
  return extension ? path.join(extension.extensionPath, 'package.json') : null;
}
