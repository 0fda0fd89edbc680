import type { CapturedMemory, Incident } from '../../shared/model';
import { usePanel } from '../base/context';
import { t } from '../base/l10n';
import { useRequest } from '../base/useRequest';
import { baseline, bestHeap, bestProfile } from '../heap/captures';
import type { TabKey } from './state';
import { evidence, verdict } from './comesTo';

interface Props {
  incident: Incident;
  /** As far as it is there. */
  memory: CapturedMemory[] | null;
  onTab(tab: TabKey): void;
}

/** The first thing to read: a sentence, what it rests on, and where to go from there. */
export function Verdict({ incident, memory, onTab }: Props) {
  const { rpc, run, offline } = usePanel();
  const heap = bestHeap(incident);
  const profile = bestProfile(incident);
  const key = `${incident.id} ${incident.captures.length} ${heap?.number ?? ''}`;
  const parts = useRequest(heap ? key : null, () =>
    rpc.ask('subsystems', {
      ref: { incident: incident.id, capture: heap?.number ?? 0 },
      query: { sample_type: 'inuse_space' },
    }),
  );
  const rests = evidence(incident, memory?.findLast(({ waterfall }) => waterfall) ?? null, parts.value);
  return (
    <section class="verdict" aria-label={t('Verdict')}>
      <p class="verdict-sentence">{verdict(incident)}</p>
      <ul class="plain">
        {rests.map((text) => (
          <li key={text}>{text}</li>
        ))}
      </ul>
      <div class="actions">
        {heap ? (
          <>
            <Step onClick={() => onTab('subsystems')}>{t('See which part of gopls it is')}</Step>
            {baseline(incident) && (
              <Step onClick={() => onTab('diff')}>{t('See what changed since gopls was calm')}</Step>
            )}
            <Step onClick={() => onTab('flame')}>{t('See where it was allocated')}</Step>
          </>
        ) : profile ? (
          <Step onClick={() => onTab('heap')}>{t('See which functions it is')}</Step>
        ) : (
          !offline && <Step onClick={() => run('captureHeapNow')}>{t('Capture heap now')}</Step>
        )}
        {!offline && incident.request.method !== 'capture-on-request' && (
          <Step onClick={() => run('diagnose', { incident: incident.id })}>
            {t('See what the doctor says of it')}
          </Step>
        )}
      </div>
    </section>
  );
}

function Step({ onClick, children }: { onClick(): void; children: string }) {
  return (
    <button type="button" class="button secondary" onClick={onClick}>
      {children}
    </button>
  );
}
