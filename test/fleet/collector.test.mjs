// A real collector and a real Prometheus get what was sent, and it is what the incidents say.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { repo } from '../tools/lib/paths.mjs';
import { eventually } from '../lib/eventually.mjs';
import { assertArrived, unix } from './support/compare.mjs';
import { TELLING, writeIncident } from './support/incidents.mjs';
import { attributes, collectorScene, exported, prometheusScene, scratchFolder } from './support/scene.mjs';

test('what a collector and Prometheus get equals the incidents, over both protocols', async (t) => {
  const collector = await collectorScene(t);
  const prometheus = await prometheusScene(t, collector.ports.metrics);
  const storage = scratchFolder(t);
  const first = [
    writeIncident(storage, { seconds: 6.2, heapMb: 321, rssMb: 900, phases: true }),
    writeIncident(storage, { seconds: 0.7, rssMb: 400 }),
    writeIncident(storage, {
      method: 'textDocument/completion',
      seconds: 1.5,
      cause: 'queue',
      rssMb: 500,
      heapMb: 120,
    }),
  ];
  const dry = await exported(t, [storage, '--dry-run', '--endpoint', collector.http]);
  assert.equal(dry.code, 0, dry.output);
  assert.match(dry.output, /^to http:\/\/127\.0\.0\.1:\d+ \(http\/protobuf\)$/m);
  assert.ok(
    dry.output.includes(`"endTimeUnixNano": "${unix(first[0], first[0].request.end_ns)}"`),
    'what would be sent is shown',
  );
  assert.equal(fs.existsSync(path.join(storage, 'export')), false, 'nothing was written');
  assert.equal(collector.taken.logs.length, 0, 'nothing was sent');

  const http = await exported(t, [storage, '--endpoint', collector.http], {
    OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip',
  });
  assert.equal(http.code, 0, http.output);
  assert.match(http.output, /sent 3 logs, 1 metrics, 3 traces/);
  const again = await exported(t, [storage, '--endpoint', collector.http]);
  assert.deepEqual(
    [again.code, /exported before/.test(again.output), /sent/.test(again.output.split('before').at(-1))],
    [0, true, false],
  );

  const second = [
    writeIncident(storage, { seconds: 3, cause: 'gc', rssMb: 1300, heapMb: 700, phases: true }),
    writeIncident(storage, { seconds: 31, cause: 'memory-pressure', rssMb: 2100 }),
  ];
  const env = {
    OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc',
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.grpc,
    OTEL_EXPORTER_OTLP_COMPRESSION: 'gzip',
    OTEL_RESOURCE_ATTRIBUTES: 'team=platform%20eng',
  };
  const grpc = await exported(t, [storage], env);
  assert.equal(grpc.code, 0, grpc.output);
  assert.match(grpc.output, /sent 2 logs, 1 metrics, 2 traces/);

  const all = [...first, ...second];
  const arrived = all.map((incident) => assertArrived(collector.taken, incident));
  assert.equal(collector.taken.logs.length, all.length);
  assert.equal(attributes(arrived[4].root.resource).team, 'platform eng');
  const instances = new Set(arrived.map(({ root }) => attributes(root.resource)['service.instance.id']));
  assert.equal(instances.size, 1);
  const passedOn = JSON.stringify(collector.taken);
  for (const name of TELLING) assert.ok(!passedOn.includes(name), `${name} was sent`);

  await t.test('every query of the dashboard tells what the incidents say', async () => {
    const count = (is) => all.filter(is).length;
    await eventually(
      'a scrape',
      async () => (await prometheus.ask('sum(stallscope_incidents_total)'))[0]?.value === all.length,
      20_000,
    );
    const by = (value, of = () => 1) => {
      const sums = new Map();
      for (const incident of all) sums.set(value(incident), (sums.get(value(incident)) ?? 0) + of(incident));
      return Object.fromEntries(sums);
    };
    const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
    const latest = all.at(-1);
    const heaps = all.flatMap(({ captures }) => captures.map(({ inuse_space_bytes }) => inuse_space_bytes));
    const waitS = ({ request }) => request.duration_ns / 1e9;
    const expected = {
      'Stalls by method': by(({ request }) => request.method),
      'Time waited by cause': by(({ causes }) => causes[0].kind, waitS),
      'Stalls of more than 5 s': count((incident) => waitS(incident) > 5),
      // 5 stalls of 0.7, 1.5, 3, 6.2 and 31 s: the middle one is half way from 2 to 5 s, the last but a quarter in (30, 60].
      'Half of the stalls took less than': 3.5,
      '95 % of the stalls took less than': 30 + 30 * 0.75,
      'Peak RSS, mean over stalls': mean(all.map(({ rss }) => rss.peak_bytes)),
      'Live heap, mean over stalls with a heap profile': mean(heaps),
      'RSS at the end of the latest stall': latest.rss.end_bytes,
      'Live heap in the latest profile': second[0].captures[0].inuse_space_bytes,
      'Captures by kind and state': { 'heap, complete': heaps.length },
      'Incidents by sampling': { severe: 2, sampled: 3 },
      'Not sent, by signal and reason': undefined,
    };
    const { panels } = JSON.parse(fs.readFileSync(path.join(repo, 'docs/fleet/dashboard.json'), 'utf8'));
    assert.deepEqual(panels.map(({ title }) => title).sort(), Object.keys(expected).sort());
    for (const { title, targets } of panels) {
      const [{ expr, legendFormat }] = targets;
      const result = await prometheus.ask(expr.replaceAll('$__range', '1h').replaceAll('$machine', '.*'));
      const legend = (metric) => legendFormat.replaceAll(/\{\{(\w+)\}\}/g, (_, label) => metric[label]);
      const [instance] = instances;
      const labels = result.map(({ metric, value }) => [legend(metric), value]);
      const near = (actual, wanted) =>
        assert.ok(Math.abs(actual - wanted) <= Math.abs(wanted) * 1e-9, `${title}: ${actual}, not ${wanted}`);
      const wanted = expected[title];
      if (wanted === undefined) assert.deepEqual(labels, [], title);
      else if (typeof wanted === 'number') {
        assert.equal(labels.length, 1, title);
        near(labels[0][1], wanted);
        assert.ok(['', instance].includes(labels[0][0]), title);
      } else {
        assert.deepEqual(labels.map(([label]) => label).sort(), Object.keys(wanted).sort(), title);
        for (const [label, value] of labels) near(value, wanted[label]);
      }
    }
  });

  await t.test('the dashboard tells what came within its range, and not what was before', async () => {
    const asOfMs = Date.now();
    // What Prometheus had seen by then is the past.
    await sleep(1_500);
    const newer = [
      writeIncident(storage, { seconds: 9 }),
      writeIncident(storage, { method: 'textDocument/definition', seconds: 2 }),
    ];
    all.push(...newer);
    assert.equal((await exported(t, [storage, '--endpoint', collector.http])).code, 0);
    await eventually(
      'a scrape',
      async () => (await prometheus.ask('sum(stallscope_incidents_total)'))[0]?.value === all.length,
      20_000,
    );
    const range = `${Math.floor((Date.now() - asOfMs) / 1000)}s`;
    const { panels } = JSON.parse(fs.readFileSync(path.join(repo, 'docs/fleet/dashboard.json'), 'utf8'));
    const [{ expr }] = panels.find(({ title }) => title === 'Stalls by method').targets;
    const result = await prometheus.ask(expr.replaceAll('$__range', range).replaceAll('$machine', '.*'));
    const counts = Object.fromEntries(result.map(({ metric, value }) => [metric.method, value]));
    assert.deepEqual(counts, {
      'textDocument/hover': 1,
      'textDocument/completion': 0,
      'textDocument/definition': 1,
    });
  });

  await t.test('a collector that was away for a while gets all of it once, and figures go on', async () => {
    await collector.stop();
    const late = [
      writeIncident(storage, { seconds: 7 }),
      writeIncident(storage, { seconds: 8, method: 'textDocument/rename' }),
    ];
    const away = await exported(t, [storage, '--endpoint', collector.http, '--wait', '1']);
    assert.equal(away.code, 1, away.output);
    assert.match(away.output, /5 requests wait in .*export/);
    const spool = path.join(storage, 'export');
    assert.equal(fs.readdirSync(path.join(spool, 'queue')).length, 4);
    await collector.start();
    const back = await exported(t, ['--spool', spool, '--endpoint', collector.grpc, '--protocol', 'grpc']);
    assert.equal(back.code, 0, back.output);
    for (const incident of [...all, ...late]) assertArrived(collector.taken, incident);
    assert.equal(collector.taken.logs.length, all.length + late.length);
    assert.equal(fs.readdirSync(path.join(spool, 'queue')).length, 0);
    const total = 'sum(stallscope_stall_duration_seconds_count)';
    await eventually(
      'figures of all incidents',
      async () => (await prometheus.ask(total))[0]?.value === all.length + late.length,
      20_000,
    );
    const [{ value }] = await prometheus.ask('sum(stallscope_stall_duration_seconds_sum)');
    const sum = [...all, ...late].reduce((seconds, { request }) => seconds + request.duration_ns / 1e9, 0);
    assert.ok(Math.abs(value - sum) < 1e-6, `${value}, not ${sum}`);
  });
});

test('over TLS: with an authority of our own, a certificate of our own, and to nobody else', async (t) => {
  const folder = scratchFolder(t);
  execFileSync('go', ['run', './certificates', folder], { cwd: path.join(repo, 'test/fleet/collector') });
  const file = (name) => path.join(folder, name);
  const authority = file('authority.pem');
  const tls = `{tls: {cert_file: ${file('server.pem')}, key_file: ${file('server.key')}, client_ca_file: ${authority}}}`;
  const config = file('tls.yaml');
  fs.writeFileSync(config, `receivers: {otlp: {protocols: {http: ${tls}, grpc: ${tls}}}}\n`);
  const collector = await collectorScene(t, { more: [config] });
  for (const [protocol, port] of [
    ['http/protobuf', collector.ports.http],
    ['grpc', collector.ports.grpc],
  ]) {
    const storage = scratchFolder(t);
    const incident = writeIncident(storage);
    const run = (env) =>
      exported(
        t,
        [storage, '--endpoint', `https://localhost:${port}`, '--protocol', protocol, '--wait', '0'],
        env,
      );
    const trusted = { OTEL_EXPORTER_OTLP_CERTIFICATE: authority };
    const known = {
      OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE: file('client.pem'),
      OTEL_EXPORTER_OTLP_CLIENT_KEY: file('client.key'),
    };
    const stranger = await run(known);
    assert.equal(stranger.code, 1);
    assert.match(stranger.output, /UnknownIssuer|unknown issuer|invalid peer certificate/i);
    assert.equal((await run(trusted)).code, 1, 'it wants to know who we are');
    assert.ok(!collector.taken.logs.some((log) => attributes(log)['stallscope.incident.id'] === incident.id));
    const met = await run({ ...trusted, ...known });
    assert.equal(met.code, 0, met.output);
    assertArrived(collector.taken, incident);
  }
});
