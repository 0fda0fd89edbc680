// gopls's own timing, from the flag to the panel and back; a message log and a trace. One workbench with the real gopls on its
// own source; the steps build on each other.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before } from 'node:test';
import { repo } from '../tools/lib/paths.mjs';
import { testsWithPictures } from '../workbench/driver/pictures.mjs';
import {
  DEBUG_FLAGS,
  SNAPSHOT_TEXT,
  extensionsUnderTest,
  openSnapshot,
  startWorkbench,
} from '../workbench/driver/scenario.mjs';

const STATUS = 'stallscope.stallscope';
const MINUTE = 60_000;
const FLAGS = 'go.languageServerFlags';
const LOG = path.join(repo, 'test/fixtures/logs/v0.23.0.log');

let workbench;
let editor;
/** The incident whose spans came. */
let told;

const { test, picture } = testsWithPictures(() => editor);
const flags = () => workbench.readSettings()[FLAGS];
const panelFrame = () => editor.webview('#root .header');

before(async () => {
  workbench = await startWorkbench({
    extensions: extensionsUnderTest(),
    settings: { 'workbench.colorTheme': 'Dark Modern' },
  });
  editor = await workbench.open();
});
after(() => workbench?.stop());

test('after a yes the flag is there, and gopls restarts with it', { timeout: 2 * MINUTE }, async () => {
  await openSnapshot(editor);
  const [{ pid }] = workbench.goplsProcesses();
  await editor.command("Stallscope: Record gopls's Own Timing (-otel)…");
  const question = await editor.waitFor('the question', () => editor.dialog());
  assert.match(question, /"Record" adds -otel to go\.languageServerFlags in your user settings/);
  assert.match(question, /another program could open that port/);
  assert.deepEqual(flags(), DEBUG_FLAGS, 'nothing changes before the answer');
  await picture('timing-question');
  await editor.answerDialog('Record');
  const { args } = await goplsAfter(pid);
  const [otel, ...rest] = flags();
  assert.match(otel, /^-otel=http:\/\/127\.0\.0\.1:\d+\/stallscope$/);
  assert.deepEqual(rest, DEBUG_FLAGS);
  assert.ok(args.includes(otel), args);
});

test(
  "a cold hover is told by gopls's own spans, and the panel says so",
  { timeout: 2 * MINUTE },
  async (t) => {
    // Cold again: what gopls has in its cache goes. Moved, because it is still being written to.
    fs.renameSync(workbench.goplsCache, `${workbench.goplsCache}-before`);
    await editor.reload();
    await openSnapshot(editor);
    await editor.hover(SNAPSHOT_TEXT, { timeoutMs: MINUTE });
    const isTold = ({ request, wait_by_spans }) => request.method === 'textDocument/hover' && wait_by_spans;
    told = await editor.waitFor('its spans', () =>
      workbench.readIncidents().find(({ incident }) => isTold(incident)),
    );
    const { request, wait_by_spans: wait } = told.incident;
    assert.equal(wait.source, 'spans');
    const sum = wait.phases.reduce((all, { duration_ns }) => all + duration_ns, 0);
    assert.equal(sum, request.end_ns - request.start_ns, 'the phases add up to the wait');
    const unknown = wait.phases.find(({ phase }) => phase === 'unknown')?.share ?? 0;
    t.diagnostic(wait.phases.map(({ phase, share }) => `${phase} ${(100 * share).toFixed(1)} %`).join(', '));
    // The way from the editor to gopls and back is no part of gopls's span; all that is, has a name.
    const within = wait.slices.slice(1, -1);
    assert.ok(
      within.every(({ phase }) => phase !== 'unknown'),
      JSON.stringify(wait.slices),
    );
    assert.ok(unknown < 0.3, `${unknown} of the wait has no name`);
    assert.ok(fs.existsSync(path.join(told.dir, 'spans.json.gz')));

    await editor.command('Stallscope: Show Panel');
    const panel = await panelFrame();
    await panel.getByText("recording gopls's own timing").waitFor();
    await panel.locator('.incident').first().click();
    await panel.getByText("By gopls's own spans: exact.").waitFor();
    const rows = await panel.locator('.wait table.phases tr').count();
    assert.equal(rows, wait.phases.length);
    await picture('timing-phases-dark');
    await editor.chooseTheme('Light Modern', 'vs');
    await panel.getByText("By gopls's own spans: exact.").scrollIntoViewIfNeeded();
    await picture('timing-phases-light');
    assert.match(await editor.statusTooltip(STATUS), /Own timing\s+recording gopls's own timing/);
  },
);

test('its trace has the request, with the phases within it', { timeout: MINUTE }, async () => {
  const file = path.join(workbench.home, 'hover.trace.json');
  await editor.command('Stallscope: Export Trace…');
  await editor.pickRow(/Hover/);
  await editor.pickRow(/Chrome trace events/);
  await editor.saveAs(file);
  await editor.notification(/trace was saved/);
  const slices = JSON.parse(fs.readFileSync(file, 'utf8')).traceEvents.filter(({ ph }) => ph === 'X');
  const main = slices.find(({ args }) => args?.is_main === 'yes');
  assert.equal(main.name, 'textDocument/hover');
  assert.ok(Math.abs(main.dur * 1e3 - told.incident.request.duration_ns) < 1e6, JSON.stringify(main));
  const phases = slices.filter(({ args }) => args?.source === 'spans');
  assert.ok(phases.length >= told.incident.wait_by_spans.phases.length - 1, `${phases.length} phases`);
  for (const { tid, ts, dur } of phases) {
    assert.equal(tid, main.tid);
    assert.ok(ts >= main.ts && ts + dur <= main.ts + main.dur + 1e-3, `${ts} ${dur}`);
  }
  await editor.clearNotifications();
});

test('a log of gopls opens, with its requests', { timeout: MINUTE }, async () => {
  await editor.command('Stallscope: Open gopls Log…');
  await editor.giveFile(LOG, { button: 'Open Log' });
  const panel = await editor.webview('table[aria-label="Latency by method"]');
  const requests = panel.getByRole('grid', { name: 'Requests' });
  await requests
    .getByRole('row')
    .filter({ hasText: 'workspace/symbol' })
    .filter({ hasText: 'pending' })
    .waitFor();
  await picture('timing-log-light');
  await editor.chooseTheme('Dark Modern', 'vs-dark');
  await picture('timing-log-dark');
});

test('undoing takes away exactly the flag', { timeout: MINUTE }, async () => {
  const [{ pid }] = workbench.goplsProcesses();
  await editor.command("Stallscope: Undo: Stop Recording gopls's Own Timing");
  await editor.notification(/-otel was removed from your user settings/);
  assert.deepEqual(flags(), DEBUG_FLAGS);
  const { args } = await goplsAfter(pid);
  assert.doesNotMatch(args, /-otel/);
  assert.deepEqual(editor.errors, []);
});

/** The one gopls that is there when the one with this pid has gone. */
function goplsAfter(pid) {
  return editor.waitFor('another gopls', () => {
    const all = workbench.goplsProcesses();
    return all.length === 1 && all[0].pid !== pid && all[0];
  });
}
