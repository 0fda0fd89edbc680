// A cache of gopls with a directory of every kind, for the page that shows it.

const NOW = 1_795_500_000_000;
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

function size(megabytes, files, used, oldest = used) {
  const bytes = megabytes * 1e6;
  const kinds = {};
  for (const [kind, share] of [
    ['cas', 0.94],
    ['typerefs', 0.02],
    ['xrefs', 0.015],
    ['methodsets', 0.015],
    ['diagnostics', 0.01],
  ])
    kinds[kind] = { files: Math.round(files / 5), bytes: Math.round(bytes * share) };
  return {
    bytes,
    files,
    kinds,
    newest_unix_ms: NOW - used,
    oldest_unix_ms: NOW - oldest,
    complete: true,
  };
}

function executable(path, version, pids, installed = true) {
  return { path, sha256: 'ab'.repeat(32), version, go_version: 'go1.26.0', pids, installed };
}

const directory = (name, owner, held, executables = [], why = null) => ({
  name,
  owner,
  executables,
  size: held,
  why,
});

const DIRECTORIES = [
  directory('5f0c61e2', 'running', size(612, 84_211, HOUR, 4 * DAY), [
    executable('/home/gopher/go/bin/gopls', 'v0.23.0', [4711]),
  ]),
  directory('a91b07d3', 'installed', size(118, 20_466, 30 * HOUR, 3 * DAY), [
    executable('/home/gopher/go/bin/gopls-v0.22', 'v0.22.0', []),
    executable('/home/gopher/.local/bin/gopls-old', 'v0.22.0', []),
  ]),
  directory('77c2e40a', 'orphan', size(391, 61_007, 2 * DAY, 4 * DAY)),
  directory('0d1e2f3a', 'orphan', size(21, 4_100, 4 * DAY)),
  directory('c0ffee00', 'unsure', { ...size(64, 9_000, 5 * HOUR), complete: false }),
  directory('12ab34cd.stallscope-removing-1', 'leftover', size(4.2, 310, 3 * DAY)),
  directory('global', 'unrecognised', null, [], 'its name is not one that gopls gives'),
];

export const GO_CACHES = [
  {
    name: 'build',
    folder: '/home/gopher/.cache/go-build',
    bytes: 7.3e9,
    files: 48_201,
    complete: true,
    command: ['go', 'clean', '-cache'],
  },
  {
    name: 'modules',
    folder: '/home/gopher/go/pkg/mod',
    bytes: 11.8e9,
    files: 402_113,
    complete: false,
    command: ['go', 'clean', '-modcache'],
  },
];

/** What the extension answers, with some of it changed. */
export function cachePage({ own = {}, work = 'none', emptied = null, ...view } = {}) {
  const cache = {
    folder: '/home/gopher/.cache/gopls',
    disk: { free_bytes: 38e9, total_bytes: 512e9, remote: null },
    directories: structuredClone(DIRECTORIES),
    blind: [{ kind: 'script', path: '/home/gopher/bin/gopls-wrapper' }],
  };
  const { name, size: held } = DIRECTORIES[0];
  return {
    view: {
      cache,
      removable: { directories: 3, files: 65_417, bytes: 416.2e6, complete: true },
      own: own && { name, size: held, pids: [4711], held: null, ...own },
      now_unix_ms: NOW,
      ...view,
    },
    work,
    emptied,
  };
}

export const EMPTIED = {
  name: '5f0c61e2',
  bytes: 612e6,
  cold: { duration_ns: 31.4e9, peak_rss_bytes: 1.62e9 },
  warm: null,
};
