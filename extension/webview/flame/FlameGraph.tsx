import type { ProfileRef } from '../../shared/core';
import type { FlameChoice } from '../../shared/panel';
import { t } from '../base/l10n';
import { QueryBar } from '../heap/QueryBar';
import { useFilter, type TableQuery } from '../heap/useTableQuery';
import { stateOfHeap } from '../heap/words';
import { Segmented } from '../ui/Segmented';
import { Legend } from './Legend';
import { Sandwich } from './Sandwich';
import { Tree } from './Tree';
import type { Compared } from './useFlame';

export interface FlameProps {
  profile: ProfileRef;
  query: TableQuery;
  onQuery(change: Partial<TableQuery>): void;
  choice: FlameChoice;
  onChoice(choice: FlameChoice): void;
  /** With a base: frames of both, coloured by growth. */
  compared?: Compared;
}

/** The stacks of a profile as a flame graph: from the roots, from the leaves, or around one function. */
export function FlameGraph({ profile, query, onQuery, choice, onChoice, compared }: FlameProps) {
  const search = useFilter(query.filter);
  const sandwich = (function_: string) => onChoice({ view: 'sandwich', function: function_ });
  const shared = { profile, compared, sampleType: query.sample_type, search, onSandwich: sandwich };
  return (
    <div class="view">
      <QueryBar query={query} onQuery={onQuery} search={t('Highlight functions')}>
        <Segmented
          label={t('Direction of the flame graph')}
          selected={choice.view}
          onSelect={(view) => onChoice({ ...choice, view })}
          options={[
            { key: 'top-down', label: t('Top down'), title: t('From the roots to what they called') },
            {
              key: 'inverted',
              label: t('Inverted'),
              title: t('From the functions that allocated to who called them'),
            },
            {
              key: 'sandwich',
              label: t('Sandwich'),
              title: t('Callers and callees of one function, wherever it was called'),
            },
          ]}
        />
      </QueryBar>
      {compared && <Legend />}
      {choice.view === 'sandwich' ? (
        <Sandwich
          {...shared}
          chosen={choice.function}
          onChoose={(name) => onChoice({ ...choice, function: name })}
        />
      ) : (
        <Tree {...shared} direction={choice.view === 'inverted' ? 'callers' : 'callees'} />
      )}
      <p class="view-note dim">{stateOfHeap()}</p>
    </div>
  );
}
