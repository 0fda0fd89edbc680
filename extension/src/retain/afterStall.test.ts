import assert from 'node:assert/strict';
import test from 'node:test';
import { memoryMatters, MIN_GAP_MS, Seldom } from './afterStall';

const MB = 1e6;
const much = { rise_bytes: 15 * MB, rss_bytes: 1200 * MB };
type Evidence = Parameters<typeof memoryMatters>[0];

/** A stall in which a hover waited for types, and gopls hardly grew. */
const stall = (changes: object): Evidence =>
  ({
    state: 'complete',
    request: { method: 'textDocument/hover' },
    rss: { start_bytes: 400 * MB, peak_bytes: 402 * MB, end_bytes: 402 * MB, steepest_rise_bytes: 2 * MB },
    memory_verdict: { kind: 'steady' },
    causes: [{ kind: 'type-checking' }, { kind: 'gc' }],
    ...changes,
  }) as Evidence;

test('a stall without a word about memory is none of its business', () => {
  assert.equal(memoryMatters(stall({}), much), false);
  assert.equal(memoryMatters(stall({ memory_verdict: null, causes: [] }), much), false);
});

test('growth, much of it, a leak, and a collector that took most of the wait are evidence', () => {
  const rss = (peak: number, rise: number) => ({
    rss: { start_bytes: 0, end_bytes: 0, peak_bytes: peak * MB, steepest_rise_bytes: rise * MB },
  });
  const cases: [object, boolean][] = [
    [rss(500, 15), true],
    [rss(500, 14), false],
    [rss(1200, 0), true],
    [{ memory_verdict: { kind: 'live-heap-growing' } }, true],
    [{ memory_verdict: { kind: 'goroutine-growth' } }, true],
    [{ memory_verdict: { kind: 'churn' } }, false],
    [{ causes: [{ kind: 'gc' }] }, true],
    [{ causes: [{ kind: 'memory-pressure' }] }, true],
    [{ causes: [{ kind: 'disk' }] }, false],
  ];
  for (const [changes, matters] of cases)
    assert.equal(memoryMatters(stall(changes), much), matters, JSON.stringify(changes));
  assert.equal(memoryMatters(stall(rss(5000, 0)), { ...much, rss_bytes: 0 }), false, 'the alert is off');
});

test('what somebody captured by hand, and a gopls that has ended, are left alone', () => {
  const grown = { rss: { start_bytes: 0, end_bytes: 0, peak_bytes: 0, steepest_rise_bytes: 90 * MB } };
  assert.ok(memoryMatters(stall(grown), much));
  assert.equal(memoryMatters(stall({ ...grown, request: { method: 'capture-on-request' } }), much), false);
  assert.equal(memoryMatters(stall({ ...grown, state: 'gopls-gone' }), much), false);
  assert.equal(memoryMatters(stall({ ...grown, state: 'interrupted' }), much), false);
});

test('one at a time, and seldom', () => {
  const seldom = new Seldom();
  assert.ok(seldom.begin(0));
  assert.equal(seldom.begin(1000), false, 'one is under way');
  seldom.ended(2000, true);
  assert.equal(seldom.begin(1999 + MIN_GAP_MS), false);
  assert.ok(seldom.begin(2000 + MIN_GAP_MS));
  seldom.ended(3000 + MIN_GAP_MS, false);
  assert.ok(seldom.begin(3001 + MIN_GAP_MS), 'what was not tried does not count');
});
