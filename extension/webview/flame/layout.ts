// What of a flame tree is on screen, as plain data: boxes in pixels, and who is whose neighbour.
import type { FlameNode, FlameTree } from '../../shared/model';

export const ROW_PX = 20;
/** Narrower boxes are not drawn: they could neither be read nor hit. The core merges most of them before. */
const NARROWEST_PX = 1.5;

export interface Box {
  /** Index in `FlameTree.nodes`. */
  index: number;
  node: FlameNode;
  left: number;
  width: number;
}

/** What a frame spans, in the unit of the values: both sides of a comparison beside each other. */
const widthOf = ({ value, base_value }: FlameNode): number => value + base_value;

/** Nothing to draw. */
export const isEmpty = ({ nodes: [root] }: FlameTree): boolean => !root || widthOf(root) <= 0;

export function layout(tree: FlameTree, width: number): Box[] {
  const root = tree.nodes[0];
  if (!root || isEmpty(tree)) return [];
  const scale = width / widthOf(root);
  const boxes: Box[] = [];
  tree.nodes.forEach((node, index) => {
    const left = (node.start - root.start) * scale;
    const right = left + widthOf(node) * scale;
    if (right - left >= NARROWEST_PX) boxes.push({ index, node, left, width: right - left });
  });
  return boxes;
}

/** The names from the root of the tree to a node: the path the core zooms by. */
export function pathTo(tree: FlameTree, index: number): string[] {
  const names: string[] = [];
  let depth = tree.nodes[index]?.depth ?? 0;
  // Nodes come before their callees, so walking back the first one that is less deep is the caller.
  for (let i = index; i > 0 && depth > 0; i--) {
    const node = tree.nodes[i];
    if (!node || node.depth !== depth) continue;
    const name = nameInPath(node);
    if (name !== undefined) names.unshift(name);
    depth--;
  }
  return [...tree.path, ...names];
}

/** What the core calls a node in a path; what was merged has no name. */
function nameInPath(node: FlameNode): string | undefined {
  switch (node.kind) {
    case 'frame':
      return node.function;
    case 'package':
      return node.package;
    case 'subsystem':
      return node.subsystem;
    default:
      return undefined;
  }
}

/** `deeper` is away from the root, `back` towards it, wherever that is on the screen. */
export type Direction = 'deeper' | 'back' | 'left' | 'right';

/** The box one gets to by an arrow key. */
export function neighbour(boxes: Box[], from: number, direction: Direction): number {
  const at = boxes.findIndex((box) => box.index === from);
  const here = boxes[at];
  if (!here) return boxes[0]?.index ?? 0;
  const { depth } = here.node;
  let found: Box | undefined;
  if (direction === 'deeper') {
    const next = boxes[at + 1];
    found = next && next.node.depth > depth ? next : undefined;
  } else if (direction === 'back') {
    found = boxes.slice(0, at).findLast((box) => box.node.depth < depth);
  } else if (direction === 'right') {
    found = boxes.slice(at + 1).find((box) => box.node.depth === depth);
  } else {
    found = boxes.slice(0, at).findLast((box) => box.node.depth === depth);
  }
  return found?.index ?? from;
}

/** Case-insensitive, like the filter of the tables; "other" matches when something merged in it does. */
export function matches(node: FlameNode, search: string): boolean {
  if (node.kind === 'other') return node.matched > 0;
  const text = search.toLowerCase();
  return node.function.toLowerCase().includes(text) || node.package.toLowerCase().includes(text);
}
