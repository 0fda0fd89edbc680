// Has nothing left to do once its core was started (and, when asked for, stopped): the process ends by itself.
import { EventLog, addon, coreOptions, value } from '../support/core.mjs';

const [, , storage, ending] = process.argv;
const events = new EventLog();
// Global, so that it cannot be the garbage collector that ends it.
globalThis.core = addon.createCore(coreOptions(storage));
value(globalThis.core.start(events.receive));
await events.until('a status', (e) => e.kind === 'status');
if (ending === 'stop') value(await globalThis.core.stop());
console.log('done');
