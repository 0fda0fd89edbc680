// Opens the real bundle in Chromium, in the page the extension builds, under its content security policy.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { chromium } from 'playwright-core';
import { tsImport } from 'tsx/esm/api';
import { dist, repo } from '../tools/lib/paths.mjs';
import { findChromium } from '../tools/setup/chromium.mjs';
import { THEMES, variables } from './themes.mjs';

const { page: pageHtml } = await tsImport(path.join(repo, 'extension/src/panel/html.ts'), import.meta.url);

/** Any origin will do: nothing leaves the browser, every request is answered here. */
const ORIGIN = 'https://panel.example';
export const WIDE = { width: 1280, height: 800 };
export const NARROW = { width: 480, height: 800 };

export function launch() {
  return chromium.launch({
    executablePath: findChromium(),
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
    ],
  });
}

/** A panel fed by `host`. `push(message)` is the extension speaking; `problems` is what the console complained of. */
export async function openPanel(
  browser,
  host,
  { theme = 'dark', size = WIDE, texts = {}, scale = 1, state } = {},
) {
  const context = await browser.newContext({
    viewport: size,
    deviceScaleFactor: scale,
    locale: 'en-GB',
    timezoneId: 'UTC',
  });
  const page = await context.newPage();
  const problems = [];
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) problems.push(message.text());
  });
  page.on('pageerror', (error) => problems.push(String(error)));

  const html = pageHtml({
    script: `${ORIGIN}/webview.js`,
    style: `${ORIGIN}/webview.css`,
    source: ORIGIN,
    language: 'en',
    texts,
  });
  await page.route(`${ORIGIN}/**`, (route) => {
    const name = new URL(route.request().url()).pathname.slice(1);
    if (name === '') return route.fulfill({ contentType: 'text/html', body: html });
    if (/^webview\.(js|css)$/.test(name)) return route.fulfill({ path: path.join(dist, name) });
    return route.fulfill({ status: 404 });
  });
  await page.exposeFunction('hostAnswer', (message) => host.answer(message));
  await page.addInitScript(
    ({ vars, bodyClass, first }) => {
      window.acquireVsCodeApi = () => ({
        postMessage: (message) =>
          void window.hostAnswer(message).then((answer) => window.postMessage(answer, window.origin)),
        getState: () => JSON.parse(sessionStorage.getItem('state') ?? 'null') ?? first,
        setState: (state) => sessionStorage.setItem('state', JSON.stringify(state)),
      });
      document.addEventListener('DOMContentLoaded', () => {
        for (const [name, value] of Object.entries(vars))
          document.documentElement.style.setProperty(name, value);
        document.body.classList.add(bodyClass);
      });
    },
    { vars: variables(theme), bodyClass: THEMES[theme].bodyClass, first: state },
  );
  await page.goto(`${ORIGIN}/`);
  const push = (message) => page.evaluate((given) => window.postMessage(given, window.origin), message);
  return { page, push, problems, close: () => context.close() };
}

/** Opens a panel, and holds it to having nothing to complain of at the end. */
export async function withPanel(browser, host, body, options) {
  const panel = await openPanel(browser, host, options);
  try {
    await body(panel.page, panel);
    assert.deepEqual(panel.problems, [], 'errors in the page, or something its policy forbids');
  } finally {
    await panel.close();
  }
}

export function requireBundle() {
  if (!fs.existsSync(path.join(dist, 'webview.js'))) {
    throw new Error('extension/dist/webview.js is not there; run `node extension/build.mjs` first.');
  }
}
