import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import test from 'node:test';
import esbuild from 'esbuild';
import { uninstallBundle } from '../../bundles.mjs';
import { remember } from '../spans/remembered';

const OURS = '-otel=http://127.0.0.1:21234/stallscope';

test('the program that runs after the extension is gone cleans every profile, and only ours', async (t) => {
  const root = fs.mkdtempSync(path.join(os.tmpdir(), 'stallscope-uninstall-'));
  t.after(() => fs.rmSync(root, { recursive: true, force: true }));
  const [dist, user] = [path.join(root, 'dist'), path.join(root, 'Code/User')];
  const profile = path.join(user, 'profiles/-1a2b');
  fs.mkdirSync(dist);
  fs.mkdirSync(profile, { recursive: true });
  const outfile = path.join(dist, 'uninstall.js');
  await esbuild.build({ ...uninstallBundle, outfile });

  const text = `{\n  // mine\n  "go.languageServerFlags": ["${OURS}", "-vv"]\n}\n`;
  const linked = path.join(root, 'dotfiles.json');
  fs.writeFileSync(linked, text, { mode: 0o640 });
  fs.symlinkSync(linked, path.join(user, 'settings.json'));
  fs.writeFileSync(path.join(profile, 'settings.json'), text.replace('/stallscope', ''));
  execFileSync(process.execPath, [outfile]);
  assert.equal(fs.readFileSync(linked, 'utf8'), text, 'nothing was written down, so nothing is known');

  await remember(dist, path.join(user, 'globalStorage/stallscope.stallscope'));
  execFileSync(process.execPath, [outfile]);
  assert.equal(fs.readFileSync(linked, 'utf8'), text.replace(`"${OURS}", `, ''));
  assert.equal(fs.statSync(linked).mode & 0o777, 0o640);
  assert.ok(fs.lstatSync(path.join(user, 'settings.json')).isSymbolicLink());
  assert.match(
    fs.readFileSync(path.join(profile, 'settings.json'), 'utf8'),
    /-otel=http:\/\/127.0.0.1:21234"/,
  );
  assert.deepEqual(fs.readdirSync(user).sort(), ['profiles', 'settings.json'], 'nothing is left lying about');
});
