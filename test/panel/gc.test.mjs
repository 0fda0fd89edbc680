// Garbage collection, in the panel: what it cost in a wait, what is advised with its arithmetic, and the way from there to a
// verification. What is shown was recorded of a real gopls (STALLSCOPE_RECORD=1 node --test test/alone/gc.test.mjs).
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { baseStatus, Host } from './host.mjs';
import { firstLoad, recordedGc, withoutHeap, writeIncidents } from './incidents.mjs';
import { launch, requireBundle, withPanel } from './page.mjs';

const MB = 1e6;
const { verification: recordedVerification } = JSON.parse(
  fs.readFileSync(path.join(import.meta.dirname, 'recorded/verification.json'), 'utf8'),
);
const { pid } = baseStatus.gopls;
/** A view as if of the gopls that is watched here. */
const of = (view) => ({ ...view, measured: { ...view.measured, pid } });
const thrashing = of(recordedGc.thrashing);

let browser;
let host;
before(async () => {
  requireBundle();
  browser = await launch();
  host = new Host((storage) => writeIncidents(storage, [firstLoad(), withoutHeap()]));
});
after(async () => {
  host?.close();
  await browser?.close();
});
beforeEach(() => {
  host.asked = [];
  host.overrides = { gc: () => ({ ok: true, value: thrashing }) };
  host.page = null;
  host.select = null;
});

const live = (page) => page.locator('.gc-now');

test('a wait says what collections took, and of which moments each figure is', async () => {
  host.select = firstLoad().id;
  const { gc } = recordedGc.wait;
  await withPanel(browser, host, async (page) => {
    const section = page.locator('.gc');
    await section.getByRole('heading', { name: 'Garbage collection' }).waitFor();
    const said = await section.innerText();
    const percent = (share) => `${(100 * share).toFixed(1)}%`;
    assert.ok(
      said.includes(`Collections took ${percent(gc.cpu.share)} (± ${percent(gc.cpu.error_share)})`),
      said,
    );
    assert.match(said, /help by whoever allocates [\d.]+%/);
    assert.match(said, /gopls allocated [\d.]+\s[MG]B, and [\d.]+\s[MG]B of garbage was collected\./);
    const rows = await section
      .getByRole('table', { name: 'The heap before and after' })
      .getByRole('row')
      .allInnerTexts();
    const mb = (text) => Number(/([\d.]+)\s(MB|GB)/.exec(text)[1]) * (/\dGB|\d\sGB/.test(text) ? 1000 : 1);
    assert.ok(Math.abs(mb(rows[0]) - gc.begin.heap_bytes / MB) < 10, rows[0]);
    assert.ok(Math.abs(mb(rows[1]) - gc.end.heap_bytes / MB) < 10, rows[1]);
    assert.match(rows[1], /read at \+[\d.]+\s(ms|s) from the start; garbage and ballast included/);
    assert.match(said, /GC cycles completed: at least \d+/);
    assert.match(said, /is not on the page that was read\. Heap as text/, 'what is not known is said');
    assert.match(said, /GOGC=100, GOMEMLIMIT=none, GOMAXPROCS=Go's choice/);
    assert.equal(/might have been up to/.test(said), gc.beside !== null);
  });
});

test('an incident of which nothing is known says nothing of it', async () => {
  host.select = withoutHeap().id;
  await withPanel(browser, host, async (page) => {
    await page.getByRole('heading', { name: 'What Stallscope did' }).waitFor();
    assert.equal(await page.locator('.gc').count(), 0);
  });
});

test('a gopls at rest has no advice, and why', async () => {
  host.overrides.gc = () => ({ ok: true, value: of(recordedGc.atRest) });
  await withPanel(browser, host, async (page) => {
    const summary = live(page).locator('summary');
    assert.match(
      await summary.innerText(),
      /^Garbage collection: What collections cost is not known yet: no CPU time was recorded\. No advice\.$/,
    );
    await summary.click();
    const notes = await page
      .getByRole('list', { name: 'What is not advised' })
      .getByRole('listitem')
      .allInnerTexts();
    assert.ok(
      notes.some((note) => /^No memory limit: gopls took .* at most, and may use /.test(note)),
      notes.join(),
    );
    assert.equal(await live(page).getByRole('button').count(), 0);
  });
});

test('advice shows its arithmetic and its risk, and leads to a verification with the change filled in', async () => {
  const [{ change, steps }] = thrashing.suggestions;
  const taken = [];
  host.overrides.verifications = () => ({ ok: true, value: [] });
  host.overrides.verify = ({ step }) => {
    taken.push(step);
    const { start } = taken[0];
    const verification = {
      format: 1,
      id: 'verify-1',
      created_unix_ms: 1,
      workspace: [],
      before: [],
      after: [],
      open: null,
      ...start,
    };
    return { ok: true, value: { verification, comparison: null, recording: false } };
  };
  await withPanel(browser, host, async (page) => {
    const summary = live(page).locator('summary');
    await summary.waitFor();
    assert.match(
      await summary.innerText(),
      /That much is due to its settings\. Something to try: Raise the memory limit\.$/,
    );
    await summary.focus();
    await page.keyboard.press('Enter');
    const card = page.getByRole('article', { name: 'Raise the memory limit' });
    const snippet = `"go.toolsEnvVars": { "GOMEMLIMIT": "${change.value / 2 ** 20}MiB" }`;
    assert.equal((await card.locator('code').innerText()).trim(), snippet);
    const rows = await card
      .getByRole('table', { name: 'Where the value comes from' })
      .getByRole('row')
      .allInnerTexts();
    assert.equal(rows.length, steps.length);
    assert.match(rows[0], /MB\s+Largest live heap after a GC/);
    assert.match(rows[1], /^\+\s+100\sMB\s+Ballast/);
    assert.match(rows.at(-1), /^≈\s+[\d.]+\s[MG]B\s+Limit, in steps of 64 MiB/);
    const said = await card.innerText();
    assert.match(said, /Risk: gopls takes more memory\./);
    assert.match(said, /likely/);
    await card.getByRole('button', { name: 'Try it…' }).focus();
    await page.keyboard.press('Enter');

    await page.getByRole('heading', { name: 'Verify a fix' }).waitFor();
    assert.equal(await page.getByLabel('What do you want to change?').inputValue(), snippet);
    assert.ok(await page.getByLabel('The editor waits too long').isChecked());
    await page.getByText('Nothing is changed yet').waitFor();
    await page.getByRole('button', { name: 'Begin', exact: true }).click();
    await page.getByRole('button', { name: 'Begin the run' }).waitFor();
    assert.deepEqual(taken[0], { step: 'start', start: { title: snippet, goal: 'waits', change } });
    assert.equal(
      await page
        .locator('.verify-steps code')
        .innerText()
        .then((text) => text.trim()),
      snippet,
    );
    assert.equal(
      await page.getByRole('button', { name: 'Change my user settings…' }).count(),
      0,
      'first a run without it',
    );
  });
});

test('the change is made and undone by the shell, after a run without it', async () => {
  const [{ change }] = thrashing.suggestions;
  const verification = {
    ...recordedVerification,
    id: 'verify-1',
    change,
    after: [],
    open: null,
  };
  host.overrides.verifications = () => ({ ok: true, value: [verification] });
  host.overrides.verify = () => ({ ok: true, value: { verification, comparison: null, recording: false } });
  host.page = 'verify';
  await withPanel(browser, host, async (page) => {
    await page.getByRole('button', { name: /runs before: 1, after: 0/ }).click();
    await page.getByRole('button', { name: 'Change my user settings…' }).click();
    await page.getByRole('button', { name: 'Undo the change' }).click();
    await page.waitForTimeout(50);
  });
  const commands = host.asked.filter(({ method }) => method === 'command').map(({ args }) => args);
  assert.deepEqual(commands, [
    { id: 'applyChange', verification: 'verify-1' },
    { id: 'undoChange', verification: 'verify-1' },
  ]);
});
