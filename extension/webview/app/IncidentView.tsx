import { useEffect, useRef, useState } from 'preact/hooks';
import type { Incident, IncidentSummary } from '../../shared/model';
import type { CompareChoice, FlameChoice } from '../../shared/panel';
import { usePanel } from '../base/context';
import * as fmt from '../base/format';
import { t } from '../base/l10n';
import { useRequest } from '../base/useRequest';
import { FlameGraph } from '../flame/FlameGraph';
import { baseline, bestHeap, heaps, readable } from '../heap/captures';
import { Compare } from '../heap/Compare';
import { HeapTable } from '../heap/HeapTable';
import type { TableQuery } from '../heap/useTableQuery';
import { Subsystems } from '../subsystems/Subsystems';
import { Empty, Failed, Loading } from '../ui/Feedback';
import { Select } from '../ui/Select';
import { Tabs } from '../ui/Tabs';
import { decisionText } from '../words/decisions';
import { Decisions } from './Decisions';
import { baselineAge, headline, noHeap } from './facts';
import { Overview } from './Overview';
import type { TabKey } from './state';

/** What the user chose for the views of a profile. */
interface Choices {
  query: TableQuery;
  onQuery(change: Partial<TableQuery>): void;
  flame: FlameChoice;
  onFlame(choice: FlameChoice): void;
  compare: CompareChoice;
  onCompare(choice: CompareChoice): void;
}

interface Props extends Choices {
  summary: IncidentSummary;
  tab: TabKey;
  onTab(tab: TabKey): void;
}

export function IncidentView({ summary, tab, onTab, ...choices }: Props) {
  const { rpc } = usePanel();
  // Asked again when the list says that it changed.
  const version = [summary.id, summary.state, summary.has_heap, summary.duration_ns].join(' ');
  const answer = useRequest(summary.problem === null ? version : null, () =>
    rpc.ask('incident', { id: summary.id }),
  );
  // While an incident goes on, what is known of it stays on screen until there is more.
  const last = useRef<Incident | null>(null);
  if (answer.value) last.current = answer.value;
  if (summary.problem !== null) return <Unreadable summary={summary} />;
  if (answer.error !== null) return <Failed message={answer.error} onRetry={answer.retry} />;
  const incident = answer.value ?? last.current;
  if (!incident) return <Loading what={t('Reading the incident…')} />;
  return (
    <article class="incident-view">
      <Headline incident={incident} />
      <Tabs
        label={t('Views of the incident')}
        selected={tab}
        onSelect={onTab}
        tabs={[
          { key: 'overview', label: t('Overview') },
          { key: 'heap', label: t('Heap') },
          { key: 'subsystems', label: t('Subsystems') },
          { key: 'flame', label: t('Flame graph') },
          { key: 'diff', label: t('Compare') },
          { key: 'decisions', label: t('Decisions'), badge: fmt.count(incident.decisions.length) },
        ]}
      >
        {tab === 'overview' && <Overview incident={incident} onTab={onTab} />}
        {tab === 'decisions' && (
          <Decisions decisions={incident.decisions} zero_ns={incident.request.start_ns} />
        )}
        {isOfProfile(tab) && <Profile key={incident.id} incident={incident} tab={tab} {...choices} />}
      </Tabs>
    </article>
  );
}

function Headline({ incident }: { incident: Incident }) {
  const { run } = usePanel();
  const heap = bestHeap(incident);
  return (
    <div class="headline">
      <h2>{headline(incident)}</h2>
      <div class="actions">
        {heap && (
          <button
            type="button"
            class="button secondary"
            onClick={() => run('saveProfileAs', { incident: incident.id, capture: heap.number })}
          >
            {t('Save profile as…')}
          </button>
        )}
        <button
          type="button"
          class="button secondary"
          onClick={() => run('deleteIncidents', { incident: incident.id })}
        >
          {t('Delete…')}
        </button>
      </div>
    </div>
  );
}

function Unreadable({ summary }: { summary: IncidentSummary }) {
  const { run } = usePanel();
  return (
    <Empty title={t('This incident cannot be read')}>
      <p>{summary.problem}</p>
      <p class="dim">{t('Its folder is {id}. The other incidents are not affected.', { id: summary.id })}</p>
      <button
        type="button"
        class="button secondary"
        onClick={() => run('deleteIncidents', { incident: summary.id })}
      >
        {t('Delete…')}
      </button>
    </Empty>
  );
}

const PROFILE_TABS = ['heap', 'subsystems', 'flame', 'diff'] as const;
type ProfileTab = (typeof PROFILE_TABS)[number];

const isOfProfile = (tab: TabKey): tab is ProfileTab => (PROFILE_TABS as readonly TabKey[]).includes(tab);

interface ProfileProps extends Choices {
  incident: Incident;
  tab: ProfileTab;
}

/** The views of a heap capture, and which capture, when there are several. */
function Profile({ incident, tab, query, onQuery, flame, onFlame, compare, onCompare }: ProfileProps) {
  const usable = heaps(incident).filter(readable);
  const best = bestHeap(incident)?.number ?? 0;
  const [chosen, setChosen] = useState(best);
  useEffect(() => setChosen(best), [best]);
  if (usable.length === 0) return <NoHeap incident={incident} />;
  const calm = baseline(incident);
  const profile = { incident: incident.id, capture: chosen };
  const shared = { profile, query, onQuery };
  return (
    <>
      {usable.length > 1 && (
        <Select
          label={t('Which heap capture')}
          selected={String(chosen)}
          onSelect={(number) => setChosen(Number(number))}
          options={usable.map((heap) => ({
            key: String(heap.number),
            label: t('Heap {after} after the start', {
              after: fmt.duration(heap.trigger_ns - incident.request.start_ns),
            }),
          }))}
        />
      )}
      {tab === 'heap' && <HeapTable {...shared} />}
      {tab === 'subsystems' && <Subsystems {...shared} />}
      {tab === 'flame' && <FlameGraph {...shared} choice={flame} onChoice={onFlame} />}
      {tab === 'diff' && (
        <Compare
          {...shared}
          choice={compare}
          onChoice={onCompare}
          flame={flame}
          onFlame={onFlame}
          age={calm ? baselineAge(incident, calm) : ''}
        />
      )}
    </>
  );
}

function NoHeap({ incident }: { incident: Incident }) {
  const failed = heaps(incident).filter((heap) => !readable(heap));
  return (
    <Empty title={t('No heap was captured in this incident')}>
      {noHeap(incident).map((decision, index) => (
        <p key={index}>{decisionText(decision)}</p>
      ))}
      {failed.map(({ number, error }) => error && <p key={number}>{error}</p>)}
    </Empty>
  );
}
