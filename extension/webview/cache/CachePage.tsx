import { useEffect, useState } from 'preact/hooks';
import { heldWords } from '../../shared/cacheWords';
import type { CacheView } from '../../shared/doctor';
import type { CacheEmptied, CachePage as Shown, CacheWork } from '../../shared/panel';
import { usePanel } from '../base/context';
import * as fmt from '../base/format';
import { t } from '../base/l10n';
import { usePushes } from '../base/usePushes';
import { useRequest } from '../base/useRequest';
import { Failed, Loading } from '../ui/Feedback';
import { Directories } from './Directories';
import { GoCaches } from './GoCaches';
import { atLeast, blindWords, workWords } from './words';

/** gopls's cache on disk: whose each directory is, and what can be removed. */
export function CachePage() {
  const { rpc } = usePanel();
  // Raised when something was done to it.
  const looks = usePushes('cache');
  // What was shown stays until there is something newer.
  const [shown, setShown] = useState<Shown | null>(null);
  const { value, error, loading, retry } = useRequest(String(looks), () => rpc.ask('cache', {}));
  useEffect(() => {
    if (value) setShown(value);
  }, [value]);
  if (error !== null) return <Failed message={error} onRetry={retry} />;
  if (!shown) return <Loading what={t("Looking at gopls's cache…")} />;
  const { view, work, emptied } = shown;
  return (
    <main class="cache-page">
      <Bar view={view} work={work} loading={loading} onLook={retry} />
      {work !== 'none' && <Loading what={workWords(work)} />}
      {emptied && <Emptied emptied={emptied} work={work} />}
      <section aria-label={view.cache.folder}>
        <h2 class="cache-folder">
          <code>{view.cache.folder}</code> <Disk view={view} />
        </h2>
        <Directories view={view} />
        {view.cache.blind.map((blind) => (
          <p key={JSON.stringify(blind)} class="view-note dim">
            {blindWords(blind)}
          </p>
        ))}
      </section>
      <GoCaches />
    </main>
  );
}

function Bar({
  view,
  work,
  loading,
  onLook,
}: {
  view: CacheView;
  work: CacheWork;
  loading: boolean;
  onLook(): void;
}) {
  const { run } = usePanel();
  const { removable, own } = view;
  const isBusy = work !== 'none';
  return (
    <div class="doctor-bar">
      <p class="dim">
        {t(
          'What gopls has worked out about packages, kept for its next start. Removing it makes room; it makes gopls no faster.',
        )}
      </p>
      <div class="actions">
        <button
          type="button"
          class="button"
          disabled={isBusy || removable.directories === 0}
          title={t('Shows what goes, and asks first')}
          onClick={() => run('cleanCache')}
        >
          {removable.directories === 0
            ? t('Nothing to clean')
            : t('Clean ({size})…', { size: atLeast(fmt.bytes(removable.bytes), removable.complete) })}
        </button>
        <button
          type="button"
          class="button secondary"
          disabled={isBusy || !own || own.held !== null}
          title={
            own ? t('Restarts gopls, whose next load is a cold one; asks first') : t('No gopls runs here')
          }
          onClick={() => run('emptyOwnCache')}
        >
          {t('Empty that of the running gopls…')}
        </button>
        <button type="button" class="button secondary" disabled={loading} onClick={onLook}>
          {t('Look again')}
        </button>
      </div>
      {own?.held && <p class="cache-held">{heldWords(own.held, { t })}</p>}
    </div>
  );
}

function Disk({ view }: { view: CacheView }) {
  const { disk } = view.cache;
  if (!disk) return null;
  const room = t('{free} free of {total}', {
    free: fmt.bytes(disk.free_bytes),
    total: fmt.bytes(disk.total_bytes),
  });
  return <span class="dim">{disk.remote === null ? room : `${room} · ${disk.remote}`}</span>;
}

/** How gopls loads without its cache and with it. */
function Emptied({ emptied, work }: { emptied: CacheEmptied; work: CacheWork }) {
  const { run } = usePanel();
  const { name, bytes, cold, warm } = emptied;
  return (
    <section class="cache-emptied" aria-label={t('Loads after the cache was emptied')}>
      <p>
        {t('{name} was emptied ({size}).', { name, size: fmt.bytes(bytes) })}{' '}
        {cold === null && work === 'none' && t('How long the load after it takes was not seen.')}
      </p>
      {cold && (
        <table class="allocation" aria-label={t('Loads of the workspace')}>
          <thead>
            <tr>
              <th>{t('Load of the workspace')}</th>
              <th class="numeric">{t('Time')}</th>
              <th class="numeric">{t('Most memory')}</th>
            </tr>
          </thead>
          <tbody>
            <Load name={t('cold, without a cache')} load={cold} />
            {warm && <Load name={t('warm, with it')} load={warm} />}
          </tbody>
        </table>
      )}
      {cold && (
        <div class="actions">
          <button
            type="button"
            class="button secondary"
            disabled={work !== 'none'}
            onClick={() => run('measureWarmLoad')}
          >
            {warm ? t('Restart gopls and measure again') : t('Restart gopls and measure a warm load')}
          </button>
        </div>
      )}
    </section>
  );
}

function Load({ name, load }: { name: string; load: NonNullable<CacheEmptied['cold']> }) {
  return (
    <tr>
      <td>{name}</td>
      <td class="numeric">{fmt.duration(load.duration_ns)}</td>
      <td class="numeric">{fmt.bytes(load.peak_rss_bytes)}</td>
    </tr>
  );
}
