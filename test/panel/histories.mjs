// A history as the core tells it: two months of working days, with an upgrade of gopls that made waits longer.
const DAY_MS = 86_400_000;
const MB = 1e6;
const MS = 1e6;
const SECOND = 1e9;
const HOUR = 3600 * SECOND;
export const SHOP = '/src/shop';
export const OTHER = '/src/tools\n/src/lib';
export const UPGRADE_DAY = 20;

/** The view of a query's days: nothing on weekends. */
export function historyOf({ midnights_unix_ms: midnights, workspace, method }) {
  const from = midnights.slice(0, -1);
  const first = Math.max(0, from.length - 60);
  const worked = from
    .map((from_unix_ms, index) => ({ from_unix_ms, index: index - first }))
    .filter(({ from_unix_ms, index }) => index >= 0 && new Date(from_unix_ms).getUTCDay() % 6 !== 0);
  const changed_ms = from[first] + UPGRADE_DAY * DAY_MS;
  const slow = ({ from_unix_ms }) => from_unix_ms >= changed_ms;
  const days = worked.map((day) => ({
    from_unix_ms: day.from_unix_ms,
    watched_ns: 7 * HOUR,
    waits: 240 + 13 * (day.index % 7),
    p50_ns: (slow(day) ? 95 : 40) * MS + (day.index % 5) * MS,
    p95_ns: (slow(day) ? 900 : 320) * MS + (day.index % 4) * 20 * MS,
    stalls: slow(day) ? 4 + (day.index % 5) : day.index % 3,
    stalled_ns: 2 * SECOND,
  }));
  const memory = (scale) =>
    worked.map((day) => ({
      from_unix_ms: day.from_unix_ms,
      rss_average_bytes: scale * (600 + 4 * day.index) * MB,
      rss_peak_bytes: scale * (1100 + 30 * (day.index % 6)) * MB,
      live_bytes: scale * 280 * MB,
    }));
  const workspaces = [
    { workspace: SHOP, watched_ns: 190 * HOUR, rss_peak_bytes: 1250 * MB, days: memory(1) },
    { workspace: OTHER, watched_ns: 12 * HOUR, rss_peak_bytes: 420 * MB, days: memory(0.3) },
  ];
  const methods = [
    { method: 'textDocument/hover', waits: 7200, p50_ns: 41 * MS, p95_ns: 610 * MS, stalls: 61 },
    { method: 'textDocument/definition', waits: 2100, p50_ns: 38 * MS, p95_ns: 400 * MS, stalls: 12 },
    { method: 'save', waits: 830, p50_ns: 160 * MS, p95_ns: 1.9 * SECOND, stalls: 33 },
    { method: 'textDocument/implementation', waits: 0, p50_ns: null, p95_ns: null, stalls: 2 },
  ];
  return {
    days,
    methods: method === null ? methods : methods.filter((one) => one.method === method),
    workspaces: workspace === null ? workspaces : workspaces.filter((one) => one.workspace === workspace),
    known_workspaces: [SHOP, OTHER],
    changes: [
      {
        at_unix_ms: changed_ms - 5 * DAY_MS,
        part: 'go',
        from: 'go1.26.1',
        to: 'go1.26.2',
        before: {
          days: 9,
          waits: 2300,
          p50_ns: 42 * MS,
          p95_ns: 360 * MS,
          stalls: 9,
          rss_average_bytes: 630 * MB,
        },
        after: {
          days: 2,
          waits: 500,
          p50_ns: 41 * MS,
          p95_ns: 350 * MS,
          stalls: 2,
          rss_average_bytes: 640 * MB,
        },
        waits: 'unknown',
        memory: 'unknown',
        chance: 0.04,
      },
      {
        at_unix_ms: changed_ms,
        part: 'gopls',
        from: 'v0.22.0',
        to: 'v0.23.0',
        before: {
          days: 12,
          waits: 3100,
          p50_ns: 42 * MS,
          p95_ns: 360 * MS,
          stalls: 11,
          rss_average_bytes: 640 * MB,
        },
        after: {
          days: 21,
          waits: 5800,
          p50_ns: 97 * MS,
          p95_ns: 930 * MS,
          stalls: 121,
          rss_average_bytes: 660 * MB,
        },
        waits: 'worse',
        memory: 'same',
        chance: 0.000_002,
      },
    ],
    since_unix_ms: from[first],
    disk_bytes: 1_240_000,
  };
}

/** Where nothing was kept yet. */
export const NO_HISTORY = {
  days: [],
  methods: [],
  workspaces: [],
  known_workspaces: [],
  changes: [],
  since_unix_ms: null,
  disk_bytes: 0,
};
