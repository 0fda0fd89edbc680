// gopls's cache in the editor: what there is, for the panel; removing what nobody will read again; and emptying the cache of the
// gopls that runs, which is stopped before and started again, with how long it loads then. What may go is decided by the core.
import { setTimeout as sleep } from 'node:timers/promises';
import * as vscode from 'vscode';
import { l10n } from 'vscode';
import type { CacheWhat, Core, Outcome } from '../../shared/core';
import type {
  CacheCleaned,
  CacheMoved,
  CacheRemovable,
  CacheView,
  GoCache,
  OwnCache,
} from '../../shared/doctor';
import type { CacheEmptied, CachePage, CacheWork } from '../../shared/panel';
import { heldWords } from '../../shared/cacheWords';
import { valueOrMessage, type Session } from '../core/session';
import * as words from '../texts/wording';
import { loadAfter } from './loads';
import { cacheRequest } from './request';

const LOOK_EVERY_MS = 20;
/** With less room gopls may not start: what was moved aside goes before the load is measured, not after. */
const LOW_DISK_BYTES = 1e9;

type Progress = vscode.Progress<{ message?: string; increment?: number }>;

/** What is needed to restart gopls. */
export interface Restarting {
  /** Whether there is somebody who can. */
  isPossible(): Promise<boolean>;
  /** Whether nothing is lost by it just now; the user is asked where something would be. */
  isSafe(): Promise<boolean>;
  restart(): Promise<boolean>;
}

export class GoplsCache implements vscode.Disposable {
  private work: CacheWork = 'none';
  private latest: CacheView | undefined;
  private emptied: CacheEmptied | null = null;
  private goCaches: GoCache[] = [];
  private readonly changes = new vscode.EventEmitter<void>();

  /** There is something else to show. */
  readonly onChange = this.changes.event;

  constructor(
    private readonly session: Session,
    private readonly restarting: Restarting,
    private readonly show: () => void,
    private readonly log: vscode.LogOutputChannel,
  ) {}

  /** What the panel shows. */
  async page(core: Core): Promise<Outcome<CachePage>> {
    // Not beside a load that is measured: to look at every file takes a core for a while.
    if (this.work === 'none' || !this.latest) {
      const view = await core.cache(cacheRequest());
      if (!view.ok) return view;
      this.latest = view.value;
    }
    return { ok: true, value: { view: this.latest, work: this.work, emptied: this.emptied } };
  }

  /** Go's own caches. */
  async ofGo(core: Core): Promise<Outcome<GoCache[]>> {
    const outcome = await core.goCaches(cacheRequest());
    if (outcome.ok) this.goCaches = outcome.value;
    return outcome;
  }

  /** Copies the official command that empties one of those. */
  async copyGoCommand(name: string): Promise<void> {
    const found = this.goCaches.find((cache) => cache.name === name);
    if (!found) return;
    const command = found.command.join(' ');
    await vscode.env.clipboard.writeText(command);
    void vscode.window.setStatusBarMessage(l10n.t('Copied: {command}', { command }), 5_000);
  }

  /** Asks what is to be cleaned. */
  async choose(): Promise<void> {
    const view = await this.look();
    if (!view) return;
    const { removable, own } = view;
    const picks: (vscode.QuickPickItem & { run: () => Promise<void> })[] = [];
    if (removable.directories > 0)
      picks.push({
        label: l10n.t('Remove what nobody will read again'),
        description: amount(removable),
        detail: l10n.t('Of executables of gopls that neither run nor are installed.'),
        run: () => this.removeOrphans(),
      });
    if (own)
      picks.push({
        label: l10n.t('Empty the cache of the gopls of this window…'),
        description: words.bytes(own.size.bytes),
        detail: l10n.t('Restarts gopls; it then loads the workspace as if for the first time.'),
        run: () => this.emptyOwn(),
      });
    picks.push({
      label: l10n.t("Show gopls's cache"),
      detail: view.cache.folder,
      run: () => Promise.resolve(this.show()),
    });
    const picked = await vscode.window.showQuickPick(picks, {
      title: l10n.t('Clean the gopls Cache'),
      placeHolder:
        removable.directories > 0
          ? l10n.t('It makes room. It makes gopls no faster.')
          : l10n.t('There is nothing in it that nobody will read again.'),
    });
    await picked?.run();
  }

  /** Removes the directories of executables that are gone, after a question. */
  async removeOrphans(): Promise<void> {
    const view = await this.look();
    if (!view) return;
    if (view.removable.directories === 0) {
      void vscode.window.showInformationMessage(
        l10n.t("There is nothing in gopls's cache that nobody will read again."),
      );
      return;
    }
    const remove = l10n.t('Remove');
    const question = l10n.t("Remove from gopls's cache what nobody will read again ({amount})?", {
      amount: amount(view.removable),
    });
    const names = view.cache.directories.filter(({ owner }) => owner === 'orphan' || owner === 'leftover');
    const detail = [
      ...names.map(({ name, size }) => `${name}: ${words.bytes(size?.bytes ?? 0)}`),
      '',
      l10n.t(
        'They belong to executables of gopls that neither run nor are installed. They cannot be brought back. It makes room; it makes gopls no faster.',
      ),
    ].join('\n');
    if ((await vscode.window.showWarningMessage(question, { modal: true, detail }, remove)) !== remove)
      return;
    const core = this.session.running;
    if (!core || !this.isFree()) return;
    const cleaned = await this.removing(core, 'orphans');
    if (cleaned) this.tell(cleaned);
  }

  /** Empties the cache of the gopls of this window, after a question; measures the load that follows. */
  async emptyOwn(): Promise<void> {
    const view = await this.look();
    if (!view) return;
    const { own } = view;
    if (!own || own.held || !(await this.restarting.isPossible())) {
      void vscode.window.showWarningMessage(whyNot(own));
      return;
    }
    const empty = l10n.t('Empty and Restart gopls');
    const question = l10n.t('Empty the cache of the gopls that runs ({size}, {files} files)?', {
      size: words.bytes(own.size.bytes),
      files: own.size.files,
    });
    const detail = l10n.t(
      'gopls is stopped, its cache {name} is moved aside and removed, and gopls is started again. Its next load is a cold one: it works everything out anew, which takes longer and more memory, and you wait for it. The cache cannot be brought back, and emptying it makes gopls no faster afterwards.\n\nStallscope shows how long that load takes. How long a warm one takes can be measured after it, with one more restart.',
      { name: own.name },
    );
    if ((await vscode.window.showWarningMessage(question, { modal: true, detail }, empty)) !== empty) return;
    const core = this.session.running;
    if (!core || !this.isFree() || !(await this.restarting.isSafe())) return;
    const moved = await this.during('emptying', l10n.t("Emptying gopls's cache"), (progress, token) =>
      this.moveAside(core, progress, token),
    );
    if (!moved) return;
    const emptied: CacheEmptied = { name: moved.name, bytes: own.size.bytes, cold: null, warm: null };
    this.emptied = emptied;
    const isLow = (view.cache.disk?.free_bytes ?? Infinity) < LOW_DISK_BYTES;
    if (isLow) await this.removeMoved(core);
    const title = l10n.t('gopls loads the workspace, cold…');
    const cold = await this.during('loading-cold', title, (_progress, token) =>
      loadAfter(this.session, moved.pids, token),
    );
    emptied.cold = cold ?? null;
    if (!isLow) await this.removeMoved(core);
    void this.offerWarm(emptied);
  }

  /** Restarts gopls once more and measures that load. */
  async measureWarm(): Promise<void> {
    const { emptied } = this;
    const pid = this.session.refresh()?.gopls?.pid;
    if (pid === undefined) {
      void vscode.window.showWarningMessage(words.failure({ code: 'no-gopls', message: '' }));
      return;
    }
    if (!emptied || !this.isFree() || !(await this.restarting.isSafe())) return;
    const title = l10n.t('gopls loads the workspace, warm…');
    const warm = await this.during('loading-warm', title, async (_progress, token) => {
      if (!(await this.restarting.restart())) return undefined;
      return loadAfter(this.session, [pid], token);
    });
    if (!warm) return;
    emptied.warm = warm;
    this.changes.fire();
    void vscode.window.showInformationMessage(
      l10n.t('The warm load took {warm}; the cold one took {cold}.', {
        warm: words.duration(warm.duration_ns),
        cold: emptied.cold ? words.duration(emptied.cold.duration_ns) : '–',
      }),
    );
  }

  private async look(): Promise<CacheView | undefined> {
    const core = await this.session.start();
    if (!core) {
      void vscode.window.showErrorMessage(
        this.session.problem ?? l10n.t("Stallscope's core is not running."),
      );
      return undefined;
    }
    if (!this.isFree()) return undefined;
    const location = vscode.ProgressLocation.Window;
    const title = l10n.t("Looking at gopls's cache…");
    this.latest = await vscode.window.withProgress({ location, title }, () =>
      valueOrMessage(core.cache(cacheRequest()), words.failure),
    );
    return this.latest;
  }

  private isFree(): boolean {
    if (this.work === 'none') return true;
    void vscode.window.showInformationMessage(words.failure({ code: 'cache-busy', message: '' }));
    return false;
  }

  /** Does something that takes a while, shown and to be given up. */
  private async during<T>(
    work: CacheWork,
    title: string,
    body: (progress: Progress, token: vscode.CancellationToken) => Promise<T>,
  ): Promise<T> {
    this.enter(work);
    try {
      const location = vscode.ProgressLocation.Notification;
      return await vscode.window.withProgress({ location, title, cancellable: true }, body);
    } finally {
      this.enter('none');
    }
  }

  private enter(work: CacheWork): void {
    this.work = work;
    this.changes.fire();
  }

  private async clean(
    core: Core,
    what: CacheWhat,
    progress: Progress,
    token: vscode.CancellationToken,
  ): Promise<CacheCleaned | undefined> {
    return this.cancellable(core, token, async () => {
      let told = 0;
      const looking = setInterval(() => {
        const doing = core.cacheProgress();
        if (doing?.step !== 'removing' || doing.progress.of_files === 0) return;
        const { directory, files, of_files } = doing.progress;
        const percent = (100 * files) / of_files;
        progress.report({ message: directory, increment: percent - told });
        told = percent;
      }, 10 * LOOK_EVERY_MS);
      try {
        return await valueOrMessage(core.cleanCache(cacheRequest(), what), words.failure);
      } finally {
        clearInterval(looking);
      }
    });
  }

  /** The core waits for gopls to end, and we restart it. */
  private async moveAside(
    core: Core,
    progress: Progress,
    token: vscode.CancellationToken,
  ): Promise<CacheMoved | undefined> {
    return this.cancellable(core, token, async () => {
      const moving = core.moveOwnCacheAside(cacheRequest());
      let settled = false;
      void moving.finally(() => (settled = true));
      while (!settled && core.cacheProgress()?.step !== 'waiting') await sleep(LOOK_EVERY_MS);
      if (!settled) {
        progress.report({ message: l10n.t('gopls is restarted…') });
        // Whether that took effect the core sees for itself.
        const restarted = await this.restarting.restart();
        if (!restarted)
          this.log.warn('gopls was not seen to restart; its cache stays unless it ends by itself');
      }
      const moved = await moving;
      if (!moved.ok) this.log.warn(`gopls's cache was not emptied: ${moved.error.message}`);
      return valueOrMessage(moving, words.failure);
    });
  }

  private async cancellable<T>(
    core: Core,
    token: vscode.CancellationToken,
    body: () => Promise<T>,
  ): Promise<T> {
    const listening = token.onCancellationRequested(() => core.cancelCache());
    try {
      return await body();
    } finally {
      listening.dispose();
    }
  }

  /** Of a directory that was moved aside. If this is not reached or given up, the next removal does it. */
  private async removeMoved(core: Core): Promise<void> {
    const cleaned = await this.removing(core, 'leftovers');
    if (cleaned && (cleaned.skipped.length > 0 || cleaned.cancelled)) this.tell(cleaned);
  }

  private removing(core: Core, what: CacheWhat): Promise<CacheCleaned | undefined> {
    return this.during('removing', l10n.t("Removing from gopls's cache…"), (progress, token) =>
      this.clean(core, what, progress, token),
    );
  }

  private async offerWarm({ bytes, cold }: CacheEmptied): Promise<void> {
    const size = words.bytes(bytes);
    if (!cold) {
      void vscode.window.showInformationMessage(
        l10n.t("gopls's cache was emptied ({size}). How long the load after it takes was not seen.", {
          size,
        }),
      );
      return;
    }
    const measure = l10n.t('Restart and Measure a Warm Load');
    const answer = await vscode.window.showInformationMessage(
      l10n.t("gopls's cache was emptied ({size}). The cold load took {cold}, with up to {memory}.", {
        size,
        cold: words.duration(cold.duration_ns),
        memory: words.bytes(cold.peak_rss_bytes),
      }),
      measure,
      l10n.t('Show'),
    );
    if (answer === measure) await this.measureWarm();
    else if (answer !== undefined) this.show();
  }

  private tell({ removed, skipped, cancelled }: CacheCleaned): void {
    const size = words.bytes(removed.reduce((sum, { bytes }) => sum + bytes, 0));
    const [first] = skipped;
    if (first) {
      this.log.warn(skipped.map(({ name, why }) => `${name}: ${why}`).join('\n'));
      void vscode.window.showWarningMessage(
        l10n.t("Removed {size} from gopls's cache. Left: {name} ({why})", { size, ...first }),
      );
    } else if (cancelled) {
      void vscode.window.showInformationMessage(
        l10n.t('Stopped. What is left is finished the next time the cache is cleaned.'),
      );
    } else {
      void vscode.window.showInformationMessage(
        l10n.t("Removed {size} in {count} directories from gopls's cache.", { size, count: removed.length }),
      );
    }
  }

  dispose(): void {
    this.changes.dispose();
  }
}

function amount({ directories, bytes, complete }: CacheRemovable): string {
  const size = complete ? words.bytes(bytes) : l10n.t('at least {size}', { size: words.bytes(bytes) });
  return directories === 1
    ? l10n.t('one directory, {size}', { size })
    : l10n.t('{count} directories, {size}', { count: directories, size });
}

/** Why the cache of the running gopls is not emptied. */
function whyNot(own: OwnCache | null): string {
  if (!own) return words.failure({ code: 'cache-not-running', message: '' });
  if (own.held) return heldWords(own.held, { t: (text, args) => l10n.t(text, args ?? {}) });
  return l10n.t(
    "gopls can only be stopped and started again through the Go extension, which is not there. Stop gopls yourself, then run 'stallscope cache --clean --only {name}'.",
    { name: own.name },
  );
}
