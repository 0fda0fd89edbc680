import { useState } from 'preact/hooks';
import type { CapturedMemory, Incident } from '../../shared/model';
import * as fmt from '../base/format';
import { t } from '../base/l10n';
import type { Loadable } from '../base/useRequest';
import { Failed } from '../ui/Feedback';
import { Select } from '../ui/Select';
import { WaterfallTable } from './WaterfallTable';

interface Props {
  incident: Incident;
  /** What `incidentMemory` answers. */
  memory: Loadable<CapturedMemory[]>;
}

/** Where the memory was, at each capture that had the runtime's statistics with it; the last one first. */
export function IncidentMemory({ incident, memory }: Props) {
  const [chosen, setChosen] = useState<number | null>(null);
  if (memory.error !== null) return <Failed message={memory.error} onRetry={memory.retry} />;
  const all = memory.value;
  // The last one of the wait; what was read right after it tells of its end.
  const during = all?.findLast(({ at_ns }) => at_ns <= (incident.request.end_ns ?? Infinity));
  const shown = all?.find(({ capture }) => capture === chosen) ?? during ?? all?.at(-1);
  if (!all || !shown) return null;
  const after = ({ at_ns }: CapturedMemory) => fmt.duration(at_ns - incident.request.start_ns);
  return (
    <section class="memory-parts">
      <h3>{t('Where the memory is')}</h3>
      {all.length > 1 && (
        <Select
          label={t('Which moment')}
          selected={String(shown.capture)}
          onSelect={(number) => setChosen(Number(number))}
          options={all.map((moment) => ({
            key: String(moment.capture),
            label: t('{after} after the start', { after: after(moment) }),
          }))}
        />
      )}
      {shown.problem !== null && <p>{shown.problem}</p>}
      {shown.waterfall && <WaterfallTable waterfall={shown.waterfall} />}
      {shown.waterfall && <p class="dim">{source(shown)}</p>}
    </section>
  );
}

function source({ waterfall }: CapturedMemory): string {
  const apart = waterfall?.live_apart_ns ?? null;
  return apart === null
    ? t("Source: gopls's page /memory and the operating system; no heap profile fits this moment.")
    : t(
        "Source: gopls's page /memory and the operating system; the live heap from a profile taken {apart} apart, which shows the last GC before it.",
        { apart: fmt.duration(apart) },
      );
}
