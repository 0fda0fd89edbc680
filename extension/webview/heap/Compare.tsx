import type { ProfileRef } from '../../shared/core';
import type { CompareChoice, FlameChoice } from '../../shared/panel';
import { usePanel } from '../base/context';
import { t } from '../base/l10n';
import { useRequest } from '../base/useRequest';
import { FlameGraph } from '../flame/FlameGraph';
import { Empty, Failed, Loading } from '../ui/Feedback';
import { Segmented } from '../ui/Segmented';
import { Select } from '../ui/Select';
import { subsystemName } from '../words/subsystems';
import { basesOf, chosenBase } from './bases';
import { DiffTable } from './DiffTable';
import type { TableQuery } from './useTableQuery';

/** More captures are not offered: nobody reads a longer list. The core has a cap of its own. */
const MOST_BASES = 200;
/** Shown as chosen when there is nothing to compare with by itself. */
const NOTHING = '';

interface Props {
  profile: ProfileRef;
  query: TableQuery;
  onQuery(change: Partial<TableQuery>): void;
  choice: CompareChoice;
  onChoice(choice: CompareChoice): void;
  flame: FlameChoice;
  onFlame(choice: FlameChoice): void;
  /** Age of the baseline at the capture, worded; empty when there is none. */
  age: string;
}

/** A capture compared with its baseline, or with any other capture. */
export function Compare({ profile, query, onQuery, choice, onChoice, flame, onFlame, age }: Props) {
  const { rpc, offline } = usePanel();
  // Asked again for each incident: another one may have been captured or deleted meanwhile.
  const captures = useRequest(profile.incident, () => rpc.ask('heapCaptures', { limit: MOST_BASES }));
  const change = (part: Partial<CompareChoice>) => onChoice({ ...choice, ...part });
  if (captures.error !== null) return <Failed message={captures.error} onRetry={captures.retry} />;
  if (!captures.value) return <Loading what={t('Looking for captures to compare with…')} />;
  const bases = basesOf(captures.value, profile);
  if (bases.length === 0) return <NothingToCompareWith />;
  const base = chosenBase(bases, choice.base);
  const options = bases.map(({ key, label }) => ({ key, label }));
  if (!base) options.unshift({ key: NOTHING, label: t('Choose a capture…') });
  return (
    <>
      <div class="compare-bar">
        <label class="labelled">
          <span>{t('Compare with')}</span>
          <Select
            label={t('Compare with')}
            selected={base?.key ?? NOTHING}
            onSelect={(chosen) => change({ base: bases.find(({ key }) => key === chosen)?.ref ?? null })}
            options={options}
          />
        </label>
        <Segmented
          label={t('Show the comparison as')}
          selected={choice.as}
          onSelect={(as) => change({ as })}
          options={[
            { key: 'table', label: t('Table') },
            { key: 'flame', label: t('Flame graph') },
          ]}
        />
        {choice.as === 'table' && (
          <Segmented
            label={t('One row for each')}
            selected={choice.by}
            onSelect={(by) => change({ by, ...(by === 'subsystem' && { subsystem: null }) })}
            options={[
              { key: 'function', label: t('By function') },
              { key: 'package', label: t('By package') },
              { key: 'subsystem', label: t('By subsystem') },
            ]}
          />
        )}
        {choice.as === 'table' && choice.subsystem !== null && (
          <span class="only">
            {t('Only {subsystem}', { subsystem: subsystemName(choice.subsystem) })}
            <button
              type="button"
              class="icon-button"
              aria-label={t('Show all subsystems')}
              title={t('Show all subsystems')}
              onClick={() => change({ subsystem: null })}
            >
              ×
            </button>
          </span>
        )}
        {!offline && (
          <label
            class="check"
            title={t(
              'Scales this capture so that both have the same total: shows what changed in proportion, not in size',
            )}
          >
            <input
              type="checkbox"
              checked={choice.normalize}
              onChange={(event) => change({ normalize: event.currentTarget.checked })}
            />
            {t('Normalize')}
          </label>
        )}
      </div>
      {!base && <NoBaseline />}
      {base && choice.as === 'table' && (
        <DiffTable
          profile={profile}
          base={base.ref}
          choice={choice}
          query={query}
          onQuery={onQuery}
          onFunctionsOf={({ package: filter, subsystem }) => {
            onQuery({ filter });
            change({ by: 'function', ...(subsystem !== '' && { subsystem }) });
          }}
          note={base.ref === null ? age : ''}
        />
      )}
      {base && choice.as === 'flame' && (
        <FlameGraph
          profile={profile}
          query={query}
          onQuery={onQuery}
          choice={flame}
          onChoice={onFlame}
          compared={{ base: base.ref, normalize: choice.normalize }}
        />
      )}
    </>
  );
}

function NothingToCompareWith() {
  return (
    <Empty title={t('There is nothing to compare with')}>
      <p>{whyNoBaseline()}</p>
    </Empty>
  );
}

function NoBaseline() {
  return (
    <Empty title={t('This incident has no baseline')}>
      <p>{whyNoBaseline()}</p>
      <p>{t('Another capture can be chosen above.')}</p>
    </Empty>
  );
}

const whyNoBaseline = (): string =>
  t(
    'A baseline is taken while gopls is calm: nothing pending, nothing to do. gopls had not been calm before this stall, or the debug server was off, or baselines are switched off in the settings.',
  );
