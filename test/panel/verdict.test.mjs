// The first thing an incident says: a sentence, what it rests on, and where to go from there.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Host, recordedMemory } from './host.mjs';
import { firstLoad, laterStall, withoutHeap, writeIncidents } from './incidents.mjs';
import { launch, requireBundle, withPanel } from './page.mjs';

const MB = 1e6;

let browser;
let host;
before(async () => {
  requireBundle();
  browser = await launch();
  host = new Host((storage) =>
    writeIncidents(storage, [firstLoad(), laterStall(), withoutHeap(), churning()]),
  );
});
after(async () => {
  host?.close();
  await browser?.close();
});

/** One of a gopls that churned before: every other incident is as an earlier version wrote it, without that. */
const churning = () => ({
  ...withoutHeap(),
  id: withoutHeap().id.replace('completion', 'references'),
  memory_verdict: recordedMemory.verdict,
});

async function verdictOf({ id }, body) {
  host.select = id;
  await withPanel(browser, host, async (page) => {
    const verdict = page.getByRole('region', { name: 'Verdict' });
    await verdict.waitFor();
    await body(verdict, page);
  });
}

test('a first load is called one, and no leak', async () => {
  await verdictOf(firstLoad(), async (verdict, page) => {
    await verdict.getByText(/^A workspace load: .* That is not a leak\.$/).waitFor();
    await verdict.getByRole('button', { name: 'See where it was allocated' }).click();
    await page.getByRole('tab', { name: 'Flame graph', selected: true }).waitFor();
  });
});

test('what the wait was for: in the verdict, in a table that adds up, and on the time line', async () => {
  const { wait, request } = firstLoad();
  const percent = (share) => `${(share * 100).toFixed(1)}%`;
  await verdictOf(firstLoad(), async (verdict, page) => {
    const [first, second] = wait.phases;
    assert.equal(first.phase, 'type-checking');
    assert.equal(second.phase, 'go-command');
    await verdict.getByText(/^Of the wait: Type checking [\d.]+\ss · go command \d/).waitFor();
    const rows = await page
      .getByRole('table', { name: 'What the wait was for' })
      .getByRole('row')
      .evaluateAll((all) => all.map((row) => [...row.children].map((cell) => cell.innerText.trim())));
    assert.deepEqual(rows.map(([name, , share]) => [name, share.replaceAll(/\s/g, '')]).slice(0, 2), [
      ['Type checking', percent(first.share)],
      ['go command', percent(second.share)],
    ]);
    assert.equal(rows.length, wait.phases.length);
    await page.getByText(/^For \d+\sms it stood behind /).waitFor();
    await page.getByText(new RegExp(`looking at its goroutines ${wait.samples} times`)).waitFor();
    assert.equal(await page.locator('.chart .phase').count(), wait.slices.length);
    const [lane, bar] = await Promise.all(
      ['.chart .phase', '.chart .bar.waited'].map((what) =>
        page.locator(what).evaluateAll((all) => {
          const boxes = all.map((element) => element.getBoundingClientRect());
          return [Math.min(...boxes.map(({ left }) => left)), Math.max(...boxes.map(({ right }) => right))];
        }),
      ),
    );
    // As long as the request, and at its place.
    assert.ok(Math.abs(lane[0] - bar[0]) < 2 && Math.abs(lane[1] - bar[1]) < 2, `${lane} / ${bar}`);
    assert.ok(request.end_ns > request.start_ns);
  });
});

test('growth is told with the heap beside it, and nothing is said of a leak', async () => {
  const { id, captures } = laterStall();
  await verdictOf({ id }, async (verdict, page) => {
    await verdict.getByText(/whether it keeps it shows only after its next garbage collections\.$/).waitFor();
    const [{ waterfall }] = (await host.core.incidentMemory(id)).value;
    const mb = (kind) => Math.round(waterfall.parts.find((part) => part.kind === kind).bytes / MB);
    await verdict
      .getByText(
        new RegExp(`${mb('live-heap')}\\sMB were in use at the last GC; ${mb('since-gc')}\\sMB were`),
      )
      .waitFor();
    const parts = await host.core.subsystems(
      { incident: id, capture: captures[0].number },
      { sample_type: 'inuse_space' },
    );
    const largest = parts.value.rows.find(({ subsystem }) => subsystem !== 'ballast');
    await verdict.getByText(new RegExp(`, ${Math.round(largest.value / MB)}\\sMB of `)).waitFor();
    await verdict.getByRole('button', { name: 'See which part of gopls it is' }).click();
    await page.getByRole('tab', { name: 'Subsystems', selected: true }).waitFor();
  });
});

test('what the live heap had done over GC cycles is told with it, and nothing where that is not known', async () => {
  await verdictOf(churning(), async (verdict) => {
    await verdict.getByText(/^Over GC cycles, as it was when this began: Churn: /).waitFor();
  });
  await verdictOf(withoutHeap(), async (verdict) => {
    await verdict.getByText(/^Memory \(RSS\) went from /).waitFor();
    assert.equal(await verdict.getByText(/Over GC cycles/).count(), 0);
  });
});

test('without a heap the next step is to capture one', async () => {
  await verdictOf(withoutHeap(), async (verdict) => {
    await verdict.getByText(/^Memory \(RSS\) went from /).waitFor();
    await verdict.getByRole('button', { name: 'Capture heap now' }).click();
    assert.deepEqual(host.asked.at(-1), { method: 'command', args: { id: 'captureHeapNow' } });
  });
});
