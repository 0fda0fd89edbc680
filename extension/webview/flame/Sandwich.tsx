import { useState } from 'preact/hooks';
import type { ProfileRef } from '../../shared/core';
import type { FlameDirection, FlameNode } from '../../shared/model';
import { t } from '../base/l10n';
import { shortName } from '../heap/names';
import { Empty, Failed, Loading } from '../ui/Feedback';
import { Breadcrumbs } from './Breadcrumbs';
import { FlameChart } from './FlameChart';
import { FlameDetail } from './FlameDetail';
import { Found } from './Found';
import { FunctionPicker } from './FunctionPicker';
import { isEmpty } from './layout';
import { useFlame, type Compared } from './useFlame';

interface Props {
  profile: ProfileRef;
  compared?: Compared | undefined;
  sampleType: string;
  search: string;
  /** The class that colours a frame. */
  colour(node: FlameNode): string;
  /** The function in the middle; null until one is chosen. */
  chosen: string | null;
  onChoose(function_: string | null): void;
  onSandwich(function_: string): void;
}

/** One function, all its calls merged: who called it above, what it called below. */
export function Sandwich(props: Props) {
  const { profile, sampleType, chosen, onChoose } = props;
  if (chosen === null)
    return <FunctionPicker profile={profile} sampleType={sampleType} onChoose={onChoose} />;
  return <Filled key={chosen} {...props} chosen={chosen} />;
}

function Filled({
  profile,
  compared,
  sampleType,
  search,
  colour,
  chosen,
  onChoose,
  onSandwich,
}: Props & { chosen: string }) {
  const asked = { sample_type: sampleType, focus: chosen, search };
  const callers = useFlame(profile, compared, { ...asked, direction: 'callers' });
  const callees = useFlame(profile, compared, { ...asked, direction: 'callees' });
  const [picked, setPicked] = useState({ part: '', index: 0 });
  const direction: FlameDirection = picked.part === callers.part ? 'callers' : 'callees';
  const pointedAt = direction === 'callers' ? callers : callees;
  // The function itself is what is told of first: what was pointed at belongs to the tree it was in.
  const shown = pointedAt.tree?.nodes[picked.part === pointedAt.part ? picked.index : 0];
  const error = callers.error ?? callees.error;
  const retry = () => {
    callers.retry();
    callees.retry();
  };
  return (
    <>
      <div class="sandwich-bar">
        <button type="button" class="button secondary small" onClick={() => onChoose(null)}>
          {t('Another function…')}
        </button>
        <span class="sandwich-name" title={chosen}>
          {shortName(chosen)}
        </span>
        <span class="dim">
          {t(
            'A stack in which it calls itself counts once: by its first caller, and by what it called last.',
          )}
        </span>
      </div>
      {error !== null && <Failed message={error} onRetry={retry} />}
      {error === null && !(callers.tree && callees.tree) && <Loading what={t('Reading the profile…')} />}
      {callers.tree && callees.tree && isEmpty(callees.tree) && callees.path.length === 0 ? (
        <Empty title={t('{function} holds nothing of this kind here.', { function: shortName(chosen) })} />
      ) : (
        callers.tree &&
        callees.tree && (
          <div class="sandwich">
            {search && <Found tree={callers.tree} where={t('Callers')} />}
            <Breadcrumbs path={callers.path} name={shortName} onPath={callers.zoom} />
            <FlameChart
              id="callers"
              label={t(
                'Callers, the nearest lowest; arrow keys move, Enter zooms, Backspace goes back, S shows callers and callees, O opens the source',
              )}
              flame={callers}
              tree={callers.tree}
              upward
              search={search}
              colour={colour}
              onShow={(index) => setPicked({ part: callers.part, index })}
              onSandwich={onSandwich}
            />
            <Breadcrumbs path={callees.path} name={shortName} onPath={callees.zoom} />
            {callees.path.length === 0 && callees.tree.nodes.length === 1 ? (
              <p class="dim">{t('It called nothing that allocated: all of it is its own.')}</p>
            ) : (
              <FlameChart
                id="callees"
                label={t(
                  'Callees, the nearest highest; arrow keys move, Enter zooms, Backspace goes back, S shows callers and callees, O opens the source',
                )}
                flame={callees}
                tree={callees.tree}
                // The function itself is the lowest row above.
                rootless={callees.path.length === 0}
                search={search}
                colour={colour}
                onShow={(index) => setPicked({ part: callees.part, index })}
                onSandwich={onSandwich}
              />
            )}
            {search && <Found tree={callees.tree} where={t('Callees')} />}
          </div>
        )
      )}
      {shown && pointedAt.tree && (
        <FlameDetail node={shown} tree={pointedAt.tree} direction={direction} onSandwich={onSandwich} />
      )}
    </>
  );
}
