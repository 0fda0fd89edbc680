// What the engine can write into the decision log is explained in docs/decision-rules.md and has a sentence in
// shared/words.ts. Read from the Rust sources, so that a new rule or reason cannot be forgotten in one of them.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { decisionWords, noteWords, type Language } from '../../shared/words';

const repo = path.resolve(__dirname, '../../..');
const read = (file: string) => fs.readFileSync(path.join(repo, file), 'utf8');

// ---- the Rust side ----

/** A source without its full-line comments and its tests. */
const shipped = (file: string) =>
  (read(file).split('\n#[cfg(test)]\nmod tests {')[0] ?? '').replace(/^\s*\/\/.*$/gm, '');

const rustBelow = (folder: string) =>
  fs
    .readdirSync(path.join(repo, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.rs') && path.basename(file) !== 'tests.rs')
    .map((file) => path.join(folder, file));

const all = (pattern: RegExp, text: string) => [...text.matchAll(pattern)].map((match) => match[1] ?? '');
const sorted = (names: Iterable<string>) => [...new Set(names)].sort();

const everything = ['native/core/src', 'native/probe/src', 'native/addon/src', 'native/cli/src']
  .flatMap(rustBelow)
  .map(shipped)
  .join('\n');
/** The sources that write decisions: there every name is a rule, a reason, a value or a code. */
const engine = rustBelow('native/core/src/engine')
  .map(shipped)
  .filter((source) => source.includes('Decision::'))
  .join('\n');
const codes = (file: string) => all(/=> "([a-z-]+)"/g, shipped(file));

/** The arguments of each call that writes a decision: its rule and, when held, its reason. */
const calls = [...everything.matchAll(/Decision::(fired|held)\(\s*\w+,\s*([^,]+?),\s*([^,]+?),/g)].map(
  ([, kind, rule = '', reason = '']) => ({ rule, reason: kind === 'held' ? reason : undefined }),
);
const literal = (argument: string) => /^"([^"]+)"$/.exec(argument)?.[1];
const literals = (given: (string | undefined)[]) =>
  given.map((argument) => literal(argument ?? '')).filter((name) => name !== undefined);

const rules = sorted([
  ...literals(calls.map(({ rule }) => rule)),
  ...all(/judge_heap\(\s*now,\s*"([^"]+)"/g, engine),
  ...all(/begin_without_gopls\(\s*now,\s*&?request,\s*waited_ns,\s*"([^"]+)"/g, engine),
]);
const reasons = sorted([
  ...literals(calls.map(({ reason }) => reason)),
  ...all(/Some\(\(?"([^"]+)"/g, engine),
  ...codes('native/core/src/limits.rs'),
]);
const notes = sorted([
  ...all(/\bnote\(\s*"([^"]+)"/g, everything),
  ...codes('native/probe/src/store/mod.rs'),
]);

// ---- the page ----

const page = read('docs/decision-rules.md');
const chapter = (title: string) => page.split(`\n## ${title}\n`)[1]?.split('\n## ')[0] ?? '';
const named = (text: string | undefined) => all(/`([^`]+)`/g, text ?? '');
const rows = (title: string) =>
  chapter(title)
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) => line.split('|').map((cell) => cell.trim()));

const explained = chapter('Rules')
  .split(/\n### /)
  .slice(1)
  .map((section) => {
    const item = (title: string) => section.split(`\n- ${title}:`)[1]?.split('\n- ')[0];
    return {
      rule: named(section)[0] ?? '',
      held: named(item('Held')).filter((name) => reasons.includes(name)),
      values: named(item('Values')),
    };
  });
const explainedReasons = new Map(
  rows('Reasons').map(([, reason, , values]) => [named(reason)[0], named(values)]),
);

// ---- the words ----

const language: Language = {
  t: (text, args = {}) => text.replace(/\{(\w+)\}/g, (whole, name: string) => args[name] ?? whole),
  valueByName: (_, value) => String(value),
};

/** The sentence for a decision with these values; it must be one of its own, with nothing left to fill in. */
function sentence(rule: string, reason: string, values: string[]): string {
  const decision = { at_ns: 0, rule, reason, fired: reason === '' };
  const said = decisionWords(
    { ...decision, values: Object.fromEntries(values.map((name) => [name, `<${name}>`])) },
    language,
  );
  assert.ok(!said.startsWith(rule), `shared/words.ts has no sentence for ${rule} ${reason}: ${said}`);
  assert.doesNotMatch(said, /[{}]/, `${rule} ${reason}: a value that docs/decision-rules.md does not list`);
  return said;
}

test('every call that writes a decision is understood by this test', () => {
  assert.ok(calls.length >= 10, `${calls.length} calls`);
  assert.equal(calls.length, all(/(Decision::(?:fired|held)\()/g, everything).length);
  const strange = calls.filter(
    ({ rule, reason }) =>
      // `rule` is the parameter of judge_heap, the others come from its list of reasons and from the limits.
      (literal(rule) === undefined && rule !== 'rule') ||
      (reason !== undefined &&
        literal(reason) === undefined &&
        !['reason', 'refusal.reason()'].includes(reason)),
  );
  assert.deepEqual(strange, []);
});

test('the page explains every rule and every reason, and no others', () => {
  assert.deepEqual(sorted(explained.map(({ rule }) => rule)), rules);
  assert.deepEqual(sorted([...explainedReasons.keys()].map(String)), reasons);
  assert.deepEqual(
    sorted(explained.flatMap(({ held }) => held)),
    reasons,
    'which rule each reason holds back',
  );
});

test('the page names everything else that the engine writes: values, triggers, codes', () => {
  const names = all(/"([a-z][a-z0-9_-]*)"/g, engine);
  assert.ok(names.length > 30);
  assert.deepEqual(
    sorted(names).filter((name) => !page.includes(`\`${name}\``)),
    [],
  );
});

test('every decision has a sentence of its own', () => {
  for (const { rule, held, values } of explained) {
    sentence(rule, '', values);
    for (const reason of held) sentence(rule, reason, [...values, ...(explainedReasons.get(reason) ?? [])]);
  }
});

test('every note is explained, and has a sentence unless the page says where else it goes', () => {
  const explainedNotes = rows('Notes').map(([, code, , , shown]) => ({ code: named(code)[0] ?? '', shown }));
  assert.deepEqual(sorted(explainedNotes.map(({ code }) => code)), notes);
  for (const { code, shown } of explainedNotes) {
    const said = noteWords({ code, values: { error: '<error>' } }, language);
    assert.equal(said === undefined, shown === 'log only' || shown === 'answer only', `${code}: ${said}`);
  }
});
