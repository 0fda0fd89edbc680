// Names of Go types as people say them.

/** The last part of each import path only: `*cache.Snapshot`, `map[cache.ID]*cache.View`. */
export const shortType = (name: string): string => name.replace(/[^\s[\](){},;*]*\//g, '');

/** The same for a function: `errgroup.(*Group).Go.func1`. */
export const shortFunction = (name: string): string => name.slice(name.lastIndexOf('/') + 1);
