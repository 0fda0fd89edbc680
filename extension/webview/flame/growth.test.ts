import assert from 'node:assert/strict';
import test from 'node:test';
import { growthOf } from './growth';

const growth = (base_value: number, value: number) => {
  const { change, strength } = growthOf({ value, base_value });
  return `${change} ${strength}`;
};

test('growth is told by its share of the larger side, the same up as down', () => {
  assert.equal(growth(100, 100), 'unchanged 0');
  assert.equal(growth(1000, 1005), 'unchanged 0');
  assert.equal(growth(100, 105), 'grown 1');
  assert.equal(growth(105, 100), 'shrunk 1');
  assert.equal(growth(100, 150), 'grown 2');
  assert.equal(growth(150, 100), 'shrunk 2');
  assert.equal(growth(100, 200), 'grown 3');
  assert.equal(growth(200, 100), 'shrunk 3');
});

test('what only one side has is new or gone; what none has did not change', () => {
  assert.equal(growth(0, 1), 'new 3');
  assert.equal(growth(1, 0), 'gone 3');
  assert.equal(growth(0, 0), 'unchanged 0');
});
