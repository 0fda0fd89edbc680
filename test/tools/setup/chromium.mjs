// The browser the workbench tests and the headless demo drive.
import fs from 'node:fs';
import { Failure, run, step } from '../lib/run.mjs';

const CANDIDATES = [
  process.env.STALLSCOPE_CHROMIUM,
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
];

/** The path of a Chromium, or undefined. */
export const findChromium = () => CANDIDATES.find((file) => file && fs.existsSync(file));

export async function installChromium() {
  if (findChromium()) return;
  const manual =
    'Install Chromium (Debian: `sudo apt-get install chromium`) or name one in STALLSCOPE_CHROMIUM.';
  const apt = fs.existsSync('/usr/bin/apt-get');
  if (!apt) throw new Failure(`Chromium is missing, and this machine has no apt-get. ${manual}`);
  const root = process.getuid?.() === 0;
  const sudo = root || (await mayRun('sudo', ['-n', 'true']));
  if (!sudo) throw new Failure(`Chromium is missing, and this user may not install packages. ${manual}`);
  const aptGet = (...args) =>
    run(root ? 'env' : 'sudo', [
      ...(root ? [] : ['-n', 'env']),
      'DEBIAN_FRONTEND=noninteractive',
      'apt-get',
      '-o',
      'DPkg::Lock::Timeout=300',
      ...args,
    ]);
  await step('apt: chromium', async () => {
    await aptGet('update');
    await aptGet('install', '-y', '--no-install-recommends', 'chromium');
  });
  if (!findChromium()) throw new Failure(`apt-get installed chromium, but no program was found. ${manual}`);
}

async function mayRun(command, args) {
  try {
    return (await run(command, args, { allowFailure: true, timeoutMs: 10_000 })).code === 0;
  } catch {
    return false;
  }
}
