// The Go extension starts a gopls that dies again, four times; after that only a restart by hand brings it back.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Host } from './host.mjs';
import { launch, openPanel, requireBundle } from './page.mjs';

test('without a gopls it can still be restarted, and nothing can be captured', async () => {
  requireBundle();
  const browser = await launch();
  const host = new Host();
  host.status.gopls = null;
  try {
    const { page, close } = await openPanel(browser, host);
    await page.getByText('No gopls in this window', { exact: true }).waitFor();
    assert.equal(await page.getByRole('button', { name: 'Capture heap now' }).isEnabled(), false);
    await page.getByRole('button', { name: 'Restart gopls' }).click();
    await page.waitForTimeout(200);
    assert.deepEqual(
      host.asked.filter(({ method }) => method === 'command').map(({ args }) => args.id),
      ['restartGopls'],
    );
    await close();
  } finally {
    host.close();
    await browser.close();
  }
});
