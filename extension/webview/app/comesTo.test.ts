import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Capture, Cause, Incident, LoadContext, MemoryVerdict } from '../../shared/model';
import { evidence, verdict } from './comesTo';

const MB = 1e6;

const VERDICT: MemoryVerdict = {
  kind: 'not-enough-evidence',
  cycles: 3,
  needed_cycles: 5,
  over_ns: 60e9,
  first_live_bytes: 300 * MB,
  last_live_bytes: 310 * MB,
  growth: null,
  allocated_bytes_per_s: 5 * MB,
  goroutines: null,
};

function incident(
  growth: number,
  about: { load?: LoadContext; method?: string; captures?: Partial<Capture>[]; causes?: Cause[] } = {},
): Incident {
  return {
    request: { method: about.method ?? 'textDocument/hover' },
    rss: { start_bytes: 300 * MB, peak_bytes: 300 * MB + growth },
    load: about.load ?? null,
    causes: about.causes ?? [],
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

test('a cause of most of the wait comes first, and one that is only possible is not told', () => {
  const starved = {
    kind: 'cpu-starved',
    duration_ns: 8e9,
    share: 0.8,
    slow: true,
    confidence: 'likely',
    evidence: {},
  } as const;
  assert.match(verdict(incident(2 * MB, { causes: [starved] })), /^gopls wanted to run, but other programs/);
  const weaker = [
    { ...starved, confidence: 'possible' as const },
    { ...starved, share: 0.2 },
  ];
  assert.match(verdict(incident(2 * MB, { causes: weaker })), /^Memory does not explain/);
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

test('what the live heap had done before is told, unless it is the load that was named', () => {
  const before = { ...incident(400 * MB), memory_verdict: VERDICT };
  assert.match(evidence(before, null, null).at(-1)!, /when this began: .* 5 more GC cycles are needed/);
  const loading = { ...VERDICT, kind: 'workspace-load' as const };
  assert.match(evidence({ ...before, memory_verdict: loading }, null, null).at(-1)!, /is being loaded/);
  assert.equal(evidence({ ...before, load: LOAD, memory_verdict: loading }, null, null).length, 1);
  assert.equal(evidence({ ...before, memory_verdict: null }, null, null).length, 1);
});

test('what is not known is left out', () => {
  const asked = incident(0, { method: 'capture-on-request' });
  assert.match(verdict(asked), /when you asked/);
  assert.deepEqual(evidence(asked, null, null), []);
  assert.equal(evidence(incident(400 * MB), null, null).length, 1);
});
