// What an exporter meets, all on loopback: a real collector, a real Prometheus, and the place where the collector passes
// traces and log records on to.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { freePort } from '../../lib/ports.mjs';
import { cli, collector, prometheus, repo } from '../../tools/lib/paths.mjs';
import { eventually } from '../../lib/eventually.mjs';

const DOCS = path.join(repo, 'docs/fleet');
const MINUTE = 60_000;

export function scratchFolder(t) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'stallscope-fleet-'));
  t.after(() => fs.rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** A program that goes with the test, and what it has printed. */
export function start(t, command, args, env = {}) {
  const child = spawn(command, args, { env: { ...bareEnv(), ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  const program = {
    child,
    output: '',
    ended: new Promise((resolve) => child.on('exit', (code, signal) => resolve(code ?? signal))),
  };
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (program.output += chunk));
  program.kill = async (signal = 'SIGKILL') => {
    child.kill(signal);
    return program.ended;
  };
  t.after(() => program.kill());
  return program;
}

/** Ours without what would send somewhere else, or through something else. */
function bareEnv() {
  const names = Object.keys(process.env).filter((name) => !/^OTEL_|_proxy$/i.test(name));
  return Object.fromEntries(names.map((name) => [name, process.env[name]]));
}

/** Starts `stallscope export`. */
export const startExport = (t, args, env) => start(t, cli, ['export', ...args], env);

/** Runs `stallscope export` to its end. */
export async function exported(t, args, env) {
  const program = startExport(t, args, env);
  const code = await program.ended;
  return { code, output: program.output };
}

/** Takes what a collector passes on, as the JSON of OTLP. */
export async function takeOver(t) {
  const taken = { spans: [], logs: [] };
  const server = http.createServer((request, response) => {
    const parts = [];
    request.on('data', (part) => parts.push(part));
    request.on('end', () => {
      const body = JSON.parse(Buffer.concat(parts).toString());
      const flat = (resources, scopes, items) =>
        (resources ?? []).flatMap((one) =>
          one[scopes].flatMap((scope) => scope[items].map((item) => ({ ...item, resource: one.resource }))),
        );
      taken.spans.push(...flat(body.resourceSpans, 'scopeSpans', 'spans'));
      taken.logs.push(...flat(body.resourceLogs, 'scopeLogs', 'logRecords'));
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}');
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  return { taken, url: `http://127.0.0.1:${server.address().port}` };
}

/** A collector as `docs/fleet/collector.yaml` has it, with addresses of its own. It can be stopped and started again. */
export async function collectorScene(t, { more = [] } = {}) {
  const folder = scratchFolder(t);
  const over = await takeOver(t);
  const ports = { http: await freePort(), grpc: await freePort(), metrics: await freePort() };
  const asJson = path.join(folder, 'json.yaml');
  // What is passed on is compared as text, and at once.
  fs.writeFileSync(
    asJson,
    'exporters: {otlp_http: {encoding: json, compression: none, sending_queue: {enabled: false}}}\n',
  );
  const configs = [path.join(DOCS, 'collector.yaml'), asJson, ...more].flatMap((file) => ['--config', file]);
  const env = {
    FLEET_OTLP_HTTP: `127.0.0.1:${ports.http}`,
    FLEET_OTLP_GRPC: `127.0.0.1:${ports.grpc}`,
    FLEET_METRICS: `127.0.0.1:${ports.metrics}`,
    FLEET_TRACES: over.url,
  };
  const scene = {
    ...over,
    ports,
    http: `http://127.0.0.1:${ports.http}`,
    grpc: `http://127.0.0.1:${ports.grpc}`,
    start: async () => {
      scene.program = start(t, collector, configs, env);
      await eventually(
        'the collector',
        () => {
          assert.equal(scene.program.child.exitCode, null, scene.program.output);
          return scene.program.output.includes('Everything is ready');
        },
        MINUTE,
      );
    },
    stop: () => scene.program.kill('SIGTERM'),
  };
  await scene.start();
  return scene;
}

/** A Prometheus as `docs/fleet/prometheus.yml` has it, which looks once a second. */
export async function prometheusScene(t, metricsPort) {
  const folder = scratchFolder(t);
  const config = path.join(folder, 'prometheus.yml');
  const text = fs.readFileSync(path.join(DOCS, 'prometheus.yml'), 'utf8');
  const changed = text.replace('127.0.0.1:8889', `127.0.0.1:${metricsPort}`).replace('15s', '1s');
  fs.writeFileSync(config, changed);
  const port = await freePort();
  const program = start(t, prometheus, [
    `--config.file=${config}`,
    `--storage.tsdb.path=${path.join(folder, 'data')}`,
    `--web.listen-address=127.0.0.1:${port}`,
  ]);
  const ask = async (query) => {
    const answer = await fetch(`http://127.0.0.1:${port}/api/v1/query?${new URLSearchParams({ query })}`);
    const { status, data, error } = await answer.json();
    assert.equal(status, 'success', `${error}: ${query}`);
    return data.result.map(({ metric, value }) => ({ metric, value: Number(value[1]) }));
  };
  await eventually(
    'Prometheus',
    async () => {
      assert.equal(program.child.exitCode, null, program.output);
      return fetch(`http://127.0.0.1:${port}/-/ready`).then(
        ({ ok }) => ok,
        () => false,
      );
    },
    MINUTE,
  );
  return { ask };
}

/** The attributes of something in OTLP's JSON, as plain values. */
export const attributes = (of) =>
  Object.fromEntries(
    of.attributes.map(({ key, value }) => [
      key,
      value.stringValue ?? value.boolValue ?? (value.intValue === undefined ? value : Number(value.intValue)),
    ]),
  );
