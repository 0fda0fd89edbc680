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
  phase: phase && { at_ns: 0, behind: null, front: null, command: null, ...phase },
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

test('a running go command has its age, which goes on, and what it uses', async () => {
  const status = structuredClone(host.status);
  await withPanel(browser, host, async (page, { push }) => {
    await page.getByRole('button', { name: 'Live' }).waitFor();
    const commands = [
      { line: 'go list -e -- ./...', age_ns: 4.2e9, cpu_share: 0.01, waits: true },
      { line: 'go env', age_ns: 0.3e9, cpu_share: null, waits: false },
    ];
    const in_flight = [
      waiting('hover', 3200, {
        phase: 'queued',
        behind: 'workspace/executeCommand',
        front: 'go-command',
        command: 'go mod tidy',
      }),
      waiting('completion', 900, { phase: 'queued', behind: 'textDocument/rename', front: 'type-checking' }),
    ];
    await push({ type: 'status', status: { ...status, commands, in_flight } });
    const now = page.getByRole('table', { name: 'What gopls is doing now' });
    await now.waitFor();
    const rows = await now.getByRole('row').allInnerTexts();
    assert.match(rows[0], /go command\s+4\.20\ss\s+go list -e -- \.\/\.\.\. waits itself/);
    assert.match(rows[1], /go env\s*$/, 'what it uses is not known yet');
    assert.match(rows[2], /queued behind workspace\/executeCommand, which waits for go mod tidy/);
    assert.match(rows[3], /queued behind Rename, which is at: Type checking/);
    // No status comes any more, and the seconds go on.
    await now.getByText(/^[5-9]\.20\ss$/).waitFor();
  });
});

test('a load says where it is, and is compared with earlier ones where there are some', async () => {
  const status = structuredClone(host.status);
  const load = { age_ns: 6e9, step: 'listing', earlier: 3, usual_ns: 12e9, longest_ns: 14e9 };
  await withPanel(browser, host, async (page, { push }) => {
    await page.getByRole('button', { name: 'Live' }).waitFor();
    const told = page.locator('.now-load');
    const shown = async (change) => {
      await push({ type: 'status', status: { ...status, loading: true, load: { ...load, ...change } } });
      await told.waitFor();
      return (await told.innerText()).replaceAll(/\s+/g, ' ');
    };
    assert.match(await shown({}), /for 6\.00 s.*usually 12\.0 s.*the go command lists packages/);
    const bar = page.getByRole('progressbar', { name: 'Load of the workspace' });
    assert.equal(await bar.evaluate(({ value, max }) => value / max), 0.5);
    assert.match(
      await shown({ age_ns: 13e9, step: 'checking' }),
      /longer than the usual.*checks what is open/,
    );
    assert.match(await shown({ age_ns: 15e9, step: null }), /longer than ever: at most 14\.0 s before$/);
    assert.doesNotMatch(await shown({ earlier: 0, usual_ns: null, longest_ns: null }), /usual|ever/);
    assert.equal(await bar.count(), 0, 'nothing to measure it by');
    await push({ type: 'status', status });
    await told.waitFor({ state: 'detached' });
  });
});
