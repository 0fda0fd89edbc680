import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Incident, LoadContext } from '../../shared/model';
import { evidence, verdict } from './comesTo';

const MB = 1e6;

function incident(growth: number, about: { load?: LoadContext; method?: string } = {}): Incident {
  return {
    request: { method: about.method ?? 'textDocument/hover' },
    rss: { start_bytes: 300 * MB, peak_bytes: 300 * MB + growth },
    load: about.load ?? null,
  } as Incident;
}

const LOAD = { ordinary: true } as LoadContext;

test('memory is not blamed for a wait in which it hardly grew, not even of a load', () => {
  assert.match(verdict(incident(2 * MB)), /does not explain this wait/);
  assert.match(verdict(incident(2 * MB, { load: LOAD })), /does not explain this wait/);
});

test('one wait is never called a leak, whatever it grew by', () => {
  for (const load of [undefined, LOAD]) {
    const said = verdict(incident(5_000 * MB, load && { load }));
    assert.match(said, /grew by 5[.,]00\u00a0GB/);
    assert.doesNotMatch(said.replace('That is not a leak.', ''), /leak/);
  }
});

test('what is not known is left out', () => {
  const asked = incident(0, { method: 'capture-on-request' });
  assert.match(verdict(asked), /when you asked/);
  assert.deepEqual(evidence(asked, null, null), []);
  assert.equal(evidence(incident(400 * MB), null, null).length, 1);
});
