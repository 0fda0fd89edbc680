import assert from 'node:assert/strict';
import test from 'node:test';
import { PromptPolicy } from './policy';

const MINUTE = 60_000;
const stall = (id: string) => ({ kind: 'stall', id });
const memory = (id: string) => ({ kind: 'memory', id });
const policyOf = () => new PromptPolicy<{ kind: string; id: string }>();

test('a prompt in a quiet moment is shown at once', () => {
  const policy = policyOf();
  assert.ok(policy.offer(stall('a'), 1000));
  assert.deepEqual(policy.next(1000), { show: stall('a') });
  assert.equal(policy.next(1000), 'nothing');
});

test('typing defers it until two seconds after the last edit', () => {
  const policy = policyOf();
  policy.edited(900);
  policy.offer(stall('a'), 1000);
  assert.deepEqual(policy.next(1000), { waitMs: 1900 });
  policy.edited(2500);
  assert.deepEqual(policy.next(2900), { waitMs: 1600 });
  assert.deepEqual(policy.next(4500), { show: stall('a') });
});

test('a stale prompt is dropped', () => {
  const policy = policyOf();
  policy.offer(stall('a'), 0);
  policy.edited(MINUTE);
  assert.equal(policy.next(MINUTE + 1), 'nothing');
  assert.equal(policy.next(2 * MINUTE), 'nothing');
});

test('the latest of several waiting ones counts', () => {
  const policy = policyOf();
  policy.edited(0);
  policy.offer(stall('a'), 0);
  policy.offer(stall('b'), 500);
  assert.deepEqual(policy.next(2000), { show: stall('b') });
});

test('at most one of a kind in ten minutes', () => {
  const policy = policyOf();
  policy.offer(stall('a'), 0);
  policy.next(0);
  policy.closed();
  assert.equal(policy.offer(stall('b'), 9 * MINUTE), false);
  assert.ok(policy.offer(stall('c'), 10 * MINUTE));
  assert.deepEqual(policy.next(10 * MINUTE), { show: stall('c') });
});

test('a memory alert does not use up the prompt after a stall, but they never stand side by side', () => {
  const policy = policyOf();
  policy.offer(memory('m'), 0);
  assert.deepEqual(policy.next(0), { show: memory('m') });
  assert.ok(policy.offer(stall('a'), 5_000));
  assert.deepEqual(policy.next(5_000), { waitMs: 15_000 });
  policy.closed();
  assert.deepEqual(policy.next(6_000), { show: stall('a') });
});

test('one that the editor has put away unanswered blocks nothing', () => {
  const policy = policyOf();
  policy.offer(memory('m'), 0);
  policy.next(0);
  policy.offer(stall('a'), 19_000);
  assert.deepEqual(policy.next(19_000), { waitMs: 1_000 });
  assert.deepEqual(policy.next(20_000), { show: stall('a') });
});
