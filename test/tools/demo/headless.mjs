// The demo without a person: hovers, waits for the stall, opens the panel, and judges what was caught.
import fs from 'node:fs';
import path from 'node:path';
import { cli, out } from '../lib/paths.mjs';
import { Failure, run, step } from '../lib/run.mjs';

const TOP_ROWS = 8;
const RECORD_TIMEOUT_MS = 60_000;

/** @param {import('../../workbench/driver/workbench.mjs').Workbench} workbench */
export async function demoHeadless(workbench) {
  const { SNAPSHOT_TEXT, openSnapshot } = await import('../../workbench/driver/scenario.mjs');
  const folder = path.join(out, 'demo');
  fs.rmSync(folder, { recursive: true, force: true });
  fs.mkdirSync(folder, { recursive: true });
  const editor = await step('open the editor', () => workbench.open());
  const picture = (name) => editor.screenshot(path.join(folder, `${name}.png`));

  const hover = await step('open a file and hover', async () => {
    await openSnapshot(editor);
    return editor.hover(SNAPSHOT_TEXT, { timeoutMs: 120_000, onLoading: () => picture('1-loading') });
  });
  await picture('2-answered');
  const caught = await step('wait for the incident', () =>
    editor.waitFor('an incident with a heap captured during it', () => best(workbench.readIncidents()), {
      timeoutMs: RECORD_TIMEOUT_MS,
    }),
  ).catch(() => undefined);
  if (!caught) {
    const seen = workbench.readIncidents().map(({ incident }) => `${incident.id} (${incident.state})`);
    await picture('3-nothing-caught');
    throw new Failure(
      `The hover took ${hover.answeredAtMs - hover.askedAtMs} ms, and no stall with a heap captured during it was ` +
        `recorded. Incidents: ${seen.join(', ') || 'none'}. Pictures: ${folder}`,
    );
  }
  fs.cpSync(caught.dir, path.join(folder, 'incident', caught.id), { recursive: true });

  await step('open the panel', async () => {
    await editor.command('Stallscope: Show Panel');
    const panel = await editor.webview('.incident');
    await panel.locator('.incident').first().click();
    await panel.locator('.chart rect.stall').waitFor({ timeout: 30_000 });
    await picture('3-panel');
    await panel.getByRole('tab', { name: 'Heap' }).click();
    await panel.locator('.grid-row').first().waitFor({ timeout: 30_000 });
    await picture('4-heap');
    await panel.getByRole('tab', { name: 'Flame graph' }).click();
    await panel.getByRole('treeitem').first().waitFor({ timeout: 30_000 });
    await picture('5-flame-graph');
  });
  console.log(await summary(caught, hover));
  console.log(`Pictures and the incident: ${folder}`);
}

/** The last one: it saw most of the growth. */
const duringHeap = ({ incident }) =>
  incident.captures.findLast(
    ({ kind, state, during_request }) => kind === 'heap' && state === 'complete' && during_request,
  );

/** The finished incident with a heap taken during the wait; the hover's own, if it is there. */
function best(incidents) {
  const good = incidents.filter((entry) => entry.incident.state === 'complete' && duringHeap(entry));
  return good.find(({ incident }) => incident.request.method === 'textDocument/hover') ?? good[0];
}

async function summary(caught, hover) {
  const { incident, dir } = caught;
  const { request, rss, gopls } = incident;
  const heap = duringHeap(caught);
  const heaps = incident.captures.filter(({ kind }) => kind === 'heap').length;
  const ms = (ns) => `${(ns / 1e6).toFixed(0)} ms`;
  const mb = (bytes) => `${(bytes / 1e6).toFixed(0)} MB`;
  const afterStart = (ns) => `${ms(ns - request.start_ns)} after the request began`;
  const { stdout } = await run(cli, [
    'analyze',
    path.join(dir, heap.file),
    '--json',
    '--top',
    String(TOP_ROWS),
  ]);
  const table = JSON.parse(stdout);
  return `
Caught     ${request.method} in gopls ${gopls.version ?? '(version unknown)'}, pid ${gopls.pid}
Duration   ${ms(request.duration_ns)} by ${incident.latency_source} (the browser saw ${hover.answeredAtMs - hover.askedAtMs} ms)
RSS        ${mb(rss.start_bytes)} at its start, ${mb(rss.peak_bytes)} at most, ${mb(rss.end_bytes)} at its end
Heap       of ${heaps}, the last: rule ${heap.trigger} fired ${afterStart(heap.trigger_ns)}; last byte ${afterStart(heap.received_ns)};
           the request ended ${afterStart(request.end_ns)}: captured during the wait
           ${heap.file}, ${heap.size_bytes} bytes on disk, ${mb(table.total)} ${table.sample_type}
${table.rows.map(({ function: name, flat, cum }) => `           ${mb(flat).padStart(8)} flat ${mb(cum).padStart(8)} cum  ${name}`).join('\n')}
`;
}
