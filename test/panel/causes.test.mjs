// Why a wait took so long, and what costs most over all of them: in the panel as it ships.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Host } from './host.mjs';
import { firstLoad, laterStall, withoutHeap, writeIncidents } from './incidents.mjs';
import { launch, openPanel } from './page.mjs';

let browser;
let host;

before(async () => {
  browser = await launch();
  host = new Host((storage) => writeIncidents(storage, [firstLoad(), laterStall(), withoutHeap()]));
  host.select = laterStall().id;
});

after(async () => {
  await browser?.close();
  host?.close();
});

test('causes come first in what the wait was for, the largest first, and the first in the verdict', async () => {
  const { page, problems, close } = await openPanel(browser, host, { theme: 'dark' });
  const causes = page.locator('.causes > li');
  await causes.first().waitFor();
  const told = await causes.allInnerTexts();
  assert.match(told[0], /Others had the CPU[^]*62[^]*likely[^]*waiting for one/);
  assert.match(told[1], /go command[^]*known[^]*go list -e[^]*waited itself/);
  assert.match(told.at(-1), /^Unknown/);
  assert.match(
    await page.locator('.verdict-sentence').innerText(),
    /^gopls wanted to run, but other programs/,
  );
  assert.deepEqual(problems, []);
  await close();
});

test('what costs most is added up over the incidents that are there', async () => {
  const { page, problems, close } = await openPanel(browser, host, { theme: 'dark' });
  const { value } = await host.core.stallSummary();
  assert.equal(value.waits, 3);
  await page.locator('.costs-most > summary').click();
  const rows = await page.locator('.costs-most tbody tr').allInnerTexts();
  assert.match(rows[0], /Others had the CPU/);
  assert.equal(rows.filter((row) => /go command|Type checking/.test(row)).length, 2);
  assert.equal(
    rows.some((row) => row.includes('Unknown')),
    false,
    'what is unknown is no answer',
  );
  assert.deepEqual(problems, []);
  await close();
});
