import assert from 'node:assert/strict';
import test from 'node:test';
import { bytes, coreShare, duration, valueByName } from './units';

test('bytes change their unit where a person would', () => {
  const shown = [
    0, 999, 17_400, 999_499, 999_500, 8_240_000, 612_300_000, 999_400_000, 999_500_000, 1_649_000_000,
  ];
  assert.deepEqual(
    shown.map((value) => bytes(value, 'en')),
    ['0 B', '999 B', '17 kB', '999 kB', '1.0 MB', '8.2 MB', '612 MB', '999 MB', '1.0 GB', '1.6 GB'],
  );
  assert.equal(bytes(-410e6, 'en'), '-410 MB');
});

test('durations change their unit where a person would', () => {
  const shown = [400e3, 240e6, 999.4e6, 999.6e6, 5.26e9, 59.94e9, 59.96e9, 125e9];
  assert.deepEqual(
    shown.map((value) => duration(value, 'en')),
    ['<1 ms', '240 ms', '999 ms', '1.0 s', '5.3 s', '59.9 s', '1 min 0 s', '2 min 5 s'],
  );
});

test('numbers follow the display language, and survive one that is no language tag', () => {
  assert.equal(duration(3.24e9, 'de'), '3,2 s');
  assert.equal(duration(3.24e9, 'not a tag!'), '3.2 s');
  assert.equal(coreShare(0.0004, 'en'), '0.04 %');
});

test('a value is formatted by the unit in its name', () => {
  assert.equal(valueByName('rise_bytes', 22e6, 'en'), '22 MB');
  assert.equal(valueByName('age_ns', 3.2e9, 'en'), '3.2 s');
  assert.equal(valueByName('limit_ms', 200, 'en'), '200 ms');
  assert.equal(valueByName('cpu_share', 0.9, 'en'), '90 %');
  assert.equal(valueByName('wait_s', 30, 'en'), '30.0 s');
  assert.equal(valueByName('method', 'textDocument/hover', 'en'), 'textDocument/hover');
  assert.equal(valueByName('captures', 12, 'en'), '12');
});
