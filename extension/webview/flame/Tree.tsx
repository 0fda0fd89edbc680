import { useState } from 'preact/hooks';
import type { FlameDirection, FlameNode } from '../../shared/model';
import { t } from '../base/l10n';
import { shortName } from '../heap/names';
import { Empty, Failed, Loading } from '../ui/Feedback';
import { Breadcrumbs } from './Breadcrumbs';
import { FlameChart } from './FlameChart';
import { FlameDetail } from './FlameDetail';
import { Found } from './Found';
import { isEmpty } from './layout';
import type { Flame } from './useFlame';

interface Props {
  id: string;
  label: string;
  flame: Flame;
  direction: FlameDirection;
  search: string;
  /** The class that colours a frame. */
  colour(node: FlameNode): string;
  /** How a name of the path is shown; `at` is its place in it. */
  crumb?(part: string, at: number): string;
  onSandwich?: ((function_: string) => void) | undefined;
  class?: string;
}

/** A tree with what is found in it, where one has zoomed to, and the frame looked at in full. */
export function Tree({ flame, direction, search, crumb = shortName, onSandwich, ...chart }: Props) {
  const [picked, setPicked] = useState({ part: '', index: 0 });
  const { tree, part } = flame;
  // What was pointed at belongs to the tree it was in.
  const shown = tree?.nodes[picked.part === part ? picked.index : 0];
  return (
    <>
      {search && tree && <Found tree={tree} />}
      <Breadcrumbs path={flame.path} name={crumb} onPath={flame.zoom} />
      {flame.error !== null && <Failed message={flame.error} onRetry={flame.retry} />}
      {!tree && flame.loading && <Loading what={t('Reading the profile…')} />}
      {tree && isEmpty(tree) && <Empty title={t('The profile has no values of this kind.')} />}
      {tree && !isEmpty(tree) && (
        <FlameChart
          {...chart}
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
