// The tab Subsystems in the real bundle, over a real profile: what it says adds up, the keyboard gets everywhere, and
// what is chosen is what is shown.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Host } from './host.mjs';
import { laterStall, writeIncidents } from './incidents.mjs';
import { launch, NARROW, openPanel, requireBundle } from './page.mjs';

const incident = laterStall();
const ref = { incident: incident.id, capture: 1 };

let browser;
let host;
let table;
before(async () => {
  requireBundle();
  browser = await launch();
  host = new Host((storage) => writeIncidents(storage, [incident]));
  table = (await host.core.subsystems(ref, { sample_type: null })).value;
});
after(async () => {
  host?.close();
  await browser?.close();
});

/** Opens a tab of the incident, and holds the page to having nothing to complain of at the end. */
async function withTab(tab, body, options) {
  const { page, problems, close } = await openPanel(browser, host, options);
  try {
    await page.getByRole('tab', { name: tab }).click();
    await body(page);
    assert.deepEqual(problems, [], 'errors in the page, or something its policy forbids');
  } finally {
    await close();
  }
}

const list = (page) => page.getByRole('grid', { name: /^Heap by subsystem/ });
const bodyRows = (page) => list(page).locator('tbody').getByRole('row');
const functions = (page, name) => page.getByRole('grid', { name: `Functions of ${name}` });
/** `38 MB` of a label or a cell, in MB. */
const megabytes = (text) => {
  const [, number, unit] = /([\d.,]+)\s(kB|MB|GB)/.exec(text);
  return Number(number.replace(',', '')) * { kB: 1e-3, MB: 1, GB: 1e3 }[unit];
};

test('every subsystem has its row, its share and a sentence; together they are the whole heap', async () => {
  await withTab('Subsystems', async (page) => {
    await bodyRows(page).first().waitFor();
    const rows = await bodyRows(page).allInnerTexts();
    assert.equal(rows.length, table.rows.length);
    assert.match(
      rows[0],
      /^Parsing\s+Syntax trees of Go files, and the positions in them\.\s+286\sMB\s*39\.5%\s+56$/,
    );
    assert.match(rows[2], /^Ballast[\s\S]*100\sMB\s*13\.8%\s+1$/);
    const shares = rows.map((row) => Number(/([\d.]+)%/.exec(row)[1]));
    const sum = shares.reduce((a, b) => a + b, 0);
    assert.ok(Math.abs(sum - 100) < 0.05 * rows.length, `${sum} %`);
    assert.ok(Math.abs(rows.map(megabytes).reduce((a, b) => a + b, 0) - 725) < rows.length);
    await page
      .getByText(/725\sMB in total; most of it in Parsing \(39\.5%\) and Type checking \(19\.9%\)/)
      .waitFor();
    await page.getByText(/which need not be the part that still holds it/).waitFor();
  });
});

test('the icicle shows the same numbers, by package and function', async () => {
  await withTab('Subsystems', async (page) => {
    const items = page.getByRole('treeitem');
    await items.nth(1).waitFor();
    const labels = await items.evaluateAll((all) => all.map((item) => item.getAttribute('aria-label')));
    assert.match(labels[0], /^all, 725\sMB, 100\.0%$/);
    assert.match(labels[1], /^Parsing, 286\sMB, 39\.5%$/);
    assert.match(labels[2], /^go\/parser, 186\sMB/);
    assert.match(labels[3], /^parser\.\(\*parser\)\.parseIdent, 38\sMB/);
    const levels = await items.evaluateAll((all) =>
      all.map((item) => Number(item.getAttribute('aria-level'))),
    );
    assert.equal(Math.max(...levels), 4);
    const top = labels.filter((_, at) => levels[at] === 2);
    const drawn = top.map(megabytes).reduce((a, b) => a + b, 0);
    assert.ok(drawn > 700 && drawn <= 726, `${drawn} MB`);
  });
});

test('a subsystem is chosen by keys: the icicle is zoomed to it, its functions are listed, and Enter lets it go', async () => {
  await withTab('Subsystems', async (page) => {
    await bodyRows(page).first().waitFor();
    await list(page).focus();
    await page.keyboard.press('ArrowDown');
    const active = await list(page).getAttribute('aria-activedescendant');
    assert.match(await page.locator(`#${active}`).innerText(), /^Type checking/);
    await page.keyboard.press('Enter');
    await page.getByRole('navigation', { name: 'Zoomed to' }).getByText('Type checking').waitFor();
    assert.equal(await page.locator(`#${active}`).getAttribute('aria-selected'), 'true');
    await page.getByText(/144\sMB in Type checking · \d+ functions/).waitFor();
    const grid = functions(page, 'Type checking');
    await grid.locator('.grid-row').first().getByText('types.(*Checker).recordTypeAndValue').waitFor();
    assert.equal(await grid.getByText('parser.(*parser).parseIdent').count(), 0);
    await page.waitForFunction(() =>
      document.querySelector('.frame')?.ariaLabel?.startsWith('Type checking'),
    );
    await list(page).focus();
    await page.keyboard.press('Enter');
    await grid.waitFor({ state: 'detached' });
    await page.waitForFunction(() => document.querySelector('.frame')?.ariaLabel?.startsWith('all'));
  });
});

test('zooming the icicle chooses the row, and goes as deep as a function', async () => {
  await withTab('Subsystems', async (page) => {
    const tree = page.getByRole('tree');
    await page.getByRole('treeitem').nth(1).waitFor();
    await tree.focus();
    for (const key of ['ArrowDown', 'ArrowDown', 'Enter']) await page.keyboard.press(key);
    const crumbs = page.getByRole('navigation', { name: 'Zoomed to' });
    await crumbs.getByText('go/parser').waitFor();
    assert.deepEqual(await crumbs.locator('.crumb').allInnerTexts(), ['all', 'Parsing', 'go/parser']);
    assert.match(await list(page).locator('tr.chosen').innerText(), /^Parsing/);
    await functions(page, 'Parsing').waitFor();
    await page.waitForFunction(() => document.querySelector('.frame')?.ariaLabel?.startsWith('go/parser'));
    const classes = await page.locator('.frame').evaluateAll((all) => all.map((frame) => frame.className));
    assert.ok(
      classes.length > 5 && classes.every((name) => name.includes('subsystem-parsing')),
      'same colour',
    );
    await page.keyboard.press('Backspace');
    await page.waitForFunction(() => document.querySelector('.frame')?.ariaLabel?.startsWith('Parsing'));
    await page.keyboard.press('Home');
    await crumbs.waitFor({ state: 'detached' });
  });
});

test('other values are counted by subsystem, too', async () => {
  await withTab('Subsystems', async (page) => {
    await bodyRows(page).first().waitFor();
    await page.getByLabel('What is counted').selectOption('alloc_space');
    // While loading, gopls allocates most for types, and lets most of it go.
    await page.getByText(/2\.70\sGB in total; most of it in Type checking \(39\.5%\) and Parsing/).waitFor();
    assert.match(await bodyRows(page).first().innerText(), /^Type checking[\s\S]*1\.07\sGB/);
  });
});

test('the flame graph takes the colours of the subsystems, with a legend, and remembers it', async () => {
  await withTab('Flame graph', async (page) => {
    const frame = page.getByRole('treeitem', { name: /^parsego\.Parse,/ }).first();
    await frame.waitFor();
    assert.match(await frame.getAttribute('class'), /\bhue-\d/);
    await page.getByRole('button', { name: 'Colour by subsystem' }).click();
    const legend = page.locator('.subsystem-legend');
    await legend.getByText('Parsing').waitFor();
    assert.equal(await legend.getByRole('listitem').count(), table.rows.length);
    assert.match(await frame.getAttribute('class'), /\bsubsystem-parsing\b/);
    const colour = (locator) => locator.evaluate((element) => getComputedStyle(element).backgroundColor);
    const checking = page.getByRole('treeitem', { name: /^cache\.\(\*typeCheckBatch\)/ }).first();
    assert.notEqual(await colour(frame), await colour(checking), 'parsing and type checking look different');
    await frame.hover();
    assert.match(await page.locator('.flame-detail').innerText(), /· Parsing/);
    await page.reload();
    await page.locator('.subsystem-legend').getByText('Parsing').waitFor();
    assert.equal(
      await page.getByRole('button', { name: 'Colour by subsystem' }).getAttribute('aria-pressed'),
      'true',
    );
  });
});

test('what is searched for is lit in the icicle, and summed up as the core counts it', async () => {
  const query = { sample_type: null, path: [], search: 'scanner', min_share: 0.0008, max_nodes: 4000 };
  const { matched } = (await host.core.icicle(ref, query)).value;
  await withTab('Subsystems', async (page) => {
    await page.getByRole('treeitem').nth(1).waitFor();
    await page.getByRole('searchbox').fill('scanner');
    // Until it has been counted there are 0 B.
    const found = page.getByText(/\d\s(kB|MB|GB)\s.*in matching frames/);
    await found.waitFor();
    assert.ok(Math.abs(megabytes(await found.innerText()) - matched / 1e6) < 1, `${matched} bytes`);
    const match = page.getByRole('treeitem', { name: /^go\/scanner,/ }).first();
    assert.match(await match.getAttribute('class'), /(^| )match( |$)/);
    const other = page.getByRole('treeitem', { name: /^go\/parser,/ }).first();
    assert.match(await other.getAttribute('class'), /\bno-match\b/);
  });
});

test('every direction of the flame graph takes the colours; a comparison keeps those of growth', async () => {
  await withTab('Flame graph', async (page) => {
    await page.getByRole('button', { name: 'Colour by subsystem' }).click();
    await page.getByRole('button', { name: 'Inverted' }).click();
    const read = page.getByRole('treeitem', { name: /^os\.readFileContents,/ }).first();
    await read.waitFor();
    assert.match(await read.getAttribute('class'), /\bsubsystem-file-contents\b/);
    await page.getByRole('tree').focus();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('s');
    await page.locator('#callers-0').waitFor();
    // Of whichever function was the first: that depends on how far the inverted graph had come.
    assert.match(await page.locator('#callers-0').getAttribute('class'), /\bsubsystem-(parsing|ballast)\b/);
    await page.getByRole('tab', { name: 'Compare' }).click();
    await page.getByRole('button', { name: 'Flame graph' }).click();
    await page.getByRole('button', { name: 'Top down' }).click();
    const frame = page.getByRole('treeitem', { name: /^parsego\.Parse,/ }).first();
    await frame.waitFor();
    assert.match(await frame.getAttribute('class'), /\bgrowth grown\b/);
    assert.equal(await page.getByRole('button', { name: 'Colour by subsystem' }).count(), 0);
    await frame.hover();
    assert.match(await page.locator('.flame-detail').innerText(), /· Parsing/);
  });
});

test('a heap row names its subsystem for those who point at it or hear it', async () => {
  await withTab('Heap', async (page) => {
    const row = page.locator('.grid-row', { hasText: 'os.readFileContents' });
    await row.waitFor();
    await row.getByRole('img', { name: 'File contents' }).waitFor();
  });
});

test('what cannot be answered is said, and asked again', async () => {
  host.overrides.subsystems = () => ({
    ok: false,
    error: { code: 'profile-query', message: 'no such thing' },
  });
  try {
    await withTab('Subsystems', async (page) => {
      await page.getByText('no such thing').waitFor();
      delete host.overrides.subsystems;
      await page.getByRole('button', { name: /again|Retry/i }).click();
      await bodyRows(page).first().waitFor();
    });
  } finally {
    delete host.overrides.subsystems;
  }
});

test('in a narrow panel list and functions are below each other, and nothing is cut off', async () => {
  await withTab(
    'Subsystems',
    async (page) => {
      await bodyRows(page).first().click();
      const grid = functions(page, 'Parsing');
      await grid.waitFor();
      const [above, below] = [await list(page).boundingBox(), await grid.boundingBox()];
      assert.ok(below.y >= above.y + above.height, 'below');
      assert.ok(
        above.x + above.width <= NARROW.width && below.x + below.width <= NARROW.width,
        'not cut off',
      );
    },
    { size: NARROW },
  );
});
