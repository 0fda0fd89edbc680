// The page of a message log: what a real log of gopls says on it, and that it goes on when the log does.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { repo } from '../tools/lib/paths.mjs';
import { Host } from './host.mjs';
import { launch, openPanel } from './page.mjs';

const REAL = path.join(repo, 'test/fixtures/logs/v0.23.0.log');

let browser;
let host;
before(async () => {
  browser = await launch();
  host = new Host();
  host.page = 'log';
});
after(async () => {
  await browser.close();
  host.close();
});

test('a real log: percentiles, requests, loads, and what gopls said', async () => {
  assert.ok((await host.core.openLog(REAL, 'en')).ok);
  const { page, problems, close } = await openPanel(browser, host);
  const methods = page.getByRole('table', { name: 'Latency by method' });
  const hover = methods.getByRole('row').filter({ hasText: 'textDocument/hover' });
  await hover.waitFor();
  const cells = await hover.getByRole('cell').allTextContents();
  const slowest = Math.max(
    ...[...fs.readFileSync(REAL, 'utf8').matchAll(/'textDocument\/hover - .* in (\d+)ms/g)].map(
      ([, ms]) => +ms,
    ),
  );
  assert.equal(cells[5].replace(/\s/g, ' '), `${slowest} ms`);
  assert.equal(cells[6], '3');

  const requests = page.getByRole('grid', { name: 'Requests' });
  await requests
    .getByRole('row')
    .filter({ hasText: 'workspace/symbol' })
    .filter({ hasText: 'pending' })
    .waitFor();
  await page.getByRole('searchbox', { name: 'Filter by method' }).fill('completion');
  await page.getByText(/^Requests: 1 · /).waitFor();
  assert.equal(await requests.getByRole('row').count(), 2, 'the head and the one that matches');

  await page.getByRole('searchbox', { name: 'Filter by method' }).fill('');
  await page.getByRole('combobox', { name: 'Ended as' }).selectOption('pending');
  await page.getByText(/^Requests: 1 · /).waitFor();
  await page.getByRole('combobox', { name: 'Ended as' }).selectOption('all');
  await page.getByRole('combobox', { name: 'Asked by' }).selectOption('gopls');
  await page.getByText(/^Requests: 2 · /).waitFor();
  await page.getByText('3 loads; 0 of them').waitFor();
  await page.getByText('does not exist in this version of gopls').waitFor();
  assert.deepEqual(problems, []);
  await close();
});

test('the requests in flight over time, and the busiest stretches as a table', async () => {
  assert.ok((await host.core.openLog(REAL, 'en')).ok);
  const { value } = await host.core.logOverview(false, 'en');
  const { page, problems, close } = await openPanel(browser, host);
  const most = Math.max(...value.in_flight.most);
  await page
    .getByRole('img', { name: new RegExp(`^Requests in flight from .*: ${most} at most$`) })
    .waitFor();
  const stretches = page.getByRole('table', { name: 'Busiest stretches' });
  const rows = await stretches
    .locator('tbody tr')
    .evaluateAll((all) => all.map((row) => [...row.children].map((cell) => cell.innerText)));
  assert.equal(rows.length, value.busiest.length);
  assert.equal(rows[0][3], String(value.busiest[0].most));
  assert.deepEqual(problems, []);
  await close();
});

test('a log that grows is followed', async (t) => {
  const file = path.join(host.storage, 'gopls.log');
  fs.copyFileSync(REAL, file);
  t.after(() => fs.rmSync(file));
  assert.ok((await host.core.openLog(file, 'en')).ok);
  const { page, close } = await openPanel(browser, host);
  await page.getByText('1 pending where the log ends').waitFor();
  await page.getByRole('checkbox', { name: 'Follow live' }).check();
  const answer =
    "[Trace - 23:59:59.000 PM] Received response 'workspace/symbol - (8)' in 4321ms.\nResult: null";
  fs.appendFileSync(file, `${answer}\r\n\r\n\r\n`);
  const symbol = page.getByRole('table').getByRole('row').filter({ hasText: 'workspace/symbol' });
  await symbol.filter({ hasText: '4.32' }).waitFor();
  assert.equal(await page.getByText('pending where the log ends').count(), 0);
  await close();
});

test('without a log there is a way to open one', async () => {
  host.core.closeLog();
  host.asked = [];
  const { page, close } = await openPanel(browser, host);
  await page.getByRole('button', { name: 'Open gopls log…' }).click();
  await page.waitForTimeout(200);
  assert.deepEqual(
    host.asked.filter(({ method }) => method === 'command').map(({ args }) => args.id),
    ['openLog'],
  );
  await close();
});
