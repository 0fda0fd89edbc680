import assert from 'node:assert/strict';
import test from 'node:test';
import { PAGE_ROWS, Pages } from './pages';

const settle = () => new Promise((resolve) => setTimeout(resolve, 0));

test('a long list is fetched as it is looked at, and what is out of sight is forgotten', async () => {
  const asked: number[] = [];
  const pages = new Pages(
    (offset, limit) => {
      asked.push(offset);
      return Promise.resolve({
        matched_rows: 10_000,
        rows: Array.from({ length: limit }, (_, i) => offset + i),
      });
    },
    () => {},
  );
  pages.want(0, 30);
  pages.want(0, 30);
  await settle();
  assert.deepEqual(asked, [0], 'one request, however often it is drawn meanwhile');
  assert.equal(pages.row(29), 29);

  for (let top = 0; top < 10_000; top += PAGE_ROWS) {
    pages.want(top, top + 30);
    await settle();
  }
  assert.equal(pages.row(9_999), 9_999);
  assert.equal(pages.row(0), undefined);
  pages.want(10_000, 10_030);
  await settle();
  assert.equal(Math.max(...asked), 9_800, 'nothing is asked for beyond the end');
});

test('a failure is told once and can be tried again', async () => {
  let failing = true;
  let calls = 0;
  const pages = new Pages(
    () => {
      calls++;
      return failing
        ? Promise.reject(new Error('the profile is gone'))
        : Promise.resolve({ matched_rows: 1, rows: ['a'] });
    },
    () => {},
  );
  pages.want(0, 30);
  await settle();
  pages.want(0, 30);
  assert.equal(pages.error, 'the profile is gone');
  assert.equal(calls, 1, 'no storm of requests');
  failing = false;
  pages.retry();
  pages.want(0, 30);
  await settle();
  assert.equal(pages.row(0), 'a');
});
