// `stallscope check` in a scratch folder, and what it leaves.
import path from 'node:path';
import { cli, gopls } from '../../tools/lib/paths.mjs';
import { run } from '../../tools/lib/run.mjs';

const GENERATED = '--packages 8 --hovers 4 --definitions 2 --completions 2 --saves 1 --no-warm --idle 0.5';

/** Work that is over in seconds, on a generated workspace. */
export const SMALL = GENERATED.split(' ');

/** The same with a real gopls. */
export const SMALL_REAL = [...SMALL, '--gopls', gopls()];

/** What a CI would say of itself; whatever this machine says must not count. */
const NO_CI = Object.fromEntries(
  ['GITHUB_STEP_SUMMARY', 'GITHUB_SERVER_URL', 'GITHUB_REPOSITORY', 'GITHUB_RUN_ID', 'CI_JOB_URL']
    .concat(['CI_PROJECT_PATH', 'HTTP_PROXY', 'HTTPS_PROXY', 'ALL_PROXY', 'http_proxy', 'https_proxy'])
    .map((name) => [name, '']),
);

/** Runs it, once unless `args` say how often. */
export async function check(scratch, args, env = {}) {
  const runs = args.includes('--runs') ? [] : ['--runs', '1'];
  const storage = args.some((arg) => ['--storage', '--artifacts'].includes(arg))
    ? []
    : ['--storage', path.join(scratch, 'incidents')];
  const { code, stdout, output } = await run(cli, ['check', ...runs, ...storage, ...args], {
    allowFailure: true,
    env: { ...process.env, ...NO_CI, GOFLAGS: '', GOPROXY: 'off', ...env },
  });
  return { code, stdout, output };
}
