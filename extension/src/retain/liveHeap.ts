// The living heap of this window's gopls: what reading it costs is said before, how far it is while it is read, and it is closed when
// nobody looks at it any more. Reading and answering is the core's; here is when.
import { mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import * as vscode from 'vscode';
import { l10n } from 'vscode';
import type { Core, Outcome } from '../../shared/core';
import type { HeapAnswer, HeapAnswers, HeapPageQuestion, HeapStep, OpenedHeap } from '../../shared/heap';
import type { GoplsProcess } from '../../shared/model';
import type { LiveHeapView } from '../../shared/panel';
import { tellNoCore } from '../commands/incidents';
import { valueOrMessage, type Session } from '../core/session';
import * as words from '../texts/wording';
import { limits } from './limits';

/** It takes memory, so it does not stay for somebody who has gone for lunch. */
const IDLE_MS = 15 * 60_000;
/** Addresses of the objects of a heap that is compared with: ten million of them are less. */
const MOST_KEPT_BYTES = 400e6;
/** Kept for longer than anybody waits for the later heap. */
const LEFT_OVER_MS = 24 * 3600_000;
const AGREED = 'stallscope.retain.agreed';
/** Measured: 90 ms for 390 MB (docs/retention.md). */
const PAUSE_NS_PER_BYTE = 0.25;
const LEAST_PAUSE_NS = 20e6;
/** What the core asks for at most: copy, 110 bytes an object, 100 MB. */
const NEED_PER_BYTE = 2;
const NEED_ALWAYS_BYTES = 100e6;

/** Where things are. */
export interface Places {
  /** The executable `stallscope-retain`. */
  helper: string;
  /** A folder for the one heap that is kept to be compared with. */
  kept: string;
  memory: vscode.Memento;
}

interface Kept {
  pid: number;
  taken_unix_ms: number;
  file: string;
}

export class LiveHeap implements vscode.Disposable {
  private open: OpenedHeap | null = null;
  private closed: LiveHeapView['closed'] = null;
  private reading = false;
  private kept: Kept | null = null;
  private compared: LiveHeapView['compared'] = null;
  private idle: NodeJS.Timeout | undefined;
  private files = 0;
  private readonly changes = new vscode.EventEmitter<void>();
  private readonly subscriptions: vscode.Disposable[];

  /** There is something else to show. */
  readonly onChange = this.changes.event;

  constructor(
    private readonly session: Session,
    private readonly places: Places,
    private readonly show: () => void,
    private readonly log: vscode.LogOutputChannel,
  ) {
    this.subscriptions = [
      this.changes,
      session.onEvent((event) => {
        if (event.kind !== 'status' || !event.status.watching) return;
        // While it is restarted another gopls is there, or none.
        const pid = event.status.gopls?.pid;
        if (this.open && pid !== this.open.pid) void this.close('gopls-ended');
        if (this.kept && pid !== this.kept.pid) void this.forget();
      }),
      // Another core has no heap open.
      session.onStart(() => this.forgetOpen(this.open ? 'asked' : this.closed)),
    ];
  }

  /** What the page shows first. */
  view(): LiveHeapView {
    return {
      heap: this.open,
      closed: this.closed,
      reading: this.reading,
      earlier_unix_ms: this.kept?.taken_unix_ms ?? null,
      compared: this.compared,
    };
  }

  /** Asks about the heap that is open. */
  async ask(core: Core, question: HeapPageQuestion): Promise<Outcome<HeapAnswer>> {
    this.stayOpen();
    return core.askHeap(question);
  }

  /** Says what it costs, reads the heap and shows it. Resolves to whether there is one. */
  async read(): Promise<boolean> {
    // Said before anything else, also before there is a core.
    if (process.platform !== 'linux') {
      void vscode.window.showErrorMessage(
        l10n.t(
          "Who holds gopls's memory can be told on Linux only: elsewhere the memory of another process cannot be read safely. Do it where gopls runs on Linux: in a container, in WSL, or over a remote connection.",
        ),
      );
      return false;
    }
    if (this.reading) {
      void vscode.window.showInformationMessage(words.failure({ code: 'heap-busy', message: '' }));
      return false;
    }
    const core = await this.session.start();
    if (!core) {
      tellNoCore(this.session);
      return false;
    }
    const gopls = await watchedGopls(core);
    if (!gopls) {
      void vscode.window.showWarningMessage(words.failure({ code: 'no-gopls', message: '' }));
      return false;
    }
    if (!(await this.agrees(core, gopls))) return false;
    const opened = await this.opening(core, gopls);
    if (!opened) return false;
    this.open = opened;
    this.closed = null;
    this.log.info(
      `live heap of ${opened.pid}: it stood still for ${(opened.facts.pause_ns / 1e6).toFixed(0)} ms, ${words.bytes(opened.facts.copied_bytes)} were copied`,
    );
    this.stayOpen();
    this.show();
    this.changes.fire();
    return true;
  }

  /** Keeps what is open, so that a later one can be compared with it. */
  async keep(): Promise<void> {
    const core = this.session.running;
    if (!core || !this.open) return;
    await this.forget();
    await this.sweep();
    const { pid, taken_unix_ms } = this.open;
    const file = path.join(this.places.kept, `${process.pid}-${pid}-${++this.files}.heap`);
    if ((await valueOrMessage(core.askHeap({ ask: 'save', file }), words.failure)) === undefined) return;
    this.kept = { pid, taken_unix_ms, file };
    if ((await stat(file)).size > MOST_KEPT_BYTES) {
      await this.forget();
      void vscode.window.showWarningMessage(
        l10n.t('This heap is too large to be kept for a comparison: more than {size}.', {
          size: words.bytes(MOST_KEPT_BYTES),
        }),
      );
    }
    this.compared = null;
    this.changes.fire();
  }

  /** Reads the heap once more and compares it with the one that was kept. */
  async compare(): Promise<void> {
    const { kept } = this;
    if (!kept || !(await this.read())) return;
    const core = this.session.running;
    if (!core || !this.open) return;
    const answer = await valueOrMessage(core.askHeap({ ask: 'compare', file: kept.file }), words.failure);
    if (!answer) return;
    const { total, rows } = answer as HeapAnswers['compare'];
    this.compared = { earlier_unix_ms: kept.taken_unix_ms, total, rows };
    await this.forget();
  }

  /** Deletes the one that was kept. */
  async forget(): Promise<void> {
    const { kept } = this;
    this.kept = null;
    if (kept) await rm(kept.file, { force: true });
    this.changes.fire();
  }

  /**
   * Saves what is open: all types as JSON, a profile of bytes by the chain that holds them, or a page that stands for itself; that
   * also of what was kept with an incident.
   */
  async export(as: 'json' | 'profile' | 'page', incident?: string): Promise<void> {
    const core = this.session.running;
    if (!core) return;
    if (as === 'page' && incident !== undefined) {
      await this.exportPage(core, incident, `gopls-held-${incident}.html`);
      return;
    }
    if (!this.open) return;
    const name = `gopls-${this.open.pid}-held`;
    if (as === 'page') {
      await this.exportPage(core, null, `${name}.html`);
      return;
    }
    const ending = as === 'json' ? 'json' : 'pb.gz';
    const target = await askWhere(
      `${name}.${ending}`,
      as === 'json' ? 'JSON' : l10n.t('Profile for go tool pprof'),
      ending,
    );
    if (!target) return;
    this.stayOpen();
    try {
      if (as === 'json') {
        const report = await valueOrMessage(core.askHeap({ ask: 'report' }), words.failure);
        const packages = await valueOrMessage(core.askHeap({ ask: 'packages' }), words.failure);
        if (!report || !packages) return;
        const { pid, facts } = this.open;
        const all = {
          ...report,
          pid,
          pause_ms: facts.pause_ns / 1e6,
          copy: facts,
          packages: (packages as HeapAnswers['packages']).rows,
        };
        await writeFile(target.fsPath, JSON.stringify(all, null, 2), { mode: 0o600 });
      } else {
        // The dialog has asked whether it may be replaced; the core writes new files only.
        await rm(target.fsPath, { force: true });
        const saved = core.askHeap({ ask: 'profile', file: target.fsPath });
        if ((await valueOrMessage(saved, words.failure)) === undefined) return;
      }
    } catch (error) {
      void vscode.window.showErrorMessage(error instanceof Error ? error.message : String(error));
      return;
    }
    tellSaved(target);
  }

  private async exportPage(core: Core, incident: string | null, name: string): Promise<void> {
    const target = await askWhere(name, 'HTML', 'html');
    if (!target) return;
    this.stayOpen();
    const saved = core.saveHeapPage(incident, target.fsPath);
    if ((await valueOrMessage(saved, words.failure)) !== undefined) tellSaved(target);
  }

  /** Makes the folder, without what windows that crashed have left in it. */
  private async sweep(): Promise<void> {
    await mkdir(this.places.kept, { recursive: true });
    for (const name of await readdir(this.places.kept)) {
      const file = path.join(this.places.kept, name);
      const found = await stat(file).catch(() => undefined);
      if (found && Date.now() - found.mtimeMs > LEFT_OVER_MS) await rm(file, { force: true });
    }
  }

  /** Nobody looks any more. */
  async panelClosed(): Promise<void> {
    await this.close('asked');
    await this.forget();
    this.compared = null;
  }

  /** Gives its memory back. */
  async close(why: LiveHeapView['closed']): Promise<void> {
    if (!this.open) return;
    this.forgetOpen(why);
    await this.session.running?.closeHeap();
  }

  private forgetOpen(why: LiveHeapView['closed']): void {
    clearTimeout(this.idle);
    this.open = null;
    this.closed = why;
    this.changes.fire();
  }

  private stayOpen(): void {
    clearTimeout(this.idle);
    if (this.open) this.idle = setTimeout(() => void this.close('idle'), IDLE_MS);
  }

  private async agrees(core: Core, gopls: GoplsProcess): Promise<boolean> {
    if (this.places.memory.get<boolean>(AGREED) === true) return true;
    const live = await liveBytes(core, gopls);
    const { bound_ms } = limits();
    const pause_ns = Math.min(Math.max(live * PAUSE_NS_PER_BYTE, LEAST_PAUSE_NS), bound_ms * 1e6);
    const read = l10n.t('Read the Heap');
    const always = l10n.t('Read It, and Do Not Ask Again');
    const detail = l10n.t(
      'If gopls does nothing just then, its heap is copied meanwhile, and it stands still for some milliseconds. Else it stands still for about {pause}, for {bound} at most. Past that it goes on, and there is no answer. If Stallscope crashes meanwhile, a process of its own lets gopls go on.\n\nThe copy and its analysis need up to {memory} of memory, for seconds; with less than that free, nothing is done. A smaller part of it stays in use until you close the page.\n\nKept are types, sizes, the chains that hold them, and the import paths of Go packages; nothing else that gopls has in its memory, no source. Nothing leaves this machine.',
      {
        pause: words.duration(pause_ns),
        bound: words.duration(bound_ms * 1e6),
        memory: words.bytes(live * NEED_PER_BYTE + NEED_ALWAYS_BYTES),
      },
    );
    const answer = await vscode.window.showInformationMessage(
      l10n.t('Read the live heap of gopls ({pid}) to see who holds its memory?', { pid: String(gopls.pid) }),
      { modal: true, detail },
      read,
      always,
    );
    if (answer === always) await this.places.memory.update(AGREED, true);
    return answer !== undefined;
  }

  private async opening(core: Core, gopls: GoplsProcess): Promise<OpenedHeap | undefined> {
    // The core closes the earlier one before it opens the next.
    if (this.open) this.forgetOpen('asked');
    this.reading = true;
    this.changes.fire();
    const request = {
      pid: gopls.pid,
      started_unix_ms: gopls.started_unix_ms,
      helper: this.places.helper,
      language: vscode.env.language,
      ...limits(),
    };
    try {
      return await vscode.window.withProgress(
        {
          location: vscode.ProgressLocation.Notification,
          title: l10n.t("Reading gopls's live heap"),
          cancellable: true,
        },
        async (progress, token) => {
          const listening = token.onCancellationRequested(() => core.cancelHeap());
          try {
            const tell = (step: HeapStep) => {
              const message = stepWords(step);
              if (message !== undefined) progress.report({ message });
            };
            const outcome = await core.openHeap(request, tell);
            if (!outcome.ok) this.log.warn(`the live heap was not read: ${outcome.error.message}`);
            if (!outcome.ok && outcome.error.code === 'heap-cancelled') return undefined;
            return await valueOrMessage(Promise.resolve(outcome), words.failure);
          } finally {
            listening.dispose();
          }
        },
      );
    } finally {
      this.reading = false;
      this.changes.fire();
    }
  }

  dispose(): void {
    clearTimeout(this.idle);
    void this.forget();
    for (const subscription of this.subscriptions) subscription.dispose();
  }
}

/** Where to save something: beside what is open, by default. */
async function askWhere(name: string, kind: string, ending: string): Promise<vscode.Uri | undefined> {
  const folder = vscode.workspace.workspaceFolders?.find(({ uri }) => uri.scheme === 'file')?.uri;
  return vscode.window.showSaveDialog({
    defaultUri: folder ? vscode.Uri.joinPath(folder, name) : vscode.Uri.file(name),
    filters: { [kind]: [ending] },
  });
}

const tellSaved = ({ fsPath }: vscode.Uri): void =>
  void vscode.window.setStatusBarMessage(l10n.t('Saved: {file}', { file: fsPath }), 5_000);

/** The one whose memory is shown: its start time with its pid. */
async function watchedGopls(core: Core): Promise<GoplsProcess | undefined> {
  const processes = await valueOrMessage(core.goplsProcesses(), words.failure);
  const pid = core.status().gopls?.pid;
  return processes?.find((one) => one.pid === pid);
}

/** After its last collection, where that is known. */
async function liveBytes(core: Core, gopls: GoplsProcess): Promise<number> {
  const memory = await core.memory();
  const last = memory.ok && memory.value?.pid === gopls.pid ? memory.value.cycles.at(-1) : undefined;
  return last?.live_bytes ?? gopls.rss_bytes;
}

/** What is being done; undefined for what is over sooner than it could be read. */
function stepWords(step: HeapStep): string | undefined {
  switch (step.at) {
    case 'checking':
      return l10n.t('looking whether gopls can be read…');
    case 'planning':
      return l10n.t('looking how much there is to copy…');
    case 'preparing':
      return l10n.t('memory for the copy: {done} of {all}…', {
        done: words.bytes(step.done_bytes),
        all: words.bytes(step.all_bytes),
      });
    case 'went-on':
      return l10n.t('copied, and gopls goes on.');
    case 'analysing':
      return analysisWords(step.step);
    default:
      return undefined;
  }
}

function analysisWords(step: Extract<HeapStep, { at: 'analysing' }>['step']): string {
  switch (step) {
    case 'reading':
      return l10n.t('gopls goes on. Looking through the copy: goroutines and roots…');
    case 'marking':
      return l10n.t('gopls goes on. Looking through the copy: what is alive…');
    case 'edges':
      return l10n.t('gopls goes on. Looking through the copy: what refers to what…');
    case 'typing':
      return l10n.t('gopls goes on. Looking through the copy: of which type each is…');
    case 'dominators':
      return l10n.t('gopls goes on. Looking through the copy: what keeps what alive…');
  }
}
