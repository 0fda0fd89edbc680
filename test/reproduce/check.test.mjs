// `stallscope check` on gopls's own source, as a CI would run it: it passes where limits are generous, fails where they are tight,
// says so in every format, and does not pass what it could not measure.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import { parseStringPromise } from 'xml2js';
import { cli, gopls, goplsSource } from '../tools/lib/paths.mjs';
import { SMALL, SMALL_REAL, check as run } from './support/check.mjs';
import { before, pretending } from './support/servers.mjs';
import * as validate from './support/validate.mjs';

const MINUTE = 60_000;
const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'stallscope-check-'));
after(() => fs.rmSync(scratch, { recursive: true, force: true }));
const file = (name) => path.join(scratch, name);

const check = (args, env) => run(scratch, args, env);

const QUICK = '--hovers 3 --definitions 0 --completions 0 --saves 0 --no-warm --idle 0'.split(' ');

/** A folder with a module of one file. */
function goFolder(name, mod) {
  const folder = file(name);
  fs.mkdirSync(folder);
  fs.writeFileSync(path.join(folder, 'go.mod'), mod);
  const main = 'package main\n\nimport "fmt"\n\nfunc main() { fmt.Println(fmt.Sprint(1)) }\n';
  fs.writeFileSync(path.join(folder, 'main.go'), main);
  return folder;
}

test(
  'gopls’s own source: generous limits hold, tight ones do not, in every format',
  { timeout: 6 * MINUTE },
  async () => {
    const work = ['--hovers', '5', '--definitions', '5', '--completions', '3', '--saves', '1', '--no-warm'];
    const source = [goplsSource(), '--gopls', gopls(), ...work];
    const generous = ['--max-heap-mb', '3000', '--max-peak-rss-mb', '6000', '--max-cold-load-s', '300'];
    const good = await check([...source, ...generous, '--max-latency-ms', '60000', '--json']);
    assert.equal(good.code, 0, good.output);
    const told = JSON.parse(good.stdout);
    assert.deepEqual(validate.ours('output', told), []);
    const { checked, findings, experiment } = told;
    assert.deepEqual(
      checked.map(({ name, verdict }) => [name, verdict]),
      [
        ['heap', 'passed'],
        ['latency', 'passed'],
        ['peak-rss', 'passed'],
        ['cold-load', 'passed'],
      ],
    );
    assert.deepEqual(findings, []);
    assert.ok(experiment.workspace.go_files > 500);

    const tight = ['--max-heap-mb', '20', '--max-latency-ms', '0.01', '--max-stalls', '0'];
    const formats = [
      '--junit',
      file('j.xml'),
      '--sarif',
      file('s.json'),
      '--html',
      file('p.html'),
      '--github',
    ];
    const bad = await check([...source, ...tight, ...formats], { GITHUB_STEP_SUMMARY: file('summary.md') });
    assert.equal(bad.code, 1, bad.output);
    assert.match(bad.stdout, /^FAIL {2}heap in use at the end: \d+ MB, at most 20 MB$/m);
    assert.match(bad.stdout, /^FAIL {2}\d+ in a row over 0\.01 ms, 2 allowed: hover 1 \(/m);
    assert.match(bad.stdout, /^::error title=stallscope heap::heap in use/m);
    assert.match(bad.output, /stallscope: 3 of 3 failed/);

    assert.deepEqual(
      validate.annotations(bad.stdout).map(({ name, title }) => [name, title]),
      ['heap', 'latency', 'stalls'].map((name) => ['error', `stallscope ${name}`]),
    );
    const xml = fs.readFileSync(file('j.xml'), 'utf8');
    assert.deepEqual(await validate.junit(xml), []);
    const { testsuites } = await parseStringPromise(xml);
    const [limits] = testsuites.testsuite;
    assert.deepEqual([testsuites.$.tests, testsuites.$.failures, limits.$.name], ['3', '3', 'limits']);
    assert.deepEqual(
      limits.testcase.map(({ $: { name } }) => name),
      ['heap', 'latency', 'stalls'],
    );
    assert.match(limits.testcase[0].failure[0].$.message, /at most 20 MB/);
    assert.deepEqual(validate.sarif(JSON.parse(fs.readFileSync(file('s.json'), 'utf8'))), []);
    const rows = validate.tableRows(fs.readFileSync(file('summary.md'), 'utf8'));
    assert.deepEqual(rows[0].slice(0, 2), ['FAIL', 'heap']);
    assert.equal(rows.length, 3);
    assert.match(fs.readFileSync(file('p.html'), 'utf8'), /cold, first answer/);
  },
);

test('a baseline: the same again holds, a slow gopls does not', { timeout: 5 * MINUTE }, async () => {
  const baseline = file('baseline.json');
  const first = await check([
    ...SMALL_REAL,
    '--runs',
    '2',
    '--write-baseline',
    baseline,
    '--max-heap-mb',
    '900',
  ]);
  assert.equal(first.code, 0, first.output);
  assert.ok(JSON.parse(fs.readFileSync(baseline, 'utf8')).values['cold, first answer'].length === 2);
  // Each answer to a hover is held back.
  const take = `if (message.method === 'textDocument/hover') { setTimeout(() => pass(message), 400); return; }`;
  const slow = before(scratch, 'slow', { gopls: gopls(), take });
  const once = await check([...SMALL_REAL, '--runs', '1', '--baseline', baseline]);
  assert.match(once.output, /one run says nothing of the noise/);
  const args = [...SMALL, '--runs', '2', '--baseline', baseline, '--json'];
  const second = await check([...args, '--gopls', slow]);
  assert.equal(second.code, 1, second.output);
  const { checked } = JSON.parse(second.stdout);
  const failed = checked.filter(({ verdict }) => verdict === 'failed').map(({ name }) => name);
  assert.ok(failed.includes('baseline: hover, p50'), failed.join());
  const hover = checked.find(({ name }) => name === 'baseline: hover, p50');
  assert.ok(hover.value >= 400e6 && hover.limit < 400e6, hover.says);
});

test(
  'what the doctor finds fails from the severity on that was asked for',
  { timeout: 3 * MINUTE },
  async () => {
    const folder = file('shop');
    fs.mkdirSync(path.join(folder, '.vscode'), { recursive: true });
    fs.writeFileSync(path.join(folder, 'go.mod'), 'module example.test/shop\n\ngo 1.22\n');
    fs.writeFileSync(
      path.join(folder, 'main.go'),
      'package main\n\nimport "fmt"\n\nfunc main() { fmt.Println() }\n',
    );
    fs.writeFileSync(
      path.join(folder, '.vscode/settings.json'),
      '{\n  "gopls": {\n    "memoryMode": "DegradeClosed"\n  }\n}\n',
    );
    const config = (level) =>
      fs.writeFileSync(
        path.join(folder, 'stallscope.toml'),
        `doctor = "${level}"\n[thresholds]\nheap-mb = 900\n[scenario]\nhovers = 2\nsaves = 0\nwarm = false\nidle-ms = 100\n`,
      );
    config('error');
    const quiet = await check([folder, '--gopls', gopls()]);
    assert.equal(quiet.code, 0, quiet.output);
    config('warning');
    const loud = await check([folder, '--gopls', gopls(), '--github', '--sarif', file('shop.sarif')]);
    assert.equal(loud.code, 1, loud.output);
    assert.match(
      loud.stdout,
      /FAIL {2}gopls\.memoryMode does nothing.* \[gopls-setting-gone\] at .*settings\.json:3/,
    );
    const annotation = validate.annotations(loud.stdout).find(({ title }) => /memoryMode/.test(title));
    assert.deepEqual([path.basename(annotation.file), annotation.line], ['settings.json', '3']);
    const sarif = JSON.parse(fs.readFileSync(file('shop.sarif'), 'utf8'));
    assert.deepEqual(validate.sarif(sarif), []);
    assert.ok(sarif.runs[0].results.some(({ ruleId }) => ruleId === 'gopls-setting-gone'));
    fs.writeFileSync(path.join(folder, 'stallscope.toml'), '[thresholds]\nheapmb = 3\n');
    const broken = await check([folder, '--gopls', gopls()]);
    assert.equal(broken.code, 2);
    assert.match(broken.output, /stallscope\.toml: .*line 2.*heapmb/s);
  },
);

test('what could not be measured does not pass', { timeout: MINUTE }, async () => {
  const dead = pretending(scratch, 'dead', `process.exit(1)`);
  const args = [...SMALL, '--gopls', dead, '--doctor', 'off'];
  const { code, output } = await check([...args, '--junit', file('dead.xml')]);
  assert.equal(code, 3, output);
  assert.match(output, /^\?{4} {2}runs: 0 of 1 came to their end: gopls ended/m);
  const xml = fs.readFileSync(file('dead.xml'), 'utf8');
  assert.deepEqual(await validate.junit(xml), []);
  const { testsuites } = await parseStringPromise(xml);
  assert.equal(testsuites.$.errors, '3', 'neither heap nor latency, and no run');
});

test(
  'a workspace that gopls cannot load is not measured, however quick it was',
  { timeout: 2 * MINUTE },
  async () => {
    const folder = goFolder('future', 'module example.test/future\n\ngo 1.99\n');
    const args = [folder, '--gopls', gopls(), '--doctor', 'off', '--json', '--github', ...QUICK];
    const { code, output, stdout } = await check(args, { GOTOOLCHAIN: 'local' });
    assert.equal(code, 3, output);
    assert.match(output, /^::error title=stallscope load::/m, 'beside the JSON');
    const told = JSON.parse(stdout);
    assert.deepEqual(validate.ours('output', told), []);
    assert.match(told.experiment.sides[0].runs[0].load_error, /go\.mod requires go >= 1\.99/);
    const load = told.checked.find(({ name }) => name === 'load');
    assert.match(load.says, /loaded in 0 of 1 runs: .*go >= 1\.99/);
  },
);

test('what gopls says of its settings is told', { timeout: 2 * MINUTE }, async () => {
  const folder = goFolder('settings', 'module example.test/settings\n\ngo 1.22\n');
  const settings = ['--with', 'nonsense=1', '--with', 'staticcheck=maybe'];
  const args = [folder, '--gopls', gopls(), '--doctor', 'off', ...QUICK, ...settings];
  const { code, output } = await check(args);
  assert.equal(code, 0, output);
  assert.match(output, /gopls says: Invalid settings: .*"nonsense".*"staticcheck"/);
});

test('a reader that has seen enough does not make it pass', { timeout: MINUTE }, async () => {
  const args = ['check', ...SMALL_REAL, '--runs', '1', '--max-heap-mb', '0.001', '--json'];
  const child = spawn(cli, [...args, '--storage', file('incidents')], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  child.stdout.destroy();
  assert.equal(await new Promise((resolve) => child.on('exit', resolve)), 1);
});

test('what cannot be written changes no verdict but a good one', { timeout: 2 * MINUTE }, async () => {
  const summary = { GITHUB_STEP_SUMMARY: '/nowhere/summary.md' };
  const failing = await check([...SMALL_REAL, '--max-heap-mb', '0.001', '--github'], summary);
  assert.equal(failing.code, 1, failing.output);
  assert.match(failing.output, /\/nowhere\/summary\.md, which GITHUB_STEP_SUMMARY names, cannot be written/);
  assert.match(failing.output, /^stallscope: 1 of 2 failed$/m);
  const passing = await check([...SMALL_REAL, '--max-heap-mb', '900', '--github'], summary);
  assert.equal(passing.code, 3, passing.output);
  // Before anything is measured, where that can be known.
  const { code, output } = await check([...SMALL_REAL, '--html', '/nowhere/page.html']);
  assert.equal(code, 2);
  assert.match(output, /page\.html cannot be written: \/nowhere is no folder/);
});

test('the last words of a gopls command neither a runner nor a terminal', { timeout: MINUTE }, async () => {
  const words = 'panic \u001b[31m\n::error::injected\n::stop-commands::x\n| ![a](http://b.test) `c`';
  const dying = pretending(
    scratch,
    'dying',
    `process.stderr.write(${JSON.stringify(words)}); process.exit(2)`,
  );
  const folder = file('dying-artifacts');
  const { stdout } = await check([...SMALL, '--gopls', dying, '--github', '--artifacts', folder]);
  assert.match(stdout, /injected/);
  assert.ok(!stdout.includes('\u001b'), stdout);
  const commands = stdout.split('\n').filter((line) => line.trimStart().startsWith('::'));
  assert.equal(commands.length, 3);
  assert.deepEqual(
    validate.annotations(stdout).map(({ title }) => title),
    ['heap', 'latency', 'runs'].map((name) => `stallscope ${name}`),
  );
  const markdown = fs.readFileSync(path.join(folder, 'summary.md'), 'utf8');
  assert.equal(validate.tableRows(markdown).length, 3);
  assert.ok(markdown.includes('!\\[a\\](http://b.test) \\`c\\`'), markdown);
  assert.ok(!fs.existsSync(path.join(folder, 'baseline.json')), 'nothing could ever be worse than it');
});

test('what contradicts itself is refused in words', { timeout: MINUTE }, async () => {
  const other = file('other-work.json');
  const scenario = { 'open-files': 3, hovers: 99, definitions: 2, completions: 2, saves: 1 };
  Object.assign(scenario, { 'idle-ms': 500, 'force-gc': false, warm: false, seed: 1 });
  fs.writeFileSync(other, JSON.stringify({ format: 1, gopls: 'g', scenario, values: { stalls: [1] } }));
  const empty = file('empty.json');
  fs.writeFileSync(empty, '{ "format": 1, "gopls": "g", "values": {} }');
  const generated = [...SMALL, '--gopls', gopls()];
  for (const [args, why] of [
    [[...generated, '--baseline', other], /other work \(hovers 99, here 4\).*--write-baseline/],
    [[...generated, '--baseline', empty], /no figures: write it again/],
    [[...generated, '--baseline', '/nowhere.json'], /nowhere\.json: .*--write-baseline/],
    [[...generated, '--doctor', 'warning'], /--doctor examines a folder, and --packages makes/],
    [[scratch, '--gopls', gopls(), '--doctor', 'off', '--sarif', file('x')], /the doctor is off/],
    [[...SMALL.slice(0, -1), '-1', '--gopls', gopls()], /--idle|unexpected argument/],
    [[...SMALL.slice(0, -1), 'nan', '--gopls', gopls()], /--idle NaN: that is no number of seconds/],
    [[...generated, '--timeout', '0'], /--timeout/],
    [[...generated, '--baseline', '/dev/zero'], /\/dev\/zero: .*larger than 1 MB/],
    [[...generated, '--alert-must-arrive'], /must arrive, and nobody is named/],
  ]) {
    const { code, output } = await check(args);
    assert.equal(code, 2, `${args}: ${output}`);
    assert.match(output, why);
  }
});

test('the validators see what is wrong', async () => {
  const sarif = {
    version: '2.1.0',
    runs: [{ tool: { driver: { name: 'x' } }, results: [{ level: 'bad' }] }],
  };
  assert.match(JSON.stringify(validate.sarif(sarif)), /results\/0\/level/);
  assert.match(JSON.stringify(await validate.junit('<testsuites><case/></testsuites>')), /case/);
  assert.match(JSON.stringify(validate.ours('output', { checked: [{ name: 1 }] })), /checked\/0\/name/);
  assert.throws(() => validate.annotations('::error title::x'), /no property/);
});

test('one folder holds all that a check leaves', { timeout: 2 * MINUTE }, async () => {
  const folder = file('artifacts');
  const { code, output } = await check([...SMALL_REAL, '--artifacts', folder, '--max-heap-mb', '900']);
  assert.equal(code, 0, output);
  const names = fs.readdirSync(folder).filter((name) => !name.startsWith('.'));
  // No doctor.sarif: there is nothing to find about a workspace that was made for this.
  const expected = 'baseline.json captures check.html check.json check.xml summary.md';
  assert.deepEqual(names.sort(), expected.split(' '));
  const told = JSON.parse(fs.readFileSync(path.join(folder, 'check.json'), 'utf8'));
  assert.deepEqual(validate.ours('output', told), []);
  const [{ runs }] = told.experiment.sides;
  const heaps = fs
    .readdirSync(path.join(folder, 'captures/incidents'), { recursive: true })
    .filter((name) => /heap-\d+\.pb\.gz$/.test(name));
  for (const heap of heaps) assert.ok(fs.statSync(path.join(folder, 'captures/incidents', heap)).size > 1000);
  assert.ok(runs[0].memory.live_heap_bytes > 1e6 && heaps.length > 0, heaps.join());
  const again = await check([...SMALL_REAL, '--baseline', path.join(folder, 'baseline.json'), '--json']);
  assert.ok(
    JSON.parse(again.stdout).checked.some(({ name }) => name.startsWith('baseline: ')),
    again.output,
  );
});
