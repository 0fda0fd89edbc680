// What counts as a fault is itself known to be found: an answer that is right, and then wrong in one way after the other.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cellsOf } from './cells.mjs';
import { faultsOf, pathFaults } from './compare.mjs';

const node = {
  type: 'main.node',
  count: 3,
  slot_bytes: 16,
  bytes: 48,
  retained_bytes: 64,
  paths: [
    { root: { kind: 'global', name: 'main.head' }, path: '.next', objects: 2 },
    { root: { kind: 'goroutine' }, objects: 1 },
  ],
};
const expected = {
  scenario: 'nodes',
  pid: 1,
  heap_objects: 10_000,
  heap_alloc_bytes: 400_000,
  types: [node, { type: 'main.gone', count: 0, slot_bytes: 32, bytes: 0 }],
};
const right = {
  objects_marked: 10_009,
  bytes_marked: 399_700,
  check: { reliable: true },
  types: [{ type: 'main.node', count: 3, bytes: 48, retained_bytes: 64 }],
  paths: [
    { root: { kind: 'global', name: 'main.head' }, path: '.next', objects: 2, retained_bytes: 48 },
    { root: { kind: 'goroutine', name: 'main.waits' }, path: '.at', objects: 1, retained_bytes: 16 },
  ],
};
const row = (change) => ({ ...right, types: [{ ...right.types[0], ...change }] });

test('an answer that is right has no fault', () => {
  assert.deepEqual(faultsOf(expected, right), []);
  assert.deepEqual(pathFaults(node, right), []);
});

test('each fault is named with what was expected', () => {
  for (const [answer, fault] of [
    [row({ count: 2 }), /main\.node: expected 3, got 2/],
    [row({ type: 'main.other' }), /main\.node: expected 3, got 0/],
    [row({ bytes: 47 }), /expected 48 bytes, got 47/],
    [row({ retained_bytes: 48 }), /expected to retain 64 bytes, got 48 \(-16\)/],
    [
      { ...right, types: [...right.types, { type: 'main.gone', count: 1, bytes: 32 }] },
      /main\.gone: expected 0, got 1/,
    ],
    [{ ...right, types: [...right.types, ...right.types] }, /2 rows/],
    [{ ...right, objects_marked: 9_989 }, /objects: the runtime counts 10000, got 9989 \(-11\)/],
    [{ ...right, objects_marked: 10_031 }, /objects: the runtime counts 10000, got 10031 \(\+31\)/],
    [{ ...right, bytes_marked: 390_000 }, /bytes: the runtime counts 400000/],
    [{ ...right, check: { ...right.check, reliable: false } }, /not reliable/],
  ])
    assert.match(faultsOf(expected, answer).join('\n'), fault);
});

test('what is made all the time may be there once more, and no oftener', () => {
  const restless = { ...expected, restless: true, types: [{ ...node, more: 1, retained_bytes: undefined }] };
  const noTotals = { objects_marked: 1, bytes_marked: 1 };
  assert.deepEqual(faultsOf(restless, { ...row({ count: 4, bytes: 64 }), ...noTotals }), []);
  assert.match(faultsOf(restless, row({ count: 5, bytes: 80 })).join('\n'), /expected 3 to 4, got 5/);
});

test('what has died is told from what was missed', () => {
  const count = (objects) => ({ objects, bytes: objects * 8 });
  const check = { reliable: true, survivors: count(900), survivors_found: count(100), died: count(500) };
  const answer = { ...right, check };
  const faults = (wants) => faultsOf({ ...expected, ...wants }, answer).join('\n');
  assert.equal(faults({ died: 500, missed: 300 }), '');
  assert.match(faults({ died: 800 }), /died since: expected 800, got 500\nmissed: expected 0, got 300/);
});

test('a path is wrong by its root, its fields, or how many are on it', () => {
  const change = (held) => ({ ...right, paths: [{ ...right.paths[0], ...held }, right.paths[1]] });
  for (const held of [
    { objects: 1 },
    { path: '.previous' },
    { root: { kind: 'global', name: 'main.tail' } },
    { root: { kind: 'unnamed', name: 'main.head' } },
  ])
    assert.match(
      pathFaults(node, change(held)).join('\n'),
      /held by global main\.head\.next: expected 2, got [01]/,
    );
  assert.equal(pathFaults(node, { ...right, paths: undefined }).length, 2);
});

test('cells are chosen by words', () => {
  const names = (...words) => cellsOf(words).map(({ name }) => name);
  assert.deepEqual(names('1.24.13/pie'), ['1.24.13/pie']);
  assert.ok(names('1.25').includes('1.25.14/greentea'));
  assert.ok(!names('1.26').includes('1.26.11/greentea'));
  assert.ok(names('noswissmap').includes('1.24.13/noswissmap'));
  assert.ok(names('all').length > 40);
  assert.throws(() => names('1.21'), /1\.21 is nothing to compile with/);
});
