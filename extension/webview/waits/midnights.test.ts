import assert from 'node:assert/strict';
import { test } from 'node:test';
import { midnights } from './midnights';

const HOUR = 3_600_000;

test('days begin at local midnight, and are 23 and 25 hours long when the clock is set', (t) => {
  const zone = process.env['TZ'];
  t.after(() => (process.env['TZ'] = zone));
  process.env['TZ'] = 'Europe/Berlin';
  const year = midnights(new Date('2026-11-29T03:00:00+01:00'), 365);
  assert.equal(year.length, 366);
  assert.ok(year.every((at) => new Date(at).getHours() === 0));
  const hours = year.slice(1).map((at, day) => (at - year[day]!) / HOUR);
  assert.deepEqual([...new Set(hours)].sort(), [23, 24, 25]);
  assert.equal(hours.filter((length) => length !== 24).length, 2);
  assert.equal(year.at(-1), Date.parse('2026-11-30T00:00:00+01:00'), 'today ends with tomorrow');
});
