// Known leak patterns, in the panel: nothing is said against a healthy gopls, and what is found comes with its evidence.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Host } from './host.mjs';
import { laterStall, withoutHeap, writeIncidents } from './incidents.mjs';
import { launch, requireBundle, withPanel } from './page.mjs';

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

async function overviewOf({ id }, body) {
  host.select = id;
  try {
    await withPanel(browser, host, async (page) => {
      await page.getByRole('heading', { name: 'What Stallscope did' }).waitFor();
      await body(page);
    });
  } finally {
    host.overrides = {};
  }
}

test('a healthy gopls shows none, and it is said what one incident cannot tell', async () => {
  const { id } = laterStall();
  const { value } = await host.core.incidentPatterns(id, 'en');
  assert.deepEqual(value.judgement.findings, []);
  const open = value.judgement.not_judged.length;
  assert.ok(open > 0, 'growth is judged over GC cycles, and one incident has not so many');
  await overviewOf({ id }, async (page) => {
    const summary = page.getByText(
      `Not found: ${value.judgement.clear.length}. Not to be told from this incident: ${open}.`,
    );
    await summary.click();
    await page
      .getByText(/needs heap profiles of more GC cycles \(\d+\)/)
      .first()
      .waitFor();
    assert.equal(await page.locator('.pattern').count(), 0);
  });
});

test('one that is found says why, what to do, what was measured and where', async () => {
  const { value } = await host.core.incidentPatterns(laterStall().id, 'en');
  const card = value.cards.find(({ rule }) => rule === 'large-buffer');
  const finding = {
    rule: card.rule,
    severity: 'medium',
    confidence: 'low',
    measured: [{ name: 'largest object', value: 32e6, unit: 'bytes' }],
    functions: [{ function: 'example.test/read.All', flat_bytes: 32e6, cum_bytes: 33e6 }],
  };
  host.overrides.incidentPatterns = () => ({
    ok: true,
    value: { ...value, judgement: { ...value.judgement, findings: [finding] } },
  });
  await overviewOf(laterStall(), async (page) => {
    const found = page.locator('.pattern');
    const text = await found.innerText();
    for (const part of [card.title, card.why, card.what_to_do, 'example.test/read.All'])
      assert.ok(text.includes(part), `${part} in ${text}`);
    assert.match(text, /largest object: 32\sMB/);
    assert.match(text, /seen once/);
    const link = found.getByRole('link').first();
    assert.equal(await link.getAttribute('href'), card.references[0].url);
  });
});

test('live it is quiet until something is found, and asked again after another GC cycle only', async () => {
  const asked = () => host.asked.filter(({ method }) => method === 'patterns').length;
  const live = (body) => {
    host.select = null;
    host.asked = [];
    return withPanel(browser, host, body);
  };
  await live(async (page, { push }) => {
    await page.locator('.memory-now').waitFor();
    for (let tries = 0; asked() === 0 && tries < 100; tries += 1) await page.waitForTimeout(20);
    assert.equal(asked(), 1);
    assert.equal(await page.locator('.patterns-now').count(), 0);
    // The memory is read anew, and shows the same GC cycles.
    const memory = () => host.asked.filter(({ method }) => method === 'memory').length;
    const before = memory();
    await push({ type: 'status', status: { ...host.status, at_ns: host.status.at_ns + 6e9 } });
    for (let tries = 0; memory() === before && tries < 100; tries += 1) await page.waitForTimeout(20);
    await page.waitForTimeout(100);
    assert.deepEqual([memory(), asked()], [before + 1, 1]);
  });
  const { value } = await host.core.incidentPatterns(laterStall().id, 'en');
  const card = value.cards.find(({ rule }) => rule === 'growing-diagnostics');
  const growth = { name: 'growth', value: 25.4e6, unit: 'bytes' };
  const finding = {
    rule: card.rule,
    severity: 'high',
    confidence: 'medium',
    measured: [growth],
    functions: [],
  };
  const judgement = { findings: [finding], not_judged: value.judgement.not_judged, clear: ['large-file'] };
  host.overrides.patterns = () => ({ ok: true, value: { ...value, judgement } });
  try {
    await live(async (page) => {
      const found = page.locator('.patterns-now');
      await found.getByText(card.title).waitFor();
      assert.match(await found.innerText(), /growth: 25\sMB/);
      await found.getByText(`Not found: 1. Not to be told yet: ${judgement.not_judged.length}.`).waitFor();
    });
  } finally {
    host.overrides = {};
  }
});

test('in Chinese the rules speak Chinese', async () => {
  const { value } = await host.core.incidentPatterns(laterStall().id, 'zh-cn');
  for (const { rule, title, why, what_to_do: todo } of value.cards)
    for (const text of [title, why, todo]) assert.match(text, /\p{Script=Han}/u, `${rule}: ${text}`);
});

test('without a heap there is nothing to judge', async () => {
  await overviewOf(withoutHeap(), async (page) => {
    assert.equal(await page.getByRole('heading', { name: 'Known leak patterns' }).count(), 0);
  });
});
