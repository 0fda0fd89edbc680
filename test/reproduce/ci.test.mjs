// The files of docs/ci do what they say: their steps are run in a small repository, once within its limits and once beyond.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { receiver } from './support/receiver.mjs';
import { github, gitlab } from './support/runner.mjs';
import * as validate from './support/validate.mjs';

const MINUTE = 60_000;
const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'stallscope-ci-'));
after(() => fs.rmSync(scratch, { recursive: true, force: true }));

/** A repository with limits of its own, and a home for the runner. */
function repository(name, latencyMs) {
  const [workspace, home] = ['till', 'home'].map((folder) => path.join(scratch, name, folder));
  for (const folder of [workspace, home]) fs.mkdirSync(folder, { recursive: true });
  const write = (file, text) => fs.writeFileSync(path.join(workspace, file), text);
  write('go.mod', 'module example.test/till\n\ngo 1.22\n');
  write('main.go', 'package main\n\nimport "fmt"\n\nfunc main() { fmt.Println("till") }\n');
  const work =
    'open-files = 1\nhovers = 2\ndefinitions = 1\ncompletions = 0\nsaves = 0\nwarm = false\nidle-ms = 0\n';
  write(
    'stallscope.toml',
    `runs = 1\n[thresholds]\nheap-mb = 2000\nlatency-ms = ${latencyMs}\nlatency-streak = 1\n[scenario]\n${work}`,
  );
  return { workspace, home };
}

/** What was uploaded is there, and is what it is named. */
async function uploadsHold(uploaded) {
  for (const file of uploaded) assert.ok(fs.existsSync(file), `${file} is not there`);
  const folder = uploaded.find((file) => fs.statSync(file).isDirectory());
  const names = ['check.html', 'check.json', 'check.xml', 'doctor.sarif', 'summary.md', 'captures'];
  for (const name of names) assert.ok(fs.existsSync(path.join(folder, name)), `${name} is not there`);
  for (const file of uploaded.filter((file) => file !== folder)) {
    const text = fs.readFileSync(file, 'utf8');
    const problems = file.endsWith('.xml') ? await validate.junit(text) : validate.sarif(JSON.parse(text));
    assert.deepEqual(problems, [], file);
  }
}

for (const [file, runner, step, link] of [
  ['github.yml', github, 'Check', 'https://git.test/shop/till/actions/runs/42'],
  ['gitlab.yml', gitlab, 'gopls', 'https://git.test/shop/till/-/jobs/7'],
]) {
  test(`${file}: within the limits it passes, and tells nobody`, { timeout: 3 * MINUTE }, async () => {
    const { host, posts, close } = await receiver([{ status: 200 }]);
    const alertUrl = `http://${host}/hook`;
    const result = await runner(file, { ...repository(`${file}-good`, 60_000), alertUrl });
    await close();
    assert.deepEqual(result.failed, [], result.output);
    assert.match(result.output, /^ok {4}heap in use at the end/m);
    assert.equal(posts.length, 0);
    await uploadsHold(result.uploaded);
    assert.equal(result.uploaded.length, 2);
  });

  test(
    `${file}: beyond them it fails, tells, and keeps what was measured`,
    { timeout: 3 * MINUTE },
    async () => {
      const { host, posts, close } = await receiver([{ status: 200 }]);
      const alertUrl = `http://${host}/hook`;
      const result = await runner(file, { ...repository(`${file}-bad`, 0.000001), alertUrl });
      await close();
      assert.deepEqual(result.failed, [{ step, code: 1 }], result.output);
      await uploadsHold(result.uploaded);
      assert.equal(result.uploaded.length, 2);
      const { text } = JSON.parse(posts[0].body);
      assert.match(text, /^\*stallscope check: shop\/till\*: 1 of 2 failed/);
      assert.ok(text.includes(`<${link}|`), text);
      if (result.summary !== undefined) {
        const rows = validate.tableRows(fs.readFileSync(result.summary, 'utf8'));
        assert.deepEqual(rows[1].slice(0, 2), ['FAIL', 'latency']);
        assert.equal(validate.annotations(result.output)[0].title, 'stallscope latency');
      }
    },
  );
}

test('without an address for alerts, as in a fork, the job goes on', { timeout: 3 * MINUTE }, async () => {
  const result = await github('github.yml', { ...repository('fork', 60_000), alertUrl: '' });
  assert.deepEqual(result.failed, [], result.output);
  assert.match(
    result.output,
    /no alert will be sent: the environment variable STALLSCOPE_ALERT_URL, .* is not set/,
  );
});
