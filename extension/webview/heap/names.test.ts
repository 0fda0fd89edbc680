import assert from 'node:assert/strict';
import test from 'node:test';
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
