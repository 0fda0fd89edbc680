import assert from 'node:assert/strict';
import test from 'node:test';
import { changeOf } from './changes';
import { shortName } from './names';

test('names lose their import path but not their type arguments', () => {
  const cases = {
    'golang.org/x/tools/gopls/internal/cache.(*Snapshot).Load': 'cache.(*Snapshot).Load',
    'runtime.malg': 'runtime.malg',
    'example.com/a/b.Map[go/ast.Node,example.com/c.T]': 'b.Map[go/ast.Node,example.com/c.T]',
    main: 'main',
  };
  for (const [full, short] of Object.entries(cases)) assert.equal(shortName(full), short);
});

test('a change is told by both sides of it', () => {
  const row = { function: 'f', package: '', file: '', line: 0 };
  assert.equal(changeOf({ ...row, flat: 5, cum: 5, base_flat: 0, base_cum: 0 }), 'new');
  assert.equal(changeOf({ ...row, flat: -5, cum: -5, base_flat: 5, base_cum: 5 }), 'gone');
  assert.equal(changeOf({ ...row, flat: 0, cum: 3, base_flat: 0, base_cum: 4 }), 'grown');
  assert.equal(changeOf({ ...row, flat: -1, cum: 3, base_flat: 4, base_cum: 4 }), 'shrunk');
});
