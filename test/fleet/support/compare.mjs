// What arrived of an incident, held against the incident.
import assert from 'node:assert/strict';
import { attributes } from './scene.mjs';

const nanos = (span) => Number(BigInt(span.endTimeUnixNano) - BigInt(span.startTimeUnixNano));
/** A moment of an incident, as OTLP writes it. */
export const unix = (incident, ns) => String(BigInt(incident.origin_unix_ns) + BigInt(ns));

/** Asserts that it came once, and that times, phases, causes and memory are those of the incident; to the nanosecond. */
export function assertArrived({ spans, logs }, incident) {
  const logged = logs.filter((log) => attributes(log)['stallscope.incident.id'] === incident.id);
  assert.equal(logged.length, 1, `${logged.length} log records of ${incident.id}`);
  const [log] = logged;
  const of = spans.filter(({ traceId }) => traceId === log.traceId);
  assert.equal(new Set(of.map(({ spanId }) => spanId)).size, of.length, 'a span came twice');
  const root = of.find(({ parentSpanId }) => !parentSpanId);
  const { request, held_up_ns: before = 0, taken_late_ns: after = 0 } = incident;
  assert.equal(root.name, `stall ${request.method}`);
  assert.equal(log.spanId, root.spanId);
  assert.equal(root.startTimeUnixNano, unix(incident, request.start_ns - before));
  assert.equal(root.endTimeUnixNano, unix(incident, request.end_ns + after));

  const told = attributes(root);
  assert.deepEqual(told, attributes(log));
  assert.equal(told['stallscope.request.duration_ns'], request.duration_ns);
  assert.equal(told['stallscope.waited_ns'], before + request.duration_ns + after);
  assert.equal(told['stallscope.cause'], incident.causes[0]?.kind ?? 'unknown');
  for (const { kind, duration_ns } of incident.causes)
    assert.equal(told[`stallscope.cause.${kind}.duration_ns`], duration_ns, kind);
  for (const figure of ['start', 'peak', 'end', 'steepest_rise'])
    assert.equal(told[`stallscope.rss.${figure}_bytes`], incident.rss[`${figure}_bytes`]);
  const heap = incident.captures.findLast(({ kind, state }) => kind === 'heap' && state === 'complete');
  assert.equal(told['stallscope.heap.live_bytes'], heap?.inuse_space_bytes);
  const long = told['stallscope.waited_ns'] >= 5e9 ? 'long' : undefined;
  const severe = told['stallscope.cause'] === 'memory-pressure' ? 'memory-pressure' : long;
  assert.equal(told['stallscope.severe'], severe);

  const main = of.find(
    ({ name, startTimeUnixNano }) =>
      name === request.method && startTimeUnixNano === unix(incident, request.start_ns),
  );
  assert.equal(main.endTimeUnixNano, unix(incident, request.end_ns));
  const phases = of.filter(({ parentSpanId }) => parentSpanId === main.spanId);
  const slices = (incident.wait_by_spans ?? incident.wait)?.slices ?? [];
  assert.deepEqual(
    phases.map((span) => [
      attributes(span)['stallscope.phase'],
      span.startTimeUnixNano,
      span.endTimeUnixNano,
    ]),
    slices.map(({ phase, begin_ns, end_ns }) => [phase, unix(incident, begin_ns), unix(incident, end_ns)]),
  );
  const sum = phases.reduce((total, span) => total + nanos(span), 0);
  if (phases.length > 0) assert.equal(sum, nanos(main), 'the phases add up');
  const captured = of.filter(({ name }) => name.startsWith('capture '));
  assert.equal(captured.length, incident.captures.length);
  return { root, log, phases };
}
