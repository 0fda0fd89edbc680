// What a part of the bench hands back, and how it is printed.
import path from 'node:path';
import { repo } from '../../tools/lib/paths.mjs';
import { summary } from './statistics.mjs';

/**
 * One line of the closing table.
 *
 * @typedef {object} Row
 * @property {string} what
 * @property {string} wanted    as the project wants it; empty when nothing is asked
 * @property {string} measured
 * @property {boolean} [met]    absent when nothing is asked
 */

/**
 * @typedef {object} PartReport
 * @property {string[]} commands  what was run, to run it again
 * @property {string[]} notes     what a reader must know to believe the numbers
 * @property {Row[]} rows
 * @property {unknown} data       every single measurement
 */

/** `12.3 ms (11.9–14.0)`: median, least and greatest. */
export function spread(values, unit, digits = 1) {
  const { median, min, max } = summary(values);
  const text = (value) => value.toFixed(digits);
  return `${text(median)} ${unit} (${text(min)}–${text(max)})`;
}

/** As it is typed in the repository's folder. */
export function commandLine(words) {
  return words.map((word) => (word.startsWith(repo + path.sep) ? path.relative(repo, word) : word)).join(' ');
}

export function printPart(name, { commands, notes, rows }) {
  console.log(`\n== ${name}`);
  for (const command of commands) console.log(`$ ${command}`);
  for (const note of notes) console.log(`  ${note}`);
  printRows(rows);
}

/** Returns how many rows missed what was wanted. */
export function printTable(reports) {
  const rows = Object.values(reports).flatMap((report) => report.rows);
  console.log('\n== All: median (least–greatest)');
  printRows(rows);
  return rows.filter(({ met }) => met === false).length;
}

function printRows(rows) {
  const width = (column) => Math.max(...rows.map((row) => row[column].length));
  const [what, wanted, measured] = ['what', 'wanted', 'measured'].map(width);
  for (const row of rows) {
    const verdict = row.met === undefined ? '' : row.met ? 'met' : 'MISSED';
    const cells = [row.what.padEnd(what), row.wanted.padEnd(wanted), row.measured.padEnd(measured), verdict];
    console.log(`  ${cells.join('  ').trimEnd()}`);
  }
}
