// The closing table: one line per version of gopls.

const COLUMNS = {
  gopls: ({ version }) => version,
  Go: ({ seen }) => seen?.goVersion,
  found: ({ seen }) => seen && ms(seen.foundMs),
  source: ({ incident }) => incident?.latency_source,
  'hover by client': ({ seen }) => seen && ms(seen.hover.answeredUnixMs - seen.hover.askedUnixMs),
  'by us': ({ incident }) => incident && byUs(incident.request),
  'heap during the wait': ({ entry }) => entry && heap(entry),
  'RSS before → peak': ({ incident }) =>
    incident && `${mb(incident.rss.start_bytes)} → ${mb(incident.rss.peak_bytes)}`,
  tests: ({ counts }) => `${counts.passed} passed, ${counts.failed} failed`,
};

/** @param {{ version: string, counts: { passed: number, failed: number }, seen?: object }[]} results */
export function table(results) {
  const rows = results.map((result) => {
    const entry = result.seen?.incidents[0];
    const cells = { ...result, entry, incident: entry?.incident };
    return Object.values(COLUMNS).map((cell) => cell(cells) ?? '–');
  });
  const lines = [Object.keys(COLUMNS), ...rows];
  const widths = lines[0].map((_, column) => Math.max(...lines.map((line) => line[column].length)));
  return lines
    .map((line) =>
      line
        .map((cell, column) => cell.padEnd(widths[column]))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

const ms = (value) => `${value.toFixed(0)} ms`;
const mb = (bytes) => `${(bytes / 1e6).toFixed(0)} MB`;

function byUs({ duration_ns, uncertainty_ns }) {
  if (duration_ns === undefined || duration_ns === null) return 'not ended';
  return `${ms(duration_ns / 1e6)} ± ${(uncertainty_ns / 1e6).toFixed(0)}`;
}

/** The latest heap of the wait: the first of a ramp-up shows the least. */
function heap({ incident, heaps }) {
  const during = heaps.filter(({ capture }) => capture.during_request);
  if (during.length === 0) return 'none';
  const { capture } = during.at(-1);
  const afterMs = (capture.received_ns - incident.request.start_ns) / 1e6;
  return `${mb(capture.inuse_space_bytes)} after ${ms(afterMs)}${during.length > 1 ? ` (of ${during.length})` : ''}`;
}
