import assert from 'node:assert/strict';
import test from 'node:test';
import { bytes, duration, setLocale, signed } from './format';

setLocale('en');
/** Numbers and units are joined by no-break spaces. */
const spaced = (text: string) => text.replaceAll('\u00a0', ' ');

test('bytes are decimal, with as many digits as they deserve', () => {
  const cases: [number, string][] = [
    [0, '0 B'],
    [999, '999 B'],
    [1_500, '1.5 kB'],
    [999_499, '999 kB'],
    [999_500, '1.0 MB'],
    [612_400_000, '612 MB'],
    [999_499_999, '999 MB'],
    [999_500_000, '1.00 GB'],
    [1_240_000_000, '1.24 GB'],
    [-3_100_000, '−3.1 MB'],
  ];
  for (const [value, text] of cases) assert.equal(spaced(bytes(value)), text);
});

test('durations', () => {
  const cases: [number, string][] = [
    [0, '0 ms'],
    [-20_000, '0 ms'],
    [400_000, '0.4 ms'],
    [340e6, '340 ms'],
    [999.4e6, '999 ms'],
    [999.6e6, '1.00 s'],
    [5.21e9, '5.21 s'],
    [9.996e9, '10.0 s'],
    [59.96e9, '1 min 00 s'],
    [125e9, '2 min 05 s'],
    [3 * 3600e9 + 120e9, '3 h 02 min'],
    [-211e6, '−211 ms'],
  ];
  for (const [value, text] of cases) assert.equal(spaced(duration(value)), text);
});

test('only what is not zero has a sign', () => {
  assert.equal(spaced(signed(211e6, duration)), '+211 ms');
  assert.equal(spaced(signed(10, duration)), '0 ms');
  assert.equal(spaced(signed(-5e6, bytes)), '−5.0 MB');
});

test('the locale of the editor is used, and an unknown one does no harm', () => {
  setLocale('de');
  assert.equal(spaced(bytes(1.24e9)), '1,24 GB');
  setLocale('not a locale');
  assert.match(bytes(1.24e9), /GB/);
  setLocale('en');
});
