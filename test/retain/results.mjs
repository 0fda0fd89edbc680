// The closing table: a block for each way to compile, a line for each heap, a column for each Go.

export class Results {
  /** @type {Map<string, Map<string, Map<string, string[]>>>} variant → scenario → Go → faults */
  #blocks = new Map();

  /**
   * @param {import('./cells.mjs').Cell} cell
   * @param {string} scenario
   * @param {string[]} faults  in words
   */
  add({ variantName, toolchain }, scenario, faults) {
    const block = getOr(this.#blocks, variantName, () => new Map());
    getOr(block, scenario, () => new Map()).set(toolchain, faults);
  }

  /** As text, with every fault spelled out below. */
  table() {
    return [...this.#blocks].map(([variant, block]) => this.#block(variant, block)).join('\n\n');
  }

  #block(variant, block) {
    const toolchains = [...new Set([...block.values()].flatMap((line) => [...line.keys()]))];
    const widest = Math.max(variant.length, ...[...block.keys()].map((name) => name.length));
    const cells = (line) => toolchains.map((toolchain) => told(line.get(toolchain)).padEnd(9));
    const lines = [
      [variant.padEnd(widest), ...toolchains.map((toolchain) => toolchain.padEnd(9))],
      ...[...block].map(([scenario, line]) => [scenario.padEnd(widest), ...cells(line)]),
    ];
    const faults = [...block].flatMap(([scenario, line]) =>
      [...line].flatMap(([toolchain, words]) =>
        words.map((text) => `  ${toolchain}/${variant}, ${scenario}: ${text}`),
      ),
    );
    return [...lines.map((line) => line.join('  ').trimEnd()), ...faults].join('\n');
  }
}

const told = (faults) => (faults === undefined ? '–' : faults.length === 0 ? 'ok' : `${faults.length} wrong`);

function getOr(map, key, make) {
  if (!map.has(key)) map.set(key, make());
  return map.get(key);
}
