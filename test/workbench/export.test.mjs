// The export in a real workbench: where to is said before it is switched on, an incident that ends then arrives, and it can be
// switched off again.
import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { writeIncident } from '../fleet/support/incidents.mjs';
import { httpReceiver } from '../fleet/support/receiver.mjs';
import { extensionsUnderTest } from './driver/scenario.mjs';
import { startOnSmallModule } from './driver/smallModule.mjs';

const SHOW = 'Stallscope: Show Export Status';

/** @type {import('./driver/workbench.mjs').Workbench} */
let workbench;
/** @type {import('./driver/editor.mjs').Editor} */
let editor;
let receiver;
/** What closes the receiver. */
const ends = [];

before(async () => {
  receiver = await httpReceiver({ after: (end) => ends.push(end) });
  workbench = await startOnSmallModule({
    extensions: [extensionsUnderTest()[0]],
    settings: { 'stallscope.export.endpoint': receiver.url },
  });
  editor = await workbench.open();
});
after(async () => {
  await workbench?.stop();
  ends.forEach((end) => end());
});

const question = () => editor.waitFor('the status', () => editor.dialog());

test('it is off, says where it would go to, and sends only when it is on', { timeout: 180_000 }, async () => {
  const storage = path.join(workbench.userData, 'User/globalStorage/stallscope.stallscope');
  await editor.command(SHOW);
  assert.ok((await question()).includes(`Switched on, they would go to ${receiver.url} (http/protobuf).`));
  assert.equal(receiver.came.length, 0);
  await editor.answerDialog('Switch On');
  const { text } = await editor.notification(/Stalls are exported to/);
  assert.ok(
    text.includes(`${receiver.url} (http/protobuf). Names of files, folders and packages stay here.`),
    text,
  );

  // One that began when it was on already.
  const incident = writeIncident(storage, { seconds: 0.1 });
  await editor.waitFor('its trace', () => receiver.of('traces').length > 0, { timeoutMs: 60_000 });
  assert.ok(receiver.of('traces')[0].body.includes(incident.id));
  await editor.clearNotifications();
  await editor.command(SHOW);
  assert.match(
    await question(),
    /3 messages sent from this window, .*\n*.*0 wait on disk, 0 were dropped so far/,
  );
  await editor.answerDialog('Switch Off');
  await editor.command(SHOW);
  assert.match(await question(), /Stalls are not exported\. Switched on, they would go to/);
});
