// What a version of gopls can do.

/**
 * Whether a gopls of this version can post its own timing (`-otel`); undefined when the version does not tell. One that does
 * not know the flag refuses to start.
 */
export function knowsOtel(version: string | null | undefined): boolean | undefined {
  const [, major, minor] = /^v(\d+)\.(\d+)\./.exec(version ?? '') ?? [];
  // Something between two releases may be of before the flag.
  if (major === undefined || minor === undefined || version?.startsWith('v0.22.0-')) return undefined;
  return Number(major) > 0 || Number(minor) >= 22;
}
