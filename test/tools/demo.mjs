// npm run demo: a real workbench with Stallscope, gopls and gopls's own source, to see a stall with your own eyes.
//
//   npm run demo                 prints an address and keeps serving until Ctrl-C
//   npm run demo -- --headless   lets Chromium do it, writes what was seen to out/demo/ and judges it
import { build } from './build.mjs';
import { demoHeadless } from './demo/headless.mjs';
import { log, onInterrupt, step } from './lib/run.mjs';
import { verb } from './lib/verb.mjs';
import { packExtension, packTestExtension } from './package.mjs';
import { installChromium, setUpBuild, setUpWorkbench } from './setup.mjs';

const GALLERY_TIMEOUT_MS = 60_000;
/** As most editors look; the theme is the user's to change. */
const LOOK = { 'workbench.colorTheme': 'Dark Modern' };

async function demo() {
  const headless = process.argv.includes('--headless');
  await setUpBuild();
  if (headless) await installChromium();
  await setUpWorkbench();
  await build();
  const stallscope = await packExtension();
  const standIn = await packTestExtension();
  // Only now: these need the node modules.
  const { SNAPSHOT_FILE, SNAPSHOT_TEXT, snapshotLine, startWorkbench } =
    await import('../workbench/driver/scenario.mjs');

  const workbench = await step('start the workbench', () =>
    startWorkbench({ extensions: [stallscope], settings: LOOK }),
  );
  try {
    await installGoExtension(workbench, standIn);
    if (headless) {
      await demoHeadless(workbench);
      return;
    }
    console.log(`
Open      ${workbench.url}
Then      press Ctrl+P, type ${SNAPSHOT_FILE}:${snapshotLine()} and Enter, and rest the mouse on the name in
          \`${SNAPSHOT_TEXT}\` at once. gopls has never seen this code: "Loading…" for some seconds.
See       the status bar at the lower left during the wait, and \`Stallscope: Show Panel\` (F1) after it.
Again     stop with Ctrl-C and start the demo again: every run begins with an empty gopls cache.
`);
    await Promise.race([workbench.ended(), new Promise((resolve) => onInterrupt(resolve))]);
  } finally {
    await workbench.stop();
  }
}

/** The Go extension where the editor's gallery can be reached, else our stand-in for it. */
async function installGoExtension(workbench, standIn) {
  try {
    await step('install golang.go from the gallery', () =>
      workbench.install('golang.go', GALLERY_TIMEOUT_MS),
    );
  } catch {
    log(
      'The gallery cannot be reached from here: the small language client under test/ starts gopls instead.',
    );
    await workbench.install(standIn);
  }
}

await verb(import.meta, demo);
