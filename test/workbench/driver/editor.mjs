// One browser window on a workbench, driven as a person would: keys, mouse, what is visible.
import fs from 'node:fs';
import path from 'node:path';
import { chromium } from 'playwright-core';
import { findChromium } from '../../tools/setup/chromium.mjs';
import { Failure } from '../../tools/lib/run.mjs';
import { locateText } from './locate.mjs';

const FLAGS = [
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
const QUICK_INPUT = '.quick-input-widget:visible';
const HOVER_ROWS = '.monaco-resizable-hover .monaco-hover:visible .hover-row';
/** What only Stallscope's panel has, once it shows anything. */
const PANEL = '.header .now';
/** "Loading…" is there 760 ms after the providers were asked, if one of them has not answered. */
const NOBODY_ASKED_AFTER_MS = 1500;
/** The editor asks its hover providers after half of `editor.hover.delay` (300 ms by default). */
const HOVER_ASK_DELAY_MS = 150;

export class Editor {
  #browser;

  /** Use `Workbench.open`. */
  constructor(browser, context, page) {
    this.#browser = browser;
    this.context = context;
    this.page = page;
    /** Errors of the workbench's own scripts and of our panel. */
    this.errors = [];
    page.on('pageerror', (error) => this.errors.push(String(error)));
  }

  static async open(url, { viewport = { width: 1400, height: 900 }, ...contextOptions } = {}) {
    const executablePath = findChromium();
    if (!executablePath)
      throw new Failure('no Chromium found: install it or name one in STALLSCOPE_CHROMIUM');
    const browser = await chromium.launch({
      executablePath,
      // Chromium refuses its sandbox to root.
      chromiumSandbox: process.getuid?.() !== 0,
      args: FLAGS,
    });
    try {
      const context = await browser.newContext({ viewport, ...contextOptions });
      const editor = new Editor(browser, context, await context.newPage());
      await editor.go(url);
      return editor;
    } catch (error) {
      await browser.close();
      throw error;
    }
  }

  /** Opens what is at this address in this window. */
  async go(url) {
    await this.page.goto(url);
    await this.#whenReady();
  }

  /** The display language from the next load on, e.g. `zh-cn`: what a language pack would set. */
  async speak(language) {
    await this.context.addInitScript((value) => {
      Object.defineProperty(globalThis, '_VSCODE_NLS_LANGUAGE', { get: () => value, set() {} });
    }, language);
  }

  async #whenReady() {
    await this.page.locator('.monaco-workbench .part.statusbar').waitFor({ timeout: 60_000 });
    await this.page.locator('.explorer-folders-view .monaco-list-row').first().waitFor({ timeout: 60_000 });
  }

  /** As the user does with "Developer: Reload Window". */
  async reload() {
    await this.page.reload();
    await this.#whenReady();
  }

  async close() {
    await this.#browser.close();
  }

  async screenshot(file) {
    fs.mkdirSync(path.dirname(file), { recursive: true });
    await this.page.screenshot({ path: file });
    return file;
  }

  /**
   * Opens the quick input, types, and accepts the row whose label matches. Again from the start when
   * something (a late focus change, a restored editor) closes the input meanwhile.
   */
  async #pick(key, text, wanted, { timeoutMs = 45_000 } = {}) {
    const { page } = this;
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      try {
        await page.keyboard.press(key);
        const input = page.locator(`${QUICK_INPUT} input`).first();
        await input.waitFor({ timeout: 2000 });
        await input.fill(text);
        await this.row(wanted, { timeoutMs: 4000 });
        // Rows are still being sorted in: only one that stays where it is can be accepted.
        await page.waitForTimeout(100);
        await this.pickRow(wanted, { timeoutMs: 1000 });
        return;
      } catch (error) {
        // On a busy machine a press may come to its end after what it was for: the command asks something already.
        if (await this.dialog()) return;
        if (Date.now() > deadline)
          throw new Failure(`nothing like ${wanted} for ${JSON.stringify(text)}: ${error.message}`);
        await this.#closeQuickInput().catch(() => {});
        await page.waitForTimeout(500);
      }
    }
  }

  /** Only when there is one: pressed anywhere else, Escape takes the notifications off the screen. */
  async #closeQuickInput() {
    if (await this.page.locator(`${QUICK_INPUT} input`).first().isVisible())
      await this.page.keyboard.press('Escape');
  }

  /**
   * Quick open; `name` may carry folders, as `cache/snapshot.go`, and a line to go to. Again when another file came up:
   * the list is filled from the history first and from a search then, and a row can go away under the mouse.
   */
  async openFile(name, { line, timeoutMs = 45_000 } = {}) {
    const base = path.basename(name);
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      await this.#pick('Control+P', line ? `${name}:${line}` : name, new RegExp(`^${escape(base)}`));
      try {
        const tab = this.page.locator(`.tab.active[data-resource-name="${base}"]`);
        await tab.first().waitFor({ timeout: 8000 });
        break;
      } catch (error) {
        if (Date.now() > deadline) throw error;
      }
    }
    await this.page.locator('.monaco-editor .view-line').first().waitFor();
  }

  /** Runs a command by its title in the palette, e.g. `Stallscope: Show Panel`. */
  async command(title, options) {
    await this.#pick('F1', `>${title}`, new RegExp(`^${escape(title)}`, 'i'), options);
  }

  /** Changes the colour theme, e.g. to `Light Modern`, and waits until the window has it (`vs`, `vs-dark`, `hc-black`). */
  async chooseTheme(name, kind) {
    await this.command('Preferences: Color Theme');
    await this.page.locator(`${QUICK_INPUT} input`).first().fill(name);
    await this.pickRow(new RegExp(`^${escape(name)}\\b`));
    await this.page.locator(`.monaco-workbench.${kind}`).waitFor({ timeout: 30_000 });
  }

  /** Accepts the row of an open list whose label matches. */
  async pickRow(wanted, options) {
    await this.#pressRow(wanted, (row) => row, options);
  }

  /** Ticks the row of an open list of which several may be chosen. */
  async checkRow(wanted) {
    await this.#pressRow(wanted, (row) =>
      row.locator('.quick-input-list-checkbox, .monaco-checkbox').first(),
    );
  }

  /** Lists are drawn anew while they fill: a row that went away under the mouse is looked for again. */
  async #pressRow(wanted, target, { timeoutMs = 30_000 } = {}) {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      try {
        await this.row(wanted, { timeoutMs });
        // A list that has just replaced another one still moves: the press would land on the row beside.
        await this.page.waitForTimeout(250);
        return await target(await this.row(wanted, { timeoutMs })).click({ timeout: 2000 });
      } catch (error) {
        if (Date.now() > deadline) throw error;
      }
    }
  }

  /** Accepts what is ticked. */
  async acceptPicks() {
    await this.page.locator(`${QUICK_INPUT} .quick-input-action .monaco-button`, { hasText: 'OK' }).click();
  }

  /** The row of an open list whose label matches. */
  async row(wanted, options) {
    const { rows, index } = await this.#found(wanted, options);
    return rows.nth(index);
  }

  /** Its label, as it was when it was found: the list may be drawn anew meanwhile. */
  async rowLabel(wanted, options) {
    const { labels, index } = await this.#found(wanted, options);
    return labels[index];
  }

  async #found(wanted, options) {
    const rows = this.page.locator(`${QUICK_INPUT} .quick-input-list .monaco-list-row`);
    return this.waitFor(
      `a row like ${wanted}`,
      async () => {
        const labels = await rows.evaluateAll((all) =>
          all.map((row) => row.getAttribute('aria-label') ?? ''),
        );
        const index = labels.findIndex((label) => wanted.test(label));
        return index >= 0 && { rows, labels, index };
      },
      options,
    );
  }

  /** Answers the editor's own dialog for a file, to be saved or opened, with a path. */
  async giveFile(file, { button = 'OK' } = {}) {
    const input = this.page.locator(`${QUICK_INPUT} input`).first();
    await this.waitFor('the dialog for a file', async () =>
      (await input.inputValue().catch(() => '')).startsWith('/'),
    );
    // It proposes a name of its own a moment after it has opened.
    await this.waitFor('the path to stay', async () => {
      if ((await input.inputValue()) === file) return true;
      await input.fill(file);
      await this.page.waitForTimeout(300);
      return false;
    });
    await this.page.locator(`${QUICK_INPUT} .monaco-button`, { hasText: button }).first().click();
  }

  /** Answers the editor's own save dialog with a path. */
  saveAs(file) {
    return this.giveFile(file);
  }

  /** Moves the cursor to a line and scrolls it into view. */
  async goToLine(line) {
    await this.#pick('Control+G', `:${line}`, /./);
    await this.page.waitForTimeout(200);
  }

  /** The middle of the n-th visible occurrence of a text. */
  async #at(text, nth) {
    const box = await this.waitFor(
      `the text ${JSON.stringify(text)}`,
      () => this.page.evaluate(locateText, [text, nth]),
      { timeoutMs: 10_000 },
    );
    return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
  }

  /** Takes the mouse out of the editor and waits until an earlier hover is gone. */
  async #moveAway() {
    await this.page.mouse.move(5, 5);
    await this.page.waitForTimeout(400);
    await this.waitFor(
      'the end of the last hover',
      async () => (await this.page.locator(HOVER_ROWS).count()) === 0,
    );
  }

  /**
   * Rests the mouse on a word and waits for what gopls says. The times are this process's clock:
   * `askedAtMs` when the editor asks its providers, `loadingAtMs` when "Loading…" was first seen (undefined when
   * it never was; `onLoading` is called then), `answeredAtMs` when the answer was first seen.
   */
  async hover(text, { nth = 0, timeoutMs = 60_000, answer = /\S/, onLoading } = {}) {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      await this.#moveAway();
      const { x, y } = await this.#at(text, nth);
      // Two steps: the editor wants to see the mouse come, then rest.
      await this.page.mouse.move(x - 3, y);
      await this.page.mouse.move(x, y);
      const askedAtMs = Date.now() + HOVER_ASK_DELAY_MS;
      let loadingAtMs;
      while (Date.now() < deadline) {
        const rows = await this.page.locator(HOVER_ROWS).allInnerTexts();
        const now = Date.now();
        const said = rows.filter((row) => !/^Loading(\.\.\.|…)$/.test(row.trim())).join('\n');
        if (said.trim() !== '' && answer.test(said))
          return { text: said, askedAtMs, loadingAtMs, answeredAtMs: now };
        if (rows.length > 0) {
          if (loadingAtMs === undefined) await onLoading?.();
          loadingAtMs ??= now;
        }
        // Nobody was asked: gopls had not registered yet. Come again.
        else if (now - askedAtMs > NOBODY_ASKED_AFTER_MS) break;
        await this.page.waitForTimeout(20);
      }
      if (Date.now() >= deadline)
        throw new Failure(`no hover on ${JSON.stringify(text)} within ${timeoutMs} ms`);
      await this.#moveAway();
    }
  }

  /** Clicks a word, presses F12 and waits until another file or line is shown. */
  async goToDefinition(text, { nth = 0, timeoutMs = 60_000 } = {}) {
    const { x, y } = await this.#at(text, nth);
    await this.page.mouse.click(x, y);
    const before = await this.position();
    const deadline = Date.now() + timeoutMs;
    for (let look = 0; Date.now() < deadline; look += 1) {
      if (look % 50 === 0) await this.page.keyboard.press('F12');
      await this.page.waitForTimeout(100);
      const now = await this.position();
      if (now !== before) return now;
    }
    throw new Failure(`no definition of ${JSON.stringify(text)} within ${timeoutMs} ms`);
  }

  /** The active tab and the cursor, e.g. `snapshot.go Ln 12, Col 3`. */
  async position() {
    const tab = await this.page.locator('.tab.active').first().getAttribute('data-resource-name');
    const cursor = await this.page
      .locator('.statusbar-item[id="status.editor.selection"]')
      .first()
      .innerText();
    return `${tab} ${cursor.trim()}`;
  }

  async type(text) {
    await this.page.keyboard.type(text, { delay: 30 });
  }

  async save() {
    await this.page.keyboard.press('Control+S');
    await this.page.locator('.tab.active.dirty').waitFor({ state: 'detached', timeout: 60_000 });
  }

  /** Replaces the user settings as the user does who edits them as JSON: the editor need not notice a file changed by others. */
  async writeSettings(settings) {
    await this.command('Preferences: Open User Settings (JSON)');
    await this.page.locator('.tab.active[data-resource-name="settings.json"]').waitFor();
    await this.page.locator('.monaco-editor.focused .view-line').first().waitFor();
    await this.page.keyboard.press('Control+A');
    await this.page.keyboard.insertText(JSON.stringify(settings, null, 2));
    await this.save();
    // Not by the palette: what the new settings bring up may take the keyboard meanwhile.
    const tab = this.page.locator('.tab.active[data-resource-name="settings.json"]');
    await tab.click({ button: 'middle' });
    await tab.waitFor({ state: 'detached' });
  }

  /** The visible status bar items, left to right. */
  async statusItems() {
    return this.page.locator('.part.statusbar .statusbar-item').evaluateAll((items) =>
      items
        .filter((item) => item.offsetWidth > 0)
        .map((item) => ({
          id: item.id,
          text: item.innerText.trim().replace(/\s+/g, ' '),
          label: item.getAttribute('aria-label') ?? '',
        })),
    );
  }

  /** The status bar item of an extension, e.g. `stallscope.stallscope`; undefined when it shows none. */
  async statusItem(extension) {
    return (await this.statusItems()).find(({ id }) => id.startsWith(extension));
  }

  /** The notifications on the screen, each with its buttons. */
  async notifications() {
    return this.page.locator('.notification-toast').evaluateAll((toasts) =>
      toasts.map((toast) => ({
        text: toast.querySelector('.notification-list-item-message')?.innerText.trim() ?? '',
        buttons: [...toast.querySelectorAll('.notification-list-item-buttons-container .monaco-button')].map(
          (button) => button.innerText.trim(),
        ),
      })),
    );
  }

  /** Presses a button of a notification. */
  async answerNotification(button, { timeoutMs = 20_000 } = {}) {
    await this.page
      .locator('.notification-toast .monaco-button', { hasText: button })
      .first()
      .click({ timeout: timeoutMs });
  }

  /** Waits for a notification whose text matches, and returns it with its buttons. */
  async notification(pattern, options) {
    return this.waitFor(
      `a notification like ${pattern}`,
      async () => (await this.notifications()).find(({ text }) => pattern.test(text)),
      options,
    );
  }

  /** Takes every notification off the screen. */
  async clearNotifications() {
    await this.command('Notifications: Clear All Notifications');
  }

  /** The text of the modal dialog; undefined when there is none. */
  async dialog() {
    const box = this.page.locator('.monaco-dialog-box').first();
    return (await box.count()) > 0 ? (await box.innerText()).trim() : undefined;
  }

  /** Presses a button of the modal dialog. */
  async answerDialog(button, { timeoutMs = 20_000 } = {}) {
    const box = this.page.locator('.monaco-dialog-box');
    await box
      .locator('.monaco-button, .dialog-buttons a', { hasText: button })
      .first()
      .click({ timeout: timeoutMs });
    await box.waitFor({ state: 'detached', timeout: 10_000 });
  }

  /** As the user does in "Manage Workspace Trust". */
  async trustWorkspace() {
    await this.command('Workspaces: Manage Workspace Trust');
    const page = this.page.locator('.workspace-trust-editor');
    await page
      .locator('.monaco-button', { hasText: /^Trust$/ })
      .first()
      .click();
    await this.waitFor('the end of Restricted Mode', async () =>
      (await this.statusItems()).every(({ text }) => !/Restricted Mode/.test(text)),
    );
    // It lies over everything else until it is closed.
    await this.page.locator('.modal-editor-action-container .codicon-close').click();
    await page.waitFor({ state: 'hidden' });
  }

  /** What the tooltip of an extension's status bar item says. */
  async statusTooltip(extension) {
    const item = this.page.locator(`.part.statusbar .statusbar-item[id^="${extension}"]`).first();
    await item.hover();
    const tooltip = this.page.locator('.workbench-hover-container:visible, .workbench-hover:visible').first();
    await tooltip.waitFor({ timeout: 10_000 });
    const text = (await tooltip.innerText()).trim();
    await this.page.mouse.move(5, 5);
    // Whoever comes back before it has gone is shown the same one, with what it said then.
    await tooltip.waitFor({ state: 'hidden', timeout: 5_000 }).catch(() => {});
    return text;
  }

  /** Opens Stallscope's panel to the right of the file being edited, which stays in sight and keeps the focus. */
  async showPanelBeside() {
    await this.command('Stallscope: Show Panel');
    await this.webview(PANEL);
    await this.command('View: Move Editor into Next Group');
    await this.webview(PANEL);
    await this.page.keyboard.press('Control+1');
  }

  /** Chooses a tab of the incident in Stallscope's panel. */
  async panelTab(name) {
    const panel = await this.webview(PANEL);
    await panel.getByRole('tab', { name: new RegExp(`^${name}`) }).click();
  }

  /** Everything that Stallscope's panel says. */
  async panelText() {
    return (await this.webview(PANEL)).locator('body').innerText();
  }

  /** Looks at the window until `look` returns something; fails with the last thing it said otherwise. */
  async waitFor(what, look, { timeoutMs = 30_000, everyMs = 100 } = {}) {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      const seen = await look(this);
      if (seen) return seen;
      if (Date.now() > deadline) throw new Failure(`${what}: not seen within ${timeoutMs} ms`);
      await this.page.waitForTimeout(everyMs);
    }
  }

  /**
   * The document of an open webview: VS Code puts it into a frame within a frame. With several open, the one
   * whose content matches `marker` (a selector).
   */
  async webview(marker = 'body', { timeoutMs = 30_000 } = {}) {
    return this.waitFor(
      `a webview with ${marker}`,
      async () => {
        for (const frame of this.page.frames()) {
          if (frame.name() === '' && !/fake\.html|index\.html/.test(frame.url())) continue;
          if (!(await isActiveFrame(frame))) continue;
          if (
            (await frame
              .locator(marker)
              .count()
              .catch(() => 0)) > 0
          )
            return frame;
        }
        return undefined;
      },
      { timeoutMs },
    );
  }
}

/** The inner frame carries the extension's HTML; the outer one is VS Code's. */
async function isActiveFrame(frame) {
  if (!frame.parentFrame()?.parentFrame()) return false;
  const element = await frame.frameElement().catch(() => undefined);
  return (await element?.getAttribute('id').catch(() => undefined)) === 'active-frame';
}

const escape = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
