// The browser the workbench tests and the headless demo drive.
import fs from 'node:fs';
import { Failure } from '../lib/run.mjs';
import { aptInstall } from './apt.mjs';

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
  await aptInstall('Chromium', ['chromium'], manual);
  if (!findChromium()) throw new Failure(`apt-get installed chromium, but no program was found. ${manual}`);
}
