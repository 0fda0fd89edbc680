// Verify a Fix, in the panel: led through it by the keyboard, its verdict with figures and weaknesses, gone on with after a
// reload. What is shown was recorded of a real gopls (STALLSCOPE_RECORD=1 node --test test/addon/verify.test.mjs).
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { Host } from './host.mjs';
import { laterStall, writeIncidents } from './incidents.mjs';
import { launch, requireBundle, withPanel } from './page.mjs';

const recorded = JSON.parse(
  fs.readFileSync(path.join(import.meta.dirname, 'recorded/verification.json'), 'utf8'),
);
const { id } = recorded.verification;

let browser;
let host;
before(async () => {
  requireBundle();
  browser = await launch();
  host = new Host((storage) => writeIncidents(storage, [laterStall()]));
});
after(async () => {
  host?.close();
  await browser?.close();
});

/** What the core would have on disk; `steps` are those the panel has asked for. */
let disk;
let steps;
beforeEach(() => {
  disk = null;
  steps = [];
  host.page = 'verify';
  host.overrides = {
    verifications: () => ({ ok: true, value: disk ? [disk.verification] : [] }),
    verify: ({ step }) => {
      steps.push(step);
      return { ok: true, value: (disk = next(step)) };
    },
  };
});

function next(step) {
  const {
    before: [first],
    after: [second],
  } = recorded.verification;
  const empty = { ...recorded.verification, before: [], after: [], open: null };
  const begun = (side, run) => ({ side, began_unix_ms: run.began_unix_ms, start: run.start, settings: {} });
  const at = (verification, recording, comparison = null) => ({ verification, recording, comparison });
  switch (step.step) {
    case 'start':
      return at({ ...empty, title: step.start.title, goal: step.start.goal }, false);
    case 'begin-run':
      return at(
        { ...disk.verification, open: begun(step.side, step.side === 'before' ? first : second) },
        true,
      );
    case 'end-run': {
      const { verification } = disk;
      const ended = { ...verification, open: null };
      return verification.open.side === 'before'
        ? at({ ...ended, before: [first] }, false)
        : at({ ...ended, after: [second] }, false, recorded.comparison);
    }
    case 'give-up-run':
      return at({ ...disk.verification, open: null }, false, disk.comparison);
    default:
      return disk;
  }
}

const press = async (page, name) => {
  const button = page.getByRole('button', { name, exact: true });
  await button.focus();
  await page.keyboard.press('Enter');
};

test('the way through: before, change, after, verdict', async () => {
  await withPanel(browser, host, async (page) => {
    await page.getByLabel('gopls holds too much memory').check();
    await page.getByLabel('What do you want to change?').fill('Fewer directories');
    await press(page, 'Begin');
    await page.getByText('Forces a garbage collection in gopls now').waitFor();
    assert.equal(
      await page.getByRole('button', { name: 'Restart gopls' }).count(),
      1,
      'the one in the header',
    );
    await press(page, 'Begin the run');
    await page.getByText('Recording. Do now what makes it slow or large').waitFor();
    await press(page, 'I am done');
    await page.getByText(/gopls waited for 5 times, longest .* \(Hover\); live heap \d+\sMB/).waitFor();
    await page.locator('.verify-steps').getByRole('button', { name: 'Restart gopls' }).click();
    await page.getByRole('button', { name: 'Begin the run' }).waitFor();
    await press(page, 'Begin the run');
    await press(page, 'I am done');
    const verdict = page.getByRole('region', { name: 'Verdict' });
    await verdict
      .getByText(/^The fix worked\. Live heap at the end, after GC: \d+\sMB before, \d+(\.\d)?\sMB after\.$/)
      .waitFor();
    await verdict.getByText('by chance alone one of the two is always better').waitFor();
    await verdict.getByText('gopls.directoryFilters').waitFor();
    const row = verdict.getByRole('row', { name: /Live heap at the end/ });
    assert.match(await row.innerText(), /MB\s+\d+(\.\d)?\sMB\s+better/);
    await verdict.getByRole('button', { name: 'Export…' }).click();
  });
  assert.deepEqual(
    steps.map(({ step, side }) => side ?? step).filter((step) => step !== 'look'),
    ['start', 'before', 'end-run', 'after', 'end-run'],
  );
  assert.ok(
    steps.every((step) => !('settings' in step)),
    'the shell adds the settings',
  );
  const command = (name) => host.asked.findLast(({ args }) => args?.id === name)?.args;
  assert.deepEqual(command('exportVerification'), { id: 'exportVerification', verification: id });
  assert.ok(command('restartGopls'));
});

test('a run that a reload has cut off is begun again', async () => {
  disk = { verification: { ...recorded.verification, after: [] }, recording: false, comparison: null };
  disk.verification.open = {
    side: 'after',
    began_unix_ms: 1,
    start: disk.verification.before[0].start,
    settings: {},
  };
  await withPanel(browser, host, async (page) => {
    await page.getByRole('button', { name: /runs before: 1, after: 0/ }).click();
    const lost = page.getByRole('alert').filter({ hasText: 'The run was not ended' });
    await lost.waitFor();
    await lost.getByRole('button', { name: 'Dismiss' }).click();
    await lost.waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'Begin the run' }).waitFor();
  });
  assert.equal(steps.at(-2)?.step ?? steps.at(-1).step, 'give-up-run');
});

test('no run begins while gopls cannot be asked, and it is said why', async () => {
  disk = {
    verification: { ...recorded.verification, before: [], after: [] },
    recording: false,
    comparison: null,
  };
  const { gopls } = host.status;
  try {
    for (const [change, why] of [
      [{ gopls: { ...gopls, debug: { state: 'off' } } }, 'Needs the debug server of gopls'],
      [{ loading: true }, 'Wait until the workspace is loaded.'],
      [{ watching: false }, 'Watching is paused.'],
    ]) {
      const status = host.status;
      host.status = { ...status, ...change };
      await withPanel(browser, host, async (page) => {
        await page.getByRole('button', { name: /runs before: 0, after: 0/ }).click();
        await page.locator('.verify-steps').getByText(why).waitFor();
        assert.ok(await page.getByRole('button', { name: 'Begin the run' }).isDisabled());
      });
      host.status = status;
    }
  } finally {
    host.status = { ...host.status, gopls };
  }
});
