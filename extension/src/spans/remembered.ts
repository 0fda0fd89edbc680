// Where the user settings are, written down for the program that runs after the extension was removed.
import fs from 'node:fs';
import path from 'node:path';

/** Beside the bundles. */
export const REMEMBERED_FILE = 'settings-folders.json';
/** A file that somebody else has put there is not followed further than this. */
const MOST_FOLDERS = 16;
const MOST_PROFILES = 200;

/** Writes down the folder of the user settings, `User`, which holds `globalStorage/<extension>`. */
export async function remember(dist: string, globalStorage: string): Promise<void> {
  const file = path.join(dist, REMEMBERED_FILE);
  const folder = path.dirname(path.dirname(globalStorage));
  const known = folders(file);
  if (known.includes(folder)) return;
  const text = JSON.stringify([folder, ...known].slice(0, MOST_FOLDERS));
  await fs.promises.writeFile(file, text);
}

/** The settings files of those folders: of the default profile and of the others. */
export function settingsFiles(file: string): string[] {
  return folders(file).flatMap((folder) => {
    const profiles = path.join(folder, 'profiles');
    const names = fs.existsSync(profiles) ? fs.readdirSync(profiles).slice(0, MOST_PROFILES) : [];
    return [folder, ...names.map((name) => path.join(profiles, name))]
      .map((each) => path.join(each, 'settings.json'))
      .filter((each) => fs.existsSync(each));
  });
}

function folders(file: string): string[] {
  try {
    const found: unknown = JSON.parse(fs.readFileSync(file, 'utf8'));
    const list: unknown[] = Array.isArray(found) ? found : [];
    return list
      .filter((each) => typeof each === 'string')
      .filter((each) => path.isAbsolute(each))
      .slice(0, MOST_FOLDERS);
  } catch {
    return [];
  }
}
