// Lets one file be both a verb of package.json and a part of other verbs.
import { main } from './run.mjs';

/** Runs `body` when the file whose `import.meta` this is was started by itself. */
export async function verb(meta, body) {
  if (process.argv[1] === meta.filename) await main(body);
}
