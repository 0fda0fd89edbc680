import assert from 'node:assert/strict';
import test from 'node:test';
import { shareable } from './environment';

test('of variables only those are told that bear on gopls', () => {
  const proxy = { GOPROXY: 'https://me:secret@proxy.example', GOMEMLIMIT: '4GiB', gogc: '50' };
  const told = { GOPROXY: '(set; its value is left out)', GOMEMLIMIT: '4GiB', gogc: '50' };
  assert.deepEqual(shareable('go.toolsEnvVars', proxy), told);
  assert.deepEqual(shareable('gopls', { 'build.env': proxy, staticcheck: true }), {
    'build.env': told,
    staticcheck: true,
  });
  assert.deepEqual(shareable('gopls', { build: { env: proxy } }), { build: { env: told } });
});

test('other settings are told as they are', () => {
  const settings = { 'build.directoryFilters': ['-**/node_modules'], analyses: { unusedparams: false } };
  assert.deepEqual(shareable('gopls', settings), settings);
  assert.equal(shareable('go.languageServerFlags', '-remote=auto'), '-remote=auto');
});
