// The functions of a CPU profile by their Go package: gopls's own packages and Go's, never the user's.
import type { HeapPage } from '../../shared/model';

export interface PackageTime {
  /** Import path; empty for what is in none, such as the runtime's assembly. */
  package: string;
  share: number;
}

/** What was spent in each package itself, most first. */
export function byPackage(rows: HeapPage['rows']): PackageTime[] {
  const shares = new Map<string, number>();
  for (const row of rows) shares.set(row.package, (shares.get(row.package) ?? 0) + row.flat_share);
  return [...shares]
    .map(([name, share]) => ({ package: name, share }))
    .sort((a, b) => b.share - a.share || (a.package < b.package ? -1 : 1));
}
