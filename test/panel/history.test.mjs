// The history's page: a bar a day, by keys too, what can be chosen, and what is said before and after an upgrade.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { historyOf, NO_HISTORY, OTHER, SHOP } from './histories.mjs';
import { Host } from './host.mjs';
import { launch, NARROW, withPanel } from './page.mjs';

let browser;
let host;
before(async () => {
  browser = await launch();
  host = new Host();
  host.page = 'history';
  host.overrides.history = ({ query }) => ({ ok: true, value: historyOf(query) });
});
after(async () => {
  await browser.close();
  host.close();
});

/** What was asked of the history since the last time. */
function asked() {
  const queries = host.asked.filter(({ method }) => method === 'history').map(({ args }) => args.query);
  host.asked = [];
  return queries;
}
const plain = (text) => text.replaceAll('\u00a0', ' ');

test('a bar a day; keys go from day to day, and each says its figures', async () => {
  asked();
  await withPanel(browser, host, async (page) => {
    const days = page.getByRole('slider', { name: 'Days' });
    await days.waitFor();
    const [query] = asked();
    assert.equal(query.midnights_unix_ms.length, 31, '30 days at first');
    const view = historyOf(query);
    const last = view.days.at(-1);
    await days.focus();
    await page.keyboard.press('End');
    // A weekend has nothing: the last day that has is some steps back.
    const columns = await page.locator('.history-strip').first().locator('.history-column').count();
    const told = async () => plain(await page.locator('.history-told').innerText());
    for (let step = 0; step < 3 && (await told()).includes('nothing was seen'); step += 1)
      await page.keyboard.press('ArrowLeft');
    assert.match(await told(), new RegExp(`${last.stalls} stalls · ${last.waits} answers`));
    assert.match(await told(), /median \d+(\.\d)? ms, 95 % \d+(\.\d)? ms · RSS \d+ MB on average/);
    assert.equal(await days.getAttribute('aria-valuetext'), await page.locator('.history-told').innerText());
    await page.keyboard.press('Home');
    assert.equal(await days.getAttribute('aria-valuenow'), '1');
    assert.equal(await days.getAttribute('aria-valuemax'), String(columns));
    assert.equal(await page.locator('.history-strip').count(), 3);
  });
});

test('time, workspace and request are chosen, and asked for', async () => {
  asked();
  await withPanel(browser, host, async (page) => {
    await page.getByRole('table', { name: 'Requests' }).waitFor();
    await page.getByRole('button', { name: 'A year' }).click();
    await page.getByRole('combobox', { name: 'Workspace' }).selectOption({ label: 'shop' });
    await page.getByRole('combobox', { name: 'Request' }).selectOption({ label: 'Saving' });
    await page.locator('table[aria-label="Requests"] tbody tr').nth(1).waitFor({ state: 'detached' });
    const last = asked().at(-1);
    assert.deepEqual([last.midnights_unix_ms.length, last.workspace, last.method], [366, SHOP, 'save']);
    const rows = page.getByRole('table', { name: 'Workspaces' }).locator('tbody tr');
    assert.equal(await rows.count(), 1);
    const options = await page.getByRole('combobox', { name: 'Request' }).locator('option').allInnerTexts();
    assert.equal(options.length, 5, 'the others can still be chosen');
    await page.getByRole('combobox', { name: 'Workspace' }).selectOption({ label: 'tools, lib' });
    await page.getByText('Memory of tools, lib').waitFor();
    assert.equal(asked().at(-1).workspace, OTHER);
  });
});

test('before and after an upgrade stand side by side, and what is not clear is said', async () => {
  await withPanel(browser, host, async (page) => {
    await page.getByRole('button', { name: '90 days' }).click();
    const change = page.getByRole('article', { name: 'gopls: v0.22.0 → v0.23.0' });
    await change.waitFor();
    const rows = (await change.locator('tr').allInnerTexts()).map((row) => plain(row).split('\t'));
    assert.deepEqual(rows[0].slice(1, 3), ['Before (12 days)', 'After (21 days)']);
    assert.deepEqual(rows[2], ['95 %', '360 ms', '930 ms', 'more']);
    assert.deepEqual(rows[3].slice(0, 3), ['Stalls', '11 of 3,100', '121 of 5,800']);
    assert.deepEqual(rows[4], ['RSS on average', '640 MB', '660 MB', 'no clear difference']);
    assert.match(await change.innerText(), /By chance alone/);
    const go = page.getByRole('article', { name: 'Go: go1.26.1 → go1.26.2' });
    assert.match(await go.innerText(), /too few days to tell/);
    assert.doesNotMatch(await go.innerText(), /By chance alone/);
  });
});

test('clearing is asked of the editor; then, and at first, it is empty, and that is said', async () => {
  await withPanel(browser, host, async (page, { push }) => {
    await page.getByRole('button', { name: 'Clear the history…' }).click();
    await page.waitForTimeout(100);
    const commands = host.asked.filter(({ method }) => method === 'command').map(({ args }) => args);
    assert.deepEqual(commands, [{ id: 'clearHistory' }]);
    const filled = host.overrides.history;
    host.overrides.history = () => ({ ok: true, value: NO_HISTORY });
    await push({ type: 'history' });
    await page.getByText('Nothing has been kept yet').waitFor();
    await page.getByText('stallscope.historyDays').waitFor();
    host.overrides.history = filled;
  });
});

test('a narrow panel does not run over', async () => {
  await withPanel(
    browser,
    host,
    async (page) => {
      await page.getByRole('button', { name: 'A year' }).click();
      await page.getByRole('article').first().waitFor();
      const over = await page.evaluate(
        () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
      );
      assert.ok(over <= 0, `${over} px`);
    },
    { size: NARROW },
  );
});
