// Every name that the core measures by has words: what is not translated is shown raw.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { test } from 'node:test';
import { factName, measuredName, missingText } from './words';

interface Condition {
  kind: string;
  fact?: string;
  per?: string;
  what?: string;
}

const RULES = new URL('../../../native/core/rules/leak-patterns.json', import.meta.url);
const { rules } = JSON.parse(fs.readFileSync(RULES, 'utf8')) as { rules: { when: Condition[] }[] };

/** What `judge.rs` measures for a condition. */
function measuredOf({ kind, fact, per, what }: Condition): string[] {
  switch (kind) {
    case 'held':
      return ['held', 'held_share'];
    case 'large_objects':
      return ['held', 'largest_object'];
    case 'growing':
      return ['growth', 'growth_per_cycle', 'growth_share', 'cycles', 'held', 'growth_per_save'];
    case 'rising':
      return [`${what}_growth`];
    case 'fact':
      return [fact!];
    case 'fact_ratio':
      return [fact!, per!, `${fact}_per_${per}`];
    default:
      throw new Error(`a condition without words: ${kind}`);
  }
}

test('whatever a rule of ours measures has words', () => {
  const names = new Set(rules.flatMap(({ when }) => when).flatMap(measuredOf));
  assert.ok(names.has('growth_share') && names.has('compiled_go_files_per_files'), [...names].join());
  for (const name of names) assert.doesNotMatch(measuredName(name), /_/, name);
  const texts = [...names].map(measuredName);
  assert.equal(new Set(texts).size, texts.length, 'no two are called the same');
});

test('a ratio names both sides, a rise what rises, and what is missing is said in the same words', () => {
  assert.equal(
    measuredName('compiled_go_files_per_files'),
    'files compiled over all views, compared with different files read',
  );
  assert.equal(measuredName('goroutines_growth'), 'growth: goroutines');
  assert.equal(
    missingText({ what: 'fact', fact: 'workspace_modules' }),
    'what the workspace has (modules of the workspace)',
  );
  assert.equal(
    missingText({ what: 'points', counter: 'views_recreated', more: 2 }),
    'more readings of views created again (2)',
  );
  assert.equal(factName('of_a_later_core'), 'of_a_later_core');
});
