import { useEffect, useMemo, useState } from 'preact/hooks';
import type { FlameNode, FlameTree } from '../../shared/model';
import { usePanel } from '../base/context';
import { cx, useSize } from '../base/dom';
import * as fmt from '../base/format';
import { t } from '../base/l10n';
import { Empty } from '../ui/Feedback';
import { FlameDetail } from './FlameDetail';
import { frameName } from './frameName';
import { layout, matches, neighbour, pathTo, ROW_PX, type Box, type Direction } from './layout';

const TEXT_FROM_PX = 30;

interface Props {
  tree: FlameTree;
  /** The next tree is on its way. */
  busy: boolean;
  /** What it is and how it is used, for those who hear it. */
  label: string;
  /** Searched for; empty for nothing. */
  search: string;
  /** The class that colours a frame. */
  colour(node: FlameNode): string;
  onPath(path: string[]): void;
  class?: string;
}

/** Frames to look at, walk through and zoom by pointer and keys, with the one looked at in full below. */
export function FlameChart({ tree, busy, label, search, colour, onPath, class: className }: Props) {
  const { openSource } = usePanel();
  const [active, setActive] = useState(0);
  const [hovered, setHovered] = useState<number | null>(null);
  const [box, { width }] = useSize<HTMLDivElement>();
  useEffect(() => {
    setActive(0);
    setHovered(null);
  }, [tree]);

  const boxes = useMemo(() => layout(tree, width), [tree, width]);
  const depth = boxes.reduce((most, { node }) => Math.max(most, node.depth), 0);
  // The root is where we are already; "other" has no frame of its own, so its caller is opened.
  const zoomTo = (index: number) => onPath(index === 0 ? tree.path.slice(0, -1) : pathTo(tree, index));
  const onKey = (event: KeyboardEvent) => {
    const arrows: Record<string, Direction> = {
      ArrowDown: 'down',
      ArrowUp: 'up',
      ArrowLeft: 'left',
      ArrowRight: 'right',
    };
    const direction = arrows[event.key];
    const node = tree.nodes[active];
    if (direction) {
      const to = neighbour(boxes, active, direction);
      setActive(to);
      box.current?.querySelector(`#flame-${to}`)?.scrollIntoView({ block: 'nearest' });
    } else if (event.key === 'Enter' || event.key === ' ') zoomTo(active);
    else if (event.key === 'Backspace' || event.key === 'Escape') onPath(tree.path.slice(0, -1));
    else if (event.key === 'Home') onPath([]);
    else if (event.key === 'o' && node?.file) openSource(node.file, node.line);
    else return;
    event.preventDefault();
  };

  const shown = tree.nodes[hovered ?? active];
  return (
    <>
      {boxes.length === 0 && width > 0 && <Empty title={t('The profile has no values of this kind.')} />}
      <div
        ref={box}
        class={cx('flame', busy && 'busy', className)}
        role="tree"
        tabIndex={0}
        aria-label={label}
        aria-activedescendant={`flame-${active}`}
        onKeyDown={onKey}
        onPointerLeave={() => setHovered(null)}
      >
        <div class="flame-rows" style={{ height: `${(depth + 1) * ROW_PX}px` }}>
          {boxes.map((item) => (
            <Frame
              key={item.index}
              item={item}
              total={tree.total}
              unit={tree.unit}
              active={item.index === active}
              match={search === '' ? null : matches(item.node, search)}
              colour={colour}
              onHover={setHovered}
              onClick={(index) => {
                setActive(index);
                zoomTo(index);
              }}
            />
          ))}
        </div>
      </div>
      {shown && <FlameDetail node={shown} tree={tree} />}
    </>
  );
}

interface FrameProps {
  item: Box;
  total: number;
  unit: string;
  active: boolean;
  /** Null when nothing is searched for. */
  match: boolean | null;
  colour(node: FlameNode): string;
  onHover(index: number | null): void;
  onClick(index: number): void;
}

function Frame({
  item: { index, node, left, width },
  total,
  unit,
  active,
  match,
  colour,
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
        (node.kind === 'root' || node.kind === 'other') && node.kind,
        colour(node),
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
