// Alerts of `stallscope check`: to whom, when, what they say, what happens when they do not arrive, and that nobody learns the address.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import zlib from 'node:zlib';
import { eventually } from '../lib/eventually.mjs';
import { cli, gopls } from '../tools/lib/paths.mjs';
import { run } from '../tools/lib/run.mjs';
import { SMALL_REAL, check } from './support/check.mjs';
import { receiver, refusingProxy } from './support/receiver.mjs';
import { before, pretending } from './support/servers.mjs';
import { ours } from './support/validate.mjs';

const MINUTE = 60_000;
const SECRET = 'T0SECRETB0SECRETxyz';
const ROUTE = `/services/${SECRET}?key=${SECRET}`;
const OK = { status: 200 };

const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'stallscope-alert-'));
after(() => fs.rmSync(scratch, { recursive: true, force: true }));

// As little work as there can be: what becomes of a message is no matter of how much was measured.
const TINY = [
  ...'--packages 1 --open-files 1 --hovers 1 --definitions 0 --completions 0 --saves 0 --no-warm --idle 0'.split(
    ' ',
  ),
  ...['--doctor', 'off'],
];
const PASSING = [...TINY, '--gopls', gopls(), '--max-heap-mb', '2000', '--max-latency-ms', '60000'];
// Not by its heap: before the first collection gopls's profile of it is all but empty.
const SLOW = ['--max-latency-ms', '0.000001', '--latency-streak', '1'];
const FAILING = [...TINY, '--gopls', gopls(), '--max-heap-mb', '2000', ...SLOW];

let folders = 0;

/** A check with an alert; that nothing of it tells the address is part of every case. */
async function alerted(limits, url, flags = [], env = {}) {
  const artifacts = path.join(scratch, `artifacts-${++folders}`);
  const summary = path.join(artifacts, 'github.md');
  const where = ['--artifacts', artifacts, '--github', '--alert-url-variable', 'TEST_HOOK'];
  const result = await check(scratch, [...limits, ...where, ...flags], {
    TEST_HOOK: url,
    GITHUB_STEP_SUMMARY: summary,
    ...env,
  });
  assert.ok(!result.output.includes(SECRET), result.output);
  if (fs.existsSync(artifacts)) assert.deepEqual(filesWith(artifacts, SECRET), []);
  return { ...result, artifacts };
}

/** The files below a folder that have this text in them, packed or not. */
function filesWith(folder, text) {
  return fs.readdirSync(folder, { recursive: true }).filter((name) => {
    const file = path.join(folder, name);
    if (fs.statSync(file).isDirectory()) return false;
    const bytes = fs.readFileSync(file);
    const unpacked = name.endsWith('.gz') && bytes.length > 0 ? zlib.gunzipSync(bytes) : bytes;
    return unpacked.includes(text) || bytes.includes(text);
  });
}

test(
  'a real gopls beyond a limit: a chat is told which repository, figure and limit',
  { timeout: 2 * MINUTE },
  async () => {
    const { host, posts, close } = await receiver([OK]);
    const ci = { GITHUB_SERVER_URL: 'https://git.test', GITHUB_REPOSITORY: 'shop/till', GITHUB_RUN_ID: '42' };
    const limits = [...SMALL_REAL, '--max-heap-mb', '1'];
    const { code, output, artifacts } = await alerted(limits, `http://${host}${ROUTE}`, [], ci);
    await close();
    assert.equal(code, 1, output);
    assert.match(output, new RegExp(`alert sent to ${host}$`, 'm'));
    assert.equal(posts.length, 1);
    const [{ method, url, headers, body }] = posts;
    assert.deepEqual([method, url, headers['content-type']], ['POST', ROUTE, 'application/json']);
    const { text, ...more } = JSON.parse(body);
    assert.deepEqual(more, {});
    const heap = /FAIL {2}heap in use at the end: (\d+) MB, at most 1 MB/.exec(text);
    assert.match(text, /^\*stallscope check: shop\/till\*: 1 of 2 failed\n/);
    assert.match(text, /<https:\/\/git\.test\/shop\/till\/actions\/runs\/42\|The job>$/);
    const { checked } = JSON.parse(fs.readFileSync(path.join(artifacts, 'check.json'), 'utf8'));
    const measured = checked.find(({ name }) => name === 'heap').value / 1e6;
    assert.ok(Math.abs(Number(heap[1]) - measured) <= 1, `${heap[1]} is not ${measured}`);
  },
);

test('as JSON: by our schema, at the second attempt', { timeout: MINUTE }, async () => {
  const { host, posts, close } = await receiver([{ status: 500 }, OK]);
  const flags = ['--alert-format', 'json', '--link', 'https://ci.test/job/1'];
  const { code, output } = await alerted(FAILING, `http://${host}${ROUTE}`, flags);
  await close();
  assert.equal(code, 1, output);
  assert.match(output, /alert sent to .*, at attempt 2$/m);
  assert.equal(posts.length, 2);
  assert.equal(posts[0].body, posts[1].body);
  const message = JSON.parse(posts[1].body);
  assert.deepEqual(ours('alert', message), []);
  assert.deepEqual([message.repository, message.verdict], ['a generated workspace', 'failed']);
  assert.equal(message.link, 'https://ci.test/job/1');
  assert.deepEqual(
    message.lines.map(({ name, verdict }) => [name, verdict]),
    [['latency', 'failed']],
  );
  assert.ok(message.lines[0].value === 1 && message.lines[0].limit === 1, 'one, and one is too many');
});

test('nobody is told of a check that passes, unless asked', { timeout: MINUTE }, async () => {
  const { host, posts, close } = await receiver([OK]);
  const quiet = await alerted(PASSING, `http://${host}${ROUTE}`);
  assert.equal(quiet.code, 0, quiet.output);
  assert.equal(posts.length, 0);
  const always = await alerted(PASSING, `http://${host}${ROUTE}`, ['--alert-when', 'always']);
  await close();
  assert.equal(always.code, 0, always.output);
  assert.match(
    JSON.parse(posts[0].body).text,
    /: 2 of 2 passed\n```\nok {4}heap in use at the end: \d+ MB, at most 2000 MB\n/,
  );
});

test('what could not be measured is told, too; stallscope.toml may ask', { timeout: MINUTE }, async () => {
  const { host, posts, close } = await receiver([OK]);
  const config = path.join(scratch, 'alert.toml');
  fs.writeFileSync(config, '[alert]\nurl-variable = "FROM_FILE"\nformat = "json"\n');
  const dead = pretending(scratch, 'dead', `process.exit(1)`);
  const args = [...TINY, '--gopls', dead, '--config', config];
  const { code, output } = await check(scratch, args, {
    FROM_FILE: `http://${host}${ROUTE}`,
    CI_PROJECT_PATH: 'shop/web',
    CI_JOB_URL: 'https://git.test/shop/web/-/jobs/7',
  });
  await close();
  assert.equal(code, 3, output);
  const { repository, verdict, link, lines } = JSON.parse(posts[0].body);
  assert.deepEqual(
    [repository, verdict, link],
    ['shop/web', 'not-measured', 'https://git.test/shop/web/-/jobs/7'],
  );
  assert.match(lines.at(-1).says, /0 of 1 came to their end: gopls ended/);
});

test('what the check starts does not learn the address', { timeout: MINUTE }, async () => {
  const told = path.join(scratch, 'told');
  fs.mkdirSync(told);
  const learn = (who) =>
    `fs.writeFileSync(${JSON.stringify(told)} + '/${who}-' + process.pid, JSON.stringify(process.env))`;
  const server = before(scratch, 'curious', { gopls: gopls(), take: learn('gopls') });
  const bin = path.join(scratch, 'bin');
  fs.mkdirSync(bin);
  const { stdout: root } = await run('go', ['env', 'GOROOT'], {});
  const go = `#!/bin/sh\nenv > ${told}/go-$$\nexec ${path.join(root.trim(), 'bin/go')} "$@"\n`;
  fs.writeFileSync(path.join(bin, 'go'), go, { mode: 0o755 });
  const folder = path.join(scratch, 'module');
  fs.mkdirSync(folder);
  fs.writeFileSync(path.join(folder, 'go.mod'), 'module example.test/curious\n\ngo 1.22\n');
  fs.writeFileSync(path.join(folder, 'a.go'), 'package a\n\nimport "fmt"\n\nvar A = fmt.Sprint(1)\n');
  const little = TINY.filter((_, index) => index > 1).slice(0, -2);
  const { code, output } = await alerted(
    [folder, ...little, '--gopls', server],
    `https://hooks.test${ROUTE}`,
    [],
    {
      PATH: `${bin}:${process.env.PATH}`,
    },
  );
  assert.equal(code, 0, output);
  const names = fs.readdirSync(told);
  assert.ok(
    names.some((name) => name.startsWith('gopls-')) && names.some((name) => name.startsWith('go-')),
    names,
  );
  assert.deepEqual(filesWith(told, SECRET), []);
});

test('nobody is told of a check that was stopped', { timeout: MINUTE }, async () => {
  const { host, posts, close } = await receiver([OK]);
  const args = [
    ...TINY.slice(0, -4),
    '--idle',
    '60',
    '--gopls',
    gopls(),
    '--alert-url-variable',
    'TEST_HOOK',
  ];
  const child = spawn(cli, ['check', '--progress', ...args, '--storage', path.join(scratch, 'stopped')], {
    env: { ...process.env, TEST_HOOK: `http://${host}${ROUTE}` },
  });
  let output = '';
  child.stderr.on('data', (data) => (output += data));
  await eventually('the work to have begun', () => output.includes(': rest'));
  child.kill('SIGTERM');
  const code = await new Promise((resolve) => child.on('exit', resolve));
  await close();
  assert.equal(code, 3, output);
  assert.equal(posts.length, 0);
});

test('a receiver that is busy is not asked again before it said', { timeout: MINUTE }, async () => {
  const { host, posts, close } = await receiver([{ status: 429, headers: { 'Retry-After': '3' } }, OK]);
  const { code, output } = await alerted(FAILING, `http://${host}${ROUTE}`);
  await close();
  assert.equal(code, 1, output);
  assert.equal(posts.length, 2);
  assert.ok(posts[1].at - posts[0].at >= 2_950, `${posts[1].at - posts[0].at} ms`);
});

for (const [name, answers, flags, attempts, told] of [
  [
    'asks for too long a wait',
    [{ status: 503, headers: { 'Retry-After': '3600' } }],
    [],
    1,
    /503.*asks to wait 3600 s/,
  ],
  ['says never', [{ status: 404 }], [], 1, /404: is the address still the right one\?/],
  [
    'sends elsewhere',
    [{ status: 307, headers: { Location: 'https://elsewhere.test/' } }],
    [],
    1,
    /redirect \(307\)/,
  ],
  ['is broken', [{ status: 500 }], ['--alert-within', '2'], 2, /500; given up within 2 s \(attempts: 2\)/],
  ['is silent', ['never'], ['--alert-within', '2'], 1, /did not answer in time; given up within 2 s/],
]) {
  test(`a receiver that ${name}: told, and the verdict stays`, { timeout: MINUTE }, async () => {
    const { host, posts, close } = await receiver(answers);
    const { code, output } = await alerted(FAILING, `http://${host}${ROUTE}`, flags);
    await close();
    assert.equal(code, 1, output);
    assert.match(output, told);
    assert.match(output, new RegExp(`the alert did not arrive at ${host}:`));
    assert.match(output, /stallscope: 1 of 2 failed/);
    assert.equal(posts.length, attempts);
  });
}

test('nobody there: a check that passes fails only where it was asked to', { timeout: MINUTE }, async () => {
  const free = net.createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => free.once('listening', resolve));
  const host = `127.0.0.1:${free.address().port}`;
  await new Promise((resolve) => free.close(resolve));
  const flags = ['--alert-when', 'always', '--alert-within', '2'];
  const told = await alerted(PASSING, `http://${host}${ROUTE}`, flags);
  assert.equal(told.code, 0, told.output);
  assert.match(told.output, /did not arrive at .*: it cannot be reached: connection refused/);
  const must = await alerted(PASSING, `http://${host}${ROUTE}`, [...flags, '--alert-must-arrive']);
  assert.equal(must.code, 3, must.output);
  const failing = await alerted(FAILING, `http://${host}${ROUTE}`, [...flags, '--alert-must-arrive']);
  assert.equal(failing.code, 1, 'the limit counts more');
  assert.match(failing.output, /did not arrive at .*: it cannot be reached/);
});

test(
  'https: a certificate that nobody vouches for is refused, one of a named authority is not',
  { timeout: MINUTE },
  async () => {
    const folder = path.join(scratch, 'tls');
    fs.mkdirSync(folder);
    const { stdout: root } = await run('go', ['env', 'GOROOT'], {});
    // Go brings a program that makes certificates.
    const make = path.join(root.trim(), 'src/crypto/tls/generate_cert.go');
    await run('go', ['run', make, '--host', '127.0.0.1', '--ecdsa-curve', 'P256'], { cwd: folder });
    const pem = (name) => fs.readFileSync(path.join(folder, name));
    const { host, posts, close } = await receiver([OK], {
      tls: { cert: pem('cert.pem'), key: pem('key.pem') },
    });
    const stranger = await alerted(FAILING, `https://${host}${ROUTE}`);
    assert.equal(stranger.code, 1, stranger.output);
    assert.match(
      stranger.output,
      /this machine does not trust it \(.*\): nothing was sent\. .*SSL_CERT_FILE.*attempts: 1/,
    );
    assert.equal(posts.length, 0);
    const known = await alerted(FAILING, `https://${host}${ROUTE}`, [], {
      SSL_CERT_FILE: path.join(folder, 'cert.pem'),
    });
    await close();
    assert.match(known.output, /alert sent to/);
    assert.equal(posts.length, 1);
  },
);

test('the proxy of the environment is taken, and learns the host only', { timeout: MINUTE }, async () => {
  const proxy = await refusingProxy();
  const flags = ['--alert-within', '1'];
  const { code, output } = await alerted(FAILING, `https://hooks.invalid${ROUTE}`, flags, {
    HTTPS_PROXY: proxy.url,
  });
  proxy.close();
  assert.equal(code, 1, output);
  assert.match(output, /did not arrive at hooks\.invalid: the proxy/);
  assert.match(proxy.asked[0], /^hooks\.invalid:443 /);
  assert.ok(!proxy.asked.join().includes(SECRET));
});

for (const [name, url, told] of [
  ['nowhere', '', /no alert will be sent: the environment variable TEST_HOOK, .* is not set/],
  ['no address', SECRET, /TEST_HOOK holds no address/],
  ['in the clear', `http://hooks.test/${SECRET}`, /TEST_HOOK holds an address without https/],
]) {
  test(
    `an address that is ${name}: told at once, and an error where it must arrive`,
    { timeout: MINUTE },
    async () => {
      const early = await alerted(PASSING, url);
      assert.equal(early.code, 0, early.output);
      assert.match(early.output, told);
      const must = await alerted(PASSING, url, ['--alert-must-arrive']);
      assert.equal(must.code, 2, must.output);
    },
  );
}

test('an address in the place of its variable is not repeated', { timeout: MINUTE }, async () => {
  const url = `https://hooks.test${ROUTE}`;
  const flag = await alerted(PASSING, '', ['--alert-url-variable', url]);
  assert.equal(flag.code, 2);
  const config = path.join(scratch, 'wrong.toml');
  for (const line of [
    `url-variable = "${url}"`,
    `url = "${url}"`,
    `format = "${url}"`,
    `url-variable = ["${url}"]`,
  ]) {
    fs.writeFileSync(config, `[alert]\n${line}\n`);
    const { code, output } = await check(scratch, [...PASSING, '--config', config]);
    assert.equal(code, 2, output);
    assert.ok(!output.includes(SECRET), output);
  }
});
