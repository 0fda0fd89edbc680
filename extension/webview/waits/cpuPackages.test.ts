import assert from 'node:assert/strict';
import test from 'node:test';
import type { HeapPage } from '../../shared/model';
import { byPackage } from './cpuPackages';

const rows = (list: [package_: string, flat_share: number][]) =>
  list.map(([package_, flat_share]) => ({ package: package_, flat_share })) as HeapPage['rows'];

test('functions of one package are one row, and the largest comes first', () => {
  const told = byPackage(
    rows([
      ['go/types', 0.2],
      ['go/parser', 0.3],
      ['go/types', 0.25],
      ['', 0.05],
    ]),
  );
  assert.deepEqual(
    told.map(({ package: name, share }) => `${name} ${share.toFixed(2)}`),
    ['go/types 0.45', 'go/parser 0.30', ' 0.05'],
  );
  assert.deepEqual(byPackage([]), []);
});
