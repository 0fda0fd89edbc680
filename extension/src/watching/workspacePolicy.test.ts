// Whoever works in the editor must not wait for our question to gopls.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { GoplsStatus, InFlight, Status } from '../../shared/model';
import { WorkspacePolicy } from './workspacePolicy';

const MINUTE = 60_000;

const GOPLS: GoplsStatus = {
  pid: 7,
  version: 'v0.23.0',
  rss_bytes: 5e8,
  cpu_share: 0.01,
  uptime_ns: 1e12,
  debug: { state: 'on', address: '127.0.0.1:1', loopback_only: true },
  latency_source: 'counters',
};

function status(changes: Partial<Status> = {}, gopls: Partial<GoplsStatus> = {}): Status {
  return {
    at_ns: 0,
    origin_unix_ms: 0,
    watching: true,
    capture_enabled: true,
    gopls: { ...GOPLS, ...gopls },
    other_gopls: 0,
    in_flight: [],
    stall: null,
    loading: false,
    commands: [],
    load: null,
    last_load: null,
    last_incident: null,
    spark_bytes: [],
    own_cpu_share: 0,
    ...changes,
  };
}

/** The first second in which gopls may be asked, looked at once a second. */
function firstAsked(
  policy: WorkspacePolicy,
  at: (second: number) => Status,
  { looking = true, from = 0 } = {},
) {
  for (let second = from; second < from + 3_600; second++) {
    if (policy.due(at(second), looking, second * 1_000) !== undefined) return second;
  }
  return undefined;
}

test('gopls is asked when it is at rest and somebody looks, and not otherwise', () => {
  assert.equal(
    firstAsked(new WorkspacePolicy(), () => status()),
    5,
  );
  assert.equal(
    firstAsked(new WorkspacePolicy(), () => status(), { looking: false }),
    undefined,
  );
  const hover: InFlight = {
    method: 'textDocument/hover',
    age_ns: 1,
    interactive: true,
    source: 'observer',
    phase: null,
  };
  for (const [what, busy] of Object.entries({
    loading: status({ loading: true }),
    waiting: status({ in_flight: [hover] }),
    working: status({}, { cpu_share: 0.3 }),
    paused: status({ watching: false }),
    'captures off': status({ capture_enabled: false }),
    'no debug server': status({}, { debug: { state: 'off' } }),
    'no gopls': status({ gopls: null }),
  })) {
    assert.equal(
      firstAsked(new WorkspacePolicy(), () => busy),
      undefined,
      what,
    );
    const at = firstAsked(new WorkspacePolicy(), (second) => (second < 20 ? busy : status()));
    assert.ok(at !== undefined && at >= 20, `${what}: asked in second ${at}`);
  }
  const typing = new WorkspacePolicy();
  typing.edited(30_000);
  assert.equal(
    firstAsked(typing, () => status(), { from: 20 }),
    40,
  );
});

test('a closed incident is a reason to ask for a while', () => {
  const policy = new WorkspacePolicy();
  policy.incidentClosed(0);
  assert.equal(
    firstAsked(policy, () => status(), { looking: false }),
    5,
  );
  const late = new WorkspacePolicy();
  late.incidentClosed(0);
  assert.equal(
    firstAsked(late, () => status(), { looking: false, from: 200 }),
    undefined,
  );
});

test('no question behind one that has not been answered, and then not for minutes', () => {
  const policy = new WorkspacePolicy();
  const at = firstAsked(policy, () => status())!;
  policy.began(at * 1_000);
  assert.equal(
    firstAsked(policy, () => status(), { from: at + 1 }),
    undefined,
    'however long it takes',
  );
  policy.ended(7, { tookMs: 3 }, 4_000_000);
  assert.equal(
    firstAsked(policy, () => status(), { from: 4_001 }),
    4_000 + 180,
  );
});

test('the longer it took, the later it is asked again', () => {
  const policy = new WorkspacePolicy();
  policy.due(status(), true, 0);
  policy.began(0);
  policy.ended(7, { tookMs: 1_000 }, 0);
  const next = firstAsked(policy, () => status(), { from: 1 });
  assert.equal(next, (33 * MINUTE + 20_000) / 1_000, 'one second of two thousand');
});

test('a gopls without these commands is not asked again, its successor is', () => {
  const policy = new WorkspacePolicy();
  policy.due(status(), true, 0);
  policy.began(0);
  policy.ended(7, 'refused', 10);
  assert.equal(
    firstAsked(policy, () => status(), { from: 1 }),
    undefined,
  );
  assert.ok(firstAsked(policy, () => status({}, { pid: 8 }), { from: 1 }) !== undefined);
  // The answer of the old one comes at last: it says nothing of the new one.
  policy.began(0);
  policy.ended(7, { tookMs: 1 }, 10);
  assert.equal(
    firstAsked(policy, () => status({}, { pid: 8 }), { from: 400 }),
    undefined,
  );
});
