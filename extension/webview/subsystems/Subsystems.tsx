import type { ProfileRef } from '../../shared/core';
import type { SubsystemTable } from '../../shared/model';
import { usePanel } from '../base/context';
import { cx } from '../base/dom';
import * as fmt from '../base/format';
import { sentences, t } from '../base/l10n';
import { useRequest } from '../base/useRequest';
import { colouring } from '../flame/colour';
import { Tree } from '../flame/Tree';
import { useIcicle, type Flame } from '../flame/useFlame';
import { packageName } from '../flame/words';
import { HeapGrid } from '../heap/HeapTable';
import { shortName } from '../heap/names';
import { QueryBar } from '../heap/QueryBar';
import { useFilter, type TableQuery } from '../heap/useTableQuery';
import { stateOfHeap } from '../heap/words';
import { byAllocation, subsystemName } from '../words/subsystems';
import { SubsystemList } from './SubsystemList';

const colour = colouring('subsystem');

interface Props {
  profile: ProfileRef;
  query: TableQuery;
  onQuery(change: Partial<TableQuery>): void;
}

/** Which part of gopls the memory is of: as an icicle, as a table, and the functions of the part that is chosen. */
export function Subsystems({ profile, query, onQuery }: Props) {
  const { rpc, offline } = usePanel();
  const search = useFilter(query.filter);
  const { sample_type } = query;
  const table = useRequest(JSON.stringify([profile, sample_type]), () =>
    rpc.ask('subsystems', { ref: profile, query: { sample_type } }),
  );
  const icicle = useIcicle(profile, sample_type, search);
  // Both fail for the same reasons; one message is enough.
  const flame: Flame = {
    ...icicle,
    error: table.error ?? icicle.error,
    retry: () => {
      table.retry();
      icicle.retry();
    },
  };
  // Subsystem, package, function: as far as one has zoomed in.
  const chosen = icicle.path[0] ?? null;
  return (
    <div class="view by-subsystem">
      <QueryBar query={query} onQuery={onQuery} />
      {table.value && <Summary table={table.value} />}
      <Tree
        id="icicle"
        class="icicle"
        label={
          offline
            ? t('Heap by subsystem, package and function; arrow keys move, Enter zooms, Backspace goes back')
            : t(
                'Heap by subsystem, package and function; arrow keys move, Enter zooms, Backspace goes back, O opens the source',
              )
        }
        flame={flame}
        direction="callees"
        search={search}
        colour={colour}
        crumb={crumb}
      />
      <div class={cx('subsystems', chosen !== null && 'split')}>
        {table.value && (
          <SubsystemList
            table={table.value}
            chosen={chosen}
            onChoose={(subsystem) => icicle.zoom(subsystem === null ? [] : [subsystem])}
          />
        )}
        {chosen !== null && <HeapGrid profile={profile} query={query} onQuery={onQuery} subsystem={chosen} />}
      </div>
      <p class="view-note dim">{sentences(byAllocation(), stateOfHeap())}</p>
    </div>
  );
}

/** How a part of the icicle's path is shown. */
function crumb(name: string, at: number): string {
  if (at === 0) return subsystemName(name);
  return at === 1 ? packageName(name) : shortName(name);
}

/** The largest in one line, for a quick look and for those who hear it. */
function Summary({ table }: { table: SubsystemTable }) {
  const [first, second] = table.rows;
  if (!first) return null;
  const named = (row: typeof first) => ({ name: subsystemName(row.subsystem), share: fmt.share(row.share) });
  return (
    <p>
      <b>{fmt.amount(table.total, table.unit)}</b>{' '}
      {second
        ? t('in total; most of it in {first} ({first_share}) and {second} ({second_share})', {
            first: named(first).name,
            first_share: named(first).share,
            second: named(second).name,
            second_share: named(second).share,
          })
        : t('in total, all of it in {first}', { first: named(first).name })}
    </p>
  );
}
