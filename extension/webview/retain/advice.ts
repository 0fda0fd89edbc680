// What to do about it, by what is alive. Names only: the words are in `words.ts`.
import type { HeapSummary } from '../../shared/heap';

/** The type of which more than a few are a bad sign. */
export const SNAPSHOT = 'golang.org/x/tools/gopls/internal/cache.Snapshot';
/** One is current, one is being made, and a request may still run on an older one. */
const MOST_USUAL_SNAPSHOTS = 3;
/** Less of a part is not worth a word; less than that in all is not worth leaving folders out. */
const NOTABLE = 0.1;
const MUCH_BYTES = 100e6;

export type Advice =
  | { kind: 'snapshots'; count: number; retained_bytes: number }
  /** Grows with the packages that gopls looks at. */
  | { kind: 'packages'; part: string; bytes: number; share: number }
  /** Bounded by gopls itself. */
  | { kind: 'cache'; part: string; bytes: number; share: number }
  | { kind: 'ballast'; bytes: number }
  | { kind: 'nothing' };

const BY_PACKAGES = ['type-checking', 'parsing', 'metadata', 'indexes', 'export-data', 'analysis'];
const BOUNDED = ['file-contents', 'file-cache', 'auto-imports'];

/** The most important first; never empty. */
export function advise(
  { parts, bytes_marked }: Pick<HeapSummary, 'parts' | 'bytes_marked'>,
  snapshots: { count: number; retained_bytes: number } | null,
): Advice[] {
  const advice: Advice[] = [];
  if (snapshots && snapshots.count > MOST_USUAL_SNAPSHOTS) advice.push({ kind: 'snapshots', ...snapshots });
  const ballast = parts.find(({ part }) => part === 'ballast')?.bytes ?? 0;
  // The ballast is reserved and takes no memory: shares are of the rest.
  const all = Math.max(bytes_marked - ballast, 1);
  const largest = (names: string[]) =>
    parts.filter(({ part, bytes }) => names.includes(part) && bytes / all >= NOTABLE).slice(0, 1);
  for (const { part, bytes } of largest(BY_PACKAGES))
    if (bytes >= MUCH_BYTES) advice.push({ kind: 'packages', part, bytes, share: bytes / all });
  for (const { part, bytes } of largest(BOUNDED))
    advice.push({ kind: 'cache', part, bytes, share: bytes / all });
  if (ballast > 0) advice.push({ kind: 'ballast', bytes: ballast });
  // What there is nothing to do about is no answer by itself.
  const isSomething = advice.some(({ kind }) => kind === 'snapshots' || kind === 'packages');
  return isSomething ? advice : [{ kind: 'nothing' }, ...advice];
}
