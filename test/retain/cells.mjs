// With what the programs are compiled: every Go that `stallscope retain` is meant for, in every way that changes what it reads.
import { spawnSync } from 'node:child_process';
import os from 'node:os';

/** The last release of every line; the module proxy serves them as toolchains. */
export const TOOLCHAINS = ['1.22.12', '1.23.12', '1.24.13', '1.25.14', '1.26.11', '1.27.4'];

/**
 * @typedef {object} Variant
 * @property {boolean} [cgo]           linked with C
 * @property {string} [buildMode]
 * @property {string} [linkerFlags]
 * @property {string} [experiment]     GOEXPERIMENT
 * @property {[number, number]} [of]   the first and the last Go 1.N that has it
 * @property {boolean} [refused]       there is no debug information, so that it can only be said why not
 */

/** @type {Record<string, Variant>} */
export const VARIANTS = {
  plain: {},
  pie: { buildMode: 'pie' },
  cgo: { cgo: true },
  'cgo-pie': { cgo: true, buildMode: 'pie' },
  // Constants share a segment with code, as the linker for 64-bit ARM has them.
  'cgo-joined': { cgo: true, linkerFlags: '-extldflags=-Wl,-z,noseparate-code' },
  greentea: { experiment: 'greenteagc', of: [25, 25] },
  nogreentea: { experiment: 'nogreenteagc', of: [26, 27] },
  noswissmap: { experiment: 'noswissmap', of: [24, 25] },
  mapsplitgroup: { experiment: 'mapsplitgroup', of: [27, 27] },
  'no-dwarf': { linkerFlags: '-w', refused: true },
  stripped: { linkerFlags: '-s', refused: true },
};

/** One of the installed Go's, whichever it is. */
const INSTALLED = 'installed';

/** What `npm test` takes: the Go that is there, the oldest and the newest. */
const QUICK = ['installed/plain', 'installed/cgo-pie', 'installed/stripped', '1.22.12/plain', '1.27.4/plain'];

/**
 * @typedef {object} Cell
 * @property {string} name          `1.24.13/pie`
 * @property {string} toolchain
 * @property {string} variantName
 * @property {Variant} variant
 */

/**
 * The cells that words choose: `all`, `quick`, a Go (`1.24`), a variant (`pie`), or both (`1.24.13/pie`).
 * @param {string[]} words
 * @returns {Cell[]}
 */
export function cellsOf(words) {
  const all = [INSTALLED, ...TOOLCHAINS].flatMap((toolchain) =>
    Object.entries(VARIANTS)
      .filter(([, variant]) => has(toolchain, variant))
      .map(([variantName, variant]) => ({
        name: `${toolchain}/${variantName}`,
        toolchain,
        variantName,
        variant,
      })),
  );
  const chosen = new Set();
  for (const word of words.length > 0 ? words : ['quick']) {
    const found = all.filter(
      ({ name, toolchain, variantName }) =>
        (word === 'all' && toolchain !== INSTALLED) ||
        (word === 'quick' && QUICK.includes(name)) ||
        word === name ||
        word === variantName ||
        word === toolchain ||
        toolchain.startsWith(`${word}.`),
    );
    if (found.length === 0)
      throw new Error(
        `${word} is nothing to compile with: there are all, quick, ${INSTALLED}, ${TOOLCHAINS.join(', ')}, ` +
          `${Object.keys(VARIANTS).join(', ')}, and both with a / between them`,
      );
    for (const cell of found) chosen.add(cell);
  }
  return all.filter((cell) => chosen.has(cell));
}

function has(toolchain, { of }) {
  if (!of) return true;
  const minor = minorOf(toolchain);
  return of[0] <= minor && minor <= of[1];
}

/** The N of Go 1.N. */
function minorOf(toolchain) {
  const version = toolchain === INSTALLED ? installedVersion() : toolchain;
  return Number(/1\.(\d+)/.exec(version)?.[1]);
}

let installed;
function installedVersion() {
  installed ??= spawnSync('go', ['env', 'GOVERSION'], {
    cwd: os.tmpdir(),
    env: { ...process.env, GOTOOLCHAIN: 'local' },
    encoding: 'utf8',
  }).stdout;
  return installed;
}

/**
 * What `go build` is given for a cell.
 * @param {Cell} cell
 */
export function buildOptions({ toolchain, variant }) {
  const { cgo = false, buildMode, linkerFlags, experiment = '' } = variant;
  return {
    args: [
      'build',
      '-trimpath',
      ...(buildMode ? [`-buildmode=${buildMode}`] : []),
      ...(linkerFlags ? [`-ldflags=${linkerFlags}`] : []),
    ],
    env: {
      GOTOOLCHAIN: toolchain === INSTALLED ? 'local' : `go${toolchain}`,
      CGO_ENABLED: cgo ? '1' : '0',
      GOEXPERIMENT: experiment,
    },
  };
}
