// The CI files of docs/ci, run as GitHub's and GitLab's runners would: each step with bash, in a repository. What a step would
// install comes from here: `curl` and `go install` are stand-ins for that, and for nothing else.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { parse } from 'yaml';
import { cli, gopls, repo } from '../../tools/lib/paths.mjs';
import { run } from '../../tools/lib/run.mjs';

const STALLSCOPE_URL = 'https://packages.test/stallscope';

const read = (name) => parse(fs.readFileSync(path.join(repo, 'docs/ci', name), 'utf8'));

/** Programs that stand before the machine's own, and the environment that finds them. */
async function machine(home) {
  const bin = path.join(home, 'stand-ins');
  fs.mkdirSync(bin, { recursive: true });
  const go = async (...args) => (await run('go', ['env', ...args])).stdout.trim().split('\n');
  const [root, ...caches] = await go('GOROOT', 'GOCACHE', 'GOMODCACHE');
  const script = (name, body) =>
    fs.writeFileSync(path.join(bin, name), `#!/bin/bash\nset -e\n${body}\n`, { mode: 0o755 });
  script(
    'go',
    `if [ "$1" = install ]; then
  [ "$2" = "golang.org/x/tools/gopls@$(basename "$(dirname '${gopls()}')")" ] && ln -s '${gopls()}' "$GOBIN/gopls"
else exec '${root}/bin/go' "$@"; fi`,
  );
  script(
    'curl',
    `while [ $# -gt 0 ]; do case "$1" in --output) to="$2"; shift;; --*) ;; *) from="$1";; esac; shift; done
[ "$from" = '${STALLSCOPE_URL}' ] && cp '${cli}' "$to"`,
  );
  const gobin = path.join(home, 'gobin');
  fs.mkdirSync(gobin);
  return {
    ...{ HOME: home, GOBIN: gobin, GOCACHE: caches[0], GOMODCACHE: caches[1], GOFLAGS: '', GOPROXY: 'off' },
    PATH: `${bin}${path.delimiter}${process.env.PATH}`,
    LANG: 'C.UTF-8',
  };
}

/** The text of a step or a value of it, with `${{ … }}` filled in. */
function filled(text, context) {
  return text.replace(/\$\{\{\s*([\w.]+)\s*\}\}/g, (_, name) => {
    const value = name.split('.').reduce((from, key) => from?.[key], context);
    assert.notEqual(value, undefined, `nobody knows ${name}`);
    return value;
  });
}

/** Whether a step is run when all before it went well, or not. */
function due(condition, well) {
  const wanted = /^\$\{\{ (\w+)\(\) \}\}$/.exec(condition ?? '${{ success() }}')?.[1];
  const kinds = { always: true, success: well, failure: !well };
  assert.ok(wanted in kinds, `what is ${condition}?`);
  return kinds[wanted];
}

/** Where the actions that a file uses take their files from. */
const UPLOADED = { 'actions/upload-artifact': 'path', 'github/codeql-action/upload-sarif': 'sarif_file' };
const NOTHING_TO_DO = ['actions/checkout', 'actions/setup-go'];

/** Runs the one job; tells how it ended, what it printed, and which files it uploaded. */
export async function github(name, { workspace, home, alertUrl }) {
  const { jobs, on, permissions } = read(name);
  assert.ok(on.pull_request !== undefined && permissions.contents === 'read');
  const [{ steps }] = Object.values(jobs);
  const file = (name) => path.join(home, name);
  const env = {
    ...(await machine(home)),
    ...{ GITHUB_ACTIONS: 'true', GITHUB_STEP_SUMMARY: file('summary.md'), GITHUB_PATH: file('path') },
    ...{ GITHUB_SERVER_URL: 'https://git.test', GITHUB_REPOSITORY: 'shop/till', GITHUB_RUN_ID: '42' },
  };
  fs.writeFileSync(env.GITHUB_PATH, '');
  const context = { vars: { STALLSCOPE_URL }, secrets: { STALLSCOPE_ALERT_URL: alertUrl } };
  const [uploaded, failed] = [[], []];
  let output = '';
  for (const step of steps) {
    if (!due(step.if, failed.length === 0)) continue;
    if (step.uses !== undefined) {
      const action = step.uses.split('@')[0];
      const from = step.with?.[UPLOADED[action]];
      assert.ok(from !== undefined || NOTHING_TO_DO.includes(action), `what does ${step.uses} do?`);
      if (from !== undefined) uploaded.push(path.join(workspace, filled(from, context)));
      continue;
    }
    const more = Object.entries(step.env ?? {}).map(([key, value]) => [key, filled(value, context)]);
    const added = fs.readFileSync(env.GITHUB_PATH, 'utf8').split('\n').filter(Boolean).reverse();
    const result = await run('bash', ['-e', '-c', filled(step.run, context)], {
      cwd: workspace,
      allowFailure: true,
      env: { ...env, PATH: [...added, env.PATH].join(path.delimiter), ...Object.fromEntries(more) },
    });
    output += result.output;
    if (result.code !== 0) failed.push({ step: step.name, code: result.code });
  }
  return { failed, output, uploaded, summary: env.GITHUB_STEP_SUMMARY };
}

/** The same with GitLab's: one shell for `before_script` and `script`. */
export async function gitlab(name, { workspace, home, alertUrl }) {
  const [[job, { before_script: before, script, artifacts }]] = Object.entries(read(name));
  const { code, output } = await run('bash', ['-eo', 'pipefail', '-c', [...before, ...script].join('\n')], {
    cwd: workspace,
    allowFailure: true,
    env: {
      ...(await machine(home)),
      ...{
        GITLAB_CI: 'true',
        CI_PROJECT_PATH: 'shop/till',
        CI_JOB_URL: 'https://git.test/shop/till/-/jobs/7',
      },
      ...{ STALLSCOPE_URL, STALLSCOPE_ALERT_URL: alertUrl },
    },
  });
  const kept = code === 0 ? ['always', 'on_success'] : ['always', 'on_failure'];
  const uploads = kept.includes(artifacts.when)
    ? [...artifacts.paths, ...Object.values(artifacts.reports)]
    : [];
  const failed = code === 0 ? [] : [{ step: job, code }];
  return { failed, output, uploaded: uploads.map((upload) => path.join(workspace, upload)) };
}
