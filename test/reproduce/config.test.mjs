// The schema of stallscope.toml, by a reader of TOML and a validator of others: it takes what the tool takes, and refuses what
// the tool refuses.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { parse } from 'smol-toml';
import { cli, repo } from '../tools/lib/paths.mjs';
import { run } from '../tools/lib/run.mjs';
import { ours } from './support/validate.mjs';

const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'stallscope-config-'));
after(() => fs.rmSync(scratch, { recursive: true, force: true }));
fs.writeFileSync(
  path.join(scratch, 'stallscope-baseline.json'),
  '{ "format": 1, "gopls": "g", "values": { "stalls": [1] } }',
);

/** What the schema says, and what the tool says: whoever reads the file comes before whoever looks for the folder. */
async function bothSay(text) {
  const file = path.join(scratch, 'stallscope.toml');
  fs.writeFileSync(file, text);
  const args = ['check', '/nowhere/at/all', '--config', file, '--gopls', '/bin/true', '--doctor', 'off'];
  const env = { ...process.env, STALLSCOPE_ALERT_URL: 'https://hooks.test/' };
  const { code, output } = await run(cli, args, { allowFailure: true, env });
  assert.equal(code, 2, output);
  return { schema: ours('config', parse(text)), tool: output.includes('/nowhere/at/all:') ? '' : output };
}

const documented = fs
  .readFileSync(path.join(repo, 'docs/checking.md'), 'utf8')
  .matchAll(/```toml\n(.*?)```/gs);
const examples = [...documented].map(([, text]) => text);

test('what the documentation shows is taken', async () => {
  assert.ok(examples.length > 0);
  for (const text of examples) assert.deepEqual(await bothSay(text), { schema: [], tool: '' }, text);
  // All sections are shown.
  const { properties } = JSON.parse((await run(cli, ['check', '--schema', 'config'])).stdout);
  assert.deepEqual(Object.keys(parse(examples[0])).sort(), Object.keys(properties).sort());
});

for (const text of [
  '',
  'doctor = "off"',
  '[thresholds]\nheap-mb = 0\nstalls = 0',
  '[scenario]\nidle-ms = 0\nopen-files = 50',
  '[settings]\nbuildFlags = ["-tags=a"]\nanalyses = { unusedparams = false }',
  '[alert]\nformat = "json"\nwhen = "always"\nwithin-s = 600\nmust-arrive = true\nurl-variable = "STALLSCOPE_ALERT_URL"',
])
  test(`taken: ${JSON.stringify(text)}`, async () => {
    assert.deepEqual(await bothSay(text), { schema: [], tool: '' });
  });

for (const text of [
  'run = 3',
  'runs = 0',
  'runs = 51',
  'runs = "3"',
  'doctor = "loud"',
  '[thresholds]\nheapmb = 3',
  '[thresholds]\nheap-mb = -1',
  '[thresholds]\nlatency-streak = 0',
  '[thresholds]\nheap_mb = 3',
  '[scenario]\nopen-files = 0',
  '[scenario]\nhovers = 1001',
  '[scenario]\nwarm = 1',
  '[alert]\nurl = "X"',
  '[alert]\nurl-variable = "https://hooks.test/secret"',
  '[alert]\nformat = "mail"',
  '[alert]\nwithin-s = 0',
  '[alert]\nwithin-s = 601',
  '[alerts]\nformat = "json"',
])
  test(`refused: ${JSON.stringify(text)}`, async () => {
    const { schema, tool } = await bothSay(text);
    assert.ok(schema.length > 0, 'by the schema');
    assert.notEqual(tool, '', 'by the tool');
  });
