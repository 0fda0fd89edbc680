// Why the cache of a running gopls is not emptied, for the panel and for messages.
import type { CacheHeld } from './doctor';

interface Language {
  t: (text: string, args?: Record<string, string>) => string;
}

export function heldWords(held: CacheHeld, { t }: Language): string {
  switch (held.kind) {
    case 'shared':
      return t(
        'Another gopls uses the same directory (process {pids}), in another window or as a daemon. It would not be restarted, so the cache is left as it is: close the other windows with Go first.',
        { pids: held.pids.join(', ') },
      );
    case 'remote':
      return t(
        "gopls's cache is on {file_system}, where other machines may use it, so it is left as it is.",
        { file_system: held.file_system },
      );
    case 'unseen':
      return t(
        'Process {pid} may use the same directory: its executable cannot be read. The cache is left as it is.',
        { pid: String(held.pid) },
      );
  }
}
