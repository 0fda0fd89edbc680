// The page of who holds gopls's memory, on the living heap of a real gopls through the real addon: what it says first, the tree by
// keyboard, a type with its chain, search, and what it offers.
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { heapRequest } from '../lib/heapOf.mjs';
import { HeldScene } from './heldScene.mjs';
import { Host } from './host.mjs';
import { firstLoad, writeIncidents } from './incidents.mjs';
import { launch, NARROW, withPanel } from './page.mjs';

const linux = { skip: process.platform !== 'linux' && 'only on Linux' };

let browser;
let scene;
let host;
before(async () => {
  if (linux.skip) return;
  browser = await launch();
  scene = await HeldScene.start();
  host = scene.host;
});
beforeEach(() => {
  if (!linux.skip) host.asked = [];
});
after(async () => {
  await browser?.close();
  await scene?.close();
});

const commands = () => host.asked.filter(({ method }) => method === 'command').map(({ args }) => args.id);
const questions = () =>
  host.asked.filter(({ method }) => method === 'askHeap').map(({ args }) => args.question);

test(
  'the result comes first: how much is alive, what it cost, whether to believe it, what to do',
  linux,
  async () => {
    const { value: summary } = await host.core.askHeap({ ask: 'summary' });
    await withPanel(browser, host, async (page) => {
      const result = page.getByRole('region', { name: 'Result' });
      await result.waitFor();
      const text = await result.innerText();
      assert.match(text, /^\d+\sMB in [\d,]+ objects are alive; gopls stood still for [\d.]+\sms\./);
      assert.ok(text.includes(`${summary.objects_marked.toLocaleString('en-GB')} objects`), text);
      assert.match(text, /Checked against gopls’s own garbage collector: .*(100|99)\.\d\d% were found here/);
      assert.match(text, new RegExp(`gopls ${scene.gopls.pid}, as of`));
      const advice = await page.getByRole('region', { name: 'What to do' }).innerText();
      assert.match(advice, /100\sMB of it are ballast/);
      const parts = page.getByRole('table', { name: 'By part of gopls' });
      assert.match(await parts.locator('tr').first().innerText(), /Ballast\s+100\sMB/);
      const packages = page.getByRole('table', { name: 'Go packages' });
      await packages.getByText(scene.package, { exact: true }).waitFor();
    });
  },
);

test(
  'the tree opens by arrow keys; what is below a row was asked for when it was opened',
  linux,
  async () => {
    await withPanel(browser, host, async (page) => {
      const tree = page.getByRole('tree');
      await tree.getByRole('treeitem').first().waitFor();
      const items = () => tree.getByRole('treeitem').count();
      const before = await items();
      assert.equal(questions().filter(({ ask }) => ask === 'holds').length, 1);
      const openable = tree.locator('[aria-expanded]').first();
      const index = await openable.evaluate((item) => [...item.parentNode.children].indexOf(item));
      await tree.focus();
      for (let step = 0; step < index; step++) await page.keyboard.press('ArrowDown');
      await page.keyboard.press('ArrowRight');
      await page.waitForFunction((n) => document.querySelectorAll('[role=treeitem]').length > n, before);
      const below = tree.locator('[aria-level="2"]').first();
      assert.ok((await below.innerText()).length > 0);
      const holds = questions().filter(({ ask }) => ask === 'holds');
      assert.equal(holds.length, 2);
      assert.equal(holds[1].way.length, 1);
      await page.keyboard.press('ArrowRight');
      await page.keyboard.press('ArrowLeft');
      await page.keyboard.press('ArrowLeft');
      await page.waitForFunction((n) => document.querySelectorAll('[role=treeitem]').length === n, before);
      const active = await tree.getAttribute('aria-activedescendant');
      assert.equal(active, `hold-${index}`, 'back on the row that was opened');
    });
  },
);

test('a type that is searched for says what it is, which chain holds it, and holds what', linux, async () => {
  await withPanel(browser, host, async (page) => {
    await page.getByRole('searchbox', { name: 'Find a type' }).fill('cache.snapshot');
    const grid = page.getByRole('grid');
    const row = grid.getByRole('button', { name: 'cache.Snapshot', exact: true });
    await row.click();
    const detail = page.getByRole('region', { name: 'cache.Snapshot' });
    await detail.getByText('one version of the workspace', { exact: false }).waitFor();
    await detail
      .getByText(/cache\.Session\.views\[\d+\]\.snapshot/)
      .first()
      .waitFor();
    const instance = detail.getByRole('button', { name: /^#\d+$/ }).first();
    await instance.click();
    const chain = detail.getByRole('list', { name: 'The chain that holds it' });
    await chain.waitFor();
    const steps = await chain.getByRole('listitem').allInnerTexts();
    assert.match(steps.at(-1), /cache\.Snapshot/);
    assert.ok(steps.length >= 2, 'a root and what it leads to');
    await detail.getByRole('button', { name: 'What they hold' }).click();
    await page.getByRole('heading', { name: 'What cache.Snapshot holds' }).waitFor();
    await page.getByRole('treeitem').first().waitFor();
  });
});

test('exports, another reading and a comparison are commands of the extension', linux, async () => {
  await withPanel(browser, host, async (page, { push }) => {
    for (const name of [
      'Export page…',
      'Export JSON…',
      'Export profile…',
      'Read again…',
      'Compare with a later one',
    ])
      await page.getByRole('button', { name }).click();
    assert.deepEqual(commands(), [
      'exportHeapPage',
      'exportHeapJson',
      'exportHeapProfile',
      'whoHolds',
      'keepHeap',
    ]);
    const opened = host.heapView;
    const rows = [
      { type: 'a.b/c.T', before: 1, after: 3, survivors: 1, new: 2, gone: 0, bytes_grown: 2_000_000 },
    ];
    host.heapView = { ...opened, compared: { earlier_unix_ms: Date.now(), total: 1, rows } };
    await push({ type: 'heap' });
    const cells = page.getByRole('table', { name: /^Since/ }).locator('tbody td');
    await cells.first().waitFor();
    assert.deepEqual(await cells.allInnerTexts(), ['+2.0\u00a0MB', '2', '0', '1', 'c.T']);
    host.heapView = { ...opened, heap: null, closed: 'gopls-ended' };
    await push({ type: 'heap' });
    await page.getByText('The gopls that was looked at has ended.').waitFor();
    host.heapView = opened;
  });
});

test('the ballast goes by its name, and what has several holders says who they are', linux, async () => {
  await withPanel(browser, host, async (page) => {
    const rows = page.getByRole('tree').getByRole('treeitem');
    await rows.first().waitFor();
    const texts = await rows.allInnerTexts();
    const ballast = texts.find((text) => text.includes('cache.ballast'));
    assert.match(ballast, /100\sMB[\s\S]*They take no memory/);
    assert.match(texts.join('\n'), /held by cache\.Session\.\S+/);
    const snapshot = texts.find((text) => /\bcache\.Snapshot\b/.test(text));
    if (snapshot) assert.match(snapshot, /held by cache\.Session\.views\[\d+\]\.snapshot/);
  });
});

test('what was kept with an incident is looked through when the heap is gone', linux, async (t) => {
  const incident = firstLoad();
  const later = new Host((storage) => writeIncidents(storage, [incident]));
  t.after(async () => {
    await later.core.stop();
    later.close();
  });
  later.core.start(() => {});
  const atRest = () => {
    const { gopls, stall, loading, in_flight } = later.core.status();
    return gopls && !stall && !loading && in_flight.length === 0;
  };
  for (let tries = 0; !atRest() && tries < 300; tries++) await sleep(100);
  const request = await heapRequest(later.core, scene.gopls.pid);
  const kept = await later.core.keepHeapAfter(incident.id, request);
  assert.ok(kept.ok && kept.value.record, JSON.stringify(kept.value?.problem ?? kept.error));
  const { record } = kept.value;
  later.select = incident.id;
  await withPanel(browser, later, async (page) => {
    const section = page.getByRole('region', { name: 'Who held the memory' });
    await section.waitFor();
    assert.match(
      await section.innerText(),
      /by the setting stallscope\.retain\.onStall: .* stood still for/s,
    );
    await section.getByRole('button', { name: 'Show who held it' }).click();
    const result = await page.getByRole('region', { name: 'Result' }).innerText();
    assert.ok(result.includes(`${record.summary.objects_marked.toLocaleString('en-GB')} objects`), result);
    assert.match(result, /kept with the incident/);
    const tree = page.getByRole('tree');
    await tree.getByRole('treeitem').first().waitFor();
    await tree.locator('[aria-expanded=false]').first().click();
    await tree.locator('[aria-level="2"]').first().waitFor();
    await page.getByRole('searchbox', { name: 'Find a type' }).fill('cache.snapshot');
    await page.getByRole('grid').getByRole('button', { name: 'cache.Snapshot', exact: true }).click();
    const detail = page.getByRole('region', { name: 'cache.Snapshot' });
    await detail
      .getByText(/cache\.Session\.views\[\d+\]\.snapshot/)
      .first()
      .waitFor();
    await detail
      .getByRole('button', { name: /^#\d+$/ })
      .first()
      .click();
    await detail.getByRole('list', { name: 'The chain that holds it' }).waitFor();
    assert.equal(await page.getByRole('button', { name: 'Compare with a later one' }).count(), 0);
    await page.getByRole('button', { name: 'Export page…' }).click();
    await page.getByRole('button', { name: 'Back to the incident' }).click();
    await section.waitFor();
    const asked = later.asked.filter(({ method }) => method === 'command').map(({ args }) => args);
    assert.deepEqual(asked, [{ id: 'exportHeapPage', incident: incident.id }]);
    assert.equal(later.asked.filter(({ method }) => method === 'askHeap').length, 0, 'no heap is asked');
  });
});

test('why no heap was kept is said in the incident', linux, async () => {
  const incident = firstLoad();
  const refused = new Host((storage) => writeIncidents(storage, [incident]));
  try {
    const problem = { code: 'heap-memory', message: 'There was not enough memory.' };
    const value = { taken_unix_ms: Date.now(), record: null, problem };
    refused.overrides.keptHeap = () => ({ ok: true, value });
    refused.select = incident.id;
    await withPanel(browser, refused, async (page) => {
      const section = page.getByRole('region', { name: 'Who held the memory' });
      await section.waitFor();
      assert.match(await section.innerText(), /was not\. There was not enough memory\./);
      assert.equal(await section.getByRole('button').count(), 0);
    });
  } finally {
    refused.close();
  }
});

test('in a narrow panel nothing is cut off', linux, async () => {
  await withPanel(
    browser,
    host,
    async (page) => {
      await page.getByRole('treeitem').first().waitFor();
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
      assert.ok(wide <= 0, `${wide} px too wide`);
    },
    { size: NARROW },
  );
});
