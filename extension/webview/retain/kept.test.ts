import assert from 'node:assert/strict';
import test from 'node:test';
import type { HeapRecord, HeldRow } from '../../shared/heap';
import { keptHeap } from './kept';

const row = (id: number, retained_bytes: number): HeldRow => ({
  id,
  type: `t${id}`,
  count: 1,
  bytes: 8,
  retained_bytes,
});
const type = (id: number, name: string, bytes: number, count: number) => ({
  id,
  type: name,
  bytes,
  count,
  retained_bytes: 1000 - id,
});
const chain = [{ text: 'main.all', type: 'global', object: null, retained_bytes: 9 }];
const record = {
  summary: { bytes_marked: 7 },
  types: [type(1, 'a/cache.Snapshot', 10, 3), type(2, 'b.Text', 90, 1), type(3, 'a/cache.View', 20, 9)],
  tree: {
    rows: [
      { ...row(1, 900), below: { rows: [row(2, 400)], others: 4, others_retained_bytes: 50 } },
      row(3, 100),
    ],
    others: 0,
    others_retained_bytes: 0,
  },
  details: [{ id: 1, paths: [], instances: [{ object: 42, bytes: 8, retained_bytes: 900, chain }] }],
  packages: { total: 0, rows: [] },
} as unknown as HeapRecord;
const { ask, live } = keptHeap(record);

test('types are found, sorted and paged as in the heap that was open', async () => {
  const names = async (changes: object) =>
    (
      await ask({
        ask: 'types',
        search: '',
        sort: 'retained',
        reversed: false,
        offset: 0,
        limit: 9,
        ...changes,
      })
    ).rows.map(({ id }) => id);
  assert.equal(live, false);
  assert.deepEqual(await names({}), [1, 2, 3]);
  assert.deepEqual(await names({ search: 'CACHE' }), [1, 3]);
  assert.deepEqual(await names({ sort: 'bytes' }), [2, 3, 1]);
  assert.deepEqual(await names({ sort: 'count', reversed: true }), [2, 1, 3]);
  assert.deepEqual(await names({ sort: 'name', offset: 1, limit: 1 }), [3]);
  assert.deepEqual(await names({}), [1, 2, 3], 'what was kept stays in its order');
});

test('the tree leads as far as it was kept, and says where it ends', async () => {
  const first = await ask({ ask: 'holds', way: [] });
  assert.deepEqual(
    first.rows.map(({ id, leaf }) => [id, leaf]),
    [
      [1, false],
      [3, true],
    ],
  );
  const below = await ask({ ask: 'holds', way: [1] });
  assert.deepEqual([below.rows[0]!.leaf, below.others, below.others_retained_bytes], [true, 4, 50]);
  await assert.rejects(ask({ ask: 'holds', way: [3] }), /only the largest was kept/);
});

test('who holds a large type was kept, with the chain of its objects; of others that is said', async () => {
  assert.equal((await ask({ ask: 'instances', id: 1, offset: 0, limit: 10 })).rows[0]!.object, 42);
  assert.deepEqual(await ask({ ask: 'chain', object: 42 }), chain);
  await assert.rejects(ask({ ask: 'paths', id: 2 }), /only the largest was kept/);
  await assert.rejects(ask({ ask: 'chain', object: 7 }), /only the largest was kept/);
});
