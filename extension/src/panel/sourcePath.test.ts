import assert from 'node:assert/strict';
import test from 'node:test';
import { sourceCandidates } from './sourcePath';

const roots = { goroot: '/go', gomodcache: '/cache' };
const candidates = (file: string, goVersion?: string) => sourceCandidates({ file, goVersion }, roots);

test('an absolute path is taken as it is', () => {
  assert.deepEqual(candidates('/home/u/x/main.go'), ['/home/u/x/main.go']);
});

test('a trimmed module path is looked up in the module cache, escaped as there', () => {
  assert.deepEqual(candidates('golang.org/x/tools/gopls@v0.23.0/internal/cache/load.go'), [
    '/cache/golang.org/x/tools/gopls@v0.23.0/internal/cache/load.go',
  ]);
  assert.deepEqual(candidates('github.com/BurntSushi/toml@v1.4.0/Decode.go'), [
    '/cache/github.com/!burnt!sushi/toml@v1.4.0/Decode.go',
  ]);
});

test('a module path of another machine is looked up in our module cache', () => {
  assert.deepEqual(candidates('/build/go/pkg/mod/github.com/!burnt!sushi/toml@v1.4.0/decode.go'), [
    '/build/go/pkg/mod/github.com/!burnt!sushi/toml@v1.4.0/decode.go',
    '/cache/github.com/!burnt!sushi/toml@v1.4.0/decode.go',
  ]);
});

test('the standard library is looked up in the toolchain that built gopls, then in GOROOT', () => {
  assert.deepEqual(candidates('runtime/malloc.go'), ['/go/src/runtime/malloc.go']);
  const [first, second] = candidates('go/types/check.go', 'go1.26.8');
  assert.match(
    first ?? '',
    /^\/cache\/golang\.org\/toolchain@v0\.0\.1-go1\.26\.8\.\w+-\w+\/src\/go\/types\/check\.go$/,
  );
  assert.equal(second, '/go/src/go/types/check.go');
  assert.deepEqual(candidates('/usr/lib/go/src/runtime/malloc.go'), [
    '/usr/lib/go/src/runtime/malloc.go',
    '/go/src/runtime/malloc.go',
  ]);
});

test('names that lead elsewhere are refused', () => {
  for (const file of [
    '/etc/passwd',
    '../../secret.go',
    'a@v1/../../x.go',
    '//server/share/x.go',
    '\\\\server\\share\\x.go',
    'x.go\0',
    '/x.go/',
    '',
  ]) {
    assert.deepEqual(candidates(file), [], JSON.stringify(file));
  }
});

test('a toolchain version from outside cannot become a path', () => {
  assert.deepEqual(candidates('runtime/malloc.go', 'go1/../../x'), ['/go/src/runtime/malloc.go']);
});
