// Rust links with the system's C compiler, which a bare Debian lacks.
import { run } from '../lib/run.mjs';
import { aptInstall } from './apt.mjs';

export async function installLinker() {
  if (process.platform !== 'linux') return;
  try {
    await run('cc', ['--version']);
  } catch {
    await aptInstall(
      'A C compiler, which Rust links with,',
      ['gcc', 'libc6-dev'],
      'Install one (Debian: `sudo apt-get install gcc libc6-dev`).',
    );
  }
}
