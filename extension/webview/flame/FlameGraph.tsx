import type { ProfileRef } from '../../shared/core';
import type { FlameDirection, FlameNode } from '../../shared/model';
import type { FlameChoice } from '../../shared/panel';
import { usePanel } from '../base/context';
import { t } from '../base/l10n';
import { QueryBar } from '../heap/QueryBar';
import { useFilter, type TableQuery } from '../heap/useTableQuery';
import { useUnit } from '../heap/sampleTypes';
import { stateOf } from '../heap/words';
import { SubsystemLegend } from '../subsystems/SubsystemLegend';
import { Segmented } from '../ui/Segmented';
import { colouring } from './colour';
import { GrowthLegend } from './GrowthLegend';
import { Sandwich } from './Sandwich';
import { Tree } from './Tree';
import { useFlame, type Compared } from './useFlame';

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
  const { offline } = usePanel();
  const search = useFilter(query.filter);
  const unit = useUnit(query.sample_type);
  const sandwich = (function_: string) => onChoice({ ...choice, view: 'sandwich', function: function_ });
  const colour = colouring(compared ? 'growth' : choice.colour);
  const shared = {
    profile,
    compared,
    sampleType: query.sample_type,
    search,
    colour,
    onSandwich: offline ? undefined : sandwich,
  };
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
            // The core merges its stacks anew for each function: a report cannot.
            ...(offline
              ? []
              : [
                  {
                    key: 'sandwich' as const,
                    label: t('Sandwich'),
                    title: t('Callers and callees of one function, wherever it was called'),
                  },
                ]),
          ]}
        />
        {!compared && (
          <Segmented
            label={t('What the colours stand for')}
            selected={choice.colour}
            onSelect={(by) => onChoice({ ...choice, colour: by })}
            options={[
              { key: 'package', label: t('Colour by package') },
              { key: 'subsystem', label: t('Colour by subsystem') },
            ]}
          />
        )}
      </QueryBar>
      {compared && <GrowthLegend />}
      {!compared && choice.colour === 'subsystem' && (
        <SubsystemLegend profile={profile} sampleType={query.sample_type} />
      )}
      {choice.view === 'sandwich' ? (
        <Sandwich
          {...shared}
          onSandwich={sandwich}
          chosen={choice.function}
          onChoose={(name) => onChoice({ ...choice, function: name })}
        />
      ) : (
        <Stacks {...shared} direction={choice.view === 'inverted' ? 'callers' : 'callees'} />
      )}
      <p class="view-note dim">{stateOf(unit)}</p>
    </div>
  );
}

interface StacksProps {
  profile: ProfileRef;
  compared: Compared | undefined;
  sampleType: string;
  search: string;
  direction: FlameDirection;
  colour(node: FlameNode): string;
  onSandwich?: ((function_: string) => void) | undefined;
}

/** One tree over all stacks. */
function Stacks({ profile, compared, sampleType, ...shared }: StacksProps) {
  const { offline } = usePanel();
  const { direction, search } = shared;
  const flame = useFlame(profile, compared, { sample_type: sampleType, direction, focus: null, search });
  return <Tree {...shared} id="flame" label={labelOf(direction, offline)} flame={flame} />;
}

/** What it is, and its keys: a report leads to no source and makes no sandwich. */
function labelOf(direction: FlameDirection, offline: boolean): string {
  if (direction === 'callees')
    return offline
      ? t('Flame graph from the root; arrow keys move, Enter zooms, Backspace goes back')
      : t(
          'Flame graph from the root; arrow keys move, Enter zooms, Backspace goes back, S shows callers and callees, O opens the source',
        );
  return offline
    ? t(
        'Inverted flame graph from the functions that allocated; arrow keys move, Enter zooms, Backspace goes back',
      )
    : t(
        'Inverted flame graph from the functions that allocated; arrow keys move, Enter zooms, Backspace goes back, S shows callers and callees, O opens the source',
      );
}
