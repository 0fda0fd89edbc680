// The exported verification says what the panel says. The one in test/panel was recorded of a real gopls.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { test } from 'node:test';
import type { VerificationView } from '../../shared/model';
import { measureWords } from '../../shared/verifyWords';
import { valueByName } from '../texts/units';
import { asMarkdown, type Formats } from './markdown';

const RECORDED = new URL('../../../test/panel/recorded/verification.json', import.meta.url);
const recorded = () => JSON.parse(fs.readFileSync(RECORDED, 'utf8')) as VerificationView;

const ENGLISH: Formats = {
  t: (text, values = {}) => text.replace(/\{(\w+)\}/g, (_, name: string) => String(values[name])),
  valueByName: (name, value) => valueByName(name, value),
  time: (unixMs) => new Date(unixMs).toISOString(),
};

test('every measure has a line with the values of the runs', () => {
  const view = recorded();
  const text = asMarkdown(view, ENGLISH);
  for (const { measure } of view.comparison!.measures) {
    const name = measureWords(measure, ENGLISH);
    assert.ok(text.includes(`\n| ${name} | `) || text.includes(`\n| **${name}** | `), measure);
  }
  const live = view.comparison!.measures.find(({ measure }) => measure === 'live-heap')!;
  const [was, is] = [live.before[0]!, live.after[0]!].map((value) => valueByName('held_bytes', value));
  assert.ok(text.includes(`| **Live heap at the end, after GC** | ${was} | ${is} | better |`), text);
});

test('goroutines are told where they were counted', () => {
  const view = recorded();
  const { measures } = view.comparison!;
  const counted = measures.filter(({ measure }) => measure !== 'goroutines');
  counted.push({
    measure: 'goroutines',
    before: [412],
    after: [23],
    before_median: 412,
    after_median: 23,
    told: 'better',
  });
  view.comparison!.measures = counted;
  view.verification.after[0]!.end.goroutines = 23;
  const text = asMarkdown(view, ENGLISH);
  assert.match(text, /\| Goroutines at the end \| 412 \| 23 \| better \|/);
  assert.match(text, /^- After, .*goroutines: 23, RSS/m);
  delete view.verification.after[0]!.end.goroutines;
  assert.doesNotMatch(asMarkdown(view, ENGLISH), /goroutines: 23/);
});

test('what a user typed stays a text', () => {
  const view = recorded();
  view.verification.title = '[a](https://example.test) <b>';
  assert.ok(asMarkdown(view, ENGLISH).includes('\\[a\\]\\(https://example.test\\) \\<b\\>'));
});
