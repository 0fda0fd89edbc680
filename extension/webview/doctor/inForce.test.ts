import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SeenSetting, SettingScope } from '../../shared/doctor';
import { byName, overriddenBy } from './inForce';

const seen = (key: string, scope: SettingScope, counts: boolean): SeenSetting => ({
  key,
  value: '1',
  place: { kind: 'setting', key, scope, path: `/${scope}.json`, range: null },
  counts,
});

/** The weakest file first, as a report has them. */
const SETTINGS = [
  seen('go.b', 'user', false),
  seen('go.a', 'user', true),
  seen('go.b', 'workspace', false),
  seen('go.b', 'folder', true),
  seen('go.a', 'folder', false),
];

test('settings are listed by name, what overrides below what it overrides', () => {
  assert.deepEqual(
    byName(SETTINGS).map(({ index }) => index),
    [1, 4, 0, 2, 3],
  );
});

test('of a setting that is not in force the file is named that says otherwise, if one does', () => {
  assert.equal(overriddenBy(SETTINGS, 0), 'folder', 'the strongest, not the next');
  assert.equal(overriddenBy(SETTINGS, 2), 'folder');
  assert.equal(overriddenBy(SETTINGS, 4), null, 'for the window: nobody reads it in a folder');
});
