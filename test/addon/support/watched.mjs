// A gopls that this process starts, and a core that watches it.
import fs from 'node:fs';
import path from 'node:path';
import { Gopls } from '../../lib/gopls.mjs';
import { EventLog, addon, coreOptions, eventually, value } from './core.mjs';

/**
 * Both, once the core has found the gopls and its debug server. They end with the test, and so does the `scratch` folder, which
 * has the storage and gopls's cache in it. `running` is called with the pid as soon as there is one.
 */
export async function watched(t, { scratch, workspace, running = () => {}, options = {}, ...how }) {
  const core = addon.createCore(
    coreOptions(path.join(scratch, 'storage'), { workspace: [workspace], ...options }),
  );
  const events = new EventLog();
  value(core.start(events.receive));
  const gopls = new Gopls({ ...how, workspace, cache: path.join(scratch, 'cache') });
  t.after(async () => {
    await core.stop();
    await gopls.kill();
    fs.rmSync(scratch, { recursive: true, force: true, maxRetries: 5 });
  });
  running(gopls.pid);
  await events.until('gopls', (event) => event.kind === 'gopls-found');
  await eventually('its debug server', () => core.status().gopls?.debug.state === 'on');
  return { core, gopls, events };
}
