// A tree that is opened on demand, and the rows of it that are seen.
import type { HeapAnswers, HeldRow } from '../../shared/heap';

export interface Node {
  row: HeldRow;
  /** The types on the way down to it, its own last. */
  way: number[];
  open: boolean;
  /** Null until it was opened. */
  children: Node[] | null;
  /** More than 0: it stands for so many types that are not listed. */
  others: number;
}

export interface Line {
  node: Node;
  /** From 1, as `aria-level` counts. */
  level: number;
}

/** What an answer says hangs below a way. */
export function childrenOf(
  { rows, others, others_retained_bytes }: HeapAnswers['holds'],
  way: number[],
): Node[] {
  const nodes: Node[] = rows.map((row) => ({
    row,
    way: [...way, row.id ?? -1],
    open: false,
    children: null,
    others: 0,
  }));
  if (others > 0) {
    const row = { id: null, type: '', count: 0, bytes: 0, retained_bytes: others_retained_bytes };
    nodes.push({ row, way: [...way, -2], open: false, children: null, others });
  }
  return nodes;
}

/** Whether there is something below it: what retains no more than itself holds nothing. */
export const leadsOn = ({ row }: Node): boolean =>
  row.id !== null && row.retained_bytes > row.bytes && row.leaf !== true;

/** The rows in sight, from above. */
export function flat(nodes: readonly Node[], level = 1): Line[] {
  return nodes.flatMap((node) => [
    { node, level },
    ...(node.open && node.children ? flat(node.children, level + 1) : []),
  ]);
}
