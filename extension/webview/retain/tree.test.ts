import assert from 'node:assert/strict';
import test from 'node:test';
import { childrenOf, flat, leadsOn } from './tree';

const row = (id: number | null, bytes: number, retained_bytes: number) => ({
  id,
  type: `t${id}`,
  count: 1,
  bytes,
  retained_bytes,
});

test('what retains more than itself can be opened', () => {
  const [session, leaf, root] = childrenOf(
    { rows: [row(3, 10, 500), row(4, 10, 10), row(null, 0, 70)], others: 0, others_retained_bytes: 0 },
    [],
  );
  assert.deepEqual(
    [session, leaf, root].map((node) => leadsOn(node!)),
    [true, false, false],
  );
});

test('rows in sight are those below what is open, with the way that leads to each', () => {
  const nodes = childrenOf({ rows: [row(3, 10, 500)], others: 2, others_retained_bytes: 90 }, []);
  const [session] = nodes;
  session!.children = childrenOf(
    { rows: [row(7, 1, 400)], others: 0, others_retained_bytes: 0 },
    session!.way,
  );
  assert.deepEqual(
    flat(nodes).map(({ level }) => level),
    [1, 1],
  );
  session!.open = true;
  assert.deepEqual(
    flat(nodes).map(({ node, level }) => [level, node.way, node.others, node.row.retained_bytes]),
    [
      [1, [3], 0, 500],
      [2, [3, 7], 0, 400],
      [1, [-2], 2, 90],
    ],
  );
});
