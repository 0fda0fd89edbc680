// The panel's own promises, in the real bundle under its real content security policy: nothing at all is shown well, so
// are ten thousand rows; the keyboard reaches everything; what a screen reader is told is what is drawn.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Host } from './host.mjs';
import { firstLoad, laterStall, withoutHeap, writeIncidents } from './incidents.mjs';
import { launch, openPanel, requireBundle, withPanel as holdPanel } from './page.mjs';

const MANY = 10_000;
/** More rows than fit on a large screen are too many to be in the page. */
const MOST_DRAWN = 120;

let browser;
let host;
before(async () => {
  requireBundle();
  browser = await launch();
  host = new Host((storage) =>
    writeIncidents(storage, [firstLoad(), laterStall(), withoutHeap()], { unreadable: true }),
  );
});
after(async () => {
  host?.close();
  await browser?.close();
});

const withPanel = (source, body, options) => holdPanel(browser, source, body, options);

test('no incident at all says so, and what to do to see one', async () => {
  const empty = new Host();
  empty.status.gopls.debug = { state: 'off' };
  try {
    await withPanel(empty, async (page) => {
      await page.getByText('No stall was caught yet').waitFor();
      await page.getByText(/The debug server of gopls is off/).waitFor();
      await page.getByRole('button', { name: 'Enable debug server…' }).waitFor();
      assert.equal(await page.locator('.incident').count(), 0);
    });
  } finally {
    empty.close();
  }
});

test('a heap of ten thousand functions is scrolled through, and only what is seen is in the page', async () => {
  const rows = Array.from({ length: MANY }, (_, index) => ({
    function: `example.com/many.function${index}`,
    package: 'example.com/many',
    file: `example.com/many/file.go`,
    line: index + 1,
    flat: MANY - index,
    cum: MANY - index,
    label: null,
  }));
  host.overrides.heapTable = ({ query }) => ({
    ok: true,
    value: {
      sample_type: 'inuse_space',
      unit: 'bytes',
      total: (MANY * (MANY + 1)) / 2,
      ballast: 0,
      all_rows: MANY,
      matched_rows: MANY,
      rows: rows.slice(query.offset, query.offset + query.limit),
    },
  });
  try {
    await withPanel(host, async (page) => {
      await page.locator('.incident:not(.unreadable)', { hasText: 'Hover' }).click();
      await page.getByRole('tab', { name: 'Heap' }).click();
      const grid = page.getByRole('grid');
      await grid.getByText('many.function0', { exact: true }).waitFor();
      assert.equal(await grid.getAttribute('aria-rowcount'), String(MANY + 1));
      assert.ok((await grid.locator('.grid-row').count()) < MOST_DRAWN);
      await grid.focus();
      await page.keyboard.press('End');
      await grid.getByText(`many.function${MANY - 1}`, { exact: true }).waitFor();
      assert.ok((await grid.locator('.grid-row').count()) < MOST_DRAWN);
      const active = await grid.getAttribute('aria-activedescendant');
      assert.equal(await page.locator(`#${active}`).getAttribute('aria-rowindex'), String(MANY + 1));
      const before = host.asked.length;
      await page.keyboard.press('Enter');
      const opened = host.asked.slice(before).find(({ method }) => method === 'openSource');
      assert.deepEqual(opened?.args, { file: 'example.com/many/file.go', line: MANY });
    });
  } finally {
    delete host.overrides.heapTable;
  }
});

test('ten thousand incidents stay a list that the keyboard walks', async () => {
  const answered = await host.core.incidents();
  const [model] = answered.value.filter(({ has_heap }) => has_heap);
  const many = Array.from({ length: MANY }, (_, index) => ({
    ...model,
    id: `2026${String(index).padStart(6, '0')}T000000.000Z-hover-1`,
  }));
  await withPanel(host, async (page, { push }) => {
    await page.locator('.incident').first().waitFor();
    await push({ type: 'incidents', incidents: many });
    const list = page.getByRole('listbox');
    await page.locator(`.incident[aria-setsize="${MANY}"]`).first().waitFor();
    assert.ok((await page.locator('.incident').count()) < MOST_DRAWN);
    await list.focus();
    await page.keyboard.press('End');
    await page.locator(`.incident.selected[aria-posinset="${MANY}"]`).waitFor();
  });
});

test('numbers come from the profile: table, filter, sort and flame graph agree', async () => {
  await withPanel(host, async (page) => {
    await page.locator('.incident', { hasText: 'Symbol search' }).click();
    await page.getByRole('tab', { name: 'Heap' }).click();
    const summary = page.locator('.grid-summary');
    await summary.getByText(/725\sMB/).waitFor();
    assert.match(await summary.innerText(), /100\sMB of it gopls’s ballast/);
    const first = page.locator('.grid-row').first();
    assert.match(await first.innerText(), /^100\sMB\s*13\.8%[\s\S]*cache\.init gopls ballast /);
    await page
      .getByRole('columnheader', { name: /Cumulative/ })
      .getByRole('button')
      .click();
    await page
      .locator('.grid-row')
      .first()
      .getByText(/^(?!cache\.init)/)
      .first()
      .waitFor();
    await page.getByPlaceholder('Filter by function or package').fill('go/types');
    await summary
      .getByText(/725\sMB|functions/)
      .first()
      .waitFor();
    await page.waitForFunction(() =>
      [...document.querySelectorAll('.grid-row .package')].every(({ textContent }) =>
        /go\/types/.test(textContent),
      ),
    );
    await page.getByRole('tab', { name: 'Flame graph' }).click();
    const root = page.getByRole('treeitem').first();
    await root.waitFor();
    assert.match(await root.getAttribute('aria-label'), /^all, 725\sMB, 100(\.0)?%$/);
  });
});

test('the flame graph is walked, zoomed and left by keys', async () => {
  await withPanel(host, async (page) => {
    await page.locator('.incident', { hasText: 'Symbol search' }).click();
    await page.getByRole('tab', { name: 'Flame graph' }).click();
    const tree = page.getByRole('tree');
    await page.getByRole('treeitem').nth(1).waitFor();
    await tree.focus();
    await page.keyboard.press('ArrowDown');
    const chosen = page.locator('.frame.active');
    const name = (await chosen.getAttribute('aria-label')).split(',')[0];
    assert.notEqual(name, 'all');
    await page.keyboard.press('Enter');
    await page.getByRole('navigation', { name: 'Zoomed to' }).getByText(name).waitFor();
    await page.keyboard.press('Backspace');
    await page.getByRole('navigation', { name: 'Zoomed to' }).waitFor({ state: 'detached' });
  });
});

test('the time line is zoomed and read by keys, and says what it shows', async () => {
  await withPanel(host, async (page) => {
    await page.locator('.incident', { hasText: 'Symbol search' }).click();
    const plot = page.locator('.plot[aria-label*="Longest wait: Symbol search"]');
    await plot.waitFor();
    await plot.focus();
    await page.keyboard.press('ArrowRight');
    const readout = page.locator('.readout');
    await readout.waitFor();
    assert.match(await readout.innerText(), /RSS[\s\S]*Symbol search/);
    const labels = () => page.locator('.chart .axis-label').allTextContents();
    const whole = await labels();
    await page.keyboard.press('+');
    await page.keyboard.press('+');
    await page.waitForFunction((old) => {
      const now = [...document.querySelectorAll('.chart .axis-label')].map(({ textContent }) => textContent);
      return now.join() !== old;
    }, whole.join());
    await page.keyboard.press('0');
    await page.waitForFunction((old) => {
      const now = [...document.querySelectorAll('.chart .axis-label')].map(({ textContent }) => textContent);
      return now.join() === old;
    }, whole.join());
  });
});

test('live goes on: what is new is on the time line a status later', async () => {
  const status = structuredClone(host.status);
  await withPanel(host, async (page, { push }) => {
    await page.getByRole('button', { name: 'Live' }).click();
    await page.locator('.chart').waitFor();
    const asked = () =>
      host.asked.filter(({ method, args }) => method === 'timeline' && args.query.incident === null).length;
    for (const second of [1, 2, 3]) {
      const before = asked();
      await push({ type: 'status', status: { ...status, at_ns: 5e9 + second * 1e9 } });
      for (let look = 0; look < 50 && asked() === before; look += 1) await page.waitForTimeout(50);
      assert.ok(asked() > before, `after ${second} s`);
    }
  });
});

test('an incident that cannot be read costs nothing but itself', async () => {
  await withPanel(host, async (page) => {
    await page.locator('.incident.unreadable').click();
    await page.getByText('This incident cannot be read').waitFor();
    await page.locator('.incident:not(.unreadable)', { hasText: 'Hover' }).click();
    await page.getByText(/^Hover took/).waitFor();
  });
});

test('a script that is not ours does not run', async () => {
  const panel = await openPanel(browser, host);
  try {
    await panel.page.locator('.incident').first().waitFor();
    await panel.page.evaluate(() => {
      const script = document.createElement('script');
      script.textContent = 'window.smuggled = true';
      document.body.append(script);
      const image = document.createElement('img');
      image.src = 'https://elsewhere.example/pixel.png';
      document.body.append(image);
    });
    await panel.page.waitForTimeout(300);
    assert.equal(await panel.page.evaluate(() => window.smuggled), undefined);
    assert.equal(panel.problems.filter((problem) => /Content Security Policy/.test(problem)).length, 2);
  } finally {
    await panel.close();
  }
});
