// A `go` that takes its time, in front of the real one.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';

const GO = spawnSync('sh', ['-c', 'command -v go'], { encoding: 'utf8' }).stdout.trim();

/** Puts it into a folder, which is made: it sleeps before these commands. Returns the environment that finds it first. */
export function slowGo(folder, commands, seconds) {
  fs.mkdirSync(folder);
  fs.writeFileSync(
    path.join(folder, 'go'),
    `#!/bin/sh\ncase $1 in ${commands.join('|')}) sleep ${seconds};; esac\nexec '${GO}' "$@"\n`,
    { mode: 0o755 },
  );
  return { PATH: `${folder}${path.delimiter}${process.env.PATH}` };
}
