// The page on which two traces are compared: an incident against a real log, through the real addon.
import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { repo } from '../tools/lib/paths.mjs';
import { Host } from './host.mjs';
import { firstLoad, writeIncidents } from './incidents.mjs';
import { launch, openPanel } from './page.mjs';

const LOG = path.join(repo, 'test/fixtures/logs/v0.23.0.log');

let browser;
let host;
before(async () => {
  browser = await launch();
  host = new Host((storage) => writeIncidents(storage, [firstLoad()]));
  host.page = 'traces';
});
after(async () => {
  await browser.close();
  host.close();
});

test('the largest difference is first, and what did not end is told apart', async () => {
  const compared = await host.core.compareTraces(firstLoad().id, { file: LOG });
  assert.ok(compared.ok, JSON.stringify(compared));
  host.traceComparison = () => compared;
  const { page, problems, close } = await openPanel(browser, host);
  const table = page.getByRole('table', { name: 'Methods and phases of both' });
  const rows = table.locator('tbody tr');
  await rows.first().waitFor();
  assert.equal(await rows.count(), compared.value.rows.length);
  const [largest] = compared.value.rows;
  assert.ok((await rows.first().innerText()).startsWith(largest.name));
  const cancelled = rows.filter({ hasText: 'textDocument/references' });
  assert.match(await cancelled.innerText(), /0 \+1/);
  await page.getByRole('searchbox', { name: 'Filter by name' }).fill('HOVER');
  assert.equal(await rows.count(), 1);
  assert.deepEqual(problems, []);
  await close();
});

test('before the first comparison there is a way to one', async () => {
  host.traceComparison = () => ({ ok: true, value: null });
  host.asked = [];
  const { page, close } = await openPanel(browser, host);
  await page.getByRole('button', { name: 'Compare traces…' }).click();
  await page.waitForTimeout(200);
  const commands = host.asked.filter(({ method }) => method === 'command').map(({ args }) => args.id);
  assert.deepEqual(commands, ['compareTraces']);
  await close();
});
