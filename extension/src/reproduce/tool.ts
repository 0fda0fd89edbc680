// The command line tool as a process of its own: whatever an experiment does to it, the extension host lives on.
import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { lineOf } from './arguments';

export interface Ended {
  /** The exit code; null where it could not be run at all, or was killed. */
  code: number | null;
  /** The last thing it said of its end. */
  why: string;
}

export interface Running {
  /** Asks it to end with what it has. */
  stop(): void;
  ended: Promise<Ended>;
}

/** Runs it; what it prints goes into a file, and `say` hears where it is. */
export function runTool(
  tool: string,
  args: string[],
  options: { json: string; env: NodeJS.ProcessEnv; say: (where: string) => void },
): Running {
  const child = spawn(tool, args, { env: options.env, stdio: ['ignore', 'pipe', 'pipe'] });
  let why = '';
  createInterface({ input: child.stderr }).on('line', (text) => {
    const line = lineOf(text);
    if ('progress' in line) options.say(line.progress);
    else why = line.ended;
  });
  const file = createWriteStream(options.json);
  const written = new Promise<void>((resolve) => {
    file.once('close', () => resolve());
    file.once('error', (error) => {
      why = error.message;
      child.stdout.resume();
    });
  });
  child.stdout.pipe(file);
  const ended = new Promise<Ended>((resolve) => {
    child.once('error', (error) => resolve({ code: null, why: error.message }));
    child.once('close', (code) => void written.then(() => resolve({ code, why })));
  });
  return { stop: () => void child.kill('SIGINT'), ended };
}
