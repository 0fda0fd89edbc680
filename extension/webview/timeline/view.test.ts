import assert from 'node:assert/strict';
import test from 'node:test';
import { CLOSEST_NS, length, panBy, timeTicks, valueTicks, zoomAt } from './view';

const S = 1e9;
const bounds = { from_ns: 0, to_ns: 100 * S };

test('zoom keeps the moment under the pointer, and stays in bounds', () => {
  const half = zoomAt({ from_ns: 20 * S, to_ns: 40 * S }, 25 * S, 0.5, bounds);
  assert.deepEqual(half, { from_ns: 22.5 * S, to_ns: 32.5 * S });
  assert.deepEqual(zoomAt(half, 25 * S, 1000, bounds), bounds);
  const closest = zoomAt(half, 25 * S, 1e-9, bounds);
  assert.ok(Math.abs(length(closest) - CLOSEST_NS) < 10);
});

test('pan stops at the edges without changing the zoom', () => {
  assert.deepEqual(panBy({ from_ns: 90 * S, to_ns: 95 * S }, 50 * S, bounds), {
    from_ns: 95 * S,
    to_ns: 100 * S,
  });
  assert.deepEqual(panBy({ from_ns: 2 * S, to_ns: 7 * S }, -50 * S, bounds), { from_ns: 0, to_ns: 5 * S });
});

test('time ticks are round, counted from zero', () => {
  const { step_ns, at_ns } = timeTicks({ from_ns: 3.3 * S, to_ns: 9.1 * S }, 6, 3.4 * S);
  assert.equal(step_ns, S);
  assert.deepEqual(
    at_ns,
    [3.4, 4.4, 5.4, 6.4, 7.4, 8.4].map((s) => s * S),
  );
});

test('the value axis begins at zero unless that flattens the curve', () => {
  assert.deepEqual(valueTicks(40e6, 1.4e9, 3), [0, 500e6, 1000e6, 1500e6]);
  const cut = valueTicks(1.3e9, 1.33e9, 3);
  assert.ok((cut[0] ?? 0) > 0 && (cut[0] ?? 0) <= 1.0e9, `${cut.join()}: at least a quarter is spanned`);
  assert.ok((cut.at(-1) ?? 0) >= 1.33e9);
  assert.deepEqual(valueTicks(Infinity, 0, 3), [0]);
});
