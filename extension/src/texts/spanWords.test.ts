import assert from 'node:assert/strict';
import test from 'node:test';
import type { SpansView, Status } from '../../shared/model';
import { timingWords } from '../../shared/spanWords';

const SECOND_NS = 1e9;
const language = {
  t: (text: string, args?: Record<string, string>) =>
    text.replace(/\{(\w+)\}/g, (whole, name: string) => args?.[name] ?? whole),
  valueByName: (_name: string, value: unknown) => String(value),
};

/** A gopls that has run for a minute, and spans of it that came a second ago. */
const coming: SpansView = {
  state: { kind: 'here' },
  port: 21_234,
  received: 120,
  dropped: 0,
  refused: 0,
  bodies_refused: 0,
  last_ns: 99 * SECOND_NS,
};
function words(spans: Partial<SpansView>, uptime_ns = 60 * SECOND_NS) {
  const gopls = { uptime_ns } as Status['gopls'];
  return timingWords({ ...coming, ...spans }, { gopls, at_ns: 100 * SECOND_NS }, language);
}

test('nothing is said of a timing that nobody asked for', () => {
  assert.equal(words({ state: { kind: 'off' }, port: null }), undefined);
});

test('spans that come are being recorded, whoever has the port', () => {
  for (const kind of ['here', 'relayed'] as const) {
    const told = words({ state: { kind } });
    assert.deepEqual([told?.text, told?.warn], ["recording gopls's own timing", false]);
    assert.match(told?.detail ?? '', /received: 120/);
  }
});

test('a port that a stranger has is named with what to do', () => {
  const told = words({ state: { kind: 'taken', why: 'not ours' } });
  assert.match(told?.text ?? '', /something else has port 21234/);
  assert.match(told?.detail ?? '', /^not ours\. Undo/);
  assert.equal(told?.warn, true);
});

test('what an earlier gopls posted says nothing of one that posts nothing', () => {
  const earlier = { last_ns: 30 * SECOND_NS };
  assert.match(words(earlier)?.detail ?? '', /without the flag/);
  assert.equal(words(earlier)?.warn, true);
  assert.equal(words({ last_ns: null })?.warn, true);
  // One that has just started has had no time to post.
  assert.equal(words({ last_ns: null }, 5 * SECOND_NS)?.warn, false);
});

test('refused spans and posts are told', () => {
  assert.equal(words({ refused: 3 })?.warn, true);
  assert.match(words({ bodies_refused: 4 })?.detail ?? '', /Posts refused, .*: 4\./);
  assert.match(words({ last_ns: null, bodies_refused: 4 })?.detail ?? '', /: 4\./);
});
