// A path as one word of a command line, for the shell the user is likely to paste it into.

export function shellQuoted(file: string, platform: NodeJS.Platform = process.platform): string {
  if (/^[\w@%+=:,./-]+$/.test(file)) return file;
  // PowerShell and POSIX shells take single quotes literally; they differ in how one is written inside them.
  return platform === 'win32' ? `'${file.replaceAll("'", "''")}'` : `'${file.replaceAll("'", `'\\''`)}'`;
}
