// Every row of the matrix of misconfigurations, on a real gopls: the symptom is there with the settings, the doctor names it, its
// fix takes the symptom away, and undoing the fix brings the file back byte for byte.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { GOPLS_VERSION, repo } from '../tools/lib/paths.mjs';
import { applied } from './support/edits.mjs';
import { startedWith } from './support/editor.mjs';
import { SYMPTOMS } from './support/symptoms.mjs';
import { diagnosed, folderOf, MODULE } from './support/workspace.mjs';

const matrix = JSON.parse(fs.readFileSync(path.join(repo, 'native/doctor/rules/matrix.json'), 'utf8'));

/** As a person has it: comments, a comma too many, another setting. */
function written(settings) {
  const lines = JSON.stringify(settings, null, 4).split('\n').slice(1, -1).join('\n');
  return `// Mine.\n{\n    "editor.tabSize": 4, // spaces\n${lines},\n    /* the end */\n}\n`;
}

test('the matrix is of this gopls', () => assert.equal(matrix.tried_on, GOPLS_VERSION));

for (const { id, settings, seen, finding } of matrix.rows) {
  const [[symptom, expected], ...more] = Object.entries(seen);
  test(`${id}: ${symptom}`, async (t) => {
    assert.equal(more.length, 0, 'one symptom a row');
    const text = written(settings);
    assert.ok(await SYMPTOMS[symptom](t, expected, startedWith(text)), 'the symptom is there');

    const folder = folderOf(t, { ...MODULE, '.vscode/settings.json': text });
    const { findings } = await diagnosed(folder);
    assert.deepEqual(
      findings.map((found) => found.id),
      finding ? [finding] : [],
    );
    if (!finding) return;
    const file = path.join(folder, '.vscode/settings.json');
    assert.equal(findings[0].place.path, file);
    const [fix] = findings[0].fixes;
    const { after, undo } = applied(text, fix.edits);
    assert.equal(applied(after, undo).after, text, 'undone, it is the same file');
    for (const kept of ['// Mine.', '"editor.tabSize": 4, // spaces', '/* the end */']) {
      assert.ok(after.includes(kept), `${kept} stays: ${after}`);
    }
    fs.writeFileSync(file, after);
    assert.deepEqual((await diagnosed(folder)).findings, [], 'nothing is left to find');
    // That nothing is said is a symptom only where something should be.
    if (symptom !== 'silent')
      assert.ok(!(await SYMPTOMS[symptom](t, expected, startedWith(after))), 'the symptom is gone');
  });
}
