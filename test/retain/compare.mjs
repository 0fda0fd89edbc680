// What a program says of its heap against what `stallscope retain` has found in it.

/**
 * @typedef {object} Expected  the line that a program prints, see README.md
 * @property {string} scenario
 * @property {number} pid
 * @property {number} heap_objects
 * @property {number} heap_alloc_bytes
 * @property {boolean} [restless]
 * @property {boolean} [computing]
 * @property {number} [died]
 * @property {number} [missed]
 * @property {TypeWant[]} types
 *
 * @typedef {{ objects: number, bytes: number }} Count
 *
 * @typedef {object} TypeWant
 * @property {string} type
 * @property {number} count
 * @property {number} [more]
 * @property {number} slot_bytes
 * @property {number} bytes
 * @property {number} [retained_bytes]
 * @property {{ root: { kind: string, name?: string }, path?: string, objects: number }[]} [paths]
 *
 * @typedef {object} Answer  of `stallscope retain --json`
 * @property {number} objects_marked
 * @property {number} bytes_marked
 * @property {{ reliable: boolean, reason?: string, survivors: Count, survivors_found: Count, died: Count }} check
 * @property {{ type: string, count: number, bytes: number, retained_bytes: number }[]} types
 * @property {{ root: { kind: string, name: string }, path: string, objects: number, retained_bytes: number }[]} [paths]
 */

/** How far all objects may be off what the runtime counts, as a share of them, */
const TOTAL_SHARE = 0.001;
/** and how many of a heap that is too small for shares. */
const TOTAL_OBJECTS = 8;
const TOTAL_BYTES = 8_192;
/** A thread that the runtime starts between its count and the look is six objects more; on a busy machine it may be several. */
const MORE_OBJECTS = 30;
const MORE_BYTES = 40_960;

/**
 * Everything that is not as it should be, in words; without paths.
 * @param {Expected} expected
 * @param {Answer} answer
 */
export function faultsOf(expected, answer) {
  const faults = [];
  for (const want of expected.types) faults.push(...typeFaults(want, answer));
  if (!expected.restless) faults.push(...totalFaults(expected, answer));
  if (expected.died !== undefined) faults.push(...diedFaults(expected, answer.check));
  return faults;
}

function typeFaults(want, answer) {
  const rows = answer.types.filter(({ type }) => type === want.type);
  if (rows.length > 1) return [`${want.type}: ${rows.length} rows instead of one`];
  const got = rows[0] ?? { count: 0, bytes: 0, retained_bytes: 0 };
  const most = want.count + (want.more ?? 0);
  if (got.count < want.count || got.count > most) {
    const range = want.more ? `${want.count} to ${most}` : want.count;
    return [`${want.type}: expected ${range}, got ${got.count}`];
  }
  const faults = [];
  const bytes = got.count * want.slot_bytes;
  if (got.bytes !== bytes) faults.push(`${want.type}: expected ${bytes} bytes, got ${got.bytes}`);
  if (want.retained_bytes !== undefined && got.retained_bytes !== want.retained_bytes)
    faults.push(
      `${want.type}: expected to retain ${want.retained_bytes} bytes, got ${got.retained_bytes} ` +
        `(${signed(got.retained_bytes - want.retained_bytes)})`,
    );
  return faults;
}

/** What was alive at the last collection and is not any more, by whether something still has its address. */
function diedFaults(expected, { survivors, survivors_found, died }) {
  const missed = survivors.objects - survivors_found.objects - died.objects;
  const compare = (what, wanted, got) =>
    got >= wanted && got <= wanted + MORE_OBJECTS ? [] : [`${what}: expected ${wanted}, got ${got}`];
  return [
    ...compare('died since', expected.died, died.objects),
    ...compare('missed', expected.missed ?? 0, missed),
  ];
}

function totalFaults(expected, answer) {
  const faults = [];
  const compare = (what, wanted, got, fewer, more) => {
    const within = got < wanted ? fewer : more;
    if (Math.abs(got - wanted) > Math.max(wanted * TOTAL_SHARE, within))
      faults.push(`${what}: the runtime counts ${wanted}, got ${got} (${signed(got - wanted)})`);
  };
  compare('objects', expected.heap_objects, answer.objects_marked, TOTAL_OBJECTS, MORE_OBJECTS);
  compare('bytes', expected.heap_alloc_bytes, answer.bytes_marked, TOTAL_BYTES, MORE_BYTES);
  if (!answer.check.reliable) faults.push(`it says that it is not reliable: ${answer.check.reason}`);
  return faults;
}

/**
 * What is wrong with the paths of one type.
 * @param {TypeWant} want
 * @param {Answer} answer  of `--type`
 */
export function pathFaults(want, answer) {
  const got = answer.paths ?? [];
  const faults = [];
  for (const { root, path, objects } of want.paths ?? []) {
    const matching = got.filter(
      (held) =>
        held.root.kind === root.kind &&
        (root.name === undefined || held.root.name === root.name) &&
        (path === undefined || held.path === path),
    );
    const sum = matching.reduce((total, held) => total + held.objects, 0);
    if (sum !== objects)
      faults.push(
        `${want.type} held by ${root.kind} ${root.name ?? ''}${path ?? ''}: expected ${objects}, got ${sum}; ` +
          `held by ${got.slice(0, 4).map(told).join(', ') || 'nothing'}`,
      );
  }
  return faults;
}

const told = ({ root, path, objects }) => `${root.kind} ${root.name}${path} (${objects})`;
const signed = (number) => (number > 0 ? `+${number}` : `${number}`);
