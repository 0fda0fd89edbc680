import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Capture, Incident, LoadContext } from '../../shared/model';
import { evidence, verdict } from './comesTo';

const MB = 1e6;

function incident(
  growth: number,
  about: { load?: LoadContext; method?: string; captures?: Partial<Capture>[] } = {},
): Incident {
  return {
    request: { method: about.method ?? 'textDocument/hover' },
    rss: { start_bytes: 300 * MB, peak_bytes: 300 * MB + growth },
    load: about.load ?? null,
    captures: about.captures ?? [],
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

test('what was asked for by hand is called what it is', () => {
  const said = (capture: Partial<Capture>) =>
    verdict(
      incident(0, {
        method: 'capture-on-request',
        captures: [
          { kind: 'baseline', trigger: 'baseline' },
          { trigger: 'user', ...capture },
        ],
      }),
    );
  assert.match(said({ kind: 'cpu', seconds: 5 }), /CPU time went within 5 s/);
  assert.match(said({ kind: 'heap', after_gc: true }), /what gopls keeps/);
  assert.match(said({ kind: 'heap' }), /where the memory was/);
});

test('what is not known is left out', () => {
  const asked = incident(0, { method: 'capture-on-request' });
  assert.match(verdict(asked), /when you asked/);
  assert.deepEqual(evidence(asked, null, null), []);
  assert.equal(evidence(incident(400 * MB), null, null).length, 1);
});
