// A small Go module, for tests that look at something else than how long gopls takes.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Workbench } from './workbench.mjs';

const MAIN = `package main

import "fmt"

// greeting is what the mouse rests on.
func greeting() string { return "hello" }

func main() { fmt.Println(greeting()) }
`;
export const MAIN_FILE = 'main.go';
/** Its middle is the function's name. */
export const MAIN_TEXT = 'func greeting()';

/** Writes it into a new folder `workspace` below `home`, whose path it returns. */
export function writeSmallModule(home) {
  const folder = path.join(home, 'workspace');
  fs.mkdirSync(folder);
  fs.writeFileSync(path.join(folder, 'go.mod'), 'module example.test/greeting\n\ngo 1.22\n');
  fs.writeFileSync(path.join(folder, MAIN_FILE), MAIN);
  return folder;
}

/**
 * Starts a workbench on such a module. Options are those of `Workbench.start`, but its folders are made here.
 *
 * @param {(home: string, workspace: string) => void} [options.prepare]  what must be there before it starts
 */
export async function startOnSmallModule({ prepare, ...options }) {
  const home = fs.mkdtempSync(path.join(os.tmpdir(), 'stallscope-wb-'));
  try {
    const folder = writeSmallModule(home);
    prepare?.(home, folder);
    return await Workbench.start({ home, folder, ...options });
  } catch (error) {
    fs.rmSync(home, { recursive: true, force: true });
    throw error;
  }
}
