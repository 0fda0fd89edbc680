import assert from 'node:assert/strict';
import test from 'node:test';
import { advise } from './advice';

const MB = 1e6;
const heap = (parts: Record<string, number>) => ({
  bytes_marked: Object.values(parts).reduce((sum, mb) => sum + mb * MB, 0),
  parts: Object.entries(parts).map(([part, mb]) => ({ part, count: 1, bytes: mb * MB })),
});
const kinds = (...given: Parameters<typeof advise>) => advise(...given).map(({ kind }) => kind);

test('many snapshots come first, a few are normal', () => {
  const parts = heap({ 'type-checking': 600, ballast: 100 });
  assert.deepEqual(kinds(parts, { count: 4, retained_bytes: 500 * MB }), [
    'snapshots',
    'packages',
    'ballast',
  ]);
  assert.deepEqual(kinds(parts, { count: 3, retained_bytes: 500 * MB }), ['packages', 'ballast']);
});

test('shares are of what takes memory: the ballast does not', () => {
  const [first] = advise(heap({ ballast: 100, 'type-checking': 150, runtime: 150 }), null);
  assert.deepEqual(first, { kind: 'packages', part: 'type-checking', bytes: 150 * MB, share: 0.5 });
});

test('the largest part that grows with packages is named, and the largest that is bounded', () => {
  const told = advise(
    heap({ 'type-checking': 140, parsing: 50, 'file-contents': 30, 'file-cache': 25 }),
    null,
  );
  assert.deepEqual(
    told.map((one) => ('part' in one ? one.part : one.kind)),
    ['type-checking', 'file-contents'],
  );
});

test('a small heap is no reason to leave folders out', () => {
  assert.deepEqual(kinds(heap({ 'type-checking': 60, runtime: 10 }), null), ['nothing']);
});

test('another program than gopls gets no advice about packages', () => {
  assert.deepEqual(kinds(heap({ unassigned: 300 }), null), ['nothing']);
});
