// Screenshots of every view in every theme, to look at:  node test/panel/shots.mjs [FOLDER]  →  out/panel/*.png
import fs from 'node:fs';
import path from 'node:path';
import { out } from '../tools/lib/paths.mjs';
import { EMPTIED, cachePage } from './caches.mjs';
import { historyOf } from './histories.mjs';
import { Host } from './host.mjs';
import { firstLoad, laterStall, withoutHeap, writeIncidents } from './incidents.mjs';
import { launch, NARROW, openPanel, WIDE } from './page.mjs';
import { PageShots } from './pageShots.mjs';
import { THEMES } from './themes.mjs';

const folder = process.argv[2] ?? path.join(out, 'panel');
fs.mkdirSync(folder, { recursive: true });
const browser = await launch();
const host = new Host((storage) =>
  writeIncidents(storage, [firstLoad(), laterStall(), withoutHeap()], { unreadable: true }),
);
const pages = await PageShots.start();
const empty = new Host();
empty.status.gopls.debug = { state: 'off' };
host.select = laterStall().id;
host.overrides.history = ({ query }) => ({ ok: true, value: historyOf(query) });
host.cachePage = () => ({ ok: true, value: cachePage({ emptied: EMPTIED }) });

/** A load with its command, and a hover behind another request. */
const DOING = {
  loading: true,
  load: { age_ns: 7.4e9, step: 'listing', earlier: 4, usual_ns: 12e9, longest_ns: 14.2e9 },
  commands: [
    { line: 'go list -e -json=Name,ImportPath,… -- ./...', age_ns: 6.9e9, cpu_share: 0.02, waits: true },
  ],
  in_flight: [
    {
      method: 'textDocument/hover',
      age_ns: 5.1e9,
      interactive: true,
      source: 'observer',
      phase: {
        phase: 'queued',
        behind: 'workspace/executeCommand',
        front: 'go-command',
        command: 'go mod tidy',
        at_ns: 0,
      },
    },
  ],
};
const TABS = ['Overview', 'Heap', 'Subsystems', 'Flame graph', 'Compare', 'Decisions'];
/** Choices within a tab, one after the other: name of the picture, the tab, what is clicked there. */
const CHOICES = [
  ['flame-inverted', 'Flame graph', (page) => page.getByRole('button', { name: 'Inverted' }).click()],
  ['flame-pick', 'Flame graph', (page) => page.getByRole('button', { name: 'Sandwich' }).click()],
  ['flame-sandwich', 'Flame graph', (page) => page.locator('.function-picker .link').nth(5).click()],
  ['compare-packages', 'Compare', (page) => page.getByRole('button', { name: 'By package' }).click()],
  ['compare-subsystems', 'Compare', (page) => page.getByRole('button', { name: 'By subsystem' }).click()],
  [
    'compare-flame',
    'Compare',
    async (page) => {
      await page.getByRole('button', { name: 'Flame graph' }).click();
      await page.getByRole('button', { name: 'Top down' }).click();
    },
  ],
];
for (const theme of Object.keys(THEMES)) {
  for (const [width, size] of Object.entries({ wide: WIDE, narrow: NARROW })) {
    const { page, push, problems, close } = await openPanel(browser, host, { theme, size });
    for (const tab of TABS) {
      await page.getByRole('tab', { name: tab }).click();
      await page.waitForTimeout(500);
      if (tab === 'Overview') await page.locator('.plot').hover({ position: { x: size.width * 0.4, y: 60 } });
      else await page.mouse.move(5, 5);
      await page.waitForTimeout(150);
      const name = `${theme}-${width}-${tab.split(' ')[0].toLowerCase()}.png`;
      await page.screenshot({ path: path.join(folder, name), fullPage: width === 'narrow' });
      if (tab === 'Subsystems') {
        await page.getByRole('row', { name: /^Parsing/ }).click();
        await page.waitForTimeout(400);
        const chosen = `${theme}-${width}-subsystem.png`;
        await page.screenshot({ path: path.join(folder, chosen), fullPage: width === 'narrow' });
        await page.getByRole('row', { name: /^Parsing/ }).click();
      }
      if (tab === 'Flame graph') {
        await page.getByRole('button', { name: 'Colour by subsystem' }).click();
        await page.waitForTimeout(400);
        await page.mouse.move(5, 5);
        const coloured = `${theme}-${width}-flame-by-subsystem.png`;
        await page.screenshot({ path: path.join(folder, coloured), fullPage: width === 'narrow' });
        await page.getByRole('button', { name: 'Colour by package' }).click();
      }
    }
    for (const [name, tab, choose] of CHOICES) {
      await page.getByRole('tab', { name: tab }).click();
      await choose(page);
      await page.mouse.move(5, 5);
      await page.waitForTimeout(500);
      await page.screenshot({
        path: path.join(folder, `${theme}-${width}-${name}.png`),
        fullPage: width === 'narrow',
      });
    }
    // What a wait was for: of the first load, the one that was looked into.
    await page.locator('.incident', { hasText: /^Hover/ }).click();
    await page.getByRole('tab', { name: 'Overview' }).click();
    await page.mouse.move(5, 5);
    await page.waitForTimeout(500);
    await page.locator('.wait').scrollIntoViewIfNeeded();
    await page.screenshot({
      path: path.join(folder, `${theme}-${width}-wait.png`),
      fullPage: width === 'narrow',
    });
    await page.locator('.costs-most > summary').click();
    await page.locator('.wait-days').scrollIntoViewIfNeeded();
    await page.waitForTimeout(200);
    await page.screenshot({
      path: path.join(folder, `${theme}-${width}-costs.png`),
      fullPage: width === 'narrow',
    });
    await page.locator('.costs-most > summary').click();
    if (width === 'wide') {
      await page.getByRole('button', { name: 'Live' }).click();
      await page.waitForTimeout(400);
      await push({ type: 'status', status: { ...host.status, ...DOING } });
      await page.waitForTimeout(200);
      await page.screenshot({ path: path.join(folder, `${theme}-${width}-now.png`) });
      await push({ type: 'status', status: host.status });
      await page.screenshot({ path: path.join(folder, `${theme}-${width}-live.png`) });
      await page.locator('.memory-now > summary').click();
      await page.waitForTimeout(200);
      await page.screenshot({ path: path.join(folder, `${theme}-${width}-live-memory.png`), fullPage: true });
    }
    await page.getByRole('button', { name: 'Cache', exact: true }).click();
    await page.locator('.cache-table').nth(1).waitFor();
    await page.screenshot({
      path: path.join(folder, `${theme}-${width}-cache.png`),
      fullPage: width === 'narrow',
    });
    await page.getByRole('button', { name: 'History', exact: true }).click();
    await page.getByRole('article').first().waitFor();
    await page.getByRole('button', { name: '90 days' }).click();
    await page.waitForTimeout(200);
    await page.screenshot({
      path: path.join(folder, `${theme}-${width}-history.png`),
      fullPage: width === 'narrow',
    });
    if (problems.length > 0) console.error(theme, width, problems);
    await close();
  }
  await pages.draw(browser, theme, folder);
  const { page, close } = await openPanel(browser, empty, { theme });
  await page.waitForTimeout(500);
  await page.screenshot({ path: path.join(folder, `${theme}-wide-empty.png`) });
  await close();
}
await browser.close();
host.close();
empty.close();
await pages.close();
console.log(folder);
