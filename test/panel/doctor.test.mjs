// The doctor's page: what the real core finds in a small workspace, how each fix is asked for, which settings are in force, which
// gopls runs, and what could not be examined.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { gopls, GOPLS_VERSION } from '../tools/lib/paths.mjs';
import { DoctorScene } from './doctorScene.mjs';
import { Host } from './host.mjs';
import { firstLoad, writeIncidents } from './incidents.mjs';
import { launch, openPanel, withPanel } from './page.mjs';

let browser;
let host;
let scene;
let goplsPid;
let report;
before(async () => {
  browser = await launch();
  scene = new DoctorScene();
  host = new Host();
  host.page = 'doctor';
  goplsPid = await scene.startGopls();
  report = await scene.report(host.core);
});
after(async () => {
  await browser.close();
  host.close();
  await scene.close();
});

/** What the page asked the editor to do since the last time. */
function commands() {
  const asked = host.asked.filter(({ method }) => method === 'command').map(({ args }) => args);
  host.asked = [];
  return asked;
}

const show = (shown, wait = null) => {
  host.doctorView = () => ({ ok: true, value: { reports: [shown], wait } });
};

test('a finding says what, where and why, and its fix is asked for by its place in the answer', async () => {
  const number = report.findings.findIndex(({ id }) => id === 'use-missing');
  assert.ok(number >= 0, JSON.stringify(report.findings.map(({ id }) => id)));
  show({ ...report, not_examined: [{ what: 'the cache', why: 'it is not readable' }] });
  await withPanel(browser, host, async (page) => {
    const findings = page.locator('.finding');
    await findings.first().waitFor();
    assert.equal(await findings.count(), report.findings.length);
    const missing = page.getByRole('article', { name: /gone, which is not there/ });
    assert.match(await missing.innerText(), /does not work/);
    const where = missing.getByRole('button', { name: 'go.work:5', exact: true });
    assert.equal(await where.getAttribute('title'), path.join(scene.folder, 'go.work'));
    await where.click();
    await missing.getByRole('button', { name: 'Remove it from go.work' }).click();
    const target = { report: 0, finding: number };
    assert.deepEqual(commands(), [
      { id: 'openFinding', fix: { ...target, fix: '' } },
      { id: 'applyFix', fix: { ...target, fix: report.findings[number].fixes[0].id } },
    ]);
    assert.match(await page.locator('.doctor-not-examined').innerText(), /Could not be examined: 1/);
  });
});

test('what may explain the wait at hand comes first, and is told apart', async () => {
  const wait = { incident: 'x', method: 'textDocument/hover', took: ['analysis'] };
  const [worst] = report.findings;
  show(await scene.report(host.core, wait), wait);
  await withPanel(browser, host, async (page) => {
    await page.getByText('What may explain why Hover took long comes first.').waitFor();
    const titles = await page.locator('.finding').evaluateAll((all) => all.map((one) => one.ariaLabel));
    assert.equal(titles.length, report.findings.length);
    assert.equal(titles[0], 'All analyses of staticcheck run in gopls');
    assert.equal(titles[1], worst.title);
    assert.deepEqual(await page.locator('.finding', { hasText: 'may explain the wait' }).count(), 1);
  });
  show(report, { ...wait, took: ['lock'] });
  await withPanel(browser, host, async (page) => {
    await page.getByText('Nothing that was found explains why Hover took long.').waitFor();
    assert.equal(await page.locator('.finding').first().getAttribute('aria-label'), worst.title);
  });
});

test('what GOPROXY means is told beside what is in force', async () => {
  const { rows, in_force: here } = report.proxies;
  const env = execFileSync('go', ['env', 'GOPROXY'], { cwd: scene.folder, encoding: 'utf8' }).trim();
  assert.equal(here, env.replaceAll(/\/\/[^/@,|]*@/g, '//'));
  const [usual, cn] = rows.map(({ value }) => value);
  show({ ...report, proxies: { rows, in_force: cn } });
  await withPanel(browser, host, async (page) => {
    const summary = page.locator('summary', { hasText: 'Proxies of modules' });
    assert.match(await summary.innerText(), /GOPROXY=https:\/\/goproxy\.cn,direct/);
    await summary.focus();
    await page.keyboard.press('Enter');
    const table = page.getByRole('table', { name: 'What GOPROXY means' });
    const texts = await table.locator('tbody tr').evaluateAll((all) => all.map((row) => row.innerText));
    assert.equal(texts.length, rows.length);
    assert.ok(texts[0].startsWith(usual) && !texts[0].includes('in force'), texts[0]);
    assert.match(texts[1], /in force/);
    assert.match(texts[1], /can be reached from China/);
  });
  show({ ...report, proxies: { rows, in_force: null } });
  await withPanel(browser, host, async (page) => {
    const summary = page.locator('summary', { hasText: 'Proxies of modules' });
    assert.match(await summary.innerText(), /GOPROXY is not known here/);
  });
});

test('an incident asks what the doctor says of its wait', async () => {
  const stalls = new Host((storage) => writeIncidents(storage, [firstLoad()]));
  await withPanel(browser, stalls, async (page) => {
    await page.getByRole('button', { name: 'See what the doctor says of it' }).click();
    await page.waitForTimeout(200);
    const asked = stalls.asked.filter(({ method }) => method === 'command').map(({ args }) => args);
    assert.deepEqual(asked, [{ id: 'diagnose', incident: firstLoad().id }]);
  });
  stalls.close();
});

test('every setting is listed with its value, its place and whether it is in force', async () => {
  show(report);
  await withPanel(browser, host, async (page) => {
    const summary = page.locator('summary', { hasText: 'Settings' });
    await summary.waitFor();
    const idle = report.settings.filter(({ counts }) => !counts).length;
    assert.ok(idle > 0);
    const [all, off] = [report.settings.length, idle];
    assert.match(await summary.innerText(), new RegExp(`${all} for Go, ${off} of them not in force`));
    const table = page.getByRole('table', { name: 'Settings for Go' });
    assert.equal(await table.isVisible(), false, 'it is folded up');
    await summary.focus();
    await page.keyboard.press('Enter');
    const rows = table.locator('tbody tr');
    assert.equal(await rows.count(), all);

    await page.keyboard.press('Tab');
    await page.keyboard.type('languageServerFlags');
    const texts = (await rows.allInnerTexts()).map((text) => text.split('\t').map((cell) => cell.trim()));
    const key = 'go.languageServerFlags';
    assert.deepEqual(texts, [
      [key, '["-debug=:6060"]', 'no: Workspace says otherwise', 'User', `${scene.userSettings}:3`],
      [
        key,
        '["-debug=localhost:0"]',
        'yes',
        'Workspace',
        `${path.dirname(scene.folder)}/shop.code-workspace:3`,
      ],
    ]);
    await rows.first().getByRole('button').focus();
    await page.keyboard.press('Enter');
    const setting = report.settings.findIndex(
      (seen) => seen.key === key && seen.place.path === scene.userSettings,
    );
    assert.deepEqual(commands(), [{ id: 'openSetting', setting: { report: 0, setting } }]);

    await page.getByRole('searchbox').fill('no such setting');
    await page.getByText('Nothing matches.').waitFor();
  });
});

test('which gopls runs is told, with what it was started with, and what its log tells', async () => {
  show(report);
  await withPanel(browser, host, async (page) => {
    const summary = page.locator('summary', { hasText: 'How gopls runs' });
    assert.match(
      await summary.innerText(),
      new RegExp(`${GOPLS_VERSION}, pid ${goplsPid}, for .* · 5 crashes; the editor`),
    );
    await summary.click();
    const server = page.getByRole('region', { name: `process ${goplsPid}` });
    const said = await server.innerText();
    for (const part of [
      'serves this window',
      gopls(),
      '-debug=127.0.0.1:0',
      'GOMEMLIMIT=4GiB',
      `started by ${process.pid}`,
      'the setting go.alternateTools',
    ])
      assert.ok(said.includes(part), `${part}: ${said}`);
    const log = page.getByRole('region', { name: 'What its log tells' });
    assert.match(await log.innerText(), /5 crashes; the editor does not start it again/);
    const steps = log.getByRole('table').locator('tbody tr');
    const told = report.lifecycle.log.steps;
    assert.equal(await steps.count(), told.length);
    const handshake = told.find(({ name }) => name === 'initialize');
    const row = steps.filter({ hasText: 'Handshake (initialize)' });
    assert.ok(
      (await row.innerText()).replaceAll('\u00a0', ' ').includes(`${handshake.took_ms.toFixed(1)} ms`),
    );
    await log.getByRole('button', { name: scene.log }).click();
    assert.deepEqual(commands(), [{ id: 'openServerLog', report: 0 }]);
  });
});

test('a gopls that is not the one that a start would take is told', async () => {
  const next_start = { exe: '/elsewhere/bin/gopls', by: 'gobin' };
  show({ ...report, lifecycle: { ...report.lifecycle, next_start } });
  await withPanel(browser, host, async (page) => {
    await page.locator('summary', { hasText: 'How gopls runs' }).click();
    await page.getByText('The Go extension would now start /elsewhere/bin/gopls, found by GOBIN.').waitFor();
    assert.equal(await page.getByText('Found by', { exact: true }).count(), 0);
  });
});

test('where nothing is found that is said, and a failure can be tried again', async () => {
  host.doctorView = () => ({
    ok: false,
    error: { code: 'doctor-folder', message: '/x: no such folder' },
  });
  const { page, problems, close } = await openPanel(browser, host);
  await page.getByText('/x: no such folder').waitFor();
  show({
    folder: '/w',
    findings: [],
    not_examined: [],
    settings: [],
    lifecycle: { servers: [], next_start: null, log: null },
    proxies: { in_force: null, rows: [] },
  });
  await page.getByRole('button', { name: /again/i }).click();
  await page.getByText('nothing found').waitFor();
  await page.getByText('none is set for Go').waitFor();
  await page.getByText('none serves this window').waitFor();
  assert.deepEqual(problems, []);
  await close();
});
