// Pictures of the pages beside the stalls (the doctor, two traces compared, a log, who holds the memory), and of what needs more than a recording: an incident
// with CPU profiles of a gopls that loads, and what garbage collection is advised.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Gopls } from '../lib/gopls.mjs';
import { gopls, goplsSource, repo } from '../tools/lib/paths.mjs';
import { DoctorScene } from './doctorScene.mjs';
import { HeldScene } from './heldScene.mjs';
import { baseStatus, Host } from './host.mjs';
import { firstLoad, recordedGc, writeIncidents } from './incidents.mjs';
import { NARROW, openPanel, WIDE } from './page.mjs';

const LOG = path.join(repo, 'test/fixtures/logs/v0.23.0.log');
const CHINESE = JSON.parse(fs.readFileSync(path.join(repo, 'extension/l10n/bundle.l10n.zh-cn.json'), 'utf8'));
const CPU_PROFILES = 2;
const TYPE_CHECKING_AFTER_MS = 4000;
/** Of the analyses of staticcheck. */
const WAIT = { incident: firstLoad().id, method: 'textDocument/hover', took: ['analysis'] };
const MS = 1e6;

export class PageShots {
  static async start() {
    const shots = new PageShots();
    shots.doctor = new DoctorScene();
    await shots.doctor.startGopls();
    shots.cpu = await cpuOfALoad();
    shots.host = new Host((storage) => writeIncident(storage, shots.cpu));
    shots.held = await HeldScene.start({
      workspace: goplsSource(),
      file: 'internal/cache/snapshot.go',
      word: 'Snapshot struct',
    });
    shots.reports = {};
    for (const language of ['en', 'zh-cn'])
      shots.reports[language] = await shots.doctor.report(shots.host.core, { language, took: WAIT.took });
    const compared = await shots.host.core.compareTraces(firstLoad().id, { file: LOG });
    const opened = await shots.host.core.openLog(LOG, 'en');
    if (!compared.ok || !opened.ok) throw new Error(JSON.stringify([compared.error, opened.error]));
    shots.host.traceComparison = () => compared;
    return shots;
  }

  /** Draws all of them in a theme. */
  async draw(browser, theme, folder) {
    const { host } = this;
    const shoot = async (name, options, body) => {
      const { page, problems, close } = await openPanel(browser, host, { theme, ...options });
      await page.waitForTimeout(700);
      await body?.(page);
      await page.waitForTimeout(300);
      await page.screenshot({ path: path.join(folder, `${theme}-${name}.png`), fullPage: true });
      if (problems.length > 0) console.error(theme, name, problems);
      await close();
    };
    for (const [width, size] of Object.entries({
      wide: { ...WIDE, height: 2200 },
      narrow: { ...NARROW, height: 3200 },
    })) {
      for (const [language, texts] of Object.entries({ en: {}, 'zh-cn': CHINESE })) {
        host.page = 'doctor';
        host.locale = language;
        host.doctorView = () => ({ ok: true, value: { reports: [this.reports[language]], wait: WAIT } });
        const name = language === 'en' ? 'doctor' : 'doctor-chinese';
        await shoot(`${width}-${name}`, { size, texts }, async (page) => {
          for (const part of await page.locator('.doctor-part > summary').all()) await part.click();
        });
      }
      host.locale = 'en';
      for (const page of ['traces', 'log']) {
        host.page = page;
        await shoot(`${width}-${page}`, { size });
      }
      host.page = null;
      host.select = firstLoad().id;
      await shoot(`${width}-incident`, { size });
      host.select = null;
      host.overrides.gc = () => ({
        ok: true,
        value: {
          ...recordedGc.thrashing,
          measured: { ...recordedGc.thrashing.measured, pid: baseStatus.gopls.pid },
        },
      });
      await shoot(`${width}-live-gc`, { size }, (page) => page.locator('.gc-now > summary').click());
      host.overrides = {};
      for (const [language, texts] of Object.entries({ retain: {}, 'retain-chinese': CHINESE }))
        await this.#drawHeld(
          browser,
          { theme, size, texts },
          path.join(folder, `${theme}-${width}-${language}.png`),
        );
    }
  }

  /** The page of who holds the memory: a way down the tree, and the snapshot with its chain. */
  async #drawHeld(browser, options, file) {
    const { page, problems, close } = await openPanel(browser, this.held.host, options);
    const tree = page.getByRole('tree');
    await tree.getByRole('treeitem').first().waitFor();
    for (let level = 1; level <= 4; level++) {
      const closed = tree.locator(`[aria-level="${level}"][aria-expanded=false]`).first();
      if ((await closed.count()) === 0) break;
      await closed.click();
      await page.waitForTimeout(500);
    }
    await page.getByRole('searchbox').fill('cache.');
    const snapshot = page.getByRole('grid').getByRole('button', { name: 'cache.Snapshot', exact: true });
    await snapshot.first().click();
    await page.locator('.retain-instances .link').first().click();
    await page.locator('.retain-chain').waitFor();
    await page.screenshot({ path: file });
    if (problems.length > 0) console.error(file, problems);
    await close();
  }

  async close() {
    this.host.close();
    await this.held.close();
    await this.doctor.close();
  }
}

/** CPU profiles of a gopls that loads its own source, a second each. */
async function cpuOfALoad() {
  const cache = fs.mkdtempSync(path.join(os.tmpdir(), 'stallscope-shots-'));
  const server = new Gopls({ executable: gopls(), workspace: goplsSource(), cache });
  try {
    await server.initialize();
    const address = await server.debugAddress();
    // Before that it waits for `go list`.
    await sleep(TYPE_CHECKING_AFTER_MS);
    const taken = [];
    while (taken.length < CPU_PROFILES) {
      const answer = await fetch(`${address}/debug/pprof/profile?seconds=1`);
      taken.push(Buffer.from(await answer.arrayBuffer()));
    }
    return taken;
  } finally {
    await server.kill();
    fs.rmSync(cache, { recursive: true, force: true });
  }
}

/** The first load with them, and with packages as gopls's own spans name them. */
function writeIncident(storage, profiles) {
  const incident = firstLoad();
  writeIncidents(storage, [incident]);
  const folder = path.join(storage, 'incidents', incident.id);
  const written = JSON.parse(fs.readFileSync(path.join(folder, 'incident.json'), 'utf8'));
  const captures = profiles.map((bytes, index) => {
    const number = 10 + index;
    const file = `${number}-cpu.pb.gz`;
    fs.writeFileSync(path.join(folder, file), bytes);
    const sent_ns = incident.request.start_ns + (1000 + 1100 * index) * MS;
    return {
      ...written.captures[0],
      number,
      kind: 'cpu',
      file,
      size_bytes: bytes.length,
      trigger: 'cpu-during-stall',
      trigger_ns: sent_ns,
      sent_ns,
      received_ns: sent_ns + 1000 * MS,
      inuse_space_bytes: null,
    };
  });
  const shares = [
    'internal/golang',
    'internal/cache',
    'internal/protocol',
    'internal/server',
    'internal/util/typesutil',
  ];
  const packages = shares.map((name, index) => ({
    package: `golang.org/x/tools/gopls/${name}`,
    phase: 'type-checking',
    waited_ns: Math.round((420 * MS) / (index + 1)),
    running_ns: Math.round((910 * MS) / (index + 1)),
  }));
  const wait_by_spans = {
    ...written.wait,
    source: 'spans',
    packages: { packages, others: 212, others_waited_ns: 96 * MS },
  };
  fs.writeFileSync(
    path.join(folder, 'incident.json'),
    JSON.stringify({ ...written, captures: [...written.captures, ...captures], wait_by_spans }),
  );
}
