// Why a wait took so long, and what costs most over all of them: in the panel as it ships.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
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

/** A hover so many days ago, in local noon of the page's time zone, which is UTC. */
function daysAgo(days, seconds, version) {
  const noon = new Date(new Date().setUTCHours(12, 0, 0, 0) - days * 86_400_000);
  const stall = withoutHeap();
  const origin_unix_ns = `${noon.getTime() - Math.round(stall.request.start_ns / 1e6)}000000`;
  const duration_ns = seconds * 1e9;
  return {
    ...stall,
    id: `${noon.toISOString().replaceAll(/[-:]/g, '')}-hover-${seconds}`,
    origin_unix_ns,
    started_at: noon.toISOString(),
    gopls: { ...stall.gopls, version },
    request: { ...stall.request, method: 'textDocument/hover', duration_ns },
    causes: [
      { kind: 'parsing', duration_ns: duration_ns / 2, share: 0.5, confidence: 'likely', evidence: {} },
    ],
  };
}

test('waits over time: a bar a day that keys reach, the change of gopls, and the same as a table', async (t) => {
  const own = new Host((storage) => {
    const waits = [daysAgo(6, 8, 'v0.22.0'), daysAgo(6, 2, 'v0.22.0'), daysAgo(2, 1, 'v0.23.0')];
    writeIncidents(storage, waits);
    fs.writeFileSync(path.join(storage, 'removed.json'), '{"incidents":7}');
  });
  t.after(() => own.close());
  const { page, problems, close } = await openPanel(browser, own, { theme: 'dark' });
  await page.locator('.costs-most > summary').click();
  const days = page.getByRole('group', { name: 'Waits per day' }).getByRole('button');
  await days.first().waitFor();
  const told = await days.evaluateAll((all) => all.map((day) => day.ariaLabel.replaceAll(/\s/g, ' ')));
  assert.equal(told.length, 2, 'days without a wait are not there');
  assert.match(told[0], /: 2 waits, median 2\.00 s, 95 % 8\.00 s$/);
  assert.match(told[1], /: 1 waits, median 1\.00 s.*gopls v0\.22\.0 before, v0\.23\.0 since$/);
  await days.last().focus();
  await page.keyboard.press('ArrowLeft');
  assert.match(await page.locator('.wait-told').innerText(), /2 waits/);
  const section = page.getByRole('region', { name: 'Waits over time' });
  assert.match(await section.innerText(), /3 incidents on 2 days[^]*7 incidents were removed so far/);

  await page.getByRole('combobox', { name: 'Which waits' }).selectOption('cause parsing');
  await page.getByRole('button', { name: 'As a table' }).click();
  const rows = page.getByRole('table', { name: 'Waits per day' }).locator('tbody tr');
  await rows.filter({ hasText: '4.00' }).waitFor();
  assert.match((await rows.first().innerText()).replaceAll(/\s+/g, ' '), / 2 1\.00 s 4\.00 s$/);
  assert.deepEqual(problems, []);
  await close();
});
