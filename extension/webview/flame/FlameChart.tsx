// A flame tree drawn, walked by arrow keys and zoomed. The tree itself is the core's.
import { useEffect, useMemo, useState } from 'preact/hooks';
import type { FlameNode, FlameTree } from '../../shared/model';
import { usePanel } from '../base/context';
import { cx, useSize } from '../base/dom';
import { growthOf } from './growth';
import { layout, matches, neighbour, pathTo, ROW_PX, type Box, type Direction } from './layout';
import type { Flame } from './useFlame';
import { describe, frameName } from './words';

const TEXT_FROM_PX = 30;

interface Props {
  /** Tells the frames of two trees on one page apart. */
  id: string;
  label: string;
  flame: Flame;
  tree: FlameTree;
  /** Callers lie above what they call: the root is the lowest row. */
  upward?: boolean;
  /** The root is shown elsewhere. */
  rootless?: boolean;
  search: string;
  /** The class that colours a frame. */
  colour(node: FlameNode): string;
  /** The frame under the pointer or the keyboard. */
  onShow(index: number): void;
  /** Not there where there is no sandwich to show. */
  onSandwich?: ((function_: string) => void) | undefined;
  class?: string | undefined;
}

/** Frames to look at, walk through and zoom by pointer and keys. */
export function FlameChart({
  id,
  label,
  flame,
  tree,
  upward,
  rootless,
  search,
  colour,
  onShow,
  onSandwich,
  class: className,
}: Props) {
  const { openSource } = usePanel();
  const first = rootless ? 1 : 0;
  const [active, setActive] = useState(first);
  const [box, { width }] = useSize<HTMLDivElement>();
  useEffect(() => setActive(first), [flame.part]);

  const boxes = useMemo(
    () => layout(tree, width).filter(({ node }) => node.depth >= first),
    [tree, width, first],
  );
  const deepest = boxes.reduce((most, { node }) => Math.max(most, node.depth), first);
  const topOf = ({ depth }: FlameNode) => (upward ? deepest - depth : depth - first) * ROW_PX;
  const moveTo = (index: number) => {
    setActive(index);
    onShow(index);
  };
  // What is closest to the function in the middle is seen first.
  useEffect(() => {
    if (upward) box.current?.scrollTo({ top: deepest * ROW_PX });
  }, [upward, deepest, flame.part]);

  const zoomTo = (index: number) => {
    // The root is where we are already; "other" has no frame of its own, so the one it lies on is opened.
    const to = index === 0 ? tree.path.slice(0, -1) : pathTo(tree, index);
    // Back is always possible; further in only from the tree that was asked for, not while it replaces another one.
    if (to.length < flame.path.length || !flame.stale) flame.zoom(to);
  };
  const onKey = (event: KeyboardEvent) => {
    const arrows: Record<string, Direction> = {
      ArrowDown: upward ? 'back' : 'deeper',
      ArrowUp: upward ? 'deeper' : 'back',
      ArrowLeft: 'left',
      ArrowRight: 'right',
    };
    const direction = arrows[event.key];
    const node = tree.nodes[active];
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (direction) {
      const to = neighbour(boxes, active, direction);
      moveTo(to);
      box.current?.querySelector(`#${id}-${to}`)?.scrollIntoView({ block: 'nearest' });
    } else if (event.key === 'Enter' || event.key === ' ') zoomTo(active);
    else if (event.key === 'Backspace' || event.key === 'Escape') flame.zoom(flame.path.slice(0, -1));
    else if (event.key === 'Home') flame.zoom([]);
    else if (event.key === 'o' && node?.file) openSource(node.file, node.line);
    else if (event.key === 's' && node?.kind === 'frame' && onSandwich) onSandwich(node.function);
    else return;
    event.preventDefault();
  };

  return (
    <div
      ref={box}
      class={cx('flame', upward && 'upward', flame.loading && 'busy', className)}
      role="tree"
      tabIndex={0}
      aria-label={label}
      aria-busy={flame.loading}
      aria-activedescendant={`${id}-${active}`}
      onKeyDown={onKey}
      onPointerLeave={() => onShow(active)}
    >
      <div class="flame-rows" style={{ height: `${(deepest - first + 1) * ROW_PX}px` }}>
        {boxes.map((item) => (
          <Frame
            key={item.index}
            id={id}
            item={item}
            top={topOf(item.node)}
            tree={tree}
            active={item.index === active}
            match={search === '' ? null : matches(item.node, search)}
            colour={colour}
            onHover={onShow}
            onClick={(index) => {
              moveTo(index);
              zoomTo(index);
            }}
          />
        ))}
      </div>
    </div>
  );
}

interface FrameProps {
  id: string;
  item: Box;
  top: number;
  tree: FlameTree;
  active: boolean;
  /** Null when nothing is searched for. */
  match: boolean | null;
  colour(node: FlameNode): string;
  onHover(index: number): void;
  onClick(index: number): void;
}

function Frame({
  id,
  item: { index, node, left, width },
  top,
  tree,
  active,
  match,
  colour,
  onHover,
  onClick,
}: FrameProps) {
  const growth = tree.base_total === null ? null : growthOf(node);
  return (
    <div
      id={`${id}-${index}`}
      role="treeitem"
      aria-level={node.depth + 1}
      aria-selected={active}
      aria-label={describe(node, tree)}
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
      style={{ left: `${left}px`, top: `${top}px`, width: `${Math.max(1, width - 1)}px` }}
      onPointerEnter={() => onHover(index)}
      onClick={() => onClick(index)}
    >
      {width >= TEXT_FROM_PX ? frameName(node, growth) : ''}
    </div>
  );
}
