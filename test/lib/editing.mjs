// Somebody who edits: a line changed, saved, looked at, over and over, as a healthy gopls must bear it for hours.
import { setTimeout as sleep } from 'node:timers/promises';

const PAUSE_MS = 700;

/**
 * Edits `file` of a loaded gopls until `until()` says so. Each round changes the text of a function, saves it and rests
 * the mouse on a type. Returns the number of rounds.
 *
 * @param {import('./gopls.mjs').Gopls} gopls
 * @param {object} what
 * @param {{ uri: string, text: string }} what.document  as `Gopls.open` returned it
 * @param {string} what.text     a text in it whose middle the mouse rests on
 * @param {() => boolean} until
 */
export async function edit(gopls, { document, text }, until) {
  const lines = document.text.split('\n');
  const line = lines.findIndex((candidate) => candidate.includes(text));
  const position = { line, character: lines[line].indexOf(text) + Math.floor(text.length / 2) };
  const { uri } = document;
  let round = 0;
  while (!until()) {
    round += 1;
    const changed = `${document.text}\nfunc editedInRound${round}() int { return ${round} }\n`;
    gopls.notify('textDocument/didChange', {
      textDocument: { uri, version: 1 + round },
      contentChanges: [{ text: changed }],
    });
    await gopls.hover(uri, position);
    gopls.notify('textDocument/didSave', { textDocument: { uri } });
    await gopls.request('textDocument/documentSymbol', { textDocument: { uri } });
    await sleep(PAUSE_MS);
  }
  return round;
}

/** The core reads this often while somebody looks. */
const LOOK_EVERY_MS = 5000;

/**
 * Edits for a time under the eyes of a core. Returns the number of rounds and what the core said of the memory
 * meanwhile, each view once.
 *
 * @param {{ memory(): Promise<{ ok: boolean, value?: object }> }} core
 */
export async function editUnder(core, gopls, what, durationMs) {
  const views = [];
  const look = async () => {
    const { value: view } = await core.memory();
    if (view && view.at_ns !== views.at(-1)?.at_ns) views.push(view);
  };
  const end = Date.now() + durationMs;
  const looking = setInterval(() => void look(), LOOK_EVERY_MS);
  try {
    const rounds = await edit(gopls, what, () => Date.now() > end);
    await look();
    return { rounds, views };
  } finally {
    clearInterval(looking);
  }
}
