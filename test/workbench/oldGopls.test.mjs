// Somebody has asked gopls for its own timing and goes back to a gopls that does not know the flag: it does not start any more,
// says so in a channel that nobody reads, and Stallscope tells what it is and takes the flag away.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before } from 'node:test';
import { gopls } from '../tools/lib/paths.mjs';
import { testsWithPictures } from './driver/pictures.mjs';
import { DEBUG_FLAGS, extensionsUnderTest } from './driver/scenario.mjs';
import { MAIN_FILE, startOnSmallModule } from './driver/smallModule.mjs';

const MINUTE = 60_000;
const FLAGS = 'go.languageServerFlags';
/** The last that does not know `-otel`. */
const OLD = 'v0.21.0';
const skip = !fs.existsSync(gopls(OLD)) && `gopls ${OLD} is not there: npm run test:matrix installs it`;

let workbench;
let editor;

const { test, picture } = testsWithPictures(() => editor);

before(async () => {
  if (skip) return;
  workbench = await startOnSmallModule({
    extensions: extensionsUnderTest(),
    settings: {
      [FLAGS]: ['-otel=http://127.0.0.1:24711/stallscope', ...DEBUG_FLAGS],
      'workbench.colorTheme': 'Dark Modern',
    },
    env: { PATH: [path.dirname(gopls(OLD)), process.env.PATH].join(path.delimiter) },
  });
  editor = await workbench.open();
});
after(() => workbench?.stop());

test('a gopls that its flag keeps from starting is explained', { skip, timeout: 2 * MINUTE }, async () => {
  await editor.openFile(MAIN_FILE);
  const { text } = await editor.notification(/does not know -otel/, { timeoutMs: MINUTE });
  assert.match(
    text,
    /gopls v0\.21\.0 does not know -otel, which Stallscope added to go\.languageServerFlags/,
  );
  assert.deepEqual(workbench.goplsProcesses(), [], 'it does not start');
  await picture('old-gopls-explained');
  await editor.answerNotification('Remove the Flag');
  await editor.notification(/-otel was removed from your user settings/);
  assert.deepEqual(workbench.readSettings()[FLAGS], DEBUG_FLAGS);
  const [{ args }] = await editor.waitFor('gopls', () => {
    const all = workbench.goplsProcesses();
    return all.length === 1 && all;
  });
  assert.doesNotMatch(args, /-otel/);
});
