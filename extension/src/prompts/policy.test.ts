import assert from 'node:assert/strict';
import test from 'node:test';
import { PromptPolicy } from './policy';

const MINUTE = 60_000;

test('a prompt in a quiet moment is shown at once', () => {
  const policy = new PromptPolicy<string>();
  assert.ok(policy.offer('a', 1000));
  assert.deepEqual(policy.next(1000), { show: 'a' });
  assert.equal(policy.next(1000), 'nothing');
});

test('typing defers it until two seconds after the last edit', () => {
  const policy = new PromptPolicy<string>();
  policy.edited(900);
  policy.offer('a', 1000);
  assert.deepEqual(policy.next(1000), { waitMs: 1900 });
  policy.edited(2500);
  assert.deepEqual(policy.next(2900), { waitMs: 1600 });
  assert.deepEqual(policy.next(4500), { show: 'a' });
});

test('a stale prompt is dropped', () => {
  const policy = new PromptPolicy<string>();
  policy.offer('a', 0);
  policy.edited(MINUTE);
  assert.equal(policy.next(MINUTE + 1), 'nothing');
  assert.equal(policy.next(2 * MINUTE), 'nothing');
});

test('the latest of several waiting ones counts', () => {
  const policy = new PromptPolicy<string>();
  policy.edited(0);
  policy.offer('a', 0);
  policy.offer('b', 500);
  assert.deepEqual(policy.next(2000), { show: 'b' });
});

test('one at a time, and at most one in ten minutes', () => {
  const policy = new PromptPolicy<string>();
  policy.offer('a', 0);
  policy.next(0);
  assert.equal(policy.offer('b', 11 * MINUTE), false, 'the first one is still open');
  policy.closed();
  assert.equal(policy.offer('c', 9 * MINUTE), false);
  assert.ok(policy.offer('d', 10 * MINUTE));
  assert.deepEqual(policy.next(10 * MINUTE), { show: 'd' });
});
