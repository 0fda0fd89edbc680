// A report is exported from a real workbench: what goes in is shown, it is saved as it was shown, and it names neither the
// workspace nor who works in it.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { unzip } from '../lib/zip.mjs';
import { laterStall, writeIncidents } from '../panel/incidents.mjs';
import { contentOf } from '../panel/report.mjs';
import { extensionsUnderTest } from './driver/scenario.mjs';
import { startOnSmallModule } from './driver/smallModule.mjs';

/** @type {import('./driver/workbench.mjs').Workbench} */
let workbench;
/** @type {import('./driver/editor.mjs').Editor} */
let editor;

before(async () => {
  workbench = await startOnSmallModule({
    extensions: [extensionsUnderTest()[0]],
    settings: { 'go.toolsEnvVars': { GOGC: '200', GOPROXY: 'https://me:secret@proxy.example' } },
    prepare: (home, workspace) => {
      const incident = laterStall();
      incident.workspace = [workspace];
      incident.request = { ...incident.request, uri: `file://${workspace}/main.go` };
      writeIncidents(path.join(home, 'user-data/User/globalStorage/stallscope.stallscope'), [incident]);
    },
  });
  editor = await workbench.open();
});
after(() => workbench?.stop());

test('a zip: looked at, a file left out, saved', { timeout: 120_000 }, async () => {
  const zip = path.join(workbench.home, 'report.zip');
  await editor.command('Stallscope: Export Report…');
  await editor.pickRow(/Symbol search/);
  await editor.pickRow(/Zip for maintainers/);
  await editor.row(/^README\.txt/);
  const picker = editor.page.locator('.quick-input-widget:visible');
  await picker.getByText(/Export Report · \d+ replacements of paths and names/).waitFor();
  // The eye of a file shows it, and the list stays.
  const facts = await editor.row(/^report\.json/);
  await facts.hover();
  await facts.locator('.codicon-eye').click();
  await editor.waitFor('the file beside the list', async () =>
    /"made_by": "Stallscope/.test(
      plain(await editor.page.locator('.monaco-editor .view-lines').first().innerText()),
    ),
  );
  await editor.checkRow(/^timeline\.json/);
  await editor.acceptPicks();
  await editor.saveAs(zip);
  await editor.notification(/report was saved as .* not sent to anybody/);

  const files = unzip(zip);
  const names = [...files.keys()];
  assert.deepEqual(names, [
    'README.txt',
    'report.html',
    'verdict.txt',
    'report.json',
    'incident.json',
    'heap-1.pb.gz',
    'baseline.pb.gz',
    'memory-3.html',
  ]);
  for (const [name, bytes] of files)
    for (const secret of [workbench.folder, workbench.home, 'secret@'])
      assert.ok(!bytes.includes(secret), `${secret} in ${name}`);
  const told = JSON.parse(files.get('report.json').toString());
  assert.equal(told.workspace.go_files, 1);
  assert.match(told.editor.editor, /\d+\.\d+\.\d+/);
  assert.deepEqual(told.editor.settings['go.toolsEnvVars'], {
    GOGC: '200',
    GOPROXY: '(set; its value is left out)',
  });
  const page = path.join(workbench.home, 'report.html');
  fs.writeFileSync(page, files.get('report.html'));
  assert.equal(contentOf(page).incident.workspace[0], '$WORKSPACE');
});

test('the text of an issue is in the clipboard, and can be looked at', { timeout: 60_000 }, async () => {
  await editor.clearNotifications();
  await editor.command('Stallscope: Copy as GitHub Issue');
  await editor.pickRow(/Symbol search/);
  await editor.notification(/issue is in the clipboard/);
  await editor.answerNotification('Look at It');
  await editor.waitFor('the text', async () => {
    const text = plain(await editor.page.locator('.monaco-editor .view-lines').last().innerText());
    return /### Versions/.test(text) && /gopls v0\.23\.0, built with go1\.26/.test(text);
  });
});

/** The editor writes spaces as non-breaking ones. */
function plain(text) {
  return text.replaceAll('\u00a0', ' ');
}
