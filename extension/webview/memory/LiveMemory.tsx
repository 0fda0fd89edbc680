import { useRef, useState } from 'preact/hooks';
import type { GcCycle, MemoryView, Status } from '../../shared/model';
import { usePanel } from '../base/context';
import * as fmt from '../base/format';
import { t } from '../base/l10n';
import { useRequest } from '../base/useRequest';
import { LivePatterns } from '../patterns/LivePatterns';
import { AllocationTable } from './AllocationTable';
import { allocatesNow, verdictBasis, verdictSentence } from './words';
import { WaterfallTable } from './WaterfallTable';

/** Asked as often as the core reads while somebody looks. */
const EVERY_NS = 5e9;

interface Props {
  status: Status | null;
  visible: boolean;
}

/** From this share of RSS on it is the live heap that is large, and who holds it is the next question. */
const MOSTLY_LIVE = 0.4;

/** What can be said of the memory now, in a sentence; where it is, one click below. */
export function LiveMemory({ status, visible }: Props) {
  const { rpc, run } = usePanel();
  const [open, setOpen] = useState(false);
  const gopls = status?.watching ? status.gopls : null;
  const readable = visible && gopls?.debug.state === 'on';
  const key = readable ? `${gopls.pid} ${Math.floor((status?.at_ns ?? 0) / EVERY_NS)}` : null;
  const answer = useRequest(key, () => rpc.ask('memory', {}));
  // Until the next answer is there, the last one stays; while gopls restarts, it may be of the one before.
  const last = useRef<MemoryView | null>(null);
  if (answer.value) last.current = answer.value;
  const view = last.current;
  if (!gopls || view?.pid !== gopls.pid) return null;
  return (
    <>
      <details class="memory-now" open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
        <summary>{verdictSentence(view.verdict)}</summary>
        <WaterfallTable waterfall={view.waterfall} />
        {view.allocation && (
          <AllocationTable
            rate={view.allocation}
            caption={allocatesNow(view.allocation, view.verdict.kind)}
          />
        )}
        <Cycles cycles={view.cycles} />
        <p class="dim">{verdictBasis(view.verdict)}</p>
        {(view.cycles.at(-1)?.live_bytes ?? 0) > MOSTLY_LIVE * view.waterfall.rss_bytes && (
          <p>
            {t('Most of it is alive.')}{' '}
            <button type="button" class="link" onClick={() => run('whoHolds')}>
              {t('Who holds it…')}
            </button>
          </p>
        )}
      </details>
      <LivePatterns
        key={gopls.pid}
        cycle_ns={view.cycles.at(-1)?.at_ns ?? null}
        workspace_ns={view.workspace_at_ns ?? null}
      />
    </>
  );
}

const MOST_SHOWN = 60;

/** The live heap after each GC cycle, as bars from zero. */
function Cycles({ cycles }: { cycles: GcCycle[] }) {
  if (cycles.length < 2) return null;
  const shown = cycles.slice(-MOST_SHOWN);
  const most = Math.max(...shown.map(({ live_bytes }) => live_bytes), 1);
  const [first, last] = [shown[0]!, shown.at(-1)!];
  const label = t('Live heap after each of the last {count} GC cycles: {first} first, {last} last', {
    count: fmt.count(shown.length),
    first: fmt.bytes(first.live_bytes),
    last: fmt.bytes(last.live_bytes),
  });
  return (
    <figure class="cycles">
      <figcaption>{label}</figcaption>
      <div class="cycles-bars" role="img" aria-label={label}>
        {shown.map(({ at_ns, live_bytes, goroutines }) => (
          <span
            key={at_ns}
            style={{ height: `${(100 * live_bytes) / most}%` }}
            title={t('{live}; goroutines: {goroutines}', {
              live: fmt.bytes(live_bytes),
              goroutines: goroutines === null ? '–' : fmt.count(goroutines),
            })}
          />
        ))}
      </div>
    </figure>
  );
}
