// The addon as the extension loads it, and what the tests of this folder share around it.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { eventually } from '../../lib/eventually.mjs';
import { dist, target } from '../../tools/lib/paths.mjs';

export { eventually };

/** @type {import('../../../extension/shared/core.ts').CoreModule} */
export const addon = createRequire(import.meta.url)(path.join(dist, `stallscope.${target}.node`));

/** A folder that goes with the test. */
export function scratchFolder(t) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'stallscope-addon-'));
  t.after(() => fs.rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Options for a core that watches what this process has started. Settings left out have their defaults. */
export function coreOptions(storage, overrides = {}) {
  return {
    storage_dir: storage,
    workspace: [],
    host_pid: process.pid,
    log_dirs: [],
    go_extension: null,
    settings: {},
    ...overrides,
  };
}

/** A core that has not been started, with a storage folder that is not there yet. */
export function idleCore(t, overrides) {
  return addon.createCore(coreOptions(path.join(scratchFolder(t), 'storage'), overrides));
}

/** The value of an outcome that must be a success. */
export function value(outcome) {
  assert.ok(outcome.ok, `failed: ${JSON.stringify(outcome.error)}`);
  return outcome.value;
}

/** The failure of an outcome that must be one: data of the promised shape, with a sentence for a person. */
export function failure(outcome) {
  assert.equal(outcome.ok, false, `succeeded: ${JSON.stringify(outcome)?.slice(0, 200)}`);
  assert.match(outcome.error.code, /^[a-z]+(-[a-z]+)*$/);
  assert.ok(outcome.error.message.length > 10, outcome.error.message);
  return outcome.error;
}

/** What a core has told, each with the moment at which it reached JavaScript. */
export class EventLog {
  all = [];

  receive = (event) => {
    this.all.push({ ...event, receivedMs: performance.now() });
  };

  kinds = () => this.all.map((event) => event.kind);

  /** The first event from number `from` on that matches, now or later. */
  until(what, matches, { from = 0, timeoutMs } = {}) {
    return eventually(what, () => this.all.slice(from).find(matches), timeoutMs);
  }
}
