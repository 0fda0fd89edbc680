// Editors and agents that are only names: scripts that start gopls, as a process tree shows the real ones.
import fs from 'node:fs';
import path from 'node:path';
import { Gopls } from '../../lib/gopls.mjs';
import { children } from '../../lib/procfs.mjs';

/** A shell script of this name; with `flags` false it keeps the flags to itself. */
export function editor(folder, name, gopls, { flags = true } = {}) {
  return script(folder, name, `#!/bin/sh\n'${gopls}' ${flags ? '"$@"' : ''}\nexit $?\n`);
}

/** A Node script of this name: its process is called node. */
export function nodeAgent(folder, name, gopls) {
  return script(
    folder,
    name,
    `#!${process.execPath}
const { spawn } = require('node:child_process');
const child = spawn(${JSON.stringify(gopls)}, process.argv.slice(2), { stdio: 'inherit' });
child.on('exit', (code) => process.exit(code ?? 1));
`,
  );
}

function script(folder, name, text) {
  const bin = path.join(folder, `bin-${name}`);
  fs.mkdirSync(bin, { recursive: true });
  const file = path.join(bin, name);
  fs.writeFileSync(file, text, { mode: 0o755 });
  return file;
}

/** A gopls that such a script has started, with its own pid. */
export async function startBelow(executable, { workspace, cache, flags, env }, eventually) {
  const client = new Gopls({ executable, workspace, cache, flags, env });
  const pid = await eventually(`gopls below ${path.basename(executable)}`, () => {
    // A child is a copy of the script until it has become gopls.
    for (const [child, argv] of children(client.pid)) if (/\/gopls$/.test(argv[0])) return child;
    return undefined;
  });
  return { client, pid };
}

/** A module with one small package. */
export function smallModule(folder) {
  fs.mkdirSync(folder, { recursive: true });
  fs.writeFileSync(path.join(folder, 'go.mod'), 'module example.com/small\n\ngo 1.21\n');
  fs.writeFileSync(path.join(folder, 'main.go'), 'package main\n\nfunc main() { println("small") }\n');
  return folder;
}
