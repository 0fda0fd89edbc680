import { useEffect, useRef, useState } from 'preact/hooks';
import type { ProfileRef } from '../../shared/core';
import type { FlameNode, FlameTree } from '../../shared/model';
import type { FlameColour } from '../../shared/panel';
import { usePanel } from '../base/context';
import * as fmt from '../base/format';
import { t } from '../base/l10n';
import { useRequest } from '../base/useRequest';
import { packageHue, shortName } from '../heap/names';
import { QueryBar } from '../heap/QueryBar';
import { useFilter, type TableQuery } from '../heap/useTableQuery';
import { stateOfHeap } from '../heap/words';
import { SubsystemLegend } from '../subsystems/SubsystemLegend';
import { subsystemClass } from '../subsystems/colour';
import { Failed, Loading } from '../ui/Feedback';
import { Segmented } from '../ui/Segmented';
import { Breadcrumbs } from './Breadcrumbs';
import { FlameChart } from './FlameChart';
import { matchedValue } from './layout';

const HUES = 8;
/** Boxes are drawn for a width of at least this many pixels each, so a tree costs no more than the screen is wide. */
const MOST_NODES = 4000;

interface Props {
  profile: ProfileRef;
  query: TableQuery;
  onQuery(change: Partial<TableQuery>): void;
  colour: FlameColour;
  onColour(colour: FlameColour): void;
}

export function FlameGraph({ profile, query, onQuery, colour, onColour }: Props) {
  const { rpc } = usePanel();
  const [path, setPath] = useState<string[]>([]);
  const search = useFilter(query.filter);
  const key = JSON.stringify([profile, query.sample_type, path]);
  const answer = useRequest(key, () =>
    rpc.ask('flame', {
      ref: profile,
      query: { sample_type: query.sample_type, path, min_share: 0.0008, max_nodes: MOST_NODES },
    }),
  );
  // The old tree stays until the zoomed one is there.
  const last = useRef<FlameTree | null>(null);
  if (answer.value) last.current = answer.value;
  const tree = answer.value ?? last.current;
  useEffect(() => setPath([]), [profile.incident, profile.capture, query.sample_type]);
  return (
    <div class="view">
      <QueryBar query={query} onQuery={onQuery} search={t('Highlight functions')}>
        <Segmented
          label={t('What the colours stand for')}
          options={[
            { key: 'package', label: t('Colour by package') },
            { key: 'subsystem', label: t('Colour by subsystem') },
          ]}
          selected={colour}
          onSelect={onColour}
        />
        {search && tree && (
          <span class="found" role="status">
            {t('{amount} in matching frames', {
              amount: fmt.amount(matchedValue(tree, search), tree.unit),
            })}
          </span>
        )}
      </QueryBar>
      {colour === 'subsystem' && <SubsystemLegend profile={profile} sampleType={query.sample_type} />}
      <Breadcrumbs path={path} name={shortName} onPath={setPath} />
      {answer.error !== null && <Failed message={answer.error} onRetry={answer.retry} />}
      {!tree && answer.loading && <Loading what={t('Reading the profile…')} />}
      {tree && (
        <FlameChart
          tree={tree}
          busy={answer.loading}
          label={t(
            'Flame graph from the root; arrow keys move, Enter zooms, Backspace goes back, O opens the source',
          )}
          search={search}
          colour={colour === 'subsystem' ? subsystemClass : packageClass}
          onPath={setPath}
        />
      )}
      <p class="view-note dim">{stateOfHeap()}</p>
    </div>
  );
}

const packageClass = (node: FlameNode): string =>
  node.kind === 'frame' ? `hue-${packageHue(node.package, HUES)}` : '';
