// Writes incident folders for the harness, in the layout the core reads. RSS and requests are as recorded from a
// real gopls (record.mjs), the heap profiles are real ones of test/fixtures; which profile goes with which stall
// and when it was triggered is put together here. Development data: it never ships.
import fs from 'node:fs';
import path from 'node:path';
import zlib from 'node:zlib';
import { repo } from '../tools/lib/paths.mjs';

const MS = 1e6;
const profiles = path.join(repo, 'test/fixtures/profiles');
const pages = path.join(repo, 'test/fixtures/memory');
export const session = JSON.parse(
  zlib.gunzipSync(fs.readFileSync(path.join(import.meta.dirname, 'recorded/session.json.gz'))).toString(),
);

/** What a first hover was for, as recorded by test/addon/stall.test.mjs; at another time, and as long as `main` was. */
const recordedWait = JSON.parse(
  fs.readFileSync(path.join(import.meta.dirname, 'recorded/wait.json'), 'utf8'),
);
function waitOf(main) {
  const { start_ns, end_ns, wait } = recordedWait;
  const stretch = (main.end_ns - main.start_ns) / (end_ns - start_ns);
  const at = (ns) => Math.round(main.start_ns + (ns - start_ns) * stretch);
  return {
    ...wait,
    phases: wait.phases.map((phase) => ({ ...phase, duration_ns: Math.round(phase.duration_ns * stretch) })),
    slices: wait.slices.map((slice) => ({
      ...slice,
      begin_ns: at(slice.begin_ns),
      end_ns: at(slice.end_ns),
    })),
    queued_behind: wait.queued_behind.map(({ method, duration_ns }) => ({
      method,
      duration_ns: Math.round(duration_ns * stretch),
    })),
  };
}

/** What garbage collection cost such a hover, as recorded by test/alone/gc.test.mjs; moved to where `main` was. */
export const recordedGc = JSON.parse(
  fs.readFileSync(path.join(import.meta.dirname, 'recorded/gc.json'), 'utf8'),
);
function gcOf(main) {
  const { start_ns, end_ns, gc } = recordedGc.wait;
  // What was read before or after it stays as far from the one end or the other.
  const at = (ns) => (ns <= end_ns ? main.start_ns + ns - start_ns : main.end_ns + ns - end_ns);
  const moved = (reading) => reading && { ...reading, at_ns: at(reading.at_ns) };
  const { cycles_seen: seen } = gc;
  return {
    ...gc,
    begin: moved(gc.begin),
    end: moved(gc.end),
    cycles_seen: seen && { ...seen, from_ns: at(seen.from_ns), to_ns: at(seen.to_ns) },
  };
}

const INTERACTIVE = /hover|references|symbol$|implementation/;
export const requestRecord = ({ method, start_ns, end_ns, uri }) => ({
  method,
  start_ns,
  end_ns,
  duration_ns: end_ns - start_ns,
  start_source: 'observer',
  end_source: 'gopls-latency',
  uncertainty_ns: 2.1 * MS,
  interactive: INTERACTIVE.test(method),
  uri,
  line: uri ? 273 : null,
});
const requests = session.requests.filter(({ method }) => method !== 'initialize').map(requestRecord);
export const [firstStall, secondStall] = ['textDocument/hover', 'workspace/symbol'].map((method) =>
  requests.find((request) => request.method === method),
);

const gopls = {
  pid: 4711,
  started_unix_ms: session.origin_unix_ms,
  exe: '/home/gopher/go/bin/gopls',
  version: session.gopls,
  go_version: 'go1.26.8',
};

function capture(number, kind, trigger_ns, file, extra = {}) {
  const size_bytes = file ? fs.statSync(path.join(profiles, file)).size : 0;
  return {
    number,
    kind,
    state: 'complete',
    file: file ? `${number}-${kind}.pb.gz` : '',
    size_bytes,
    trigger: kind === 'heap' ? 'heap-on-growth' : kind,
    trigger_ns,
    sent_ns: trigger_ns + 2 * MS,
    first_byte_ns: trigger_ns + 130 * MS,
    received_ns: trigger_ns + 142 * MS,
    on_disk_ns: trigger_ns + 145 * MS,
    during_request: kind === 'heap',
    inuse_space_bytes: null,
    error: null,
    source: file,
    ...extra,
  };
}

/** The runtime's statistics of a loaded gopls, and the process at that moment. */
function memory(number, trigger_ns) {
  const page = path.join(pages, 'v0.23.0-loaded.html');
  const resident = JSON.parse(fs.readFileSync(path.join(pages, 'v0.23.0-loaded.resident.json'), 'utf8'));
  return {
    ...capture(number, 'memory', trigger_ns, null, { resident }),
    file: `memory-${number}.html`,
    size_bytes: fs.statSync(page).size,
    page,
  };
}

function incident(
  main,
  { captures, decisions, notes = [], load = null, wait = null, causes = [], gc = null },
) {
  const started = new Date(session.origin_unix_ms + main.start_ns / MS);
  const [from, to] = [main.start_ns - 2000 * MS, main.end_ns + 1500 * MS];
  const series = session.rss
    .filter(([at]) => at >= from && at <= to)
    .map(([at_ns, rss_bytes]) => ({ at_ns, rss_bytes }));
  const during = series.filter(({ at_ns }) => at_ns >= main.start_ns && at_ns <= main.end_ns);
  const values = during.map(({ rss_bytes }) => rss_bytes);
  const rises = during.map(({ rss_bytes }, i) => rss_bytes - during[Math.max(0, i - 10)].rss_bytes);
  return {
    format: 1,
    id: `${started.toISOString().replaceAll(/[-:]/g, '')}-${main.method.split('/').pop()}-4711`,
    state: 'complete',
    origin_unix_ns: `${session.origin_unix_ms}000000`,
    started_at: started.toISOString(),
    gopls,
    workspace: ['/home/gopher/gopls'],
    request: main,
    requests: requests.filter(({ start_ns, end_ns }) => start_ns < main.end_ns && end_ns > main.start_ns),
    latency_source: 'counters',
    load,
    wait,
    gc,
    causes,
    rss: {
      start_bytes: values[0],
      peak_bytes: Math.max(...values),
      end_bytes: values.at(-1),
      steepest_rise_bytes: Math.max(...rises),
    },
    series,
    captures,
    decisions,
    notes,
    cost: { debug_requests: 46, debug_bytes: 214_000, debug_open_ns: 380 * MS },
  };
}

const decision = (at_ns, rule, reason, values) => ({ at_ns, rule, fired: reason === '', reason, values });
const stalled = (main, age_ms) =>
  decision(main.start_ns + age_ms * MS, 'stall', '', {
    method: main.method,
    age_ms,
    limit_ms: 200,
    how: 'in-flight',
  });
const grown = { rise_bytes: 31_457_280, limit_bytes: 15e6, window_ms: 500 };

/** A first load, its heap captured twice, without a baseline. */
export function firstLoad() {
  const start = firstStall.start_ns;
  return incident(firstStall, {
    wait: waitOf(firstStall),
    gc: gcOf(firstStall),
    captures: [
      capture(1, 'heap', start + 214 * MS, 'gopls-v0.23.0-early.pb.gz', { inuse_space_bytes: 104_857_600 }),
      capture(2, 'heap', start + 1460 * MS, 'gopls-v0.23.0-loading.pb.gz', { trigger: 'heap-high-water' }),
    ],
    decisions: [
      stalled(firstStall, 206),
      decision(start + 214 * MS, 'heap-on-growth', '', grown),
      decision(start + 1460 * MS, 'heap-high-water', '', { rss_bytes: 512e6, last_capture_rss_bytes: 231e6 }),
    ],
    load: {
      start_ns: start - 60 * MS,
      end_ns: firstStall.end_ns + 900 * MS,
      peak_rss_bytes: 1.1e9,
      earlier: [{ duration_ns: 3.1e9, peak_rss_bytes: 1.05e9 }],
      ordinary: true,
    },
  });
}

/** A later stall, compared with a calm baseline, and with something to note. */
export function laterStall() {
  const start = secondStall.start_ns;
  const waited = secondStall.duration_ns;
  return incident(secondStall, {
    causes: [
      cause('cpu-starved', 0.62 * waited, waited, 'likely', {
        on_cpu_ns: 0.4 * waited,
        run_delay_ns: 1.5 * waited,
        cpus: 2,
        load_average: 6.4,
      }),
      cause('go-command', 0.24 * waited, waited, 'known', {
        command: 'go list -e -json=Name,ImportPath,… -- ./...',
        command_ns: 0.25 * waited,
        command_cpu_ns: 0.01 * waited,
        command_waited: 1,
      }),
      cause('type-checking', 0.09 * waited, waited, 'possible', { looks: 9 }),
      cause('unknown', 0.05 * waited, waited, 'possible', {}),
    ],
    captures: [
      capture(1, 'heap', start + 640 * MS, 'gopls-v0.23.0-loaded.pb.gz', { inuse_space_bytes: 612e6 }),
      capture(2, 'baseline', start - 1900 * MS, 'gopls-v0.23.0-loading.pb.gz', { during_request: null }),
      memory(3, start + 790 * MS),
    ],
    decisions: [
      stalled(secondStall, 211),
      decision(start + 330 * MS, 'heap-on-growth', 'one-at-a-time', grown),
      decision(start + 640 * MS, 'heap-on-growth', '', grown),
    ],
    notes: [
      { code: 'debug-server-failing', values: { address: '127.0.0.1:43211', error: 'no answer within 2 s' } },
    ],
  });
}

const cause = (kind, duration_ns, waited_ns, confidence, evidence) => ({
  kind,
  duration_ns: Math.round(duration_ns),
  share: duration_ns / waited_ns,
  slow: duration_ns > 150 * MS,
  confidence,
  evidence,
});

/** A stall without a heap. */
export function withoutHeap() {
  const calm = incident(secondStall, {
    captures: [],
    decisions: [
      stalled(secondStall, 220),
      decision(secondStall.end_ns, 'heap-on-growth', 'below-threshold', { ...grown, rise_bytes: 4.2e6 }),
    ],
  });
  return {
    ...calm,
    id: calm.id.replace('symbol', 'completion'),
    request: { ...calm.request, method: 'textDocument/completion' },
  };
}

/** Puts incidents under `storage`; one more that cannot be read, when asked. */
export function writeIncidents(storage, list, { unreadable = false } = {}) {
  for (const entry of list) {
    const folder = path.join(storage, 'incidents', entry.id);
    fs.mkdirSync(folder, { recursive: true });
    const captures = entry.captures.map(({ source, page, ...rest }) => {
      if (source) fs.copyFileSync(path.join(profiles, source), path.join(folder, rest.file));
      if (page) fs.copyFileSync(page, path.join(folder, rest.file));
      return rest;
    });
    fs.writeFileSync(path.join(folder, 'incident.json'), JSON.stringify({ ...entry, captures }));
  }
  if (unreadable) {
    const folder = path.join(storage, 'incidents', '20260101T000000.000Z-hover-1');
    fs.mkdirSync(folder, { recursive: true });
    fs.writeFileSync(path.join(folder, 'incident.json'), '{"format":1,');
  }
}
