import assert from 'node:assert/strict';
import { test } from 'node:test';
import { changedLines, difference, edited } from './edits.ts';

const edit = (from: [number, number], to: [number, number], new_text: string) => ({
  range: { start: { line: from[0], column: from[1] }, end: { line: to[0], column: to[1] } },
  new_text,
});

test('edits are placed by lines and UTF-16 columns, in any order', () => {
  const text = 'use (\r\n\t./a // 😀 x\n\t./b\n)\n';
  // Two units for the face: the x is in column 11.
  const edits = [edit([2, 0], [3, 0], ''), edit([1, 11], [1, 12], 'y')];
  assert.equal(edited(text, edits), 'use (\r\n\t./a // 😀 y\n)\n');
  assert.equal(edited('a\nb', [edit([1, 1], [1, 1], '\n')]), 'a\nb\n');
  assert.equal(edited('', [edit([0, 0], [0, 0], 'x')]), 'x');
});

test('an edit that is not within the text, or lies over another one, changes nothing', () => {
  assert.equal(edited('a\n', [edit([2, 0], [2, 0], 'x')]), undefined);
  assert.equal(edited('a\n', [edit([0, 5], [0, 5], 'x')]), undefined);
  assert.equal(edited('abc', [edit([0, 0], [0, 2], ''), edit([0, 1], [0, 3], '')]), undefined);
  assert.equal(edited('abc', [edit([0, 2], [0, 1], '')]), undefined);
});

test('what was changed is taken back with the smallest edit', () => {
  for (const [before, after] of [
    ['use ./a\nuse ./b\n', 'use ./a\n'],
    ['aaa', 'aa'],
    ['', 'x'],
    ['x', ''],
    ['same', 'same'],
    ['{ "a": 1 }', '{ "a": 2 }'],
  ] as const) {
    const { from, to, text } = difference(before, after);
    assert.equal(before.slice(0, from) + text + before.slice(to), after);
    const back = difference(after, before);
    assert.equal(after.slice(0, back.from) + back.text + after.slice(back.to), before);
  }
  assert.deepEqual(difference('{ "a": 1 }', '{ "a": 2 }'), { from: 7, to: 8, text: '2' });
});

test('whole lines are shown of what changes', () => {
  const work = 'go 1.22\n\nuse (\n\t.\n\t./gone // x\n)\n';
  assert.deepEqual(changedLines(work, work.replace('\t./gone // x\n', '')), {
    line: 5,
    was: ['\t./gone // x'],
    is: [],
  });
  assert.deepEqual(changedLines(work, work.replace('1.22', '1.24')), {
    line: 1,
    was: ['go 1.22'],
    is: ['go 1.24'],
  });
  assert.deepEqual(changedLines(work, work.replace('\t.\n', '\t.\n\t./new\n')), {
    line: 5,
    was: [],
    is: ['\t./new'],
  });
  assert.deepEqual(changedLines('{ "a": 1, "b": 2 }', '{ "b": 2 }'), {
    line: 1,
    was: ['{ "a": 1, "b": 2 }'],
    is: ['{ "b": 2 }'],
  });
  assert.deepEqual(changedLines('', '{}\n'), { line: 1, was: [], is: ['{}'] });
});
