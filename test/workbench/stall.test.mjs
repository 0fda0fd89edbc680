// The main job, end to end: a person hovers in a cold gopls, waits, and afterwards sees what it was. One workbench,
// from the first hover to the reload of the window; the steps build on each other, as a session does.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { after, before } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { testsWithPictures } from './driver/pictures.mjs';
import { cpuNs, descendants } from './driver/processes.mjs';
import {
  SNAPSHOT_FILE,
  SNAPSHOT_TEXT,
  extensionsUnderTest,
  hoverTimesMs,
  openSnapshot,
  snapshotLine,
  startWorkbench,
} from './driver/scenario.mjs';

const STATUS = 'stallscope.stallscope';
const DARK = { 'workbench.colorTheme': 'Dark Modern' };
const MINUTE = 60_000;
/** What the status bar shows while nothing is going on. */
const CALM_ITEM = /^gopls [\d.]+ [MG]B$/;

let workbench;
let editor;
/** What the first test caught and what the test itself measured. */
let first;

const { test, picture } = testsWithPictures(() => editor);
const complete = () => workbench.readIncidents().filter(({ incident }) => incident.state !== 'open');
const heapsOf = ({ incident }) =>
  incident.captures.filter(({ kind, state }) => kind === 'heap' && state === 'complete');

/** The interface keeps a number and its unit together with a no-break space. */
const plain = (text) => text.replaceAll('\u00a0', ' ');

/** A number followed by a unit, as the interface writes it: `3.37 s`, `219 ms`, `1.3 GB`. */
function amount(text, pattern) {
  const [, value, unit] = new RegExp(`${pattern}([\\d.,]+)\\s(\\w+)`).exec(text) ?? assert.fail(text);
  const factor = { ms: 1e-3, s: 1, MB: 1e6, GB: 1e9 }[unit] ?? assert.fail(`${unit} in ${text}`);
  return Number(value.replace(',', '')) * factor;
}

function pprofTotal(file, sample) {
  const args = ['tool', 'pprof', '-top', '-nodecount=1', '-unit=B', `-sample_index=${sample}`, file];
  const text = execFileSync('go', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  return Number(/of (\d+)B total/.exec(text)[1]);
}

const panelFrame = () => editor.webview('#root .header');

before(async () => {
  workbench = await startWorkbench({ extensions: extensionsUnderTest(), settings: DARK });
  editor = await workbench.open();
});
after(() => workbench?.stop());

test(
  'the first hover is one incident, its heap captured during the wait',
  { timeout: 5 * MINUTE },
  async (t) => {
    await openSnapshot(editor);
    let during;
    const hover = await editor.hover(SNAPSHOT_TEXT, {
      timeoutMs: 2 * MINUTE,
      onLoading: async () => {
        during = await editor.statusItem(STATUS);
        await picture('stalled-dark');
      },
    });
    const [gopls, ...others] = workbench.goplsProcesses();
    assert.deepEqual(others, [], 'one gopls');
    const measuredMs = hover.answeredAtMs - hover.askedAtMs;

    assert.ok(during, '"Loading…" was shown');
    assert.match(during.text, /^gopls hover [\d.]+ m?s · \d+ MB$/);
    assert.match(during.label, /^gopls stalls: hover for [\d.]+ m?s, memory \d+ MB$/);

    const [caught, ...rest] = await editor.waitFor('the finished incident', () => {
      const done = complete();
      return done.length > 0 && done;
    });
    assert.deepEqual(rest, [], 'one incident');
    first = { ...caught, measuredMs, pid: gopls.pid };
    const { incident } = caught;
    const { request } = incident;
    const ms = request.duration_ns / 1e6;
    assert.equal(request.method, 'textDocument/hover');
    assert.equal(incident.gopls.pid, gopls.pid);
    assert.equal(incident.gopls.version, 'v0.23.0');
    assert.match(request.uri, /internal\/cache\/snapshot\.go$/);
    assert.equal(request.line, snapshotLine() - 1);
    const [clientMs] = hoverTimesMs(workbench);
    t.diagnostic(
      `the browser saw ${measuredMs} ms, the client ${clientMs} ms, Stallscope ${ms.toFixed(0)} ms`,
    );
    assert.ok(Math.abs(ms / clientMs - 1) < 0.2, `${ms} ms, by the language client ${clientMs} ms`);
    // What the browser sees includes its own time for drawing, and on a busy machine for noticing the mouse.
    assert.ok(
      Math.abs(ms - measuredMs) < Math.max(measuredMs * 0.2, 500),
      `${ms} ms, by the browser ${measuredMs} ms`,
    );
    assert.equal(incident.latency_source, 'counters');
    assert.deepEqual([request.start_source, request.end_source], ['observer', 'gopls-latency']);

    const [heap] = heapsOf(caught);
    assert.ok(heap, JSON.stringify(incident.captures));
    assert.equal(heap.during_request, true);
    const order = [
      request.start_ns,
      heap.trigger_ns,
      heap.sent_ns,
      heap.first_byte_ns,
      heap.received_ns,
      request.end_ns,
    ];
    assert.deepEqual(
      order,
      [...order].sort((a, b) => a - b),
      'request start, trigger, sent, first byte, last byte, request end',
    );
    const grown = incident.decisions.find(({ rule, fired }) => rule === 'heap-on-growth' && fired);
    assert.ok(grown.values.rise_bytes > grown.values.limit_bytes, JSON.stringify(grown));
    assert.ok(incident.rss.peak_bytes - incident.rss.start_bytes > 50e6, JSON.stringify(incident.rss));
    for (const capture of heapsOf(caught)) {
      const file = path.join(caught.dir, capture.file);
      assert.equal(fs.statSync(file).size, capture.size_bytes);
      assert.equal(capture.inuse_space_bytes, pprofTotal(file, 'inuse_space'));
    }
    for (const kind of ['goroutines', 'memory'])
      assert.ok(incident.captures.some((c) => c.kind === kind && c.state === 'complete'));
    // Each heap has its statistics, with the process as it was then.
    for (const heap of heapsOf(caught)) {
      const after = incident.captures.find((c) => c.kind === 'memory' && c.number > heap.number);
      assert.ok(after?.resident.rss_bytes > 50e6, JSON.stringify(incident.captures));
    }
    assert.equal(incident.load?.ordinary, true, 'the first load is known as such');
    const prompts = (await editor.notifications()).filter(({ text }) => /Hover/.test(text));
    assert.deepEqual(prompts, [], 'no prompt for an ordinary first load');
  },
);

test(
  'the panel shows it: list, time line, heap, flame graph, decisions',
  { timeout: 2 * MINUTE },
  async () => {
    await editor.command('Stallscope: Show Panel');
    const panel = await panelFrame();
    const { incident } = first;
    const seconds = incident.request.duration_ns / 1e9;

    const item = panel.locator('.incident').first();
    await item.waitFor();
    const listed = await item.innerText();
    assert.match(listed, /^Hover/);
    assert.ok(Math.abs(amount(listed, 'Hover\\s+') - seconds) < 0.02, listed);
    assert.match(listed, /first load\s+heap/);
    await item.click();

    const headline = plain(await panel.locator('.headline h2').innerText());
    assert.match(headline, /^Hover took [\d.]+ s; gopls grew by \d+ MB meanwhile$/);
    assert.ok(Math.abs(amount(headline, 'took ') - seconds) < 0.02, headline);
    const facts = await panel.locator('.facts').innerText();
    assert.match(facts, /start from the editor asking, end from gopls's own latency metric/);
    assert.match(facts, new RegExp(`v0\\.23\\.0, pid ${first.pid}`));
    await panel.locator('.plot[aria-label*="Longest wait: Hover"]').waitFor();
    const parts = panel.getByRole('table', { name: 'What the memory (RSS) of gopls consists of' });
    await parts.waitFor();
    // The last one of the wait is shown; what is read right after it tells of its end.
    const { resident } = incident.captures.findLast(
      ({ kind, state, received_ns }) =>
        kind === 'memory' && state === 'complete' && received_ns <= incident.request.end_ns,
    );
    const rss = amount(plain(await parts.getByRole('row').last().innerText()), 'Memory \\(RSS\\)\\s+');
    assert.ok(Math.abs(rss / resident.rss_bytes - 1) < 0.01, `${rss} against ${JSON.stringify(resident)}`);
    assert.equal(await panel.locator('.chart .capture.heap').count(), heapsOf(first).length);
    assert.equal(await panel.locator('.chart rect.stall').count(), 1);

    await panel.getByRole('tab', { name: 'Heap' }).click();
    const best = heapsOf(first).at(-1);
    const table = panel.getByRole('grid');
    await table.locator('.grid-row').first().waitFor();
    const total = amount(await panel.locator('.grid-summary').innerText(), '');
    assert.ok(Math.abs(total / best.inuse_space_bytes - 1) < 0.01, `${total} ${best.inuse_space_bytes}`);
    const rows = await table.locator('.grid-row').allInnerTexts();
    assert.ok(
      rows.some((row) => /cache\.init\s+gopls ballast/.test(row)),
      rows.join('\n'),
    );
    await picture('panel-heap-dark');

    await panel.getByRole('tab', { name: 'Flame graph' }).click();
    const root = panel.getByRole('treeitem').first();
    await root.waitFor();
    const flame = await root.getAttribute('aria-label');
    assert.match(flame, /^all, /);
    assert.ok(Math.abs(amount(flame, 'all, ') / best.inuse_space_bytes - 1) < 0.01, flame);
    await picture('panel-flame-dark');

    await panel.getByRole('tab', { name: 'Compare' }).click();
    await panel.getByText(/^(This incident has no baseline|There is nothing to compare with)$/).waitFor();
    await panel.getByRole('tab', { name: /Decisions/ }).click();
    const decisions = plain(await panel.locator('.decisions').innerText());
    assert.match(decisions, /Stall: Hover has been waiting for \d+ ms \(limit 200 ms\)/);
    assert.match(decisions, /Heap captured: gopls grew by \d+ MB within 500 ms \(limit 15 MB\)/);
    await panel.getByRole('tab', { name: 'Overview' }).click();
  },
);

test('every theme has its own picture', { timeout: MINUTE }, async () => {
  const themes = {
    light: ['Light Modern', 'vs', 'light'],
    contrast: ['Dark High Contrast', 'hc-black', 'high-contrast'],
    dark: ['Dark Modern', 'vs-dark', 'dark'],
  };
  const backgrounds = new Set();
  for (const [name, [theme, ofWindow, ofPanel]] of Object.entries(themes)) {
    await editor.chooseTheme(theme, ofWindow);
    const body = (await panelFrame()).locator(`body.vscode-${ofPanel}`);
    await body.waitFor();
    backgrounds.add(await body.evaluate((element) => getComputedStyle(element).backgroundColor));
    await picture(`panel-${name}`);
  }
  assert.equal(backgrounds.size, 3, [...backgrounds].join());
});

test('a frame opens its source', { timeout: MINUTE }, async () => {
  const panel = await panelFrame();
  await panel.getByRole('tab', { name: 'Heap' }).click();
  // Not one of `init`: that is of all files of a package, and a profile names one of them.
  await panel.getByPlaceholder('Filter by function or package').fill('parsego.Parse');
  // Before that the row under the mouse may become another one.
  await panel.getByText(/(?<![\d,])\d\d? matching functions/).waitFor();
  const row = panel.locator('.grid-row', { hasText: 'parsego.Parse' });
  await row.first().locator('button, a').first().click();
  const tab = await editor.waitFor('a Go file beside the panel', async () => {
    const names = await editor.page
      .locator('.tab.active')
      .evaluateAll((tabs) => tabs.map((tab) => tab.getAttribute('data-resource-name')));
    return names.find((name) => name?.endsWith('.go') && name !== 'snapshot.go');
  });
  assert.equal(tab, 'parse.go');
});

test(
  'calm for 30 s: no incident, and looking costs gopls under 1 % of a core',
  { timeout: 4 * MINUTE },
  async (t) => {
    await editor.waitFor('the end of the load', async () => (await calmItem()) && cpuIsQuiet(), {
      timeoutMs: 3 * MINUTE,
      everyMs: 500,
    });
    const before = complete().length;
    const shares = [];
    for (let window = 0; window < 6; window += 1) {
      const [cpu, at] = [cpuNs(first.pid), process.hrtime.bigint()];
      await editor.page.waitForTimeout(5000);
      shares.push((cpuNs(first.pid) - cpu) / Number(process.hrtime.bigint() - at));
    }
    // Go collects garbage every two minutes by itself, at the cost of a second or so: the median does not see that.
    const median = shares.sort((a, b) => a - b)[2];
    t.diagnostic(
      `gopls used ${(median * 100).toFixed(2)} % of a core: ${shares.map((s) => (s * 100).toFixed(2))}`,
    );
    assert.ok(median < 0.01, `${shares}`);
    assert.equal(complete().length, before, 'a calm editor gives no incident');
  },
);

async function cpuIsQuiet() {
  const before = cpuNs(first.pid);
  await editor.page.waitForTimeout(1000);
  return cpuNs(first.pid) - before < 20e6;
}

test('a stall in the loaded workspace brings the prompt', { timeout: 3 * MINUTE }, async () => {
  // What the load itself may have brought up (memory over its threshold) is not what this looks at.
  await editor.clearNotifications();
  const known = new Set(complete().map(({ id }) => id));
  await editor.openFile(SNAPSHOT_FILE, { line: snapshotLine() });
  await hoverOnStopped(first.pid, 1000);
  const toast = await editor.notification(/^Hover took /);
  await picture('prompt-dark');
  assert.deepEqual(toast.buttons, ['Show Analysis', 'Restart gopls', "Don't Ask Again"]);
  const [told, ...others] = complete().filter(({ id }) => !known.has(id));
  assert.deepEqual(others, [], 'one more incident');
  const { request, captures, decisions, load } = told.incident;
  const seconds = request.duration_ns / 1e9;
  assert.ok(seconds > 1.5, `${seconds} s`);
  assert.ok(Math.abs(amount(toast.text, 'took ') - seconds) < 0.06, `${toast.text}: ${seconds} s`);
  assert.equal(load, null, 'not in a load any more');
  assert.deepEqual(captures.map(({ kind, state, trigger }) => `${kind} ${state} ${trigger}`).sort(), [
    'baseline complete baseline',
    'goroutines complete light-evidence',
    'memory complete after-wait',
    'memory complete light-evidence',
  ]);
  const held = decisions.find(({ rule }) => rule === 'heap-on-growth');
  assert.equal(held.reason, 'below-threshold');
  assert.ok(held.values.rise_bytes < held.values.limit_bytes);

  await editor.answerNotification('Show Analysis');
  const panel = await panelFrame();
  const selected = panel.locator('.incident.selected .incident-duration');
  await editor.waitFor('it in the panel', async () => {
    const text = await selected.innerText().catch(() => '');
    return text !== '' && Math.abs(amount(text, '') - seconds) < 0.06;
  });
  await panel.getByRole('tab', { name: 'Heap' }).click();
  await panel.getByText(/No heap captured: gopls grew by at most/).waitFor();
});

test('capture on request, and what changed since the calm baseline', { timeout: MINUTE }, async () => {
  await editor.command('Stallscope: Capture Heap Now');
  const toast = await editor.notification(/heap was captured/);
  assert.deepEqual(toast.buttons, ['Show Analysis']);
  await editor.answerNotification('Show Analysis');
  const panel = await panelFrame();
  await panel.getByText('You asked for this capture').waitFor();
  const { dir, incident } = complete().at(-1);
  assert.equal(incident.request.method, 'capture-on-request');
  const fileOf = (wanted) =>
    path.join(dir, incident.captures.find(({ kind, state }) => kind === wanted && state === 'complete').file);
  await panel.getByRole('tab', { name: 'Compare' }).click();
  const summary = await panel.locator('.grid-summary').innerText();
  const [from, to] = ['baseline', 'heap'].map((kind) => pprofTotal(fileOf(kind), 'inuse_space'));
  assert.ok(Math.abs(amount(summary, 'from ') / from - 1) < 0.01, `${summary}: from ${from}`);
  assert.ok(Math.abs(amount(summary, 'to ') / to - 1) < 0.01, `${summary}: to ${to}`);
  await picture('panel-compare-dark');
});

test('pausing stops all looking, resuming begins it again', { timeout: MINUTE }, async () => {
  await editor.command('Stallscope: Pause Watching');
  await editor.waitFor('the paused item', async () =>
    /paused/.test((await editor.statusItem(STATUS))?.label ?? ''),
  );
  assert.equal((await editor.statusItem(STATUS)).text, 'gopls', 'no number that is not being measured');
  await editor.command('Stallscope: Resume Watching');
  await editor.waitFor('memory again', async () =>
    CALM_ITEM.test((await editor.statusItem(STATUS))?.text ?? ''),
  );
});

test(
  'the list of processes names ours; the decision log tells every stall',
  { timeout: MINUTE },
  async () => {
    await editor.command('Stallscope: List gopls Processes…');
    const ours = await editor.rowLabel(/this window, watched/);
    assert.match(ours, new RegExp(`process ${first.pid}\\b`));
    await editor.page.keyboard.press('Escape');

    await editor.command('Stallscope: Show Decision Log');
    const text = await editor.waitFor('the decision log', async () => {
      const lines = await editor.page.locator('.monaco-editor .view-line').allInnerTexts();
      const all = lines.join('\n').replaceAll('\u00a0', ' ');
      return /Stall: Hover has been waiting for/.test(all) && all;
    });
    assert.match(text, /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} {2}[●○] /m);
  },
);

test('a profile is saved for `go tool pprof`, incidents are deleted', { timeout: 2 * MINUTE }, async () => {
  const incident = complete().at(-1);
  const heap = incident.incident.captures.find(({ kind }) => kind === 'heap');
  const destination = path.join(workbench.home, 'saved.pb.gz');
  await editor.command('Stallscope: Save Profile As…');
  await editor.pickRow(/Capture on request/);
  await editor.pickRow(/Heap on request/);
  await editor.saveAs(destination);
  await editor.notification(/profile was saved as/);
  assert.deepEqual(fs.readFileSync(destination), fs.readFileSync(path.join(incident.dir, heap.file)));

  await editor.clearNotifications();
  await editor.command('Stallscope: Delete Incidents…');
  await editor.checkRow(/Capture on request/);
  await editor.acceptPicks();
  const question = await editor.waitFor('the question', () => editor.dialog());
  assert.match(question, /Delete this incident with its profiles/);
  const others = complete().filter(({ id }) => id !== incident.id);
  await editor.answerDialog('Delete');
  await editor.waitFor('its end', () => !fs.existsSync(incident.dir));
  assert.deepEqual(
    complete().map(({ id }) => id),
    others.map(({ id }) => id),
  );
});

test(
  'a restart from the panel gives another gopls, which is watched at once',
  { timeout: 2 * MINUTE },
  async () => {
    await editor.command('Stallscope: Show Panel');
    const panel = await panelFrame();
    await panel.getByRole('button', { name: 'Restart gopls' }).click();
    const another = await editor.waitFor('another gopls', () =>
      workbench.goplsProcesses().find(({ pid }) => pid !== first.pid),
    );
    await panel.getByText(`pid ${another.pid}`).waitFor();
    await panel.getByText(/^Debug server on 127\.0\.0\.1:\d+$/).waitFor();
    // The old one still says goodbye.
    await editor.waitFor('the new one alone', () =>
      isDeepStrictEqual(
        workbench.goplsProcesses().map(({ pid }) => pid),
        [another.pid],
      ),
    );
  },
);

test('the history knows of today, and is cleared after a question', { timeout: MINUTE }, async () => {
  await editor.command('Stallscope: Show History');
  const panel = await panelFrame();
  const told = panel.locator('.history-told');
  await told.waitFor();
  const today = (await told.innerText()).replaceAll('\u00a0', ' ');
  const [, count] = /: (one|\d+) stalls? · \d+ answers · median .+ · RSS .+ on average/.exec(today) ?? [];
  const stalls = complete().filter(({ incident }) => incident.request.method !== 'capture-on-request');
  assert.ok(count !== undefined, today);
  assert.ok((count === 'one' ? 1 : Number(count)) >= stalls.length, today);
  const workspaces = panel.getByRole('table', { name: 'Workspaces' }).locator('tbody tr');
  assert.deepEqual(await workspaces.getByRole('rowheader').allInnerTexts(), [
    path.basename(workbench.folder),
  ]);
  await picture('history-dark');
  await editor.command('Stallscope: Clear the History');
  await editor.waitFor('the question', () => editor.dialog());
  await editor.answerDialog('Clear');
  await panel.getByText('Nothing has been kept yet').waitFor();
  await panel.getByRole('button', { name: 'Stalls' }).click();
});

test(
  'after a reload the panel is back, and "Don\'t Ask Again" is for good',
  { timeout: 4 * MINUTE },
  async () => {
    await editor.command('Stallscope: Show Panel');
    await panelFrame();
    await editor.reload();
    const panel = await panelFrame();
    // A browser that is reloaded at once may have kept the page before the last one: the history.
    await panel.getByRole('button', { name: 'Stalls' }).click();
    await panel.locator('.incident.selected').waitFor();
    assert.equal(await panel.locator('.incident').count(), complete().length);

    await editor.openFile(SNAPSHOT_FILE, { line: snapshotLine() });
    await editor.waitFor('the end of the second load', calmItem, { timeoutMs: 2 * MINUTE, everyMs: 500 });
    const [gopls] = workbench.goplsProcesses();
    assert.notEqual(gopls.pid, first.pid);
    await editor.clearNotifications();
    await hoverOnStopped(gopls.pid, 0);
    await editor.notification(/^Hover took /);
    await editor.answerNotification("Don't Ask Again");
    await editor.waitFor(
      'the setting',
      () => workbench.readSettings()['stallscope.prompt.enabled'] === false,
    );
  },
);

test('no error in the window, and stopping leaves no process behind', { timeout: MINUTE }, async () => {
  assert.deepEqual(editor.errors, []);
  const family = descendants(workbench.pid).map(({ pid }) => pid);
  assert.ok(family.length > 2);
  await workbench.stop();
  workbench = undefined;
  assert.deepEqual(family.filter(isAlive), []);
});

async function calmItem() {
  return CALM_ITEM.test((await editor.statusItem(STATUS))?.text ?? '');
}

/** Hovers while gopls is stopped, a gopls that really does not answer, until "Loading…" has been up for a while. */
async function hoverOnStopped(pid, forMs) {
  process.kill(pid, 'SIGSTOP');
  try {
    await editor.hover('*View', {
      timeoutMs: MINUTE,
      onLoading: async () => {
        await editor.page.waitForTimeout(forMs);
        process.kill(pid, 'SIGCONT');
      },
    });
  } finally {
    process.kill(pid, 'SIGCONT');
  }
}

function isAlive(pid) {
  try {
    return !/^State:\s+Z/m.test(fs.readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}
