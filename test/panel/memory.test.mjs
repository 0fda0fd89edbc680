// Where the memory is, in the panel: of an incident what its own files say, live what the core said last.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Host, recordedMemory } from './host.mjs';
import { laterStall, withoutHeap, writeIncidents } from './incidents.mjs';
import { launch, requireBundle, withPanel } from './page.mjs';

const MB = 1e6;

let browser;
let host;
before(async () => {
  requireBundle();
  browser = await launch();
  host = new Host((storage) => writeIncidents(storage, [laterStall(), withoutHeap()]));
});
after(async () => {
  host?.close();
  await browser?.close();
});

/** Name and MB of each row, as it stands there. */
async function rows(table) {
  const cells = await table
    .getByRole('row')
    .evaluateAll((all) =>
      all.map((row) => [row.querySelector('th').innerText, row.querySelector('.numeric').innerText]),
    );
  return cells.map(([name, text]) => {
    const [, sign, amount, unit] = /^(−?)([\d.,]+)\s(GB|MB|kB|B)$/.exec(text);
    const scale = { GB: 1000, MB: 1, kB: 1e-3, B: 1e-6 }[unit];
    return [name, (sign ? -1 : 1) * Number(amount.replaceAll(',', '')) * scale];
  });
}

function addUp(shown) {
  const [sumName, sum] = shown.at(-1);
  assert.equal(sumName, 'Memory (RSS)');
  const parts = shown.slice(0, -1).reduce((total, [, mb]) => total + mb, 0);
  // Each is rounded to a MB, those over a GB to ten.
  assert.ok(Math.abs(parts - sum) < 15, `${parts} MB in parts, ${sum} MB in all`);
}

const find = (shown, wanted) => shown.find(([name]) => name === wanted)?.[1];

test('an incident says what its memory consisted of, live heap and all', async () => {
  const { id } = laterStall();
  host.select = id;
  host.asked = [];
  await withPanel(browser, host, async (page) => {
    const table = page.getByRole('table', { name: 'What the memory (RSS) of gopls consists of' });
    await table.waitFor();
    const shown = await rows(table);
    addUp(shown);
    const { value } = await host.core.incidentMemory(id);
    const [{ heap, waterfall }] = value;
    assert.equal(heap, 1);
    assert.ok(Math.abs(find(shown, 'Memory (RSS)') - waterfall.rss_bytes / MB) < 6);
    // The live heap is what the profile beside it has in use, without gopls's ballast.
    const page1 = await host.core.heapTable(
      { incident: id, capture: heap },
      { sample_type: 'inuse_space', sort: 'flat', descending: true, filter: '', offset: 0, limit: 1 },
    );
    const live = (page1.value.total - page1.value.ballast) / MB;
    assert.ok(Math.abs(find(shown, 'Live heap') - live) < 1, `${find(shown, 'Live heap')} against ${live}`);
    await page.getByText(/Not in RSS: 100\sMB of ballast, which gopls reserves on purpose/).waitFor();
    const nextGc = Math.round((2 * (page1.value.total / MB)) / 10) * 10;
    await page
      .getByText(/The next GC begins at a heap of about [\d.]+\sGB, ballast included, if GOGC is 100/)
      .waitFor();
    assert.ok(
      Math.abs(waterfall.next_gc_bytes / MB - nextGc) < 10,
      `${waterfall.next_gc_bytes} against ${nextGc}`,
    );
    await page.getByText(/the live heap from a profile taken \d+\sms apart/).waitFor();
  });
});

test('who allocated between two heaps of an incident is told by function and part of gopls, with its error', async () => {
  const { id } = laterStall();
  host.select = id;
  const { value: rate } = await host.core.incidentAllocation(id);
  assert.ok(rate.sites.length > 4 && rate.bytes_per_s > MB, JSON.stringify(rate));
  await withPanel(browser, host, async (page) => {
    const table = page.getByRole('table', { name: 'Who allocates' });
    await table.waitFor();
    const shown = await table
      .locator('tbody tr')
      .evaluateAll((all) => all.map((row) => [...row.querySelectorAll('td')].map((cell) => cell.innerText)));
    assert.equal(shown.length, rate.sites.length);
    for (const [index, [amount, error, , name]] of shown.entries()) {
      const { function: full, bytes_per_s, error_share } = rate.sites[index];
      assert.ok(full.endsWith(name), `${full} ends with ${name}`);
      assert.match(amount, /^[\d.,]+\s(GB|MB|kB)\/s$/);
      assert.equal(error, `±\u00a0${Math.round(error_share * 100)}%`);
      const next = rate.sites[index + 1];
      assert.ok(!next || next.bytes_per_s <= bytes_per_s, 'the largest first');
    }
    await page.getByText(/From its first heap to its last, [\d.]+\ss later, gopls allocated /).waitFor();
  });
  host.select = withoutHeap().id;
  await withPanel(browser, host, async (page) => {
    await page.getByRole('heading', { name: 'What Stallscope did' }).waitFor();
    assert.equal(await page.getByRole('table', { name: 'Who allocates' }).count(), 0);
  });
});

test('an incident without the statistics says nothing of it', async () => {
  host.select = withoutHeap().id;
  host.asked = [];
  await withPanel(browser, host, async (page) => {
    await page.getByRole('heading', { name: 'What Stallscope did' }).waitFor();
    assert.equal(await page.getByRole('heading', { name: 'Where the memory is' }).count(), 0);
  });
});

test('live is a sentence, by keyboard what it rests on, and asked for while it is looked at', async () => {
  host.select = null;
  host.asked = [];
  await withPanel(browser, host, async (page, { push }) => {
    const summary = page.locator('.memory-now > summary');
    await summary.waitFor();
    const said = await summary.innerText();
    const { verdict } = recordedMemory;
    assert.equal(verdict.kind, 'churn', 'the recording is another one');
    assert.match(said, /^Churn: .* The live heap does not grow: from /);
    assert.match(said, new RegExp(`over ${verdict.cycles} GC cycles`));
    assert.match(said, new RegExp(`to ${Math.round(verdict.last_live_bytes / MB)}\\sMB over`));

    await summary.focus();
    await page.keyboard.press('Enter');
    addUp(await rows(page.locator('.memory-now').getByRole('table', { name: 'What the memory' })));
    // Churn is told with who makes it.
    const { allocation } = recordedMemory;
    await page
      .getByText(
        /^Allocates now: \d+\sMB\/s over the last .* The largest makers of garbage, \d+\sMB\/s together:$/,
      )
      .waitFor();
    const sites = page
      .locator('.memory-now')
      .getByRole('table', { name: 'Who allocates' })
      .locator('tbody tr');
    assert.equal(await sites.count(), allocation.sites.length);
    assert.match(await sites.first().innerText(), /MB\/s.*±\s2%.*Type checking.*recordTypeAndValue/s);
    await page.getByText(/never by RSS/).waitFor();
    assert.equal(await page.locator('.cycles-bars > span').count(), recordedMemory.cycles.length);

    const asked = () => host.asked.filter(({ method }) => method === 'memory').length;
    const before = asked();
    const status = { ...host.status, at_ns: host.status.at_ns + 6e9 };
    await push({ type: 'status', status });
    await page.waitForFunction(() => document.querySelector('.memory-now[open]'));
    await assert.doesNotReject(async () => {
      for (let tries = 0; asked() === before; tries += 1) {
        assert.ok(tries < 100, 'not asked again');
        await page.waitForTimeout(20);
      }
    });
    // Without a gopls there is nothing to say, and what was said of the last one goes.
    await push({ type: 'status', status: { ...status, gopls: null } });
    await page.locator('.memory-now').waitFor({ state: 'detached' });
  });
});
