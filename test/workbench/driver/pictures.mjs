// Pictures of the window, of what a test looked at and of what it failed on.
import path from 'node:path';
import { test as nodeTest } from 'node:test';
import { out } from '../../tools/lib/paths.mjs';

/** Notifications come up from below, and take this long. */
const SETTLE_MS = 400;

/**
 * `picture(name)` takes one into out/workbench; `test` is that of node:test, and leaves one when it fails.
 *
 * @param {() => import('./editor.mjs').Editor} editorOf  the window as it is then
 */
export function testsWithPictures(editorOf) {
  const picture = async (name) => {
    await editorOf().page.waitForTimeout(SETTLE_MS);
    return editorOf().screenshot(path.join(out, 'workbench', `${name}.png`));
  };
  const test = (name, options, body) =>
    nodeTest(name, options, async (t) => {
      try {
        await body(t);
      } catch (error) {
        await picture(`failed ${name}`).catch(() => {});
        throw error;
      }
    });
  return { test, picture };
}
