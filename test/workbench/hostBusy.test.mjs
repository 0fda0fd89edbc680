// Another extension keeps the extension host busy while somebody rests the mouse on a name: the wait is told as what it was,
// and nothing of it is held against gopls, which answered at once.
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { testsWithPictures } from './driver/pictures.mjs';
import { DEBUG_FLAGS, extensionsUnderTest } from './driver/scenario.mjs';
import { MAIN_FILE, MAIN_TEXT, startOnSmallModule } from './driver/smallModule.mjs';

const MINUTE = 60_000;
/** Of the test language client: five seconds. */
const BLOCK = 'Go: Block the Extension Host';
/** What is left of them when the mouse has come to rest. */
const LEAST_WAIT_NS = 1e9;

let workbench;
let editor;

const { test, picture } = testsWithPictures(() => editor);

before(async () => {
  workbench = await startOnSmallModule({
    extensions: extensionsUnderTest(),
    settings: { 'go.languageServerFlags': DEBUG_FLAGS, 'workbench.colorTheme': 'Dark Modern' },
  });
  editor = await workbench.open();
});
after(() => workbench?.stop());

test('a busy extension host is the cause, and gopls is not', { timeout: 3 * MINUTE }, async (t) => {
  await editor.openFile(MAIN_FILE);
  await editor.hover(MAIN_TEXT, { timeoutMs: MINUTE });
  await editor.waitFor('a calm gopls with its debug server', async () =>
    /^gopls [\d.]+ MB$/.test((await editor.statusItem('stallscope.stallscope'))?.text ?? ''),
  );
  const before = workbench.readIncidents().map(({ id }) => id);

  await editor.command(BLOCK);
  const hover = await editor.hover(MAIN_TEXT, { timeoutMs: MINUTE });
  const waitedMs = hover.answeredAtMs - hover.askedAtMs;
  assert.ok(hover.loadingAtMs, '"Loading…" was shown');

  const { incident } = await editor.waitFor('the incident', () =>
    workbench
      .readIncidents()
      .find(({ id, incident }) => !before.includes(id) && incident.state === 'complete'),
  );
  const { request, held_up_ns, causes, decisions } = incident;
  t.diagnostic(
    `the browser saw ${waitedMs} ms; held up ${(held_up_ns / 1e6).toFixed(0)} ms, gopls ${(request.duration_ns / 1e6).toFixed(1)} ms`,
  );
  assert.equal(request.method, 'textDocument/hover');
  assert.ok(held_up_ns > LEAST_WAIT_NS && held_up_ns < 5.2e9, String(held_up_ns));
  assert.ok(request.duration_ns < 0.2e9, 'gopls answered at once');
  assert.equal(causes[0].kind, 'extension-host');
  assert.ok(causes[0].share > 0.8, JSON.stringify(causes));
  const ofGopls = causes.filter(({ kind }) => kind !== 'extension-host' && kind !== 'unknown');
  assert.deepEqual(ofGopls, []);
  // Where the page with its answer comes late it looks like a stall at first.
  assert.ok(decisions.some(({ rule, fired }) => ['held-up', 'stall'].includes(rule) && fired));
  const prompts = (await editor.notifications()).filter(({ text }) => /Hover/.test(text));
  assert.deepEqual(prompts, []);

  await editor.command('Stallscope: Show Panel');
  const panel = await editor.webview('#root .header');
  await panel.locator('.incident').first().click();
  const headline = (await panel.locator('.headline h2').innerText()).replaceAll('\u00a0', ' ');
  assert.match(headline, /^Hover waited [\d.]+ s for the extension host; gopls took [\d.]+ m?s$/);
  const cause = panel.locator('.causes > li').first();
  await cause.waitFor();
  assert.match(await cause.innerText(), /extension host/i);
  assert.equal(await panel.locator('.causes > li').count(), causes.length);
  await picture('host-busy-dark');
  await editor.chooseTheme('Light Modern', 'vs');
  await picture('host-busy-light');
  assert.deepEqual(editor.errors, []);
});
