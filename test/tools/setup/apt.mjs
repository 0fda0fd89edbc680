// Debian packages: as root or with sudo, otherwise a message that names what is missing.
import fs from 'node:fs';
import { Failure, run, step } from '../lib/run.mjs';

/**
 * Installs Debian packages.
 *
 * @param {string} what       what is missing, for the message
 * @param {string[]} packages
 * @param {string} manual     what somebody can do who may not install packages, as a sentence
 */
export async function aptInstall(what, packages, manual) {
  if (!fs.existsSync('/usr/bin/apt-get'))
    throw new Failure(`${what} is missing, and this machine has no apt-get. ${manual}`);
  if (!(await mayInstall()))
    throw new Failure(`${what} is missing, and this user may not install packages. ${manual}`);
  await step(`apt: ${packages.join(' ')}`, async () => {
    await aptGet('update');
    await aptGet('install', '-y', '--no-install-recommends', ...packages);
  });
}

const isRoot = () => process.getuid?.() === 0;

export const mayInstall = async () => isRoot() || (await mayRun('sudo', ['-n', 'true']));

/** `apt-get`, by somebody who may. */
export const aptGet = (...args) =>
  run(isRoot() ? 'env' : 'sudo', [
    ...(isRoot() ? [] : ['-n', 'env']),
    'DEBIAN_FRONTEND=noninteractive',
    'apt-get',
    '-o',
    'DPkg::Lock::Timeout=300',
    ...args,
  ]);

/** Whether a command is there and succeeds. */
export async function mayRun(command, args) {
  try {
    return (await run(command, args, { allowFailure: true, timeoutMs: 10_000 })).code === 0;
  } catch {
    return false;
  }
}
