// The disk under the incidents is full, or read-only: the user is told what helps, nothing that was there is harmed, the
// watching goes on, and captures work again as soon as the disk does.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { Scene } from './driver/misbehaving.mjs';
import { MAIN_FILE, MAIN_TEXT } from './driver/smallModule.mjs';
import { SmallDisk } from './driver/smallDisk.mjs';
import { cleanEnv, run } from '../tools/lib/run.mjs';

const DISK_MB = 8;
const STALL = { holdHoverMs: 1500 };

const obstacle = SmallDisk.obstacle();
if (obstacle !== undefined && SmallDisk.namespaces()) {
  test('in a namespace where this user may mount', { timeout: 300_000 }, async () => {
    const env = cleanEnv();
    delete env.NODE_TEST_CONTEXT;
    await run('unshare', ['-rm', process.execPath, '--test', import.meta.filename], { env, show: true });
  });
} else {
  tests({ skip: obstacle });
}

function tests(options) {
  /** @type {Scene} */
  let scene;
  /** @type {SmallDisk} */
  let disk;

  before(async () => {
    if (options.skip) return;
    scene = await Scene.start({
      prepare: (home) => {
        const storage = path.join(home, 'user-data/User/globalStorage/stallscope.stallscope');
        disk = SmallDisk.mount(storage, DISK_MB);
      },
    });
    await scene.editor.openFile(MAIN_FILE);
    await scene.editor.hover(MAIN_TEXT);
    await scene.editor.showPanelBeside();
  });
  after(async () => {
    // Before its folder is removed, or the removal meets a mount point.
    await scene?.stop({ keep: true });
    disk?.unmount();
    scene?.remove();
  });

  test('there is room: a stall and its heap are kept', { timeout: 60_000, ...options }, async () => {
    await heapIsKept();
  });

  test(
    'the disk is full: what helps is said, and earlier incidents stay',
    { timeout: 60_000, ...options },
    async () => {
      disk.fill();
      const before = fs.readdirSync(scene.workbench.incidents);
      await scene.slowHover(STALL);
      const { buttons } = await scene.editor.notification(
        /^The disk is full: Stallscope cannot save captures\. Earlier incidents are untouched\. Delete some of them, or free space\.$/,
      );
      assert.deepEqual(buttons, ['Delete Incidents…', 'Show Log']);
      await scene.editor.command('Stallscope: Capture Heap Now');
      await scene.editor.notification(
        /The capture failed\. .*no space left on the disk of .*delete incidents or free space/,
      );
      await nothingNew(before);
    },
  );

  test('there is room again: captures work again', { timeout: 60_000, ...options }, async () => {
    disk.free();
    await heapIsKept();
  });

  test(
    'the disk is read-only: that is said, and watching goes on',
    { timeout: 60_000, ...options },
    async () => {
      await disk.setReadOnly(true);
      const before = fs.readdirSync(scene.workbench.incidents);
      await scene.editor.clearNotifications();
      await scene.slowHover(STALL);
      await scene.editor.notification(
        /^Stallscope cannot write to its storage folder, so nothing is captured\. \(.* cannot be written: check its permissions, or that its disk is not mounted read-only\)$/,
      );
      await scene.editor.command('Stallscope: Capture Heap Now');
      await scene.editor.notification(/The capture failed\. .*cannot be written: check its permissions/);
      await nothingNew(before);
      // The wait was seen all the same. (The editor draws spaces as no-break spaces.)
      await scene.editor.command('Stallscope: Show Decision Log');
      await scene.until('the last stall in the decision log', async () =>
        /Stall:\sHover\shas\sbeen\swaiting/.test(
          (await scene.editor.page.locator('.view-lines').allInnerTexts()).join('\n'),
        ),
      );
      await scene.editor.openFile(MAIN_FILE);
      assert.match((await scene.editor.statusItem('stallscope')).label, /^gopls.*, memory \d+ MB$/);
    },
  );

  test('the disk can be written again: captures work again', { timeout: 60_000, ...options }, async () => {
    await disk.setReadOnly(false);
    await heapIsKept();
  });

  async function heapIsKept() {
    const { incident, dir } = await scene.stall(STALL);
    const heap = incident.captures.find(({ kind }) => kind === 'heap');
    assert.equal(heap.state, 'complete');
    assert.equal(fs.statSync(path.join(dir, heap.file)).size, heap.size_bytes);
  }

  async function nothingNew(before) {
    await scene.until('the end of all writing', () => {
      const now = fs.readdirSync(scene.workbench.incidents);
      return now.length === before.length && scene.leftovers().length === 0;
    });
    await scene.unharmed();
  }
}
