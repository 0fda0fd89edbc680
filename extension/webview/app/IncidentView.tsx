import { useEffect, useRef, useState } from 'preact/hooks';
import type { Capture, Incident, IncidentSummary } from '../../shared/model';
import type { CompareChoice, FlameChoice } from '../../shared/panel';
import { usePanel } from '../base/context';
import * as fmt from '../base/format';
import { t } from '../base/l10n';
import { useRequest } from '../base/useRequest';
import { FlameGraph } from '../flame/FlameGraph';
import { baseline, bestProfile, profiles, readable } from '../heap/captures';
import { Compare } from '../heap/Compare';
import { HeapTable } from '../heap/HeapTable';
import { offeredTypes, SampleTypesProvider, shownType } from '../heap/sampleTypes';
import type { TableQuery } from '../heap/useTableQuery';
import { Subsystems } from '../subsystems/Subsystems';
import { Empty, Failed, Loading } from '../ui/Feedback';
import { Select } from '../ui/Select';
import { Tabs } from '../ui/Tabs';
import { decisionText } from '../words/decisions';
import { captureName } from '../words/sources';
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
  /** Shows who held the memory after it; null where that is not there. */
  onHeld: (() => void) | null;
}

export function IncidentView({ summary, tab, onTab, onHeld, ...choices }: Props) {
  const { rpc, offline } = usePanel();
  // Asked again when the list says that it changed. What gopls says of its workspace makes it larger.
  const { id, state, has_heap, duration_ns, size_bytes } = summary;
  const version = [id, state, has_heap, duration_ns, size_bytes].join(' ');
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
          {
            key: 'heap',
            label: (bestProfile(incident)?.kind ?? 'heap') === 'heap' ? t('Heap') : t('By function'),
          },
          { key: 'subsystems', label: t('Subsystems') },
          { key: 'flame', label: t('Flame graph') },
          // A report has nothing to compare with but the baseline.
          ...(offline && !baseline(incident) ? [] : [{ key: 'diff' as const, label: t('Compare') }]),
          { key: 'decisions', label: t('Decisions'), badge: fmt.count(incident.decisions.length) },
        ]}
      >
        {tab === 'overview' && <Overview incident={incident} onTab={onTab} onHeld={onHeld} />}
        {tab === 'decisions' && (
          <Decisions decisions={incident.decisions} zero_ns={incident.request.start_ns} />
        )}
        {isOfProfile(tab) && <Profile key={incident.id} incident={incident} tab={tab} {...choices} />}
      </Tabs>
    </article>
  );
}

function Headline({ incident }: { incident: Incident }) {
  const { run, offline } = usePanel();
  const profile = bestProfile(incident);
  const title = <h2>{headline(incident)}</h2>;
  if (offline) return <div class="headline">{title}</div>;
  return (
    <div class="headline">
      {title}
      <div class="actions">
        {profile && (
          <button
            type="button"
            class="button secondary"
            onClick={() => run('saveProfileAs', { incident: incident.id, capture: profile.number })}
          >
            {t('Save profile as…')}
          </button>
        )}
        <button
          type="button"
          class="button secondary"
          title={t(
            'For somebody else: one page, or a zip for maintainers; redacted, and shown before it is saved',
          )}
          onClick={() => run('exportReport', { incident: incident.id })}
        >
          {t('Export report…')}
        </button>
        <button
          type="button"
          class="button secondary"
          title={t('For Perfetto, chrome://tracing or speedscope: methods, times and figures')}
          onClick={() => run('exportTrace', { incident: incident.id })}
        >
          {t('Export trace…')}
        </button>
        <button
          type="button"
          class="button secondary"
          title={t('How long each method and phase took here, and in another incident, a log or a trace')}
          onClick={() => run('compareTraces', { incident: incident.id })}
        >
          {t('Compare with a trace…')}
        </button>
        <button
          type="button"
          class="button secondary"
          title={t('Puts what maintainers ask into the clipboard, as Markdown; redacted')}
          onClick={() => run('copyAsIssue', { incident: incident.id })}
        >
          {t('Copy as issue')}
        </button>
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

/** Why a view has nothing to show of a capture; null when it has. */
function notOf(tab: ProfileTab, { kind }: Capture): string | null {
  if (kind === 'heap' || tab === 'heap') return null;
  if (tab === 'diff') return t('Only a heap is compared with another one. This capture is none.');
  if (kind === 'heap-delta')
    return t('A difference has values below zero, for which a graph has no width. The table shows them.');
  if (kind === 'cpu' && tab === 'subsystems')
    return t('Subsystems are of memory. The table and the flame graph show where CPU time went.');
  return null;
}

interface ProfileProps extends Choices {
  incident: Incident;
  tab: ProfileTab;
}

/** The views of a profile, and which capture, when there are several. */
function Profile({ incident, tab, query, onQuery, flame, onFlame, compare, onCompare }: ProfileProps) {
  const { rpc } = usePanel();
  const usable = profiles(incident).filter(readable);
  const best = bestProfile(incident)?.number ?? 0;
  const [chosen, setChosen] = useState(best);
  useEffect(() => setChosen(best), [best]);
  const capture = usable.find(({ number }) => number === chosen);
  const profile = { incident: incident.id, capture: chosen };
  const types = useRequest(capture ? JSON.stringify(profile) : null, () =>
    rpc.ask('sampleTypes', { ref: profile }),
  );
  if (!capture) return <NoHeap incident={incident} />;
  if (types.error !== null) return <Failed message={types.error} onRetry={types.retry} />;
  if (!types.value) return <Loading what={t('Reading the profile…')} />;
  const calm = baseline(incident);
  const offered = offeredTypes(capture.kind, types.value);
  const sample_type = shownType(query.sample_type, offered);
  const shared = { profile, query: { ...query, sample_type }, onQuery };
  const missing = notOf(tab, capture);
  return (
    <SampleTypesProvider value={offered}>
      {usable.length > 1 && (
        <Select
          label={t('Which capture')}
          selected={String(chosen)}
          onSelect={(number) => setChosen(Number(number))}
          options={usable.map((one) => ({
            key: String(one.number),
            label:
              one.kind === 'heap' && one.after_gc !== true
                ? t('Heap {after} after the start', {
                    after: fmt.duration(one.trigger_ns - incident.request.start_ns),
                  })
                : captureName(one),
          }))}
        />
      )}
      {missing !== null && <Empty title={missing} />}
      {missing === null && (
        <>
          {tab === 'heap' && <HeapTable {...shared} isDifference={capture.kind === 'heap-delta'} />}
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
      )}
    </SampleTypesProvider>
  );
}

function NoHeap({ incident }: { incident: Incident }) {
  const failed = profiles(incident).filter((profile) => !readable(profile));
  return (
    <Empty title={t('No heap was captured in this incident')}>
      {noHeap(incident).map((decision, index) => (
        <p key={index}>{decisionText(decision)}</p>
      ))}
      {failed.map(({ number, error }) => error && <p key={number}>{error}</p>)}
    </Empty>
  );
}
