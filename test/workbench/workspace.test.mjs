// gopls is asked what is in its workspace when it is at rest and the panel is visible: on very many modules the panel says so, on
// a small module it was asked just the same and nothing is shown. One workbench with the real gopls.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { DEBUG_FLAGS, extensionsUnderTest } from './driver/scenario.mjs';
import { MAIN_FILE, startOnSmallModule } from './driver/smallModule.mjs';

const MINUTE = 60_000;
/** What `many-modules` asks for, and some. */
const MANY = 52;
/** What is shown as found comes at the panel's next look, every five seconds. */
const SHOWN_AFTER_MS = 7_000;

let workbench;
let editor;
/** A folder beside the small module. */
let many;

before(async () => {
  workbench = await startOnSmallModule({
    extensions: extensionsUnderTest(),
    settings: { 'go.languageServerFlags': DEBUG_FLAGS },
    prepare: (home) => {
      many = path.join(home, 'many');
      const names = Array.from({ length: MANY }, (_, i) => `module${i}`);
      for (const name of names) {
        fs.mkdirSync(path.join(many, name), { recursive: true });
        fs.writeFileSync(path.join(many, name, 'go.mod'), `module example.test/${name}\n\ngo 1.22\n`);
        fs.writeFileSync(path.join(many, name, `${name}.go`), `package ${name}\n\nfunc F() {}\n`);
      }
      const uses = names.map((name) => `\t./${name}\n`).join('');
      fs.writeFileSync(path.join(many, 'go.work'), `go 1.22\n\nuse (\n${uses})\n`);
    },
  });
  editor = await workbench.open();
});
after(() => workbench?.stop());

test('on a small module gopls is asked, and nothing is found', { timeout: 2 * MINUTE }, async () => {
  const panel = await openPanel(MAIN_FILE);
  await asked(panel);
  await editor.page.waitForTimeout(SHOWN_AFTER_MS);
  assert.equal(await panel.locator('.pattern').count(), 0);
});

test('very many modules are found, in words and with how many', { timeout: 2 * MINUTE }, async () => {
  await workbench.openFolder(editor, many);
  const panel = await openPanel('module0.go');
  await asked(panel);
  const pattern = panel.locator('.patterns-now .pattern');
  await pattern.waitFor();
  assert.match(await pattern.innerText(), new RegExp(`modules of the workspace: ${MANY}`));
  assert.equal(await pattern.count(), 1, 'and nothing else');
});

/** The panel, once it knows of gopls's debug server. */
async function openPanel(file) {
  await editor.openFile(file);
  await editor.command('Stallscope: Show Panel');
  const panel = await editor.webview('.header .now');
  await panel.getByText(/Debug server on 127\.0\.0\.1:\d+/).waitFor();
  return panel;
}

/** Waits until both questions have come to gopls, by its own count, and no stall came of them. */
async function asked(panel) {
  const address = /127\.0\.0\.1:\d+/.exec(await panel.locator('.header').innerText())[0];
  await editor.waitFor(
    'both questions to gopls',
    async () => {
      const page = await (await fetch(`http://${address}/metrics/`)).text();
      const started = /started\{\[direction="in" method="workspace\/executeCommand"\]\} (\d+)/.exec(page);
      return Number(started?.[1]) >= 2;
    },
    { timeoutMs: MINUTE },
  );
  assert.deepEqual(workbench.readIncidents(), []);
}
