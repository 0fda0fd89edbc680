import assert from 'node:assert/strict';
import test from 'node:test';
import { shortFunction, shortType } from './names';

test('of every import path in a type its last part is left', () => {
  const cases: [string, string][] = [
    ['golang.org/x/tools/gopls/internal/cache.Snapshot', 'cache.Snapshot'],
    ['[]uint8', '[]uint8'],
    [
      'golang.org/x/tools/gopls/internal/util/persistent.Map[golang.org/x/tools/gopls/internal/cache/metadata.PackageID,*golang.org/x/tools/gopls/internal/cache.packageHandle]',
      'persistent.Map[metadata.PackageID,*cache.packageHandle]',
    ],
    ['map[string][]*example.com/a-b/c_d/v2.T', 'map[string][]*v2.T'],
    ['struct { F uintptr; s *go/types.Checker }', 'struct { F uintptr; s *types.Checker }'],
  ];
  for (const [name, short] of cases) assert.equal(shortType(name), short);
});

test('a function keeps its receiver', () => {
  assert.equal(shortFunction('golang.org/x/sync/errgroup.(*Group).Go.func1'), 'errgroup.(*Group).Go.func1');
  assert.equal(shortFunction('main.main'), 'main.main');
});
