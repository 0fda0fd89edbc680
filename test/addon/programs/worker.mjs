// A worker thread with a core of its own, which tells of its first status and then waits to be ended.
import { parentPort, workerData } from 'node:worker_threads';
import { addon, coreOptions, value } from '../support/core.mjs';

let told = false;
const core = addon.createCore(coreOptions(workerData.storage, { settings: { sample_interval_ms: 10 } }));
value(
  core.start((event) => {
    if (event.kind !== 'status' || told) return;
    told = true;
    parentPort.postMessage('watching');
  }),
);
parentPort.on('message', async (message) => {
  if (message === 'stop') value(await core.stop());
  parentPort.postMessage('stopped');
  parentPort.close();
});
