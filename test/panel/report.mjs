// A report of an incident of the harness, built by the real core, and opened from disk in a browser that has no network.
import fs from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { reportRequest } from '../addon/support/contract.mjs';
import { value } from '../addon/support/core.mjs';
import { dist } from '../tools/lib/paths.mjs';
import { WIDE } from './page.mjs';

/** Builds and saves the page; gives its path. */
export async function savePage(host, incident, changes = {}) {
  const page = path.join(dist, 'report.html');
  const preview = value(await host.core.buildReport(reportRequest(incident, { page, ...changes })));
  const file = path.join(host.storage, `${incident}.html`);
  value(await host.core.saveReport(preview.report, { page_only: true, leave_out: [] }, file));
  return { file, preview };
}

/** Opens it. `asked` is every request but the one for the file itself, `problems` what the console complained of. */
export async function openReport(browser, file, { scheme = 'dark', size = WIDE } = {}) {
  const context = await browser.newContext({
    viewport: size,
    colorScheme: scheme,
    offline: true,
    timezoneId: 'UTC',
  });
  const page = await context.newPage();
  const [asked, problems] = [[], []];
  const own = pathToFileURL(file).href;
  page.on('request', (request) => request.url() !== own && asked.push(request.url()));
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) problems.push(message.text());
  });
  page.on('pageerror', (error) => problems.push(String(error)));
  await page.goto(own);
  return { page, asked, problems, close: () => context.close() };
}

/** What the page holds. */
export function contentOf(file) {
  const [, json] = /<script type="application\/json" id="report">(.*?)<\/script>/s.exec(
    fs.readFileSync(file, 'utf8'),
  );
  return JSON.parse(json);
}
