// Small workspaces, one for each finding: the doctor finds exactly what is expected there, the go command does what the
// text claims, the fix removes the finding, and undoing it leaves no byte changed. Nothing is ever written by looking.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { contents, copy, names } from './lib/copies.mjs';
import { apply, examine, finding, fix, go, ids, textAt } from './lib/doctor.mjs';
import { CASES } from './table.mjs';

test('there is a line in the table for every workspace', () => {
  assert.deepEqual(Object.keys(CASES).sort(), names());
});

test('there is a workspace for every finding', () => {
  const file = path.join(import.meta.dirname, '../../native/doctor/rules/workspace.json');
  const all = JSON.parse(fs.readFileSync(file, 'utf8')).findings.map(({ id }) => id);
  const found = new Set(Object.values(CASES).flatMap(({ finds }) => finds));
  assert.deepEqual([...found].sort(), all.sort());
});

for (const [name, row] of Object.entries(CASES)) {
  test(name, async (t) => {
    const workspace = copy(t, name);
    row.prepare?.(workspace);
    const opened = path.join(workspace, row.open ?? '.');
    const before = contents(workspace);
    const report = await examine(opened, row.env);
    assert.deepEqual(ids(report), row.finds, JSON.stringify(report, null, 1));
    assert.deepEqual(contents(workspace), before, 'looking changes nothing');
    if (row.at) assert.deepEqual(places(report, workspace), row.at);
    for (const told of report.findings) {
      assert.doesNotMatch(JSON.stringify([told.title, told.why, told.undo, told.fixes]), /\{[a-z]+\}/);
    }
    await row.symptom?.({ opened, workspace, report, isMended: false });
    if (row.fix) await mend(row, opened, workspace, report, before);
  });
}

/** Each finding's place as the text that it marks, or as a path. */
function places(report, workspace) {
  const said = ({ id, place }) => {
    if (place.range) return [id, textAt(place)];
    return [id, place.path ? path.relative(workspace, place.path) : place.name];
  };
  return Object.fromEntries(report.findings.filter(({ area }) => area === 'workspace').map(said));
}

async function mend(row, opened, workspace, report, before) {
  const [id, name] = row.fix;
  const { edits, command, folder } = fix(report, id, name);
  assert.ok(edits.length > 0 !== command.length > 0, 'a fix is edits or a command');
  assert.ok(finding(report, id).undo, 'it says how it is undone');
  if (edits.length > 0) {
    const undo = apply(edits);
    assert.notDeepEqual(contents(workspace), before);
    await isMended(row, opened, workspace);
    undo();
    assert.deepEqual(contents(workspace), before, 'undone, every byte is as it was');
  } else if (command[0] === 'go') {
    const { ok, output } = await go(folder ?? opened, command.slice(1));
    assert.ok(ok, output);
    await isMended(row, opened, workspace);
  } else {
    assert.equal(command[0], 'code');
    await isMended(row, command[1], workspace);
  }
}

async function isMended(row, opened, workspace) {
  const report = await examine(opened, row.env);
  assert.deepEqual(ids(report), row.after ?? [], JSON.stringify(report, null, 1));
  await row.symptom?.({ opened, workspace, report, isMended: true });
}
