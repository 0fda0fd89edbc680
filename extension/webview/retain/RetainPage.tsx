import { useEffect, useState } from 'preact/hooks';
import type { LiveHeapView } from '../../shared/panel';
import type { Status } from '../../shared/model';
import { usePanel } from '../base/context';
import { t } from '../base/l10n';
import { useRequest } from '../base/useRequest';
import { Empty, Failed, Loading } from '../ui/Feedback';
import { OpenHeap } from './OpenHeap';

interface Props {
  status: Status | null;
  onDoctor(): void;
}

/** Who holds gopls's memory: its living heap by part, type, chain and Go package. */
export function RetainPage({ status, onDoctor }: Props) {
  const { rpc } = usePanel();
  // Raised when one was read or closed.
  const [looks, setLooks] = useState(0);
  useEffect(
    () =>
      rpc.listen((push) => {
        if (push.type === 'heap') setLooks((n) => n + 1);
      }),
    [rpc],
  );
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
    <OpenHeap
      key={shown.heap.taken_unix_ms}
      heap={shown.heap}
      view={shown}
      status={status}
      onDoctor={onDoctor}
    />
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
