// Run by VS Code as a plain Node program after the extension was removed (`vscode:uninstall` in package.json), without its
// API: takes our flag out of the user settings, because gopls would go on posting to a port that nobody serves.
//
// Where the settings are, the extension wrote down beside this program while it ran (`spans/remembered.ts`).
import fs from 'node:fs';
import path from 'node:path';
import { REMEMBERED_FILE, settingsFiles } from '../spans/remembered';
import { withoutOurFlag } from './settingsFile';

for (const file of settingsFiles(path.join(__dirname, REMEMBERED_FILE))) {
  try {
    clean(file);
  } catch {
    // One that cannot be read or written stays as it is: nobody is there to be told.
  }
}

function clean(file: string): void {
  const rest = withoutOurFlag(fs.readFileSync(file, 'utf8'));
  if (rest === undefined) return;
  // A link (dotfiles) stays one, and what is there is whole at any moment.
  const target = fs.realpathSync(file);
  const temporary = `${target}.stallscope-${process.pid}`;
  fs.writeFileSync(temporary, rest, { mode: fs.statSync(target).mode, flag: 'wx' });
  try {
    fs.renameSync(temporary, target);
  } catch (error) {
    fs.rmSync(temporary, { force: true });
    throw error;
  }
}
