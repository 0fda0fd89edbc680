import assert from 'node:assert/strict';
import test from 'node:test';
import { inspect } from 'node:util';
import { checkedRequest } from './requests';

const request = (method: string, args: unknown) => ({ type: 'request', id: 1, method, args });
const trying = (change: unknown) => ({
  step: 'start',
  start: { title: 'a fix', goal: 'peak', ...(change === undefined ? {} : { change }) },
});
const ref = { incident: '20261124T041900.123Z-hover-4711', capture: 1 };

test('requests of the protocol pass', () => {
  for (const good of [
    request('hello', { protocol: 1 }),
    request('incidents', {}),
    request('incident', { id: ref.incident }),
    request('timeline', { query: { incident: null, from_ns: null, to_ns: null, points: 900 } }),
    request('heapTable', {
      ref,
      query: { sample_type: null, sort: 'flat', descending: true, filter: '', offset: 0, limit: 50 },
    }),
    request('flame', {
      ref,
      query: { sample_type: null, path: ['main.main'], min_share: 0.001, max_nodes: 2000 },
    }),
    request('subsystems', { ref, query: { sample_type: 'alloc_space' } }),
    request('icicle', {
      ref,
      query: { sample_type: null, path: ['parsing', 'go/parser'], min_share: 0.001, max_nodes: 2000 },
    }),
    request('heapCaptures', { limit: 100 }),
    request('heapDiff', { ref, query: { by: 'package', normalize: true }, base: null }),
    request('flameDiff', {
      ref,
      query: { focus: null, path: [] },
      base: { incident: 'another-1', capture: 2 },
    }),
    request('openSource', { file: 'runtime/malloc.go', line: 12 }),
    request('gc', {}),
    request('verify', { step: trying({ setting: 'gogc', value: 200 }) }),
    request('verify', { step: trying(undefined) }),
    request('command', { id: 'applyChange', verification: 'verify-1' }),
    request('askHeap', { question: { ask: 'holds', way: [3, 0] } }),
    request('askHeap', { question: { ask: 'chain', object: 7 } }),
    request('command', { id: 'togglePause' }),
    request('command', { id: 'openSetting', setting: { report: 0, setting: 3 } }),
    request('command', { id: 'openServerLog', report: 0 }),
    request('command', { id: 'exportReport', incident: ref.incident }),
    request('command', { id: 'copyAsIssue', incident: ref.incident }),
    request('command', { id: 'saveProfileAs', incident: ref.incident, capture: 2 }),
  ]) {
    assert.equal(checkedRequest(good), good);
  }
});

test('everything else stops at the door', () => {
  const circular: Record<string, unknown> = {};
  circular['query'] = { circular };
  for (const bad of [
    undefined,
    null,
    request('askHeap', { question: { ask: 'save', file: '/etc/passwd' } }),
    request('askHeap', { question: { ask: 'chain', object: 7, file: '/etc/passwd' } }),
    request('askHeap', { question: { ask: 'holds', way: ['all'] } }),
    'request',
    [],
    { ...request('incidents', {}), type: 'response' },
    { ...request('incidents', {}), id: -1 },
    { ...request('incidents', {}), id: '1' },
    request('constructor', {}),
    request('__proto__', {}),
    request('incidents', undefined),
    request('incidents', { extra: 1 }),
    request('incident', { id: '../../etc' }),
    request('incident', { id: '..' }),
    request('incident', { id: '' }),
    request('heapTable', { ref: { incident: ref.incident, capture: 1.5 }, query: {} }),
    request('heapTable', { ref, query: [] }),
    request('subsystems', { query: {} }),
    request('icicle', { ref, query: { path: [{ deep: { deep: { deep: 1 } } }] } }),
    request('heapDiff', { ref, query: {} }),
    request('heapDiff', { ref, query: {}, base: { incident: '../outside', capture: 1 } }),
    request('flameDiff', { ref, query: {}, base: 'baseline' }),
    request('heapCaptures', { limit: -1 }),
    request('timeline', { query: { points: Number.NaN } }),
    request('timeline', { query: { points: () => 1 } }),
    request('timeline', { query: { deep: { deep: { deep: { deep: { deep: 1 } } } } } }),
    request('timeline', circular),
    request('timeline', { query: { filter: 'x'.repeat(300_000) } }),
    request('openSource', { file: 'x'.repeat(5000), line: 1 }),
    request('command', { id: 'workbench.action.quit' }),
    request('gc', { memoryLimitBytes: 1 }),
    request('verify', { step: trying({ setting: 'go.toolsEnvVars', value: 200 }) }),
    request('verify', { step: trying({ setting: 'gogc', value: -1 }) }),
    request('verify', { step: trying({ setting: 'gogc', value: 200, key: 'terminal.shell' }) }),
  ]) {
    assert.equal(checkedRequest(bad), undefined, inspect(bad).slice(0, 100));
  }
});
