// The page of gopls's cache: what the real core finds in a folder, a directory of every kind, what can be done when, and by keyboard.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { EMPTIED, cachePage } from './caches.mjs';
import { Host } from './host.mjs';
import { NARROW, launch, withPanel } from './page.mjs';

let browser;
let host;
before(async () => {
  browser = await launch();
  host = new Host();
  host.page = 'cache';
});
beforeEach(() => {
  host.asked = [];
});
after(async () => {
  await browser.close();
  host.close();
});

const shows = (page) => (host.cachePage = () => ({ ok: true, value: page }));
const commands = () => host.asked.filter(({ method }) => method === 'command').map(({ args }) => args);

test('what the core finds in a folder is shown, and nothing of it is offered that must stay', async (t) => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'stallscope-cache-page-'));
  t.after(() => fs.rmSync(folder, { recursive: true, force: true }));
  const sha256 = createHash('sha256').update('gone').digest();
  const name = sha256.toString('hex', 0, 4);
  const shard = path.join(folder, 'gopls', name, 'ab');
  fs.mkdirSync(shard, { recursive: true });
  fs.writeFileSync(path.join(folder, 'gopls', name, 'exe.sha256'), sha256);
  fs.writeFileSync(path.join(shard, `${'ab'.repeat(32)}-typerefs`), 'x'.repeat(2_000_000));
  fs.mkdirSync(path.join(folder, 'gopls/mine'));
  const request = { variables: { GOPLSCACHE: folder }, gopls: null };
  host.cachePage = async () => {
    const view = await host.core.cache(request);
    assert.ok(view.ok, JSON.stringify(view));
    return { ok: true, value: { view: view.value, work: 'none', emptied: null } };
  };
  const recorded = host.goCachesFound;
  t.after(() => (host.goCachesFound = recorded));
  host.goCachesFound = () => host.core.goCaches(request);
  await withPanel(browser, host, async (page) => {
    const table = page.getByRole('table', { name: "Directories of gopls's cache" });
    const orphan = table.getByRole('row', { name: new RegExp(name) });
    // Where not all executables are seen, what was used just now may be somebody's.
    assert.match(await orphan.innerText(), /(orphan|unsure)[^]*2\.0\sMB[^]*2[^]*typerefs\s2\.0\sMB[^]*now/);
    assert.match(
      await table.getByRole('row', { name: /mine/ }).innerText(),
      /unrecognised[^]*not touched: its name/,
    );
    await page.getByText(path.join(folder, 'gopls')).waitFor();
    await page.getByText(/B free of /).waitFor();
    assert.equal(await page.getByRole('button', { name: 'Empty that of the running' }).isDisabled(), true);
    const goCaches = page.getByRole('table', { name: "Go's own caches" });
    await goCaches.waitFor();
    assert.match(await goCaches.innerText(), /go clean -cache/);
    assert.match(await goCaches.innerText(), /go clean -modcache/);
  });
});

test('every state has a name, a size and what it means', async () => {
  shows(cachePage());
  await withPanel(browser, host, async (page) => {
    const rows = page.getByRole('table', { name: "Directories of gopls's cache" }).locator('tbody tr');
    await rows.first().waitFor();
    const states = await rows.locator('.tag').allInnerTexts();
    assert.deepEqual(states, [
      'in use',
      'installed',
      'orphan',
      'orphan',
      'unsure',
      'leftover',
      'unrecognised',
    ]);
    assert.match(
      await rows.first().innerText(),
      /v0\.23\.0, process 4711[^]*612\sMB[^]*84,211[^]*methodsets\s9\.2\sMB\s·\sdiagnostics[^]*oldest: 4 days ago/,
    );
    assert.match(await rows.nth(2).locator('.tag').getAttribute('title'), /neither runs nor is installed/);
    assert.match(await rows.nth(4).innerText(), /≥ 64\sMB/);
    await page.getByText(/gopls-wrapper is a script/).waitFor();
  });
});

test('what is asked for goes to the extension, by keyboard too', async () => {
  shows(cachePage());
  await withPanel(browser, host, async (page) => {
    await page.getByRole('button', { name: /^Clean \(416\sMB\)…/ }).focus();
    await page.keyboard.press('Enter');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Copy: go clean -modcache' }).click();
    await page.waitForTimeout(100);
    assert.deepEqual(commands(), [
      { id: 'cleanCache' },
      { id: 'emptyOwnCache' },
      { id: 'copyGoCommand', goCache: 'modules' },
    ]);
  });
});

test('a directory that others use is not offered, and it is said why', async () => {
  shows(cachePage({ own: { held: { kind: 'shared', pids: [20, 21] } } }));
  await withPanel(browser, host, async (page) => {
    await page.getByText(/Another gopls uses the same directory \(process 20, 21\)/).waitFor();
    assert.equal(await page.getByRole('button', { name: 'Empty that of the running' }).isDisabled(), true);
    assert.equal(await page.getByRole('button', { name: /^Clean/ }).isDisabled(), false);
  });
});

test('while something is done nothing else is offered; afterwards the loads are there', async () => {
  shows(cachePage({ work: 'loading-cold', emptied: { ...EMPTIED, cold: null } }));
  await withPanel(browser, host, async (page, { push }) => {
    await page.getByText('gopls loads the workspace, cold…').waitFor();
    for (const name of [/^Clean/, /^Empty/])
      assert.equal(await page.getByRole('button', { name }).isDisabled(), true);
    shows(cachePage({ emptied: EMPTIED }));
    await push({ type: 'cache' });
    const loads = page.getByRole('table', { name: 'Loads of the workspace' });
    await loads.waitFor();
    assert.match(await loads.innerText(), /cold, without a cache\s+31\.4\ss\s+1\.62\sGB/);
    await page.getByRole('button', { name: 'Restart gopls and measure a warm load' }).click();
    shows(cachePage({ emptied: { ...EMPTIED, warm: { duration_ns: 6.2e9, peak_rss_bytes: 9e8 } } }));
    await push({ type: 'cache' });
    await loads.getByRole('row', { name: /warm, with it/ }).waitFor();
    assert.deepEqual(commands(), [{ id: 'measureWarmLoad' }]);
  });
});

test('an empty cache, and one that cannot be read', async () => {
  const page = cachePage({ own: null, removable: { directories: 0, files: 0, bytes: 0, complete: true } });
  page.view.cache.directories = [];
  shows(page);
  await withPanel(browser, host, async (shown) => {
    await shown.getByText('There is nothing in it.').waitFor();
    assert.equal(await shown.getByRole('button', { name: 'Nothing to clean' }).isDisabled(), true);
  });
  host.cachePage = () => ({ ok: false, error: { code: 'cache-unreadable', message: '/x: denied' } });
  await withPanel(browser, host, async (shown) => {
    await shown.getByText('/x: denied').waitFor();
    shows(cachePage());
    await shown.getByRole('button', { name: 'Try again' }).click();
    await shown.locator('.cache-table').first().waitFor();
  });
});

const ORPHANS = {
  id: 'cache-orphans',
  severity: 'information',
  confidence: 'certain',
  area: 'cache',
  title: '391 MB are nobody’s',
  why: 'They cost space.',
  place: { kind: 'folder', path: '/home/gopher/.cache/gopls' },
  evidence: [],
  fixes: [],
  undo: null,
  references: [],
  fits: [],
};

test('the doctor leads to it, and a narrow panel does not run over', async () => {
  host.page = 'doctor';
  const lifecycle = { servers: [], next_start: null, log: null };
  const proxies = { in_force: null, rows: [] };
  const report = { folder: '/w', findings: [ORPHANS], not_examined: [], settings: [], lifecycle, proxies };
  host.doctorView = () => ({ ok: true, value: { reports: [report], wait: null } });
  shows(cachePage({ emptied: EMPTIED }));
  await withPanel(
    browser,
    host,
    async (page) => {
      const finding = page.getByRole('article', { name: '391 MB are nobody’s' });
      await finding.getByRole('button', { name: "Show gopls's cache" }).click();
      await page.locator('.cache-table').first().waitFor();
      const over = await page.evaluate(
        () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
      );
      assert.ok(over <= 0, `${over} px over`);
    },
    { size: NARROW },
  );
});
