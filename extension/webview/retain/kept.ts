// What was kept of a heap, asked like the heap itself. It has the largest of everything; the rest is said not to be there.
import type { HeapAnswers, HeapPageQuestion, HeapRecord, KeptBelow } from '../../shared/heap';
import { t } from '../base/l10n';
import type { AskHeap, Heap } from './ask';

export function keptHeap(record: HeapRecord): Heap {
  const ask = (question: HeapPageQuestion) => Promise.resolve().then(() => answer(record, question));
  return { ask: ask as AskHeap, live: false };
}

function answer(record: HeapRecord, question: HeapPageQuestion): HeapAnswers[HeapPageQuestion['ask']] {
  const detail = (id: number) => record.details.find((one) => one.id === id) ?? notKept();
  switch (question.ask) {
    case 'summary':
      return record.summary;
    case 'types':
      return types(record, question);
    case 'paths':
      return detail(question.id).paths;
    case 'instances': {
      const { instances } = detail(question.id);
      return { total: instances.length, rows: instances };
    }
    case 'holds':
      return holds(record.tree, question.way);
    case 'chain': {
      const instances = record.details.flatMap((one) => one.instances);
      return (instances.find(({ object }) => object === question.object) ?? notKept()).chain;
    }
    case 'packages':
      return record.packages;
  }
}

function types(
  { types: all }: HeapRecord,
  { search, sort, reversed, offset, limit }: Extract<HeapPageQuestion, { ask: 'types' }>,
): HeapAnswers['types'] {
  const wanted = search.toLowerCase();
  const rows = all.filter(({ type }) => type.toLowerCase().includes(wanted));
  // As they were kept: the most retained bytes first.
  if (sort === 'bytes') rows.sort((a, b) => b.bytes - a.bytes);
  else if (sort === 'count') rows.sort((a, b) => b.count - a.count);
  else if (sort === 'name') rows.sort((a, b) => (a.type < b.type ? -1 : 1));
  if (reversed) rows.reverse();
  return { total: rows.length, rows: rows.slice(offset, offset + limit) };
}

function holds(tree: KeptBelow, way: number[]): HeapAnswers['holds'] {
  const below = way.reduce<KeptBelow>(
    (at, id) => at.rows.find((row) => row.id === id)?.below ?? notKept(),
    tree,
  );
  const rows = below.rows.map(({ below: more, ...row }) => ({ ...row, leaf: more === undefined }));
  return { rows, others: below.others, others_retained_bytes: below.others_retained_bytes };
}

function notKept(): never {
  throw new Error(t('Of a heap that is not open any more only the largest was kept; this is not among it.'));
}
