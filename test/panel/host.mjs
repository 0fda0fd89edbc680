// Stands in for the extension's side of the panel: incidents and profiles are answered by the real native core over
// the harness's folders, the live side is the recording. It counts what it is asked, so tests can look.
import fs from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { cargoTarget, dist, target } from '../tools/lib/paths.mjs';
import { GO_CACHES, cachePage } from './caches.mjs';
import { requestRecord, session, firstStall, secondStall } from './incidents.mjs';

/** The built addon; `STALLSCOPE_ADDON` names another one. */
function addon() {
  const built = path.join(dist, `stallscope.${target}.node`);
  const candidates = [process.env.STALLSCOPE_ADDON, built].filter(Boolean);
  const file = candidates.find((candidate) => fs.existsSync(candidate));
  if (!file)
    throw new Error(`No addon at ${built}; run \`npm run build\` first (cargo builds into ${cargoTarget}).`);
  return createRequire(import.meta.url)(file);
}

export const lastAt = session.rss.at(-1)[0];

export const baseStatus = {
  at_ns: lastAt,
  origin_unix_ms: session.origin_unix_ms,
  watching: true,
  capture_enabled: true,
  gopls: {
    pid: 4711,
    version: session.gopls,
    rss_bytes: session.rss.at(-1)[1],
    cpu_share: 0.02,
    uptime_ns: lastAt,
    debug: { state: 'on', address: '127.0.0.1:43211', loopback_only: true },
    latency_source: 'counters',
  },
  other_gopls: 0,
  in_flight: [],
  stall: null,
  commands: [],
  loading: false,
  load: null,
  last_load: null,
  last_incident: null,
  spark_bytes: [],
  own_cpu_share: 0.0006,
};

/** What a gopls came to after three minutes of edits to its own source (test/lib/editing.mjs). */
export const recordedMemory = {
  ...JSON.parse(fs.readFileSync(path.join(import.meta.dirname, 'recorded/memory.json'), 'utf8')),
  pid: baseStatus.gopls.pid,
};

export class Host {
  asked = [];
  /** Replaces the answer to a method: `(args) => value`; throwing makes a failure. */
  overrides = {};
  status = structuredClone(baseStatus);
  spans = null;
  select = null;
  page = null;
  locale = 'en';
  /** What the doctor found. */
  doctorView = () => ({ ok: true, value: { reports: [], wait: null } });

  /** What is shown of gopls's cache, and of Go's own. */
  cachePage = () => ({ ok: true, value: cachePage() });
  goCachesFound = () => ({ ok: true, value: structuredClone(GO_CACHES) });

  constructor(write = () => {}) {
    this.storage = fs.mkdtempSync(path.join(os.tmpdir(), 'stallscope-panel-'));
    write(this.storage);
    this.core = addon().createCore({
      storage_dir: this.storage,
      workspace: [],
      host_pid: process.pid,
      log_dirs: [],
      go_extension: null,
      settings: {},
    });
  }

  close() {
    fs.rmSync(this.storage, { recursive: true, force: true });
  }

  async answer({ id, method, args }) {
    this.asked.push({ method, args });
    try {
      const answer = this.overrides[method] ?? ((given) => this[method](given));
      return { type: 'response', id, value: await answer(args) };
    } catch (error) {
      return { type: 'failure', id, message: error.message };
    }
  }

  async hello() {
    const incidents = await this.core.incidents();
    return {
      protocol: 1,
      status: this.status,
      spans: this.spans,
      incidents: incidents.value,
      select: this.select,
      page: this.page,
      locale: this.locale,
    };
  }
  incident({ id }) {
    return this.core.incident(id);
  }
  doctor() {
    return this.doctorView();
  }
  cache() {
    return this.cachePage();
  }
  goCaches() {
    return this.goCachesFound();
  }
  /** None is open: a test opens one of a real gopls. */
  heapView = { heap: null, closed: null, reading: false, earlier_unix_ms: null, compared: null };
  liveHeap() {
    return { ok: true, value: structuredClone(this.heapView) };
  }
  keptHeap({ id }) {
    return this.core.keptHeap(id);
  }
  askHeap({ question }) {
    return this.core.askHeap(question);
  }
  stallSummary() {
    return this.core.stallSummary();
  }
  waitDays({ query }) {
    return this.core.waitDays(query);
  }
  incidentMemory({ id }) {
    return this.core.incidentMemory(id);
  }
  /** Nothing is watched here: what a living gopls shows is for a test to say. */
  patterns() {
    return { ok: true, value: { judgement: { findings: [], not_judged: [], clear: [] }, cards: [] } };
  }
  incidentAllocation({ id }) {
    return this.core.incidentAllocation(id);
  }
  incidentPatterns({ id }) {
    return this.core.incidentPatterns(id, this.locale);
  }
  /** As `patterns`: what a living gopls is advised is for a test to say. */
  gc() {
    return { ok: true, value: null };
  }
  memory() {
    return { ok: true, value: structuredClone(recordedMemory) };
  }
  sampleTypes({ ref }) {
    return this.core.sampleTypes(ref);
  }
  heapTable({ ref, query }) {
    return this.core.heapTable(ref, query);
  }
  flame({ ref, query }) {
    return this.core.flame(ref, query);
  }
  subsystems({ ref, query }) {
    return this.core.subsystems(ref, query);
  }
  icicle({ ref, query }) {
    return this.core.icicle(ref, query);
  }
  heapCaptures({ limit }) {
    return this.core.heapCaptures(limit);
  }
  heapDiff({ ref, query, base }) {
    return this.core.heapDiff(ref, query, base);
  }
  flameDiff({ ref, query, base }) {
    return this.core.flameDiff(ref, query, base);
  }
  verifications() {
    return this.core.verifications();
  }
  verify({ step }) {
    return this.core.verify(step.step === 'begin-run' ? { ...step, settings: {} } : step);
  }
  logOverview({ readOn }) {
    return this.core.logOverview(readOn, this.locale);
  }
  logRequests({ query }) {
    return this.core.logRequests(query);
  }
  traceComparison() {
    return { ok: true, value: null };
  }
  decisions() {
    return [];
  }
  openSource() {
    return { ok: true, value: null };
  }
  command() {
    return { ok: true, value: null };
  }
  timeline({ query }) {
    if (query.incident !== null) return this.core.timeline(query);
    const [from_ns, to_ns] = [query.from_ns ?? 0, query.to_ns ?? this.status.at_ns];
    const rss = session.rss
      .filter(([at]) => at >= from_ns && at <= to_ns)
      .map(([at_ns, rss_bytes]) => ({ at_ns, rss_bytes }));
    const lanes = [];
    const requests = session.requests.map((request) => {
      const free = lanes.findIndex((end) => end <= request.start_ns);
      const lane = free < 0 ? lanes.length : free;
      lanes[lane] = request.end_ns;
      return { request: requestRecord(request), lane };
    });
    const stalls = [firstStall, secondStall].map(({ start_ns, end_ns }) => ({
      incident: null,
      start_ns,
      end_ns,
    }));
    const captures = session.profiles.map(({ kind, trigger_ns, received_ns }) => ({
      kind,
      state: 'complete',
      trigger_ns,
      received_ns,
    }));
    return {
      ok: true,
      value: {
        from_ns,
        to_ns,
        origin_unix_ms: session.origin_unix_ms,
        rss,
        requests,
        captures,
        stalls,
        phases: [],
      },
    };
  }
}
