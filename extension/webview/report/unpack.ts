// Rows and trees of a report, as the core would answer them: sorted, filtered and cut, zoomed and searched.
import type {
  DiffPage,
  DiffQuery,
  DiffRow,
  FlameNode,
  FlameQuery,
  FlameTree,
  HeapPage,
  HeapQuery,
  HeapRow,
  HeapSort,
  PackedChange,
  PackedFunction,
  PackedKind,
  PackedTree,
} from '../../shared/model';
import { matches } from '../flame/layout';

/** A page of the functions of a heap, or of one part of gopls in it; undefined when there is no such part. */
export function heapPage(
  functions: PackedFunction[],
  kind: PackedKind,
  query: HeapQuery,
): HeapPage | undefined {
  const part = kind.parts.find(({ subsystem }) => subsystem === query.subsystem);
  if (query.subsystem !== null && !part) return undefined;
  const { rows } = part?.table ?? kind.table;
  const share = (value: number) => (kind.total === 0 ? 0 : value / kind.total);
  const unpacked = rows.map(([place, flat, cum, subsystem]): HeapRow => {
    const id = kind.subsystems.rows[subsystem]?.subsystem;
    return {
      ...named(functions, place),
      flat,
      cum,
      flat_share: share(flat),
      cum_share: share(cum),
      ...(id !== undefined && { subsystem: id }),
    };
  });
  const found = sorted(filtered(unpacked, query.filter), query);
  return {
    sample_type: kind.sample_type,
    unit: kind.unit,
    total: kind.total,
    counted: part?.counted ?? kind.total,
    ballast: kind.ballast,
    ...paged(found, query),
  };
}

/** A page of what changed since the baseline. */
export function diffPage(
  functions: PackedFunction[],
  kind: PackedKind,
  change: PackedChange,
  query: DiffQuery,
): DiffPage {
  const packed = query.by === 'package' ? change.packages : change.functions;
  const rows =
    query.by === 'subsystem'
      ? change.subsystems
      : packed.rows.map(([place, how, flat, cum, base_flat, base_cum]): DiffRow => {
          const { label: _, ...row } = named(functions, place);
          return { ...row, subsystem: '', change: how, flat, cum, base_flat, base_cum };
        });
  const found = sorted(filtered(rows, query.filter), query, Math.abs);
  return {
    sample_type: kind.sample_type,
    unit: kind.unit,
    base_total: change.base_total,
    new_total: change.new_total,
    total: change.total,
    ...paged(found, query),
  };
}

function named(functions: PackedFunction[], place: number) {
  const { label, ...rest } = functions[place] ?? {
    function: '',
    package: '',
    file: '',
    line: 0,
    label: null,
  };
  return { ...rest, ...(label !== null && { label }) };
}

interface Row {
  function: string;
  package: string;
  subsystem?: string;
  flat: number;
  cum: number;
}

/** The name of a row that is a part of gopls as a whole. */
const part = (row: Row) => (row.function || row.package ? '' : (row.subsystem ?? ''));

function filtered<R extends Row>(rows: R[], filter: string): R[] {
  const text = filter.trim().toLowerCase();
  const holds = (name: string) => name.toLowerCase().includes(text);
  return text === '' ? rows : rows.filter((row) => holds(row.function) || holds(row.package || part(row)));
}

function sorted<R extends Row>(
  rows: R[],
  { sort, descending }: { sort: HeapSort; descending: boolean },
  size: (value: number) => number = (value) => value,
): R[] {
  const name = (row: Row) => row.function || row.package || part(row);
  const names = (a: R, b: R) => (name(a) < name(b) ? -1 : name(a) > name(b) ? 1 : 0);
  const sign = descending ? -1 : 1;
  return [...rows].sort((a, b) =>
    sort === 'name' ? sign * names(a, b) : sign * (size(a[sort]) - size(b[sort])) || names(a, b),
  );
}

function paged<R>(rows: R[], { offset, limit }: { offset: number; limit: number }) {
  return { matched_rows: rows.length, rows: rows.slice(offset, offset + limit) };
}

/** A tree, or the part of it that is zoomed on; undefined when the path leads nowhere. */
export function flameTree(
  functions: PackedFunction[],
  kind: PackedKind,
  packed: PackedTree,
  query: FlameQuery,
): FlameTree | undefined {
  const all = packed.nodes.map((node) => unpackedNode(functions, packed, node));
  const nodes = zoomed(all, query.path);
  if (!nodes) return undefined;
  const { matched, base_matched } = search(nodes, query.search.trim());
  return {
    sample_type: kind.sample_type,
    unit: kind.unit,
    total: packed.total,
    base_total: packed.base_total,
    matched,
    base_matched,
    path: query.path,
    nodes,
  };
}

function unpackedNode(
  functions: PackedFunction[],
  packed: PackedTree,
  [
    kind,
    place,
    depth,
    start,
    value,
    own,
    base_value,
    base_own,
    merged,
    subsystem,
  ]: PackedTree['nodes'][number],
): FlameNode {
  const id = packed.subsystems[subsystem];
  return {
    kind: packed.kinds[kind] ?? 'other',
    ...named(functions, place),
    depth,
    start,
    value,
    own,
    base_value,
    base_own,
    matched: 0,
    merged,
    ...(id !== undefined && { subsystem: id }),
  };
}

/** The frames on the one that the path leads to, with it as the root. */
function zoomed(nodes: FlameNode[], path: string[]): FlameNode[] | undefined {
  let [from, to] = [0, nodes.length];
  for (const name of path) {
    const depth = (nodes[from]?.depth ?? 0) + 1;
    const found = nodes.findIndex(
      (node, index) => index > from && index < to && node.depth === depth && isCalled(node, name),
    );
    if (found < 0) return undefined;
    // Frames come before those on them, so the part ends with the next frame that is not deeper.
    const end = nodes.findIndex((node, index) => index > found && node.depth <= depth);
    [from, to] = [found, end < 0 ? nodes.length : end];
  }
  const root = nodes[from];
  if (!root) return undefined;
  return nodes
    .slice(from, to)
    .map((node) => ({ ...node, depth: node.depth - root.depth, start: node.start - root.start }));
}

function isCalled(node: FlameNode, name: string): boolean {
  if (node.kind === 'frame') return node.function === name;
  return node.kind === 'package'
    ? node.package === name
    : node.kind === 'subsystem' && node.subsystem === name;
}

/** Marks what is found, each stack once. Merged frames have no names here: what they hide is not found. */
function search(nodes: FlameNode[], text: string): { matched: number; base_matched: number } {
  if (text === '') return { matched: 0, base_matched: 0 };
  const found = nodes.map(() => ({ value: 0, base: 0 }));
  const open: number[] = [];
  const add = (to: number | undefined, from: number) => {
    const [sum, part] = [to === undefined ? undefined : found[to], found[from]];
    if (!sum || !part) return;
    sum.value += part.value;
    sum.base += part.base;
  };
  const close = (depth: number) => {
    while (open.length > 0 && (nodes[open.at(-1) ?? 0]?.depth ?? 0) >= depth) {
      const index = open.pop() ?? 0;
      const node = nodes[index];
      if (node && node.kind !== 'other' && matches(node, text))
        found[index] = { value: node.value, base: node.base_value };
      add(open.at(-1), index);
    }
  };
  nodes.forEach((node, index) => {
    close(node.depth);
    open.push(index);
  });
  close(0);
  nodes.forEach((node, index) => {
    const sum = found[index];
    if (sum) node.matched = sum.value + sum.base;
  });
  const root = found[0] ?? { value: 0, base: 0 };
  return { matched: root.value, base_matched: root.base };
}
