// Every text is there in every language, none is left over, and every placeholder survives its translation.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { textsOf } from '../testing/textsOf';

const repo = path.resolve(__dirname, '../../..');
const read = (file: string) =>
  JSON.parse(fs.readFileSync(path.join(repo, file), 'utf8')) as Record<string, string>;
const chinese = read('extension/l10n/bundle.l10n.zh-cn.json');

const shell = textsOf(path.join(repo, 'extension/src'), ['l10n.t', 'vscode.l10n.t']);
const panel = textsOf(path.join(repo, 'extension/webview'), ['t']);
const both = textsOf(path.join(repo, 'extension/shared'), ['t']);
const used = new Set([...shell.texts, ...panel.texts, ...both.texts]);

const placeholders = (text: string) => (text.match(/\{\w+\}/g) ?? []).sort();

test('every text is a plain string that a translator can see', () => {
  assert.deepEqual([...panel.unreadable, ...both.unreadable], []);
  // The two places that hand shared words on to VS Code.
  assert.deepEqual(
    shell.unreadable.filter((call) => !call.endsWith('l10n.t(text, args ?? {})')),
    [],
  );
  assert.ok(shell.texts.size > 50, 'the search for texts finds them');
});

test('every text is there in Chinese', () => {
  assert.deepEqual([...used].filter((text) => !chinese[text]).sort(), []);
});

test('no translation is left over', () => {
  assert.deepEqual(
    Object.keys(chinese).filter((text) => !used.has(text)),
    [],
  );
});

test('translations keep the placeholders of their text', () => {
  const different = Object.entries(chinese).filter(
    ([text, translated]) => placeholders(text).join() !== placeholders(translated).join(),
  );
  assert.deepEqual(different, []);
});

test('every text of the manifest is there in every language', () => {
  const manifest = fs.readFileSync(path.join(repo, 'package.json'), 'utf8');
  const keys = [...new Set([...manifest.matchAll(/"%([\w.-]+)%"/g)].map((match) => match[1]))].sort();
  assert.ok(keys.length > 20);
  for (const file of ['package.nls.json', 'package.nls.zh-cn.json']) {
    assert.deepEqual(Object.keys(read(file)).sort(), keys, file);
  }
});
