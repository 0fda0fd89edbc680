// What asking the history costs, with a year in it.
import { run } from '../tools/lib/run.mjs';
import { example } from './lib/examples.mjs';
import { spread } from './lib/report.mjs';

const WORKSPACES = 3;

export async function history() {
  const { stdout } = await run(example('history_cost'), [String(WORKSPACES)]);
  const data = JSON.parse(stdout);
  const { reads_ms: reads, keep_ms: keep, disk_bytes: bytes, days } = data;
  return {
    commands: [`history_cost ${WORKSPACES}`],
    notes: [
      `A year of ${days} days with ten hours, ${WORKSPACES} workspaces, six methods and an upgrade of gopls a month. ` +
        'Each question opens the file, as the panel’s does.',
    ],
    rows: [
      {
        what: 'history: a year, asked for',
        wanted: '< 100 ms',
        measured: spread(reads, 'ms'),
        met: Math.max(...reads) < 100,
      },
      { what: 'history: a minute, kept', wanted: '', measured: spread([keep], 'ms', 2) },
      {
        what: 'history: a year on disk',
        wanted: '< 50 MB',
        measured: spread([bytes / 1e6], 'MB'),
        met: bytes < 50e6,
      },
    ],
    data,
  };
}
