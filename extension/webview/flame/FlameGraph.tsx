import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import type { ProfileRef } from '../../shared/core';
import type { FlameNode, FlameTree } from '../../shared/model';
import { usePanel } from '../base/context';
import { cx, useSize } from '../base/dom';
import * as fmt from '../base/format';
import { t } from '../base/l10n';
import { useRequest } from '../base/useRequest';
import { packageHue, shortName } from '../heap/names';
import { QueryBar } from '../heap/QueryBar';
import { useFilter, type TableQuery } from '../heap/useTableQuery';
import { stateOfHeap } from '../heap/words';
import { Empty, Failed, Loading } from '../ui/Feedback';
import { FlameDetail } from './FlameDetail';
import { layout, matchedValue, matches, neighbour, pathTo, ROW_PX, type Box, type Direction } from './layout';

const HUES = 8;
const TEXT_FROM_PX = 30;
/** Boxes are drawn for a width of at least this many pixels each, so a tree costs no more than the screen is wide. */
const MOST_NODES = 4000;

interface Props {
  profile: ProfileRef;
  query: TableQuery;
  onQuery(change: Partial<TableQuery>): void;
}

export function FlameGraph({ profile, query, onQuery }: Props) {
  const { rpc, openSource } = usePanel();
  const [path, setPath] = useState<string[]>([]);
  const [active, setActive] = useState(0);
  const [hovered, setHovered] = useState<number | null>(null);
  const [box, { width }] = useSize<HTMLDivElement>();
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
  useEffect(() => {
    setActive(0);
    setHovered(null);
  }, [answer.value]);
  useEffect(() => setPath([]), [profile.incident, profile.capture, query.sample_type]);

  const boxes = useMemo(() => (tree ? layout(tree, width) : []), [tree, width]);
  const depth = boxes.reduce((most, { node }) => Math.max(most, node.depth), 0);
  const zoomTo = (index: number) => {
    if (!tree) return;
    // The root is where we are already; "other" has no frame of its own, so its caller is opened.
    if (index === 0) setPath(tree.path.slice(0, -1));
    else setPath(pathTo(tree, index));
  };
  const onKey = (event: KeyboardEvent) => {
    const arrows: Record<string, Direction> = {
      ArrowDown: 'down',
      ArrowUp: 'up',
      ArrowLeft: 'left',
      ArrowRight: 'right',
    };
    const direction = arrows[event.key];
    const node = tree?.nodes[active];
    if (direction) {
      const to = neighbour(boxes, active, direction);
      setActive(to);
      box.current?.querySelector(`#flame-${to}`)?.scrollIntoView({ block: 'nearest' });
    } else if (event.key === 'Enter' || event.key === ' ') zoomTo(active);
    else if (event.key === 'Backspace' || event.key === 'Escape') setPath(path.slice(0, -1));
    else if (event.key === 'Home') setPath([]);
    else if (event.key === 'o' && node?.file) openSource(node.file, node.line);
    else return;
    event.preventDefault();
  };

  const shown = tree?.nodes[hovered ?? active];
  return (
    <div class="view">
      <QueryBar query={query} onQuery={onQuery} search={t('Highlight functions')}>
        {search && tree && (
          <span class="found" role="status">
            {t('{amount} in matching frames', {
              amount: fmt.amount(matchedValue(tree, search), tree.unit),
            })}
          </span>
        )}
      </QueryBar>
      <Breadcrumbs path={path} onPath={setPath} />
      {answer.error !== null && <Failed message={answer.error} onRetry={answer.retry} />}
      {!tree && answer.loading && <Loading what={t('Reading the profile…')} />}
      {tree && boxes.length === 0 && width > 0 && (
        <Empty title={t('The profile has no values of this kind.')} />
      )}
      <div
        ref={box}
        class={cx('flame', answer.loading && 'busy')}
        role="tree"
        tabIndex={0}
        aria-label={t(
          'Flame graph from the root; arrow keys move, Enter zooms, Backspace goes back, O opens the source',
        )}
        aria-activedescendant={`flame-${active}`}
        onKeyDown={onKey}
        onPointerLeave={() => setHovered(null)}
      >
        <div class="flame-rows" style={{ height: `${(depth + 1) * ROW_PX}px` }}>
          {tree &&
            boxes.map((item) => (
              <Frame
                key={item.index}
                item={item}
                total={tree.total}
                unit={tree.unit}
                active={item.index === active}
                match={search === '' ? null : matches(item.node, search)}
                onHover={setHovered}
                onClick={(index) => {
                  setActive(index);
                  zoomTo(index);
                }}
              />
            ))}
        </div>
      </div>
      {tree && shown && <FlameDetail node={shown} tree={tree} />}
      <p class="view-note dim">{stateOfHeap()}</p>
    </div>
  );
}

interface FrameProps {
  item: Box;
  total: number;
  unit: string;
  active: boolean;
  /** Null when nothing is searched for. */
  match: boolean | null;
  onHover(index: number | null): void;
  onClick(index: number): void;
}

function Frame({
  item: { index, node, left, width },
  total,
  unit,
  active,
  match,
  onHover,
  onClick,
}: FrameProps) {
  const name = frameName(node);
  return (
    <div
      id={`flame-${index}`}
      role="treeitem"
      aria-level={node.depth + 1}
      aria-selected={active}
      aria-label={`${name}, ${fmt.amount(node.value, unit)}, ${fmt.share(node.value / (total || 1))}`}
      class={cx(
        'frame',
        node.kind === 'frame' ? `hue-${packageHue(node.package, HUES)}` : node.kind,
        node.label === 'ballast' && 'ballast',
        width >= TEXT_FROM_PX && 'named',
        active && 'active',
        match === true && 'match',
        match === false && 'no-match',
      )}
      style={{ left: `${left}px`, top: `${node.depth * ROW_PX}px`, width: `${Math.max(1, width - 1)}px` }}
      onPointerEnter={() => onHover(index)}
      onClick={() => onClick(index)}
    >
      {width >= TEXT_FROM_PX ? name : ''}
    </div>
  );
}

export function frameName(node: FlameNode): string {
  if (node.kind === 'root') return t('all');
  if (node.kind === 'other') return t('other ({count})', { count: fmt.count(node.merged) });
  return node.label === 'ballast'
    ? `${shortName(node.function)} · ${t('gopls ballast')}`
    : shortName(node.function);
}

function Breadcrumbs({ path, onPath }: { path: string[]; onPath(path: string[]): void }) {
  if (path.length === 0) return null;
  return (
    <nav class="crumbs" aria-label={t('Zoomed to')}>
      <button type="button" class="button secondary small" onClick={() => onPath(path.slice(0, -1))}>
        {t('Back')}
      </button>
      <button type="button" class="crumb" onClick={() => onPath([])}>
        {t('all')}
      </button>
      {path.map((name, at) => (
        <button
          key={at}
          type="button"
          class="crumb"
          title={name}
          onClick={() => onPath(path.slice(0, at + 1))}
        >
          {shortName(name)}
        </button>
      ))}
    </nav>
  );
}
