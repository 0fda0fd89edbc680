import assert from 'node:assert/strict';
import test from 'node:test';
import { knowsOtel } from '../../shared/goplsVersion';
import { isForwarder, otelAddress, ourPort, withOtelFlag, withoutOtelFlag } from './otelFlag';

const OURS = '-otel=http://127.0.0.1:21234/stallscope';

test('undoing is the inverse of adding, and leaves a flag of the user alone', () => {
  for (const flags of [
    [],
    ['-rpc.trace', '-logfile', 'f'],
    ['serve', '-vv'],
    ['-otel=http://localhost:4318'],
    ['-otel', 'http://127.0.0.1:4318/stallscope/x'],
  ]) {
    const added = withOtelFlag(flags, 21_234);
    assert.deepEqual(added, [OURS, ...flags]);
    assert.deepEqual(withoutOtelFlag(added), flags);
  }
  assert.deepEqual(withOtelFlag([OURS], 21_235), ['-otel=http://127.0.0.1:21235/stallscope'], 'never two');
});

test('only our own address that counts is ours', () => {
  assert.equal(ourPort(['-vv', OURS]), 21_234);
  for (const flags of [
    [],
    ['-otel=http://localhost:4318'],
    // The last one wins.
    [OURS, '-otel=http://localhost:4318'],
    ['-logfile', OURS],
    ['-otel=http://127.0.0.1:99999/stallscope'],
    ['-otel=http://127.0.0.1:0/stallscope'],
    ['-otel=http://evil.example:80/stallscope'],
  ]) {
    assert.equal(ourPort(flags), undefined, flags.join(' '));
  }
  assert.equal(otelAddress(['--otel', 'http://x:1']), 'http://x:1');
  assert.equal(isForwarder(['-remote=auto']), true);
  assert.equal(isForwarder([OURS]), false);
});

test('which gopls knows the flag', () => {
  for (const version of ['v0.22.0', 'v0.23.0-pre.1', 'v1.0.0']) assert.equal(knowsOtel(version), true);
  for (const version of ['v0.21.1', 'v0.18.1', 'v0.9.0']) assert.equal(knowsOtel(version), false);
  for (const version of ['(devel)', 'v0.22.0-pre.1', '', null, undefined, 'v0'])
    assert.equal(knowsOtel(version), undefined);
});
