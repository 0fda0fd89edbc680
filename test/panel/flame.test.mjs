// The flame graph in its three directions, beside what the core itself answers: names, numbers, keys, and what of it
// survives a reload.
import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { tsImport } from 'tsx/esm/api';
import { repo } from '../tools/lib/paths.mjs';
import { Host } from './host.mjs';
import { firstLoad, laterStall, writeIncidents } from './incidents.mjs';
import { launch, requireBundle, withPanel } from './page.mjs';

const webview = (file) => tsImport(path.join(repo, 'extension/webview', file), import.meta.url);
const fmt = await webview('base/format.ts');
const { shortName } = await webview('heap/names.ts');
fmt.setLocale('en');

const REF = { incident: laterStall().id, capture: 1 };
const QUERY = { sample_type: 'inuse_space', path: [], min_share: 0.0008, max_nodes: 4000 };

let browser;
let host;
before(async () => {
  requireBundle();
  browser = await launch();
  host = new Host((storage) => writeIncidents(storage, [firstLoad(), laterStall()]));
  host.select = REF.incident;
});
after(async () => {
  host?.close();
  await browser?.close();
});

/** What the core answers when it is asked directly. */
async function answer(query) {
  const outcome = await host.core.flame(REF, { ...QUERY, ...query });
  assert.ok(outcome.ok, JSON.stringify(outcome.error));
  return outcome.value;
}

async function openFlame(page) {
  await page.getByRole('tab', { name: 'Flame graph' }).click();
  await page.getByRole('treeitem').nth(1).waitFor();
}

/** What is read out of a frame. */
const label = (node, tree) =>
  `${node.kind === 'root' ? 'all' : shortName(node.function)}${node.label ? ' · gopls ballast' : ''}, ${fmt.bytes(node.value)}, ${fmt.share(node.value / tree.total)}`;
const labels = (locator) => locator.evaluateAll((all) => all.map((item) => item.ariaLabel));

test('inverted: what each function holds itself comes first, its callers below', async () => {
  const tree = await answer({ direction: 'callers' });
  const largest = tree.nodes.filter(({ depth, kind }) => depth === 1 && kind === 'frame').slice(0, 10);
  await withPanel(browser, host, async (page) => {
    await openFlame(page);
    await page.getByRole('button', { name: 'Inverted' }).click();
    await page.locator('.flame[aria-label^="Inverted flame graph"][aria-busy="false"]').waitFor();
    const wanted = largest.map((node) => label(node, tree));
    await page.locator(`.frame[aria-label="${wanted[0]}"]`).first().waitFor();
    const shown = await labels(page.locator('.frame[aria-level="2"]'));
    assert.deepEqual(shown.slice(0, 10), wanted);
    // The ballast is allocated in an initialiser, called by the runtime.
    const [ballast, caller] = tree.nodes.slice(1);
    assert.match(label(ballast, tree), /^cache\.init · gopls ballast, 100\sMB/);
    await page.getByRole('tree').focus();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    assert.equal(await page.locator('.flame-name').innerText(), caller.function);
    const own = fmt.bytes(caller.own);
    assert.match(
      await page.locator('.flame-detail').innerText(),
      new RegExp(`${own} in stacks that begin here`),
    );
  });
});

test('a key makes a sandwich of the frame one is on; callers above, callees below, kept over a reload', async () => {
  const whole = await answer({});
  const chosen = whole.nodes[1].function;
  const [callers, callees] = await Promise.all([
    answer({ focus: chosen, direction: 'callers' }),
    answer({ focus: chosen }),
  ]);
  const table = await host.core.heapTable(REF, {
    sample_type: 'inuse_space',
    sort: 'cum',
    descending: true,
    filter: chosen,
    offset: 0,
    limit: 1000,
  });
  const row = table.value.rows.find((one) => one.function === chosen);
  assert.equal(callees.nodes[0].value, row.cum);
  assert.equal(callees.nodes[0].own, row.flat);
  await withPanel(browser, host, async (page) => {
    await openFlame(page);
    await page.getByRole('tree').focus();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('s');
    for (const again of [false, true]) {
      if (again) await page.reload();
      const above = page.getByRole('tree', { name: /^Callers/ });
      const below = page.getByRole('tree', { name: /^Callees/ });
      await below.getByRole('treeitem').first().waitFor();
      assert.equal(await page.locator('.sandwich-name').getAttribute('title'), chosen);
      const [root] = callers.nodes;
      assert.equal(
        await above.getByRole('treeitem').first().getAttribute('aria-label'),
        label(root, callers),
      );
      assert.match(await page.locator('.flame-detail').innerText(), new RegExp(fmt.bytes(row.cum)));
      const firstCallee = label(callees.nodes[1], callees);
      assert.equal(await below.getByRole('treeitem').first().getAttribute('aria-label'), firstCallee);
      const rootBox = await above.getByRole('treeitem').first().boundingBox();
      const calleeBox = await below.getByRole('treeitem').first().boundingBox();
      assert.ok(rootBox.y < calleeBox.y, 'callees are below the function');
    }
    // On to one of the callees, by keys alone: the first one is active from the start.
    await page.getByRole('tree', { name: /^Callees/ }).focus();
    await page.keyboard.press('s');
    await page.locator(`.sandwich-name[title="${callees.nodes[1].function}"]`).waitFor();
    // Above it now stands who called it; up is towards the callers.
    const above = page.getByRole('tree', { name: /^Callers/ });
    await above.locator('.frame').nth(1).waitFor();
    await above.focus();
    await page.keyboard.press('ArrowUp');
    assert.equal(await page.locator('.flame-name').innerText(), chosen);
    const boxes = await Promise.all([0, 1].map((nth) => above.locator('.frame').nth(nth).boundingBox()));
    assert.ok(boxes[1].y < boxes[0].y, 'a caller stands on what it called');
  });
});

test('a function is chosen by a part of its name, and another one after it', async () => {
  await withPanel(browser, host, async (page) => {
    await openFlame(page);
    await page.getByRole('button', { name: 'Sandwich' }).click();
    await page.getByLabel('Find a function').fill('recordtypeandvalue');
    const found = page
      .locator('.function-picker')
      .getByRole('button', { name: 'types.(*Checker).recordTypeAndValue', exact: true });
    await found.waitFor();
    await found.focus();
    await page.keyboard.press('Enter');
    await page.getByText('It called nothing that allocated: all of it is its own.').waitFor();
    const tree = await answer({ focus: 'go/types.(*Checker).recordTypeAndValue' });
    assert.equal(tree.nodes[0].own, tree.nodes[0].value);
    await page.getByRole('button', { name: 'Another function…' }).click();
    await page.getByLabel('Find a function').waitFor();
  });
});

test('a search sums what is found in the whole tree, and finds it in what is merged', async () => {
  const search = 'resolve';
  const tree = await answer({ search });
  const matches = (node) =>
    node.kind === 'other' ? node.matched > 0 : node.function.toLowerCase().includes(search);
  const merged = tree.nodes.filter((node) => node.kind === 'other' && matches(node));
  assert.ok(merged.length > 0 && tree.matched > 0, 'some of it is too small to draw');
  await withPanel(browser, host, async (page) => {
    await openFlame(page);
    await page.getByLabel('Highlight functions').fill(search.toUpperCase());
    const found = page.locator('.found');
    await found.getByText(`${fmt.bytes(tree.matched)} in matching frames`).waitFor();
    const drawn = await page
      .locator('.frame')
      .evaluateAll((all) => all.map(({ id, classList }) => [id, classList.contains('match')]));
    assert.ok(drawn.length > 100);
    for (const [id, isMatch] of drawn) {
      const node = tree.nodes[Number(id.replace('flame-', ''))];
      assert.equal(isMatch, matches(node), `${id} ${node.kind} ${node.function}`);
    }
  });
});
