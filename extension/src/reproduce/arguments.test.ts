import assert from 'node:assert/strict';
import test from 'node:test';
import { argumentsOf, lineOf } from './arguments';

const asked = { gopls: null, settings: {}, folder: '/s', page: '/s/page.html' };
const REST = ['--storage', '/s', '--html', '/s/page.html', '--json', '--progress'];

test('the window’s gopls and its settings are those of the experiment', () => {
  const settings = { 'gopls.analyses': '{"unusedparams":false}', 'go.buildFlags': '["-v"]' };
  assert.deepEqual(argumentsOf({ ...asked, source: { folder: '/w' }, gopls: '/bin/gopls', settings }), [
    ...['reproduce', '/w', '--gopls', '/bin/gopls', '--with', 'analyses={"unusedparams":false}'],
    ...REST,
  ]);
  assert.deepEqual(argumentsOf({ ...asked, source: { packages: 50 } }), [
    ...['reproduce', '--packages', '50'],
    ...REST,
  ]);
});

test('where it is, and why it ended, are told apart', () => {
  assert.deepEqual(lineOf('run 1 of 1, gopls v1: cold load'), {
    progress: 'run 1 of 1, gopls v1: cold load',
  });
  assert.deepEqual(lineOf('stallscope: no gopls is installed'), { ended: 'no gopls is installed' });
});
