import assert from 'node:assert/strict';
import test from 'node:test';
import { debugAddress, isLoopback, withDebugFlag, withLoopbackOnly, withoutOurFlags } from './flags';

test('every way to write the flag is found', () => {
  for (const flags of [
    ['-debug=:6060'],
    ['--debug=:6060'],
    ['-debug', ':6060'],
    ['--debug', ':6060'],
    ['-rpc.trace', '-debug=:6060'],
    ['serve', '-debug=:6060'],
    ['-logfile', 'f.log', '-debug', ':6060', '-vv'],
    ['-debug=localhost:1', '-debug=:6060'],
  ]) {
    assert.equal(debugAddress(flags), ':6060', flags.join(' '));
  }
});

test('what only looks like the flag is not it', () => {
  for (const flags of [
    [],
    ['-debugger=:6060'],
    ['-remote.debug=:6060'],
    ['-logfile', '-debug=:6060'],
    ['-debug='],
    ['-debug'],
    ['debug=:6060'],
  ]) {
    assert.equal(debugAddress(flags), undefined, flags.join(' '));
  }
});

test('adding keeps every other flag, in order', () => {
  assert.deepEqual(withDebugFlag([]), ['-debug=127.0.0.1:0']);
  assert.deepEqual(withDebugFlag(['-rpc.trace', '-logfile', 'f']), [
    '-debug=127.0.0.1:0',
    '-rpc.trace',
    '-logfile',
    'f',
  ]);
  assert.deepEqual(withDebugFlag(['serve', '-vv']), ['-debug=127.0.0.1:0', 'serve', '-vv']);
});

test('a debug server that is asked for already is not asked for twice', () => {
  for (const flags of [['-debug=:6060'], ['--debug', 'localhost:0', '-vv']]) {
    assert.deepEqual(withDebugFlag(flags), flags);
  }
});

test('an empty debug flag, which would win, gives way', () => {
  assert.deepEqual(withDebugFlag(['-debug=', '-vv']), ['-debug=127.0.0.1:0', '-vv']);
});

test('with a daemon the daemon gets one too', () => {
  assert.deepEqual(withDebugFlag(['-remote=auto']), [
    '-debug=127.0.0.1:0',
    '-remote.debug=127.0.0.1:0',
    '-remote=auto',
  ]);
  assert.deepEqual(withDebugFlag(['-remote=auto', '-remote.debug=localhost:7']), [
    '-debug=127.0.0.1:0',
    '-remote=auto',
    '-remote.debug=localhost:7',
  ]);
});

test('undoing is the inverse of adding, and leaves a flag of the user alone', () => {
  for (const flags of [[], ['-rpc.trace'], ['-remote=auto', '-vv'], ['-debug=:6060']]) {
    assert.deepEqual(withoutOurFlags(withDebugFlag(flags)), flags);
  }
});

test('an open address is closed on the same port', () => {
  assert.deepEqual(withLoopbackOnly(['-vv', '-debug=:6060']), ['-vv', '-debug=127.0.0.1:6060']);
  assert.deepEqual(withLoopbackOnly(['--debug', '0.0.0.0:6060', '-vv']), ['-debug=127.0.0.1:6060', '-vv']);
  assert.deepEqual(withLoopbackOnly(['-debug=[::]:7']), ['-debug=127.0.0.1:7']);
  assert.deepEqual(withLoopbackOnly(['-debug=localhost:7']), ['-debug=localhost:7']);
});

test('loopback is told from the rest', () => {
  for (const address of ['localhost:0', '127.0.0.1:6060', '127.1.2.3:1', '[::1]:80', 'LOCALHOST:1']) {
    assert.ok(isLoopback(address), address);
  }
  for (const address of [
    ':6060',
    '0.0.0.0:6060',
    '[::]:6060',
    '192.168.1.2:6060',
    '127.0.0.1.evil.example:1',
    '6060',
    '',
  ]) {
    assert.ok(!isLoopback(address), address);
  }
});
