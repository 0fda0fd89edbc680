import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HistoryView } from '../../shared/model';
import { columns } from './columns';

const DAY = 86_400_000;
const MIDNIGHTS = [0, 1, 2, 3, 4].map((day) => day * DAY);

const VIEW: HistoryView = {
  days: [
    { from_unix_ms: DAY, watched_ns: 1, waits: 2, p50_ns: 3, p95_ns: 4, stalls: 1, stalled_ns: 5 },
    { from_unix_ms: 3 * DAY, watched_ns: 1, waits: 0, p50_ns: null, p95_ns: null, stalls: 0, stalled_ns: 0 },
  ],
  methods: [],
  workspaces: [
    {
      workspace: '/w',
      watched_ns: 2,
      rss_peak_bytes: 9,
      days: [{ from_unix_ms: 2 * DAY, rss_average_bytes: 7, rss_peak_bytes: 9, live_bytes: null }],
    },
  ],
  known_workspaces: ['/w'],
  changes: [
    {
      at_unix_ms: 3 * DAY + 5,
      part: 'gopls',
      from: 'v1',
      to: 'v2',
      before: { days: 1, waits: 2, p50_ns: 3, p95_ns: 4, stalls: 1, rss_average_bytes: 7 },
      after: { days: 0, waits: 0, p50_ns: null, p95_ns: null, stalls: 0, rss_average_bytes: null },
      waits: 'unknown',
      memory: 'unknown',
      chance: 1,
    },
  ],
  since_unix_ms: 0,
  disk_bytes: 1,
};

test('a column for each day from the first that has something', () => {
  const all = columns(VIEW, MIDNIGHTS);
  assert.deepEqual(
    all.map(({ from_unix_ms, day, memory, changes }) => [
      from_unix_ms / DAY,
      day?.stalls ?? null,
      memory?.peak_bytes ?? null,
      changes.length,
    ]),
    [
      [1, 1, null, 0],
      [2, null, 9, 0],
      [3, 0, null, 1],
    ],
  );
  assert.deepEqual(columns({ ...VIEW, days: [], workspaces: [] }, MIDNIGHTS), []);
});
