// The first disk of a machine in software, in the format that Linux unpacks into memory as it boots: cpio's "newc".
import fs from 'node:fs';

const EXECUTABLE = 0o100_755;
const FOLDER = 0o040_755;
const CONSOLE = { mode: 0o020_600, major: 5, minor: 1 };

/**
 * Writes one.
 * @param {string} file
 * @param {Record<string, string | Buffer>} files  by their names there: where they are here, or what is in them
 * @param {string[]} empty                         folders that have to be there, too
 */
export function writeDisk(file, files, empty = []) {
  const archive = fs.openSync(file, 'w');
  let number = 0;
  const add = (name, { mode, major = 0, minor = 0 }, content = Buffer.alloc(0)) => {
    number += 1;
    const fields = [number, mode, 0, 0, 1, 0, content.length, 0, 0, major, minor, name.length + 1, 0];
    const head = `070701${fields.map((field) => field.toString(16).padStart(8, '0')).join('')}${name}\0`;
    for (const part of [Buffer.from(head), content]) {
      fs.writeFileSync(archive, part);
      fs.writeFileSync(archive, Buffer.alloc(-part.length & 3));
    }
  };
  const folders = new Set(['dev', ...empty]);
  for (const name of Object.keys(files)) {
    const parts = name.split('/').slice(0, -1);
    parts.forEach((_, index) => folders.add(parts.slice(0, index + 1).join('/')));
  }
  for (const name of [...folders].sort()) add(name, { mode: FOLDER });
  add('dev/console', CONSOLE);
  for (const [name, from] of Object.entries(files))
    add(name, { mode: EXECUTABLE }, Buffer.isBuffer(from) ? from : fs.readFileSync(from));
  add('TRAILER!!!', { mode: 0 });
  fs.closeSync(archive);
}
