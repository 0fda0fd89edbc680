// Ten minutes of ordinary work on gopls's own source: edits, saves, hovers. gopls is healthy, so nothing may be said of a
// leak in all that time, while RSS goes up and down by hundreds of MB.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { EventLog, addon, coreOptions, value } from '../addon/support/core.mjs';
import { editUnder } from '../lib/editing.mjs';
import { Gopls } from '../lib/gopls.mjs';
import { gopls as goplsFile, goplsSource } from '../tools/lib/paths.mjs';
import { step } from '../tools/lib/run.mjs';
import { summary } from './lib/statistics.mjs';
import { FILE, TYPE } from './lib/workspace.mjs';

const MINUTE = 60_000;
const DURATION_MS = 10 * MINUTE;
const MB = 1e6;
const ACCUSATIONS = ['live-heap-growing', 'goroutine-growth'];

export async function editing() {
  const scratch = fs.mkdtempSync(path.join(os.tmpdir(), 'stallscope-editing-'));
  const events = new EventLog();
  const core = addon.createCore(coreOptions(path.join(scratch, 'storage'), { workspace: [goplsSource()] }));
  value(core.start(events.receive));
  const gopls = new Gopls({
    executable: goplsFile(),
    workspace: goplsSource(),
    cache: path.join(scratch, 'cache'),
  });
  try {
    const document = await step('editing: load the workspace', async () => {
      await gopls.initialize();
      const opened = gopls.open(FILE);
      await events.until('the end of the load', (e) => e.kind === 'load-finished', { timeoutMs: 3 * MINUTE });
      return opened;
    });
    const found = await step('editing: ten minutes of edits', () =>
      editUnder(core, gopls, { document, text: TYPE }, DURATION_MS),
    );
    return report(found);
  } finally {
    await core.stop();
    await gopls.kill();
    fs.rmSync(scratch, { recursive: true, force: true });
  }
}

function report({ rounds, views }) {
  const last = views.at(-1);
  const kinds = {};
  for (const { verdict } of views) kinds[verdict.kind] = (kinds[verdict.kind] ?? 0) + 1;
  const accused = ACCUSATIONS.reduce((count, kind) => count + (kinds[kind] ?? 0), 0);
  const rss = summary(views.map(({ waterfall }) => waterfall.rss_bytes / MB));
  const live = summary(last.cycles.map(({ live_bytes: bytes }) => bytes / MB));
  const range = ({ min, max }) => `${min.toFixed(0)} to ${max.toFixed(0)} MB`;
  return {
    commands: [
      'a Node process with the addon and gopls its child; see test/lib/editing.mjs for a round of edits',
    ],
    notes: [
      'After the load of a cold cache. What is judged is the live heap after each of gopls’s own GC cycles, read while nobody waits.',
    ],
    rows: [
      { what: 'editing: rounds of edit, hover, save', wanted: '', measured: `${rounds}` },
      { what: 'editing: RSS meanwhile', wanted: '', measured: range(rss) },
      {
        what: 'editing: live heap after a GC cycle',
        wanted: '',
        measured: `${range(live)}, ${last.cycles.length} cycles`,
      },
      {
        what: 'editing: verdicts',
        wanted: '',
        measured: Object.entries(kinds)
          .map(([kind, count]) => `${kind} ${count}`)
          .join(', '),
      },
      {
        what: 'editing: a healthy gopls accused of growing',
        wanted: 'never',
        measured: `${accused} of ${views.length} verdicts`,
        met: accused === 0 && last.verdict.needed_cycles === 0,
      },
    ],
    data: views,
  };
}
