// The page of a report: opened from disk, without network and without an editor, it shows what the panel shows.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { tsImport } from 'tsx/esm/api';
import { repo } from '../tools/lib/paths.mjs';
import { Host } from './host.mjs';
import { laterStall, withoutHeap, writeIncidents } from './incidents.mjs';
import { launch, requireBundle, withPanel } from './page.mjs';
import { contentOf, openReport, savePage } from './report.mjs';

const { answer } = await tsImport(path.join(repo, 'extension/webview/report/answers.ts'), import.meta.url);

let browser;
let host;
/** A name that tries to end the data block, and to be markup wherever it is shown. */
const HOSTILE = '</script><img src=x onerror=alert(1)><!--';
const stall = laterStall();
stall.captures[0].error = null;
stall.notes.push({ code: HOSTILE, values: { note: HOSTILE } });

before(async () => {
  requireBundle();
  browser = await launch();
  host = new Host((storage) => writeIncidents(storage, [stall, withoutHeap()]));
});
after(async () => {
  await browser.close();
  host.close();
});

async function withReport(incident, body, options) {
  const { file } = await savePage(host, incident);
  const report = await openReport(browser, file, options);
  try {
    await body(report.page);
    assert.deepEqual(report.asked, [], 'it asks for nothing');
    assert.deepEqual(report.problems, [], 'errors in the page, or something its policy forbids');
  } finally {
    await report.close();
  }
}

for (const scheme of ['light', 'dark'])
  test(`every view is there, ${scheme}`, () =>
    withReport(
      stall.id,
      async (page) => {
        await page.getByText('A report of Stallscope').waitFor();
        await page.getByText('Symbol search took 2.59 s').waitFor();
        const dark = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
        assert.equal(dark === 'rgb(255, 255, 255)', scheme === 'light');
        await page.getByText('Where the memory is').waitFor();
        await page.getByRole('tab', { name: 'Heap' }).click();
        await page.getByRole('gridcell', { name: 'cache.init' }).waitFor();
        await page.getByRole('tab', { name: 'Subsystems' }).click();
        await page.getByRole('row', { name: /^Parsing/ }).click();
        await page.getByRole('grid', { name: 'Functions of Parsing' }).waitFor();
        await page.getByRole('tab', { name: 'Flame graph' }).click();
        await page.getByRole('treeitem', { name: /^runtime\.main/ }).click();
        await page.getByRole('treeitem', { name: /^runtime\.main/, level: 1 }).waitFor();
        await page.getByRole('tab', { name: 'Compare' }).click();
        await page.getByText('from 223 MB in the base to 725 MB').waitFor();
        await page.getByRole('button', { name: 'Flame graph' }).click();
        await page.getByRole('treeitem').first().waitFor();
        await page.getByRole('tab', { name: 'Decisions' }).click();
        await page.getByText('heap-on-growth fired').waitFor();
      },
      { scheme },
    ));

test('tables are sorted and filtered in the page', async () => {
  const query = { sample_type: 'inuse_space', sort: 'name', descending: false, limit: 1 };
  const ask = async (asked) => (await host.core.heapTable({ incident: stall.id, capture: 1 }, asked)).value;
  const [byName] = (await ask(query)).rows;
  const { matched_rows } = await ask({ ...query, filter: 'parseIdent' });
  await withReport(stall.id, async (page) => {
    await page.getByRole('tab', { name: 'Heap' }).click();
    const first = page.locator('#row-0');
    await page.getByRole('button', { name: 'Function' }).click();
    await first.getByText(byName.function.split('/').at(-1), { exact: true }).waitFor();
    await page.getByPlaceholder('Filter by function or package').fill('parseIdent');
    await page.getByText(`${matched_rows} matching functions`).waitFor();
    await first.getByText('parser.(*parser).parseIdent').waitFor();
  });
});

test('what needs an editor is not offered', () =>
  withReport(stall.id, async (page) => {
    await page.getByText('A report of Stallscope').waitFor();
    for (const tab of ['Overview', 'Heap', 'Flame graph', 'Compare']) {
      await page.getByRole('tab', { name: tab }).click();
      await page.waitForTimeout(200);
      const offered = await page.locator('button, a[role=link], input[type=checkbox]').allInnerTexts();
      const words = offered.join('\n');
      assert.doesNotMatch(
        words,
        /Live|Delete|Save|Export|Copy as|Capture heap|Sandwich|Normalize|Open source/,
        tab,
      );
      assert.equal(await page.locator('a.function[role=link]').count(), 0, 'functions lead to no source');
    }
  }));

test('an incident without a heap has a report as well', () =>
  withReport(withoutHeap().id, async (page) => {
    await page.getByText('completion', { exact: false }).first().waitFor();
    await page.getByRole('tab', { name: 'Heap' }).click();
    await page.getByText('No heap was captured in this incident').waitFor();
    assert.equal(await page.getByRole('tab', { name: 'Compare' }).count(), 0);
  }));

test('hostile texts are data', async () => {
  const { file } = await savePage(host, stall.id);
  const html = fs.readFileSync(file, 'utf8');
  assert.equal(html.match(/<\/script>/g).length, 2, 'the data block and the script end once each');
  assert.equal(contentOf(file).incident.notes.at(-1).code, HOSTILE, 'and say what they said');
  await withReport(stall.id, async (page) => {
    await page.getByText('What else you should know').waitFor();
    assert.equal(await page.locator('img').count(), 0);
  });
});

test('the page answers as the core does', async () => {
  const { file } = await savePage(host, stall.id, { redact: false });
  const content = contentOf(file);
  const ref = { incident: stall.id, capture: 1 };
  const rows = {
    sample_type: 'inuse_space',
    sort: 'flat',
    descending: true,
    filter: '',
    offset: 0,
    limit: 200,
  };
  const table = { ...rows, subsystem: null, with_subsystems: true };
  const tree = {
    sample_type: 'inuse_space',
    direction: 'callees',
    focus: null,
    path: [],
    search: '',
    normalize: false,
    min_share: 0.0005,
    max_nodes: 1_500,
  };
  const plain = (value) => JSON.parse(JSON.stringify(value));
  const same = async (method, args, asked) => {
    const [here, there] = [answer(content, { type: 'request', id: 1, method, args }), await asked];
    assert.ok(there.ok, JSON.stringify(there.error));
    assert.deepEqual(plain(here), plain(there), `${method} ${JSON.stringify(args)}`);
  };
  const { core } = host;
  for (const query of [
    table,
    { ...table, sort: 'cum', offset: 50, limit: 20 },
    { ...table, sort: 'name', descending: false },
    { ...table, filter: 'PARSER', sample_type: 'alloc_objects' },
    { ...table, subsystem: 'parsing', limit: 40 },
  ])
    await same('heapTable', { ref, query }, core.heapTable(ref, query));
  for (const query of [tree, { ...tree, direction: 'callers' }])
    await same('flame', { ref, query }, core.flame(ref, query));
  await same('icicle', { ref, query: tree }, core.icicle(ref, tree));
  await same(
    'subsystems',
    { ref, query: { sample_type: 'alloc_space' } },
    core.subsystems(ref, { sample_type: 'alloc_space' }),
  );
  for (const by of ['function', 'package']) {
    const query = { ...rows, by, normalize: false };
    await same('heapDiff', { ref, query, base: null }, core.heapDiff(ref, query, null));
  }
  await same('flameDiff', { ref, query: tree, base: null }, core.flameDiff(ref, tree, null));
  await same('incidentMemory', { id: stall.id }, core.incidentMemory(stall.id));
  await same('incidentPatterns', { id: stall.id }, core.incidentPatterns(stall.id, 'en'));

  // Zoomed, the core has room for more frames; those that both have hold the same.
  const path_ = ['runtime.main'];
  const here = answer(content, { method: 'flame', args: { ref, query: { ...tree, path: path_ } } }).value;
  const there = (await core.flame(ref, { ...tree, path: path_ })).value;
  const key = ({ function: name, depth, value }) => `${depth} ${name} ${value}`;
  const known = new Set(there.nodes.map(key));
  assert.deepEqual(key(here.nodes[0]), key(there.nodes[0]));
  assert.ok(here.nodes.filter(({ kind }) => kind === 'frame').every((node) => known.has(key(node))));

  // A search finds what is drawn: never more than there is, and nearly all of it.
  const sought = { ...tree, search: 'parseFile' };
  const found = answer(content, { method: 'flame', args: { ref, query: sought } }).value.matched;
  const all = (await core.flame(ref, sought)).value.matched;
  assert.ok(found <= all && found > 0.95 * all, `${found} of ${all}`);

  const lost = answer(content, { method: 'flame', args: { ref, query: { ...tree, path: ['no.such'] } } });
  assert.equal(lost.error.code, 'not-in-report');
});

test('the panel has a button for a report and one for an issue', () =>
  withPanel(browser, host, async (page) => {
    await page.getByText('Symbol search took 2.59 s').waitFor();
    await page.getByRole('button', { name: 'Export report…' }).click();
    await page.getByRole('button', { name: 'Copy as issue' }).click();
    const commands = () => host.asked.filter(({ method }) => method === 'command').map(({ args }) => args);
    assert.deepEqual(commands(), [
      { id: 'exportReport', incident: stall.id },
      { id: 'copyAsIssue', incident: stall.id },
    ]);
  }));
