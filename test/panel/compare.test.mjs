// A capture compared with any other one, as a table and as a flame graph, beside what the core itself answers.
import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { tsImport } from 'tsx/esm/api';
import { repo } from '../tools/lib/paths.mjs';
import { Host } from './host.mjs';
import { firstLoad, laterStall, writeIncidents } from './incidents.mjs';
import { launch, requireBundle, withPanel } from './page.mjs';

const webview = (file) => tsImport(path.join(repo, 'extension/webview', file), import.meta.url);
const fmt = await webview('base/format.ts');
const { shortName } = await webview('heap/names.ts');
fmt.setLocale('en');

/** The one with a baseline: its heap is of a loaded gopls, its baseline of one still loading. */
const LATER = { incident: laterStall().id, capture: 1 };
/** The one without: gopls at the very beginning of its load, and on its way. */
const EARLY = { incident: firstLoad().id, capture: 1 };
const LOADING = { incident: firstLoad().id, capture: 2 };
const ROWS = { sample_type: 'inuse_space', sort: 'flat', descending: true, filter: '', offset: 0, limit: 10 };

let browser;
let host;
before(async () => {
  requireBundle();
  browser = await launch();
  host = new Host((storage) => writeIncidents(storage, [firstLoad(), laterStall()]));
});
after(async () => {
  host?.close();
  await browser?.close();
});

function value(outcome) {
  assert.ok(outcome.ok, JSON.stringify(outcome.error));
  return outcome.value;
}

async function openCompare(page, request) {
  await page.locator('.incident', { hasText: request }).click();
  await page.getByRole('tab', { name: 'Compare' }).click();
  return page.getByRole('combobox', { name: 'Compare with' });
}

/** Until what is shown has caught up with what was asked for: the old stays on screen meanwhile. */
async function eventually(check) {
  for (let left = 100; ; left--) {
    try {
      return await check();
    } catch (error) {
      if (left === 0) throw error;
      await delay(50);
    }
  }
}

const signed = (bytes) => fmt.signed(bytes, fmt.bytes);
/** The first rows as they are shown: change, flat, name. */
const shownRows = (page, count) =>
  page.locator('.grid-row').evaluateAll(
    (rows, most) =>
      rows.slice(0, most).map((row) => ({
        change: row.querySelector('.change').textContent.trim().split(' ').pop(),
        flat: row.querySelector('.col-flat').textContent,
        name: row.querySelector('.function').textContent,
      })),
    count,
  );
/** The same of the core's rows. */
const wantedRows = (page, name) =>
  page.rows.map((row) => ({
    change: row.change,
    flat: signed(row.flat) + (row.base_flat > 0 ? fmt.bytes(row.base_flat + row.flat) : ''),
    name: name(row),
  }));

test('the baseline comes first, then every other capture; the rows are the core’s for the one that is chosen', async () => {
  const captures = value(await host.core.heapCaptures(100));
  assert.deepEqual(
    captures.map(({ incident, capture, kind }) => [incident, capture, kind]),
    [
      [LATER.incident, 1, 'heap'],
      [LATER.incident, 2, 'baseline'],
      [LOADING.incident, 2, 'heap'],
      [EARLY.incident, 1, 'heap'],
    ],
  );
  await withPanel(browser, host, async (page) => {
    const base = await openCompare(page, 'Symbol search');
    const options = await eventually(async () => {
      const texts = await base.locator('option').allTextContents();
      assert.equal(texts.length, 3, texts.join());
      return texts;
    });
    assert.match(options[0], /^Baseline of this incident · /);
    // A date only on another day than that of the recording.
    assert.match(options[1], /^Heap of Hover · (\w+ \d+, )?[\d:]+$/);
    assert.match(options[2], /^Heap of Hover · .* · 105\sMB$/);
    const summary = page.locator('.grid-summary');
    await summary.getByText(/while gopls was calm/).waitFor();
    for (const [option, ref] of [
      [0, null],
      [2, EARLY],
    ]) {
      await base.selectOption({ index: option });
      const diff = value(await host.core.heapDiff(LATER, ROWS, ref));
      await summary
        .getByText(`: from ${fmt.bytes(diff.base_total)} in the base to ${fmt.bytes(diff.new_total)}`)
        .waitFor();
      const wanted = wantedRows(diff, (row) => shortName(row.function));
      await eventually(async () => assert.deepEqual(await shownRows(page, ROWS.limit), wanted));
    }
    assert.doesNotMatch(
      await summary.innerText(),
      /calm/,
      'what is said of the baseline is not said of others',
    );
  });
});

test('by package and normalised, kept over a reload; a key leads to the functions of a package', async () => {
  const query = { ...ROWS, by: 'package', normalize: true };
  const diff = value(await host.core.heapDiff(LATER, query, LOADING));
  assert.ok(
    diff.rows.some(({ change }) => change === 'shrunk'),
    'some grew less than the whole',
  );
  await withPanel(browser, host, async (page) => {
    const base = await openCompare(page, 'Symbol search');
    await base.selectOption(`${LOADING.incident}/${LOADING.capture}`);
    await page.getByRole('button', { name: 'By package' }).click();
    await page.getByLabel('Normalize').check();
    const wanted = wantedRows(diff, (row) => row.package);
    for (const again of [false, true]) {
      if (again) await page.reload();
      const grid = page.getByRole('grid', { name: 'Change since the base, by package' });
      await grid.getByText(wanted[0].name, { exact: true }).waitFor();
      await page.getByText(/the rows compare proportions/).waitFor();
      await eventually(async () => assert.deepEqual(await shownRows(page, ROWS.limit), wanted));
      assert.match(await page.locator('.grid-summary').innerText(), /\d+ packages changed/);
    }
    await page.getByRole('grid').focus();
    await page.keyboard.press('Enter');
    await page.getByRole('grid', { name: 'Change since the base, by function' }).waitFor();
    assert.equal(await page.getByPlaceholder('Filter by function or package').inputValue(), wanted[0].name);
  });
});

test('by subsystem the rows are the difference of the two tables, and there is nothing to search', async () => {
  const table = async (ref) =>
    new Map(
      value(await host.core.subsystems(ref, { sample_type: 'inuse_space' })).rows.map((row) => [
        row.subsystem,
        row.value,
      ]),
    );
  const [before, now] = [await table(LOADING), await table(LATER)];
  const changes = [...new Set([...before.keys(), ...now.keys()])]
    .map((id) => ({ id, base: before.get(id) ?? 0, flat: (now.get(id) ?? 0) - (before.get(id) ?? 0) }))
    .filter(({ flat }) => flat !== 0)
    .sort((a, b) => Math.abs(b.flat) - Math.abs(a.flat));
  await withPanel(browser, host, async (page) => {
    const base = await openCompare(page, 'Symbol search');
    await base.selectOption(`${LOADING.incident}/${LOADING.capture}`);
    await page.getByRole('button', { name: 'By subsystem' }).click();
    await page.getByText(`${changes.length} subsystems changed`).waitFor();
    const shown = await page
      .locator('.grid-row')
      .evaluateAll((rows) =>
        rows.map((row) => [
          /subsystem-([\w-]+)/.exec(row.querySelector('.swatch').className)[1],
          row.querySelector('.col-flat').textContent,
        ]),
      );
    assert.deepEqual(
      shown,
      changes.map(({ id, base, flat }) => [id, signed(flat) + (base > 0 ? fmt.bytes(base + flat) : '')]),
    );
    assert.equal(await page.getByPlaceholder('Filter by function or package').count(), 0);
  });
});

test('a subsystem leads to its functions, which add up to it, over a reload, until it is let go', async () => {
  const query = { ...ROWS, by: 'subsystem' };
  const [largest] = value(await host.core.heapDiff(LATER, query, LOADING)).rows;
  const own = { ...ROWS, subsystem: largest.subsystem };
  const diff = value(await host.core.heapDiff(LATER, own, LOADING));
  assert.equal(diff.total, largest.flat);
  const all = value(await host.core.heapDiff(LATER, ROWS, LOADING));
  assert.ok(diff.matched_rows < all.matched_rows);
  await withPanel(browser, host, async (page) => {
    const base = await openCompare(page, 'Symbol search');
    await base.selectOption(`${LOADING.incident}/${LOADING.capture}`);
    await page.getByRole('button', { name: 'By subsystem' }).click();
    await page.getByRole('grid', { name: 'Change since the base, by subsystem' }).focus();
    await page.locator(`.grid-row .subsystem-${largest.subsystem}`).waitFor();
    await page.keyboard.press('Enter');
    const functions = page.getByRole('grid', { name: 'Change since the base, by function' });
    await functions.waitFor();
    const wanted = wantedRows(diff, (row) => shortName(row.function));
    for (const again of [false, true]) {
      if (again) await page.reload();
      await page.getByText(/^Only /).waitFor();
      await page.locator('.grid-summary').getByText(signed(largest.flat), { exact: true }).waitFor();
      await eventually(async () => assert.deepEqual(await shownRows(page, ROWS.limit), wanted));
    }
    await page.getByRole('button', { name: 'Show all subsystems' }).click();
    await page.getByText(`${fmt.count(all.matched_rows)} functions changed`).waitFor();
    assert.equal(await page.getByText(/^Only /).count(), 0);
  });
});

test('the flame graph of growth says of each frame from what to what, also of those that are gone', async () => {
  const tree = value(
    await host.core.flameDiff(
      LOADING,
      { sample_type: 'inuse_space', path: [], min_share: 0.0008, max_nodes: 4000 },
      LATER,
    ),
  );
  const gone = tree.nodes.find(({ kind, value }) => kind === 'frame' && value === 0);
  const shrunk = tree.nodes.find(({ value, base_value }) => value > 0 && value < base_value * 0.9);
  await withPanel(browser, host, async (page) => {
    const base = await openCompare(page, 'Hover');
    await page.getByText('This incident has no baseline').waitFor();
    await page.getByRole('button', { name: 'Flame graph' }).click();
    await base.selectOption(`${LATER.incident}/${LATER.capture}`);
    for (const [node, change] of [
      [gone, 'gone'],
      [shrunk, 'shrunk'],
    ]) {
      const name = node.kind === 'root' ? 'all' : shortName(node.function);
      const delta = signed(node.value - node.base_value);
      const words = `${name}, ${change}, ${delta}, from ${fmt.bytes(node.base_value)} to ${fmt.bytes(node.value)}`;
      const frame = page.locator(`.frame.growth.${change}[aria-label="${words}"]`).first();
      await frame.waitFor();
      await frame.hover();
      const detail = await page.locator('.flame-detail').innerText();
      assert.ok(detail.includes(`${delta}, from ${fmt.bytes(node.base_value)}`), detail);
      assert.ok(detail.includes(change), detail);
    }
    // The other direction, and a sandwich, of both captures too.
    await page.getByRole('button', { name: 'Inverted' }).click();
    await page.locator('.flame[aria-label^="Inverted"][aria-busy="false"]').focus();
    const inverted = host.asked.findLast(({ method }) => method === 'flameDiff');
    assert.deepEqual([inverted.args.query.direction, inverted.args.base], ['callers', LATER]);
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('s');
    await page.getByRole('tree', { name: /^Callers/ }).waitFor();
    await page.reload();
    await page.getByRole('tree', { name: /^Callers/ }).waitFor();
    // The ballast, the largest leaf, is in both.
    assert.match(await page.locator('.flame-detail').innerText(), /cache\.init\n100\sMB · = unchanged/);
  });
});

test('another incident is compared with its own baseline again', async () => {
  await withPanel(browser, host, async (page) => {
    const base = await openCompare(page, 'Symbol search');
    await base.selectOption({ index: 1 });
    await openCompare(page, 'Hover');
    await page.getByText('This incident has no baseline').waitFor();
    await openCompare(page, 'Symbol search');
    await page
      .locator('.grid-summary')
      .getByText(/while gopls was calm/)
      .waitFor();
    assert.equal(await base.inputValue(), 'baseline');
  });
});
