import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import test from 'node:test';
import { shellQuoted } from './shell';

test('a plain path stays readable', () => {
  assert.equal(shellQuoted('/home/u/x-1.pb.gz', 'linux'), '/home/u/x-1.pb.gz');
});

test('a shell reads back exactly the path', { skip: process.platform === 'win32' }, () => {
  for (const file of ['/tmp/it\'s a $(date) `x` "y" \\ *.gz', '/tmp/a b', "'"]) {
    assert.equal(
      execFileSync('sh', ['-c', `printf %s ${shellQuoted(file, 'linux')}`], { encoding: 'utf8' }),
      file,
    );
  }
});

test('PowerShell doubles the quote', () => {
  assert.equal(shellQuoted("C:\\it's.gz", 'win32'), "'C:\\it''s.gz'");
});
