// Go's symbol names, shortened for the eye.

/** `golang.org/x/tools/gopls/internal/cache.(*Snapshot).Load[...]` → `cache.(*Snapshot).Load[...]`. */
export function shortName(function_: string): string {
  // Slashes inside type arguments belong to other packages.
  const bracket = function_.indexOf('[');
  const head = bracket < 0 ? function_ : function_.slice(0, bracket);
  return function_.slice(head.lastIndexOf('/') + 1);
}

/** The sample types of Go's heap, allocation and CPU profiles, most useful first. A profile has some of them. */
export const SAMPLE_TYPES = [
  'inuse_space',
  'inuse_objects',
  'alloc_space',
  'alloc_objects',
  'cpu',
  'samples',
] as const;
export type KnownSampleType = (typeof SAMPLE_TYPES)[number];

export const isSampleType = (name: unknown): name is KnownSampleType =>
  (SAMPLE_TYPES as readonly unknown[]).includes(name);

/** A stable small number for a package, to colour it by: same package, same colour, in every view. */
export function packageHue(package_: string, hues: number): number {
  let hash = 2166136261;
  for (let i = 0; i < package_.length; i++) hash = Math.imul(hash ^ package_.charCodeAt(i), 16777619);
  // The low bits of this hash are weak for short names.
  return ((hash ^ (hash >>> 15)) >>> 0) % hues;
}
