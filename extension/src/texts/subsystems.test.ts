// Every part of gopls that memory can be assigned to has a name, a sentence and a colour, and there is none too many.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { UNASSIGNED, subsystemDetail, subsystemName } from '../../shared/subsystems';

const repo = path.resolve(__dirname, '../../..');
const read = (file: string) => fs.readFileSync(path.join(repo, file), 'utf8');
const language = { t: (text: string) => text };

interface Rules {
  subsystems: { id: string }[];
}
const rules = JSON.parse(read('native/core/rules/subsystems.json')) as Rules;
const ids = [...rules.subsystems.map(({ id }) => id), UNASSIGNED];

test('every subsystem has a name of its own and a sentence', () => {
  assert.ok(ids.length > 10);
  for (const id of ids) {
    assert.notEqual(subsystemName(id, language), id, `extension/shared/subsystems.ts has no name for ${id}`);
    assert.match(subsystemDetail(id, language) ?? '', /^.{20,}\.$/, `no sentence for ${id}`);
  }
  assert.equal(new Set(ids.map((id) => subsystemName(id, language))).size, ids.length);
});

test('no words and no colours are left over from a subsystem that is gone', () => {
  const words = [...read('extension/shared/subsystems.ts').matchAll(/case '([a-z-]+)'/g)].map(([, id]) => id);
  assert.deepEqual([...new Set(words)].sort(), ids.filter((id) => id !== UNASSIGNED).sort());
  const colours = read('extension/webview/styles/subsystemColours.css').matchAll(/\.subsystem-([a-z-]+) \{/g);
  assert.deepEqual([...colours].map(([, id]) => id).sort(), [...ids].sort());
});

test('the page that explains the rules lists every subsystem', () => {
  const page = read('docs/subsystems.md');
  assert.deepEqual(
    ids.filter((id) => !page.includes(`| \`${id}\` |`)),
    [],
  );
});
