import assert from 'node:assert/strict';
import test, { beforeEach } from 'node:test';
import { setLocale } from '../base/format';
import { checkWords, heldWords, wayWords } from './words';

beforeEach(() => setLocale('en'));

const agreed = {
  survivors: { objects: 1000, bytes: 50_000_000 },
  survivors_found: { objects: 1000, bytes: 50_000_000 },
  died: { objects: 0, bytes: 0 },
  in_use: { objects: 1200, bytes: 130_000_000 },
  missed: 0,
  reliable: true,
  inexact_roots: 0,
};

test('what was held against the collector is said, and a stack that was read word by word', () => {
  assert.match(
    checkWords({ ...agreed, missed: 0.0006 }),
    /of the 1,000 objects .* 99\.94% were found here\.$/,
  );
  assert.match(
    checkWords({ ...agreed, died: { objects: 4000, bytes: 100_000 } }),
    /, 4,000 have died since; of the others 100(\.00)?% were found here\.$/,
  );
  assert.match(checkWords({ ...agreed, inexact_roots: 2 }), /2 goroutines were running/);
});

test('why numbers cannot be relied on is told by the numbers', () => {
  const missed = checkWords({ ...agreed, missed: 0.087, reliable: false });
  assert.match(missed, /^These numbers are not to be relied on\. 8\.7% of .* allocated 80\sMB since/);
  assert.match(checkWords({ ...agreed, reliable: false }), /A collection had just ended/);
});

test('a chain begins with the name of its variable, or with its goroutine and the type that refers to', () => {
  const held = {
    objects: 1,
    bytes: 8,
    retained_bytes: 8,
    first: 'a.b/cache.Session',
    path: '.views[0].snapshot',
    goroutines: 0,
  };
  const way = (root: { kind: string; name: string }) => wayWords({ ...held, root });
  assert.equal(way({ kind: 'global', name: 'a.b/cache.all' }), 'cache.all.views[0].snapshot');
  assert.equal(
    way({ kind: 'goroutine', name: 'x/errgroup.(*Group).Go.func1' }),
    'goroutine errgroup.(*Group).Go.func1 → cache.Session.views[0].snapshot',
  );
  const owner = { type: 'a.b/cache.Session', path: '.views[0].snapshot' };
  const main = { kind: 'goroutine', name: 'runtime.main' };
  assert.equal(
    wayWords({ ...held, root: main, first: 'x/errgroup.Group', path: '.cancel.c.State', owner }),
    'cache.Session.views[0].snapshot',
  );
  const root = { kind: 'global', name: 'a.b/cache.all' };
  assert.equal(heldWords({ ...held, root }), way(root));
  assert.equal(heldWords({ ...held, root, goroutines: 1 }), `${way(root)}, and by one goroutine at work`);
  assert.equal(heldWords({ ...held, root, goroutines: 3 }), `${way(root)}, and by 3 goroutines at work`);
});
