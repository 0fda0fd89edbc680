// An incident on disk, written by hand around real profiles: what the reading side is asked about without a gopls.
import fs from 'node:fs';
import path from 'node:path';
import { repo } from '../../tools/lib/paths.mjs';

export const PROFILES = path.join(repo, 'test/fixtures/profiles');
export const INCIDENT = '20261124T041900.123Z-hover-4711';
export const HEAP = 'gopls-v0.23.0-loading.pb.gz';
export const BASELINE = 'gopls-v0.23.0-early.pb.gz';

const SECOND = 1e9;

const capture = (number, kind, file, fields = {}) => ({
  number,
  kind,
  state: 'complete',
  file,
  size_bytes: 0,
  trigger: 'heap-on-growth',
  trigger_ns: 3 * SECOND,
  sent_ns: 3.01 * SECOND,
  first_byte_ns: 3.1 * SECOND,
  received_ns: 3.2 * SECOND,
  on_disk_ns: 3.21 * SECOND,
  during_request: true,
  inuse_space_bytes: null,
  error: null,
  ...fields,
});

/**
 * A hover of four seconds. Its captures: 1 a heap profile, 2 a baseline, 3 goroutines (text), 4 one that failed,
 * 5 one whose file lies elsewhere, as only a forged incident would say.
 */
export function writeIncident(storage, { id = INCIDENT, withBaseline = true } = {}) {
  const folder = path.join(storage, 'incidents', id);
  fs.mkdirSync(folder, { recursive: true });
  fs.copyFileSync(path.join(PROFILES, HEAP), path.join(folder, 'heap-1.pb.gz'));
  fs.copyFileSync(path.join(PROFILES, BASELINE), path.join(folder, 'baseline.pb.gz'));
  fs.writeFileSync(path.join(folder, 'goroutines-3.txt'), 'goroutine profile: total 1\n');
  const request = {
    method: 'textDocument/hover',
    start_ns: 2 * SECOND,
    end_ns: 6 * SECOND,
    duration_ns: 4 * SECOND,
    start_source: 'observer',
    end_source: 'gopls-latency',
    uncertainty_ns: 2e6,
    interactive: true,
    uri: 'file:///w/a.go',
    line: 7,
  };
  const incident = {
    format: 1,
    id,
    state: 'complete',
    origin_unix_ns: '1795493940123000000',
    started_at: '2026-11-24T04:19:00.123Z',
    gopls: { pid: 4711, started_unix_ms: 1795493930000, exe: '/gopls', version: 'v0.23.0', go_version: null },
    workspace: ['/w'],
    request,
    requests: [request],
    latency_source: 'counters',
    load: null,
    rss: { start_bytes: 2e8, peak_bytes: 9e8, end_bytes: 8e8, steepest_rise_bytes: 1e8 },
    series: Array.from({ length: 50 }, (_, i) => ({ at_ns: i * 150e6, rss_bytes: 2e8 + i * 1e7 })),
    captures: [
      capture(1, 'heap', 'heap-1.pb.gz'),
      ...(withBaseline ? [capture(2, 'baseline', 'baseline.pb.gz', { during_request: false })] : []),
      capture(3, 'goroutines', 'goroutines-3.txt'),
      capture(4, 'heap', '', { state: 'failed', error: 'gopls is gone' }),
      capture(5, 'heap', '../../secret.pb.gz'),
    ],
    decisions: [],
    notes: [],
    cost: { debug_requests: 1, debug_bytes: 1, debug_open_ns: 1 },
  };
  fs.writeFileSync(path.join(folder, 'incident.json'), JSON.stringify(incident));
  return folder;
}
