import assert from 'node:assert/strict';
import test from 'node:test';
import type { FlameNode, FlameTree } from '../../shared/model';
import { layout, matches, neighbour, pathTo } from './layout';

const node = (function_: string, depth: number, start: number, value: number): FlameNode => ({
  kind: depth === 0 ? 'root' : function_ === '' ? 'other' : 'frame',
  function: function_,
  package: '',
  file: '',
  line: 0,
  depth,
  start,
  value,
  own: 0,
  base_value: 0,
  base_own: 0,
  matched: 0,
  merged: function_ === '' ? 2 : 0,
});
// main(70: a(60: b(60)), other(10)), go(30: b(30))
const tree: FlameTree = {
  sample_type: 'inuse_space',
  unit: 'bytes',
  total: 100,
  base_total: null,
  matched: 0,
  base_matched: 0,
  path: ['outer'],
  nodes: [
    node('', 0, 0, 100),
    node('main', 1, 0, 70),
    node('a', 2, 0, 60),
    node('b', 3, 0, 60),
    node('', 2, 60, 10),
    node('go', 1, 70, 30),
    node('b', 2, 70, 30),
  ],
};

test('a path goes through the callers, and "other" opens its caller', () => {
  assert.deepEqual(pathTo(tree, 3), ['outer', 'main', 'a', 'b']);
  assert.deepEqual(pathTo(tree, 6), ['outer', 'go', 'b']);
  assert.deepEqual(pathTo(tree, 4), ['outer', 'main']);
  assert.deepEqual(pathTo(tree, 0), ['outer']);
});

test('boxes span the width; what cannot be seen is left out', () => {
  const boxes = layout(tree, 1000);
  assert.deepEqual(
    boxes.map(({ left, width }) => [left, width]),
    [
      [0, 1000],
      [0, 700],
      [0, 600],
      [0, 600],
      [600, 100],
      [700, 300],
      [700, 300],
    ],
  );
  assert.equal(layout(tree, 10).length, 6);
});

test('arrows move to callee, caller and neighbours, and stay at the rim', () => {
  const boxes = layout(tree, 1000);
  assert.equal(neighbour(boxes, 1, 'deeper'), 2);
  assert.equal(neighbour(boxes, 3, 'deeper'), 3);
  assert.equal(neighbour(boxes, 4, 'back'), 1);
  assert.equal(neighbour(boxes, 2, 'right'), 4);
  assert.equal(neighbour(boxes, 6, 'left'), 4);
  assert.equal(neighbour(boxes, 0, 'back'), 0);
});

test('in a comparison a frame is as wide as both sides together', () => {
  const [root, main] = tree.nodes;
  assert.ok(root && main);
  const both = {
    ...tree,
    base_total: 60,
    nodes: [
      { ...root, base_value: 60 },
      { ...main, base_value: 10 },
    ],
  };
  assert.deepEqual(
    layout(both, 160).map(({ width }) => width),
    [160, 80],
  );
});

test('a name matches in part, and "other" by what is merged in it', () => {
  assert.ok(matches(node('go/types.(*Checker).Expr', 1, 0, 9), 'checker'));
  assert.ok(!matches(node('main', 1, 0, 9), 'x'));
  assert.ok(!matches(node('', 2, 60, 10), 'x'));
  assert.ok(matches({ ...node('', 2, 60, 10), matched: 4 }, 'x'));
});

test('in the icicle a path goes by subsystem, package and function, and all but a subsystem is found by name', () => {
  const [root, main, a, b] = tree.nodes;
  assert.ok(root && main && a && b);
  const parsing: FlameNode = { ...main, kind: 'subsystem', function: '', subsystem: 'parsing' };
  const parser: FlameNode = { ...a, kind: 'package', function: '', package: 'go/parser' };
  const icicle = { ...tree, path: [], nodes: [root, parsing, parser, b] };
  assert.deepEqual(pathTo(icicle, 3), ['parsing', 'go/parser', 'b']);
  assert.ok(matches(parser, 'PARSER'));
  assert.ok(!matches(parsing, 'parsing'));
});
