import { useEffect, useMemo, useState } from 'preact/hooks';
import type { LiveHeapView } from '../../shared/panel';
import type { Status } from '../../shared/model';
import { usePanel } from '../base/context';
import * as fmt from '../base/format';
import { t } from '../base/l10n';
import { usePushes } from '../base/usePushes';
import { useRequest } from '../base/useRequest';
import { Empty, Failed, Loading } from '../ui/Feedback';
import { HeapProvider, liveHeap } from './ask';
import { keptHeap } from './kept';
import { AboutLive, OpenHeap } from './OpenHeap';

interface Props {
  status: Status | null;
  /** The incident whose kept heap is looked at; null: the one that is open. */
  kept: string | null;
  onKept(incident: string | null): void;
  onIncident(id: string): void;
  onDoctor(): void;
}

/** Who holds gopls's memory: its living heap by part, type, chain and Go package; or what was kept of it with an incident. */
export function RetainPage({ status, kept, onKept, onIncident, onDoctor }: Props) {
  if (kept === null) return <Live status={status} onDoctor={onDoctor} />;
  return (
    <Kept
      key={kept}
      incident={kept}
      onIncident={() => onIncident(kept)}
      onLive={() => onKept(null)}
      onDoctor={onDoctor}
    />
  );
}

function Live({ status, onDoctor }: Pick<Props, 'status' | 'onDoctor'>) {
  const { rpc } = usePanel();
  const heap = useMemo(() => liveHeap(rpc), [rpc]);
  // Raised when one was read or closed.
  const looks = usePushes('heap');
  const { value, error, retry } = useRequest(String(looks), () => rpc.ask('liveHeap', {}));
  const [shown, setShown] = useState<LiveHeapView | null>(null);
  useEffect(() => {
    if (value) setShown(value);
  }, [value]);
  if (error !== null) return <Failed message={error} onRetry={retry} />;
  if (!shown) return <Loading what={t('Starting…')} />;
  if (shown.reading) return <Loading what={t("Reading gopls's live heap…")} />;
  if (!shown.heap) return <NoHeap view={shown} status={status} />;
  return (
    <HeapProvider value={heap}>
      <OpenHeap
        key={shown.heap.taken_unix_ms}
        heap={shown.heap}
        view={shown}
        about={<AboutLive heap={shown.heap} status={status} />}
        onDoctor={onDoctor}
      />
    </HeapProvider>
  );
}

interface KeptProps {
  incident: string;
  onIncident(): void;
  onLive(): void;
  onDoctor(): void;
}

/** What was kept with an incident: the same page, of a heap that is not there any more. */
function Kept({ incident, onIncident, onLive, onDoctor }: KeptProps) {
  const { rpc, run } = usePanel();
  const { value, error, retry } = useRequest(incident, () => rpc.ask('keptHeap', { id: incident }));
  const record = value?.record ?? null;
  const heap = useMemo(() => record && keptHeap(record), [record]);
  if (error !== null) return <Failed message={error} onRetry={retry} />;
  if (!heap || !record) return <Loading what={t('Reading the incident…')} />;
  return (
    <HeapProvider value={heap}>
      <OpenHeap
        heap={record}
        view={null}
        about={
          <>
            <span class="dim retain-state">
              {t('gopls {pid}, as of {time}, after a stall. The largest of it was kept with the incident.', {
                pid: String(record.pid),
                time: fmt.clock(record.taken_unix_ms),
              })}
            </span>
            <button type="button" class="button secondary" onClick={onIncident}>
              {t('Back to the incident')}
            </button>
            <button
              type="button"
              class="button secondary"
              title={t('A page that stands for itself, for somebody without this editor')}
              onClick={() => run('exportHeapPage', { incident })}
            >
              {t('Export page…')}
            </button>
            <button type="button" class="button secondary" onClick={onLive}>
              {t('The heap as it is now')}
            </button>
          </>
        }
        onDoctor={onDoctor}
      />
    </HeapProvider>
  );
}

function NoHeap({ view, status }: { view: LiveHeapView; status: Status | null }) {
  const { run } = usePanel();
  return (
    <main class="retain-page">
      <Empty title={t('Who holds gopls’s memory?')}>
        {view.closed === 'gopls-ended' && <p>{t('The gopls that was looked at has ended.')}</p>}
        {view.closed === 'idle' && (
          <p>{t('The heap was closed because nobody had looked at it for a while; it takes memory.')}</p>
        )}
        <p>
          {t(
            'A heap profile says where memory was allocated. This says who still holds it: which objects are alive, of which type, and by which chain of variables and fields.',
          )}
        </p>
        <p>
          {t(
            'gopls stands still for a moment while its heap is copied. What that costs is said before, and asked.',
          )}
        </p>
        <p>
          <button
            type="button"
            class="button"
            disabled={!status?.gopls}
            title={status?.gopls ? undefined : t('No gopls in this window')}
            onClick={() => run('whoHolds')}
          >
            {t('Read the live heap…')}
          </button>
        </p>
      </Empty>
    </main>
  );
}
