import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asObject, before, changed, restored } from './objectSetting';

test('a name is put in beside the others, and taken out again', () => {
  const env = { GOFLAGS: '-mod=mod' };
  const was = before(env, 'GOGC');
  const with_ = changed(env, 'GOGC', '200');
  assert.deepEqual(with_, { GOFLAGS: '-mod=mod', GOGC: '200' });
  assert.deepEqual(restored(with_, 'GOGC', was), env);
  assert.deepEqual(env, { GOFLAGS: '-mod=mod' }, 'nothing is changed in place');
});

test('a value of the user’s comes back, also one that is null', () => {
  for (const mine of ['50', null, 0]) {
    const env = { GOGC: mine };
    assert.deepEqual(restored(changed(env, 'GOGC', '200'), 'GOGC', before(env, 'GOGC')), env);
  }
});

test('a setting that was not there is not there afterwards', () => {
  assert.equal(restored(changed({}, 'GOGC', '200'), 'GOGC', before({}, 'GOGC')), undefined);
});

test('what the user added meanwhile stays', () => {
  const was = before({}, 'GOGC');
  const now = { ...changed({}, 'GOGC', '200'), GOPROXY: 'direct' };
  assert.deepEqual(restored(now, 'GOGC', was), { GOPROXY: 'direct' });
});

test('a setting that is no object counts as none', () => {
  for (const odd of [undefined, null, 'text', 7, ['GOGC=1']]) assert.deepEqual(asObject(odd), {});
});
