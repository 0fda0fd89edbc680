// Where a profile's source file is on this machine. The names come out of a profile, i.e. from outside: only existing
// regular .go files count, and a name can never lead out of the Go roots except by being an absolute path itself.
import path from 'node:path';

/** Where Go keeps sources; empty when unknown. */
export interface GoRoots {
  goroot: string;
  gomodcache: string;
}

export interface SourceName {
  file: string;
  /** The Go version that built gopls, e.g. `go1.26.8`, when known: its toolchain may lie in the module cache. */
  goVersion?: string | undefined;
}

/**
 * Paths worth looking at, best first. Go writes three kinds of names: absolute ones, and with `-trimpath`
 * `module@version/…` for modules and `runtime/malloc.go` for the standard library.
 */
export function sourceCandidates({ file, goVersion }: SourceName, roots: GoRoots): string[] {
  if (!isAcceptable(file)) return [];
  const candidates: string[] = [];
  const absolute = path.isAbsolute(file);
  if (absolute) candidates.push(path.normalize(file));
  const normal = file.replaceAll('\\', '/');
  // A gopls built elsewhere: the same module, or the same standard library, in our own folders.
  const inModules = absolute ? /\/pkg\/mod\/(.+)$/.exec(normal)?.[1] : normal;
  if (inModules?.includes('@') && roots.gomodcache) {
    candidates.push(path.join(roots.gomodcache, absolute ? inModules : escapeModulePath(inModules)));
  }
  const inStandard = absolute ? /\/src\/([a-z][^.]*\/[^/]+\.go)$/.exec(normal)?.[1] : normal;
  if (inStandard !== undefined && !inStandard.includes('@')) {
    for (const root of standardRoots(roots, goVersion)) candidates.push(path.join(root, 'src', inStandard));
  }
  return candidates;
}

function standardRoots({ goroot, gomodcache }: GoRoots, goVersion: string | undefined): string[] {
  const roots: string[] = [];
  if (gomodcache && goVersion !== undefined && /^go[\d.]+(rc\d+)?$/.test(goVersion)) {
    const os = { win32: 'windows' }[process.platform as string] ?? process.platform;
    const arch = { x64: 'amd64', ia32: '386' }[process.arch as string] ?? process.arch;
    roots.push(path.join(gomodcache, `golang.org/toolchain@v0.0.1-${goVersion}.${os}-${arch}`));
  }
  if (goroot) roots.push(goroot);
  return roots;
}

/** The module cache writes `A` as `!a`, for file systems that do not tell them apart; only before the `@`. */
function escapeModulePath(file: string): string {
  const at = file.indexOf('@');
  return file.slice(0, at).replace(/[A-Z]/g, (c) => `!${c.toLowerCase()}`) + file.slice(at);
}

function isAcceptable(file: string): boolean {
  if (!file.endsWith('.go') || file.includes('\0')) return false;
  // A network path would send the user's credentials to whoever wrote the profile.
  if (/^[\\/]{2}/.test(file)) return false;
  return !file.split(/[\\/]/).includes('..');
}
