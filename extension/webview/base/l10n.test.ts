import assert from 'node:assert/strict';
import test, { afterEach } from 'node:test';
import { loadTexts, sentences, t } from './l10n';

afterEach(() => loadTexts(undefined));

test('a text is said in the display language, one without a translation in English', () => {
  loadTexts(JSON.stringify({ Hover: '悬停' }));
  assert.deepEqual([t('Hover'), t('Rename')], ['悬停', 'Rename']);
});

test('values go where the translation puts them, as they are', () => {
  loadTexts(JSON.stringify({ '{a} took {b}': '{b} / {a}' }));
  // `$&` means something to `replace`, and an error message may say anything.
  assert.equal(t('{a} took {b}', { a: '$&', b: '{a}' }), '{a} / $&');
  assert.equal(t('{a} and {toString}', { a: 1 }), '1 and {toString}');
});

test('a damaged dictionary leaves English', () => {
  for (const damaged of ['{"Hover": "悬', 'null', '[]', '{"Hover": 1}', '{"__proto__": {"Hover": "x"}}']) {
    loadTexts(damaged);
    assert.equal(t('Hover'), 'Hover', damaged);
  }
});

test('sentences stand in a row as the language wants it', () => {
  assert.equal(sentences('One.', 'Two.', 'Three.'), 'One. Two. Three.');
  loadTexts(JSON.stringify({ '{before} {next}': '{before}{next}' }));
  assert.equal(sentences('一。', '二。', '三。'), '一。二。三。');
});

test('no sentences are none', () => {
  assert.equal(sentences(), '');
});
