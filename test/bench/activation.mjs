// What starting takes: activating the extension in a real workbench, by the editor's own account, and loading the
// native core after it, off the path of the first paint.
import { packExtension, packTestExtension } from '../tools/package.mjs';
import { installChromium } from '../tools/setup.mjs';
import { log } from '../tools/lib/run.mjs';
import { withHost } from './lib/host.mjs';
import { spread } from './lib/report.mjs';
import { median } from './lib/statistics.mjs';
import { FILE } from './lib/workspace.mjs';

const STARTS = 7;
const ADDON_LOADS = 10;
const EXTENSION = 'stallscope.stallscope';

export async function activation() {
  await installChromium();
  const extensions = [await packExtension(), await packTestExtension()];
  const starts = await inWorkbench(extensions);
  const loads = await loadAddon();
  const of = (key) => starts.map((start) => start[key]);
  const activationMs = starts.map(({ loadMs, callMs, finishMs }) => loadMs + callMs + finishMs);
  const part = (what, values) => ({
    what: `activation: ${what}`,
    wanted: '',
    measured: spread(values, 'ms'),
  });
  return {
    commands: [
      `the .vsix in code-server, a window with ${FILE} open, reloaded ${STARTS} times; F1 > Developer: Startup Performance`,
      `${ADDON_LOADS} × node: require(the addon), createCore, start`,
    ],
    notes: [
      'Activation is what the editor’s own table "Extension Activation Stats" says: Load Code + Call Activate + Finish ' +
        'Activate. gopls and the other extensions start at the same time, as they do for users.',
      'The core starts after activation, by setImmediate: "core started" is the extension’s log, from before loading the ' +
        'addon to after its first settings.',
    ],
    rows: [
      {
        what: 'activation: the extension',
        wanted: '<= 50 ms',
        measured: spread(activationMs, 'ms', 0),
        met: median(activationMs) <= 50,
      },
      part('of it loading the code', of('loadMs')),
      part('of it the call of activate', of('callMs')),
      part('core started after it, in the workbench', of('coreMs')),
      part(
        'require of the addon, fresh process',
        loads.map(({ require_ms }) => require_ms),
      ),
      part(
        'createCore and start, fresh process',
        loads.map(({ start_ms }) => start_ms),
      ),
    ],
    data: { starts, loads },
  };
}

async function inWorkbench(extensions) {
  // Only now: the driver needs the node modules.
  const { startWorkbench } = await import('../workbench/driver/scenario.mjs');
  const workbench = await startWorkbench({ extensions });
  try {
    const editor = await workbench.open();
    const core = (count) =>
      editor.waitFor('the core', () => coreStartedMs(workbench, count), { timeoutMs: 60_000 });
    const starts = [];
    // The very first one, before any reload, found no file open and no cache of anything: it does not count.
    await core(1);
    for (let start = 0; start < STARTS; start += 1) {
      // A reload brings back the file in front, which after the first round is the performance report.
      await editor.openFile(FILE);
      await editor.reload();
      const coreMs = await core(start + 2);
      starts.push({ coreMs, ...(await activationTimes(editor)) });
      log(`activation: ${start + 1} of ${STARTS} starts`);
    }
    return starts;
  } finally {
    await workbench.stop();
  }
}

/** What the extension's log says of its n-th start; each window writes a log of its own. */
function coreStartedMs(workbench, count) {
  const times = workbench
    .logs(/Stallscope\.log$/)
    .flatMap(({ text }) => [...text.matchAll(/^(\S+ \S+) .*core started in ([\d.]+) ms/gm)])
    .sort((a, b) => a[1].localeCompare(b[1]));
  return times.length >= count ? Number(times[count - 1][2]) : undefined;
}

/** Our row of the table in the editor's performance report. The report is long: the editor's search scrolls to it. */
async function activationTimes(editor) {
  await editor.command('Developer: Startup Performance');
  const row = await editor.waitFor(
    'our row in the performance report',
    async ({ page }) => {
      await page.keyboard.press('Control+F');
      await page.keyboard.type(`| ${EXTENSION}`);
      await page.keyboard.press('Enter');
      await page.waitForTimeout(500);
      const lines = await page.locator('.monaco-editor .view-lines .view-line').allInnerTexts();
      return lines
        .map((line) => line.replaceAll('\u00a0', ' '))
        .find((line) => line.startsWith(`| ${EXTENSION} `));
    },
    { timeoutMs: 60_000, everyMs: 500 },
  );
  const [, , , loadMs, callMs, finishMs] = row.split('|').map((cell) => Number(cell));
  return { loadMs, callMs, finishMs };
}

/** A process of its own each time: an addon is loaded once per process. */
async function loadAddon() {
  const loads = [];
  for (let load = 0; load < ADDON_LOADS; load += 1) {
    loads.push(await withHost((host) => host.call('startCore', { storage: host.folder('storage') })));
  }
  return loads;
}
