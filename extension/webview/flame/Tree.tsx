import { useState } from 'preact/hooks';
import type { ProfileRef } from '../../shared/core';
import type { FlameDirection } from '../../shared/model';
import { t } from '../base/l10n';
import { Empty, Failed, Loading } from '../ui/Feedback';
import { Canvas } from './Canvas';
import { Crumbs } from './Crumbs';
import { FlameDetail } from './FlameDetail';
import { Found } from './Found';
import { useFlame, type Compared } from './useFlame';

interface Props {
  profile: ProfileRef;
  compared?: Compared | undefined;
  sampleType: string;
  search: string;
  direction: FlameDirection;
  onSandwich(function_: string): void;
}

/** One tree over all stacks. */
export function Tree({ profile, compared, sampleType, search, direction, onSandwich }: Props) {
  const flame = useFlame(profile, compared, { sample_type: sampleType, direction, focus: null, search });
  const [picked, setPicked] = useState({ part: '', index: 0 });
  const { tree, part } = flame;
  // What was pointed at belongs to the tree it was in.
  const shown = tree?.nodes[picked.part === part ? picked.index : 0];
  const isEmpty = tree !== null && (tree.nodes[0]?.value ?? 0) + (tree.nodes[0]?.base_value ?? 0) <= 0;
  return (
    <>
      {search && tree && <Found tree={tree} />}
      <Crumbs path={flame.path} onPath={flame.zoom} />
      {flame.error !== null && <Failed message={flame.error} onRetry={flame.retry} />}
      {!tree && flame.loading && <Loading what={t('Reading the profile…')} />}
      {isEmpty && <Empty title={t('The profile has no values of this kind.')} />}
      {tree && !isEmpty && (
        <Canvas
          id="flame"
          label={
            direction === 'callees'
              ? t(
                  'Flame graph from the root; arrow keys move, Enter zooms, Backspace goes back, S shows callers and callees, O opens the source',
                )
              : t(
                  'Inverted flame graph from the functions that allocated; arrow keys move, Enter zooms, Backspace goes back, S shows callers and callees, O opens the source',
                )
          }
          flame={flame}
          tree={tree}
          search={search}
          onShow={(index) => setPicked({ part, index })}
          onSandwich={onSandwich}
        />
      )}
      {tree && shown && (
        <FlameDetail node={shown} tree={tree} direction={direction} onSandwich={onSandwich} />
      )}
    </>
  );
}
