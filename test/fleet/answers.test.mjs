// Whatever a destination answers, or does not: nothing is lost, nothing comes twice unless nobody can know, and no secret is
// told.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { eventually } from '../lib/eventually.mjs';
import { TELLING, writeIncident } from './support/incidents.mjs';
import { fields, grpcReceiver, httpReceiver, partialSuccess } from './support/receiver.mjs';
import { exported, scratchFolder, startExport } from './support/scene.mjs';

const SECRET = 'hunter2-token';
const HEADERS = { OTEL_EXPORTER_OTLP_HEADERS: `authorization=Bearer%20${SECRET},x-team=a` };

/** A storage folder with one incident, and what to call to export it. */
function oneIncident(t, of) {
  const storage = scratchFolder(t);
  const incident = writeIncident(storage, of);
  const spool = path.join(storage, 'export');
  return {
    storage,
    incident,
    spool,
    run: (receiver, args = [], env = {}) => exported(t, [storage, '--endpoint', receiver.url, ...args], env),
    queue: () => fs.readdirSync(path.join(spool, 'queue')).sort(),
    drops: () => {
      const { tally } = JSON.parse(fs.readFileSync(path.join(spool, 'state.json'), 'utf8'));
      return Object.fromEntries(tally.drops.map(({ labels, of: times }) => [labels.join(' '), times]));
    },
  };
}

/** All traces that came are of this incident, and the same to the byte. */
function assertSame(receiver, incident, times) {
  const traces = receiver.of('traces');
  assert.equal(traces.length, times);
  for (const { body } of traces) {
    assert.ok(body.includes(incident.id));
    assert.ok(body.equals(traces[0].body), 'what is sent again has the same ids');
  }
}

/** No file that was written has it. */
function assertNowhere(folder, secret) {
  for (const name of fs.readdirSync(folder, { recursive: true })) {
    const file = path.join(folder, name);
    if (fs.statSync(file).isFile())
      assert.ok(!fs.readFileSync(file).includes(secret), `${secret} is in ${name}`);
  }
}

test('headers, compression and the type of the body are what was asked for', async (t) => {
  for (const gzip of [false, true]) {
    const env = { ...HEADERS, OTEL_EXPORTER_OTLP_COMPRESSION: gzip ? 'gzip' : 'none' };
    const http = await httpReceiver(t);
    const one = oneIncident(t);
    const ran = await one.run(http, [], env);
    assert.equal(ran.code, 0, ran.output);
    assert.deepEqual(http.came.map(({ path }) => path).sort(), ['/v1/logs', '/v1/metrics', '/v1/traces']);
    const grpc = await grpcReceiver(t);
    const another = oneIncident(t);
    const called = await another.run(grpc, ['--protocol', 'grpc'], env);
    assert.equal(called.code, 0, called.output);
    for (const { headers, packed } of [...http.came, ...grpc.came]) {
      assert.deepEqual([headers.authorization, headers['x-team'], packed], [`Bearer ${SECRET}`, 'a', gzip]);
      assert.match(headers['content-type'], /^application\/(x-protobuf|grpc)$/);
    }
    assertSame(http, one.incident, 1);
    assertSame(grpc, another.incident, 1);
    for (const output of [ran.output, called.output]) assert.ok(!output.includes(SECRET));
    assertNowhere(one.storage, SECRET);
  }
});

test('a destination that asks for time gets it, and then all of it once', async (t) => {
  const busy = (one, number) =>
    one.signal === 'traces' && number === 1 ? { status: 503, headers: { 'retry-after': '2' } } : {};
  const http = await httpReceiver(t, busy);
  const one = oneIncident(t);
  assert.equal((await one.run(http)).code, 0);
  assertSame(http, one.incident, 2);
  const [first, second] = http.of('traces');
  assert.ok(second.atMs - first.atMs >= 2_000, `${second.atMs - first.atMs} ms`);
  assert.equal(http.of('logs').length, 1, 'the other signals did not wait, and came once');

  const unavailable = ({ signal }, number) =>
    signal === 'traces' && number === 1 ? { code: 14, message: 'not now', retryS: 2 } : {};
  const grpc = await grpcReceiver(t, unavailable);
  const another = oneIncident(t);
  const ran = await another.run(grpc, ['--protocol', 'grpc']);
  assert.deepEqual([ran.code, /gRPC Unavailable: not now/.test(ran.output)], [0, true], ran.output);
  assertSame(grpc, another.incident, 2);
  const [early, late] = grpc.of('traces');
  assert.ok(late.atMs - early.atMs >= 2_000, `${late.atMs - early.atMs} ms`);
});

test('what will never be taken is dropped, counted and told, and not sent again', async (t) => {
  const refusing = {
    http: await httpReceiver(t, ({ signal }) =>
      signal === 'traces' ? { status: 400, body: `bad ${SECRET}\n span` } : {},
    ),
    grpc: await grpcReceiver(t, ({ signal }) =>
      signal === 'traces' ? { code: 3, message: `bad ${SECRET}` } : {},
    ),
  };
  for (const [name, receiver] of Object.entries(refusing)) {
    const one = oneIncident(t);
    const protocol = name === 'grpc' ? ['--protocol', 'grpc'] : [];
    const ran = await one.run(receiver, protocol, HEADERS);
    assert.equal(ran.code, 1);
    assert.match(ran.output, /traces: .*bad \(secret\)/);
    assert.match(ran.output, /dropped, and not sent again: 1 traces/);
    assert.deepEqual(one.queue(), []);
    assert.deepEqual(one.drops(), { 'traces refused': 1 });
    assert.ok(receiver.of('metrics').at(-1).body.includes('stallscope.export.drops'), 'the count is sent');
    assert.equal((await one.run(receiver, protocol, HEADERS)).code, 0);
    assertSame(receiver, one.incident, 1);
  }
});

test('a wrong token or address is no reason to drop anything', async (t) => {
  let open = false;
  const http = await httpReceiver(t, ({ headers }) =>
    open ? {} : { status: 401, body: headers.authorization },
  );
  const one = oneIncident(t);
  const ran = await one.run(http, [], HEADERS);
  assert.equal(ran.code, 1);
  assert.match(ran.output, /it answered 401/);
  assert.ok(!ran.output.includes(SECRET));
  assert.equal(one.queue().length, 2);
  const grpc = await grpcReceiver(t, () => (open ? {} : { code: 16, message: 'who are you' }));
  const called = await one.run(grpc, ['--protocol', 'grpc'], HEADERS);
  assert.match(called.output, /gRPC Unauthenticated: who are you/);
  assert.deepEqual(one.drops(), {});
  open = true;
  assert.equal((await one.run(http, [], HEADERS)).code, 0);
  assert.equal(http.of('traces').length, 2);
  assert.deepEqual(one.queue(), []);
  assertNowhere(one.storage, SECRET);
});

test('the page of a network’s door is no collector’s yes', async (t) => {
  let open = false;
  const page = { headers: { 'content-type': 'text/html; charset=utf-8' }, body: '<html>Please sign in' };
  const http = await httpReceiver(t, () => (open ? {} : page));
  const one = oneIncident(t);
  const ran = await one.run(http);
  assert.equal(ran.code, 1);
  assert.match(ran.output, /it answered 200 OK with a page for people: is that a collector\?/);
  assert.equal(one.queue().length, 2);
  open = true;
  assert.equal((await one.run(http, ['--wait', '1e300'])).code, 0);
  assertSame(http, one.incident, 2);
  assert.deepEqual([one.queue(), one.drops()], [[], {}]);
});

test('another host than the one that was named gets nothing', async (t) => {
  const elsewhere = await httpReceiver(t);
  const http = await httpReceiver(t, ({ path }) => ({
    status: 307,
    headers: { location: elsewhere.url + path },
  }));
  const one = oneIncident(t);
  const ran = await one.run(http, [], HEADERS);
  assert.equal(ran.code, 1);
  assert.match(ran.output, /it answered 307/);
  assert.equal(elsewhere.came.length, 0);
});

test('one that is slow, or breaks off, may get it twice, with the same ids', async (t) => {
  const slow = await httpReceiver(t, ({ signal }, number) =>
    signal === 'traces' && number === 1 ? 'hang' : {},
  );
  const one = oneIncident(t);
  const ran = await one.run(slow, [], { OTEL_EXPORTER_OTLP_TIMEOUT: '500' });
  assert.equal(ran.code, 0, ran.output);
  assertSame(slow, one.incident, 2);
  const broken = await httpReceiver(t, ({ signal }, number) =>
    signal === 'traces' && number === 1 ? 'cut' : {},
  );
  const another = oneIncident(t);
  assert.equal((await another.run(broken)).code, 0);
  assertSame(broken, another.incident, 2);
  const late = await grpcReceiver(t, ({ signal }, number) =>
    signal === 'traces' && number === 1 ? 'hang' : {},
  );
  const third = oneIncident(t);
  const called = await third.run(late, ['--protocol', 'grpc'], { OTEL_EXPORTER_OTLP_TIMEOUT: '500' });
  assert.equal(called.code, 0, called.output);
  assertSame(late, third.incident, 2);
});

test('what arrived in part is told and not sent again', async (t) => {
  const body = partialSuccess(2, 'two were too old');
  const http = await httpReceiver(t, ({ signal }) => (signal === 'traces' ? { body } : {}));
  const one = oneIncident(t);
  const ran = await one.run(http);
  assert.equal(ran.code, 0);
  assert.match(ran.output, /traces: 2 left out over there: two were too old/);
  assert.deepEqual(one.drops(), { 'traces rejected': 2 });
  assertSame(http, one.incident, 1);
});

test('killed between the sending and the answer, it is sent once more with the same ids', async (t) => {
  const http = await httpReceiver(t, ({ signal }, number) =>
    signal === 'traces' && number === 1 ? 'hang' : {},
  );
  const one = oneIncident(t);
  const program = startExport(t, [one.storage, '--endpoint', http.url], {
    OTEL_EXPORTER_OTLP_TIMEOUT: '60000',
  });
  await eventually('the first request', () => http.of('traces').length === 1);
  await program.kill('SIGKILL');
  assert.equal((await one.run(http)).code, 0);
  assertSame(http, one.incident, 2);
  assert.equal(http.of('logs').length, 1);
  const last = http.of('metrics').at(-1).body;
  assert.equal((await one.run(http)).code, 0);
  assertSame(http, one.incident, 2);
  assert.deepEqual(http.of('metrics').at(-1).body, last, 'nothing new to tell');
  const { tally } = JSON.parse(fs.readFileSync(path.join(one.spool, 'state.json'), 'utf8'));
  assert.equal(tally.waits[0].of.count, 1, 'it was counted once');
});

test('killed at any moment, each incident is counted once and arrives', async (t) => {
  const http = await httpReceiver(t);
  const storage = scratchFolder(t);
  const incidents = Array.from({ length: 12 }, () => writeIncident(storage, { seconds: 1 }));
  let kills = 0;
  for (let delayMs = 4; ; delayMs += 4) {
    const program = startExport(t, [storage, '--endpoint', http.url]);
    const timer = setTimeout(() => program.kill('SIGKILL'), delayMs);
    const code = await program.ended;
    clearTimeout(timer);
    if (code === 0) break;
    kills += 1;
    assert.equal(code, 'SIGKILL', program.output);
  }
  assert.ok(kills > 2, `${kills} kills`);
  for (const { id } of incidents) {
    const of = http.of('traces').filter(({ body }) => body.includes(id));
    assert.ok(of.length >= 1, `${id} arrived`);
    assert.ok(of.every(({ body }) => body.equals(of[0].body)));
  }
  // Each kill leaves at most the request that was under way to be sent again.
  assert.ok(http.of('traces').length <= incidents.length + kills);
  const { tally } = JSON.parse(fs.readFileSync(path.join(storage, 'export/state.json'), 'utf8'));
  assert.equal(tally.waits[0].of.count, incidents.length);
});

test('two that export the same at the same time send it once', async (t) => {
  const http = await httpReceiver(
    t,
    async () => new Promise((resolve) => setTimeout(() => resolve({}), 150)),
  );
  const storage = scratchFolder(t);
  const incidents = Array.from({ length: 4 }, () => writeIncident(storage, { seconds: 6 }));
  const both = await Promise.all([1, 2].map(() => exported(t, [storage, '--endpoint', http.url])));
  assert.deepEqual(
    both.map(({ code }) => code),
    [0, 0],
    both.map(({ output }) => output).join('\n'),
  );
  for (const { id } of incidents)
    assert.equal(http.of('traces').filter(({ body }) => body.includes(id)).length, 1, id);
  const { tally } = JSON.parse(fs.readFileSync(path.join(storage, 'export/state.json'), 'utf8'));
  assert.equal(tally.waits[0].of.count, incidents.length);
});

test('a spool that was tampered with is sent as far as it is ours, and the rest is told', async (t) => {
  const http = await httpReceiver(t);
  const one = oneIncident(t);
  const nowhere = { url: 'http://127.0.0.1:9' };
  assert.equal((await one.run(nowhere, ['--wait', '0'])).code, 1);
  const queue = path.join(one.spool, 'queue');
  const secret = path.join(one.storage, 'secret');
  fs.writeFileSync(secret, 'private');
  fs.truncateSync(path.join(queue, `${one.incident.id}.traces`), 100);
  fs.symlinkSync(secret, path.join(queue, `${one.incident.id}.profile-1`));
  fs.writeFileSync(path.join(queue, '20991231T000000.000Z-hover-1.traces'), 'forged');
  const ran = await one.run(http);
  assert.equal(ran.code, 1);
  assert.match(ran.output, /traces: a file in the spool: it is damaged/);
  assert.match(ran.output, /dropped, and not sent again: 1 traces/);
  assert.deepEqual(one.drops(), { 'traces damaged': 1 });
  assert.deepEqual([http.of('traces').length, http.of('logs').length], [0, 1]);
  assert.ok(!http.came.some(({ body }) => body.includes('private') || body.includes('forged')));
  assert.equal(fs.readFileSync(secret, 'utf8'), 'private');
});

test('severe ones are sent at any rate, and all are counted', async (t) => {
  const http = await httpReceiver(t);
  const storage = scratchFolder(t);
  const severe = [
    writeIncident(storage, { seconds: 5 }),
    writeIncident(storage, { seconds: 1, cause: 'oom-killed' }),
    writeIncident(storage, { seconds: 1, cause: 'memory-pressure' }),
    writeIncident(storage, { seconds: 1, state: 'gopls-gone' }),
  ];
  const rest = Array.from({ length: 4 }, () => writeIncident(storage, { seconds: 1 }));
  writeIncident(storage, { method: 'capture-on-request' });
  writeIncident(storage, { state: 'open' });
  const ran = await exported(t, [storage, '--endpoint', http.url, '--sample', '0']);
  assert.equal(ran.code, 0, ran.output);
  assert.equal(http.of('traces').length, severe.length);
  for (const { id } of severe) assert.ok(http.of('traces').some(({ body }) => body.includes(id)));
  assert.match(ran.output, /counted only: not sampled/);
  const { tally } = JSON.parse(fs.readFileSync(path.join(storage, 'export/state.json'), 'utf8'));
  const counted = Object.fromEntries(tally.incidents.map(({ labels, of }) => [labels[0], of]));
  assert.deepEqual(counted, { severe: severe.length, 'left-out': rest.length });
});

test('a profile goes to Pyroscope, redacted and otherwise the same', async (t) => {
  const pyroscope = await httpReceiver(t);
  const http = await httpReceiver(t);
  const one = oneIncident(t, { heapMb: 321 });
  const ran = await one.run(http, ['--pyroscope', pyroscope.url], {
    STALLSCOPE_PYROSCOPE_HEADERS: 'X-Scope-OrgID=team-1',
  });
  assert.equal(ran.code, 0, ran.output);
  assert.match(ran.output, /^to http:.*\(Pyroscope\)$/m);
  const [pushed] = pyroscope.came;
  assert.deepEqual([pyroscope.came.length, pushed.path], [1, '/push.v1.PusherService/Push']);
  assert.deepEqual(
    [pushed.headers['content-type'], pushed.headers['x-scope-orgid']],
    ['application/proto', 'team-1'],
  );
  const series = fields(fields(pushed.body)[0][1]);
  const labels = series
    .filter(([number]) => number === 1)
    .map(([, label]) => fields(label).map(([, text]) => text.toString()));
  assert.deepEqual(labels, [
    ['__name__', 'memory'],
    ['cause', 'type-checking'],
    ['method', 'textDocument/hover'],
    ['service_name', 'stallscope'],
  ]);
  const [raw] = fields(series.find(([number]) => number === 2)[1]);
  const file = path.join(one.storage, 'pushed.pb.gz');
  fs.writeFileSync(file, raw[1]);
  const top = (profile) =>
    execFileSync('go', ['tool', 'pprof', '-top', '-nodecount=20', '-sample_index=inuse_space', profile], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
  const figures = (text) =>
    [...text.matchAll(/^\s*([\d.]+\w?B)\s+([\d.]+%)/gm)].map(([, size, share]) => [size, share]);
  const original = path.join(one.storage, 'incidents', one.incident.id, 'heap-1.pb.gz');
  assert.ok(figures(top(original)).length > 10);
  assert.deepEqual(figures(top(file)), figures(top(original)));
});

test('names go along only when that is asked for', async (t) => {
  for (const [args, told] of [
    [[], false],
    [['--no-redact'], true],
  ]) {
    const http = await httpReceiver(t);
    const one = oneIncident(t);
    assert.equal((await one.run(http, args)).code, 0);
    const sent = http.came.map(({ body }) => body.toString('latin1')).join('');
    for (const name of TELLING.slice(0, 2)) assert.equal(sent.includes(name), told, name);
  }
});

test('a word that somebody names is hidden, in metrics too', async (t) => {
  const http = await httpReceiver(t);
  const one = oneIncident(t, { method: 'billing/recount' });
  assert.equal((await one.run(http, ['--hide', 'billing'])).code, 0);
  for (const { signal, body } of http.came) {
    const text = body.toString('latin1').replaceAll(one.incident.id, '');
    assert.ok(text.includes('hidden-1/recount') && !text.includes('billing'), signal);
  }
});

test('what makes no sense is said, and nothing is sent', async (t) => {
  const http = await httpReceiver(t);
  const one = oneIncident(t);
  for (const [args, env, expected] of [
    [['--protocol', 'http/json'], {}, /"http\/json" is none of http\/protobuf, grpc/],
    [['--sample', '2'], {}, /--sample 2: a rate is 0 to 1/],
    [['--wait', 'nan'], {}, /--wait NaN: that is no number of seconds/],
    [
      [],
      { OTEL_EXPORTER_OTLP_HEADERS: `x=${SECRET},content-length=3` },
      /content-length is the request's own/,
    ],
    [[], { OTEL_SDK_DISABLED: 'true' }, /OTEL_SDK_DISABLED is true/],
    [[], { OTEL_EXPORTER_OTLP_CERTIFICATE: '/nowhere.pem' }, /\/nowhere\.pem: .*PEM file/],
    [[], { OTEL_EXPORTER_OTLP_HEADERS: SECRET }, /OTEL_EXPORTER_OTLP_HEADERS: entry 1/],
  ]) {
    const ran = await one.run(http, args, env);
    assert.equal(ran.code, 2, ran.output);
    assert.match(ran.output, expected);
    assert.ok(!ran.output.includes(SECRET));
  }
  assert.equal(http.came.length, 0);
});
