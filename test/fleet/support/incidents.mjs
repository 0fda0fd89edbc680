// Incidents on disk as the core writes them, of a machine with telling names. What a first hover was spent on is as it was
// recorded from a real gopls.
import fs from 'node:fs';
import path from 'node:path';
import { repo } from '../../tools/lib/paths.mjs';

const recorded = JSON.parse(fs.readFileSync(path.join(repo, 'test/panel/recorded/wait.json'), 'utf8'));
const HEAP = path.join(repo, 'test/fixtures/profiles/gopls-v0.23.0-loading.pb.gz');
/** What must not leave the machine. */
export const TELLING = ['gopherina', 'secret-plan', 'corp.example'];
const S = 1e9;

const stamp = (ms) => new Date(ms).toISOString().replaceAll(/[-:]/g, '');

let count = 0;

/**
 * Writes one that ended a moment ago, and returns it.
 *
 * @param {string} storage
 * @param {{ method?: string, seconds?: number, cause?: string, rssMb?: number, heapMb?: number, state?: string, phases?: boolean }} [of]
 */
export function writeIncident(storage, of = {}) {
  const {
    method = 'textDocument/hover',
    seconds = 6,
    cause = 'type-checking',
    rssMb = 900,
    heapMb,
    state = 'complete',
    phases = false,
  } = of;
  count += 1;
  const nowMs = Date.now();
  // An odd number of nanoseconds: what is lost on the way shows.
  const duration_ns = Math.round(seconds * S) + 123 + count;
  const start_ns = 2 * S + 1;
  const end_ns = start_ns + duration_ns;
  const origin = BigInt(nowMs) * 1_000_000n + BigInt(count) - BigInt(end_ns);
  const id = `${stamp(nowMs - seconds * 1000)}-${method.split('/').at(-1)}-${10_000 + count}`;
  const request = {
    method,
    start_ns,
    end_ns,
    duration_ns,
    start_source: 'observer',
    end_source: 'gopls-latency',
    uncertainty_ns: 2e6,
    interactive: true,
    uri: 'file:///home/gopherina/secret-plan/internal/billing.go',
    line: 7,
  };
  const folder = path.join(storage, 'incidents', id);
  fs.mkdirSync(folder, { recursive: true });
  const captures = [];
  if (heapMb !== undefined) {
    fs.copyFileSync(HEAP, path.join(folder, 'heap-1.pb.gz'));
    captures.push({
      number: 1,
      kind: 'heap',
      state: 'complete',
      file: 'heap-1.pb.gz',
      size_bytes: fs.statSync(HEAP).size,
      trigger: 'heap-on-growth',
      trigger_ns: 3 * S,
      sent_ns: 3 * S,
      first_byte_ns: 3.1 * S,
      received_ns: 3.2 * S,
      on_disk_ns: 3.3 * S,
      during_request: true,
      inuse_space_bytes: heapMb * 1e6,
      error: null,
    });
  }
  const incident = {
    format: 1,
    id,
    state,
    origin_unix_ns: String(origin),
    started_at: new Date(nowMs - seconds * 1000).toISOString(),
    gopls: {
      pid: 10_000 + count,
      started_unix_ms: nowMs - 1e6,
      exe: '/home/gopherina/go/bin/gopls',
      version: 'v0.23.0',
      go_version: 'go1.26.8',
    },
    workspace: ['/home/gopherina/secret-plan'],
    request,
    requests: [request],
    latency_source: 'counters',
    load: null,
    wait: phases ? waitOf(request) : null,
    causes: [
      {
        kind: cause,
        duration_ns: Math.round(duration_ns / 2),
        share: 0.5,
        slow: true,
        confidence: 'known',
        evidence: { command: 'go list corp.example/lib' },
      },
    ],
    rss: { start_bytes: 2e8, peak_bytes: rssMb * 1e6, end_bytes: rssMb * 1e6 - 7, steepest_rise_bytes: 1e8 },
    series: [
      { at_ns: start_ns, rss_bytes: 2e8 },
      { at_ns: end_ns, rss_bytes: rssMb * 1e6 - 7 },
    ],
    captures,
    decisions: [],
    notes: [],
    cost: { debug_requests: 1, debug_bytes: 1, debug_open_ns: 1 },
  };
  fs.writeFileSync(path.join(folder, 'incident.json'), JSON.stringify(incident));
  return incident;
}

/** The recorded phases, stretched over this request without a gap. */
function waitOf({ start_ns, end_ns }) {
  const stretch = (end_ns - start_ns) / (recorded.end_ns - recorded.start_ns);
  const at = (ns) =>
    ns === recorded.end_ns ? end_ns : Math.round(start_ns + (ns - recorded.start_ns) * stretch);
  const slices = recorded.wait.slices.map((slice) => ({
    ...slice,
    begin_ns: at(slice.begin_ns),
    end_ns: at(slice.end_ns),
  }));
  return { ...recorded.wait, slices, queued_behind: [] };
}
