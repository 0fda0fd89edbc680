// What gopls is doing at this moment, below the panel's header.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Host } from './host.mjs';
import { firstLoad, writeIncidents } from './incidents.mjs';
import { launch, requireBundle, withPanel } from './page.mjs';

let browser;
let host;
before(async () => {
  requireBundle();
  browser = await launch();
  host = new Host((storage) => writeIncidents(storage, [firstLoad()]));
  host.select = firstLoad().id;
});
after(async () => {
  host?.close();
  await browser?.close();
});

const waiting = (method, age_ms, phase = null) => ({
  method: `textDocument/${method}`,
  age_ns: age_ms * 1e6,
  interactive: true,
  source: 'observer',
  phase: phase && { at_ns: 0, behind: null, ...phase },
});

test('each unanswered request is there with its age and what it waits for, until it is answered', async () => {
  const status = structuredClone(host.status);
  await withPanel(browser, host, async (page, { push }) => {
    const now = page.getByRole('table', { name: 'What gopls is doing now' });
    await page.getByRole('button', { name: 'Live' }).waitFor();
    assert.equal(await now.count(), 0, 'nothing waits');
    const in_flight = [
      waiting('hover', 3200, { phase: 'type-checking' }),
      waiting('completion', 900, { phase: 'queued', behind: 'textDocument/hover' }),
      waiting('definition', 400),
      // Too short to be read.
      waiting('codeAction', 60),
    ];
    await push({ type: 'status', status: { ...status, in_flight } });
    await now.waitFor();
    const rows = await now
      .getByRole('row')
      .evaluateAll((all) => all.map((row) => [...row.children].map((cell) => cell.innerText.trim())));
    assert.equal(rows.length, 3);
    assert.deepEqual(
      rows.map(([method, age]) => [method, age.replaceAll(/\s/g, ' ')]),
      [
        ['Hover', '3.20 s'],
        ['Completion', '900 ms'],
        ['Go to definition', '400 ms'],
      ],
    );
    assert.match(rows[0][2], /type checking/i);
    assert.match(rows[1][2], /behind.*hover/i);
    assert.equal(rows[2][2], '', 'nobody has looked yet');
    await push({ type: 'status', status });
    await now.waitFor({ state: 'detached' });
  });
});
