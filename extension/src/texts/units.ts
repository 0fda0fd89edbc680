// Numbers with their units, as people read them. Decimal units throughout: the settings and `go tool pprof`'s
// neighbours in the status bar count in MB of 1,000,000 bytes.

const NS_PER_MS = 1e6;
const NS_PER_S = 1e9;

/** `612 MB`, `1.1 GB`, `17 kB`; negative numbers keep their sign. */
export function bytes(value: number, locale?: string): string {
  const size = Math.abs(value);
  if (size >= 999.5e6) return `${number(value / 1e9, size < 99.95e9 ? 1 : 0, locale)} GB`;
  if (size >= 999.5e3) return `${number(value / 1e6, size < 9.95e6 ? 1 : 0, locale)} MB`;
  if (size >= 1000) return `${number(value / 1e3, 0, locale)} kB`;
  return `${number(value, 0, locale)} B`;
}

/** `240 ms`, `3.2 s`, `2 min 5 s`. */
export function duration(ns: number, locale?: string): string {
  const size = Math.abs(ns);
  if (size < 1 * NS_PER_MS) return '<1 ms';
  if (size < 999.5 * NS_PER_MS) return `${number(ns / NS_PER_MS, 0, locale)} ms`;
  if (size < 59.95 * NS_PER_S) return `${number(ns / NS_PER_S, 1, locale)} s`;
  const seconds = Math.round(size / NS_PER_S);
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

/** `0.04 %`: a share of one processor core. */
export function coreShare(share: number, locale?: string): string {
  return `${number(share * 100, share < 0.1 ? 2 : 0, locale)} %`;
}

function number(value: number, digits: number, locale?: string): string {
  const format = (tag?: string) =>
    new Intl.NumberFormat(tag, { minimumFractionDigits: digits, maximumFractionDigits: digits }).format(
      value,
    );
  try {
    return format(locale);
  } catch {
    // A display language that is not a BCP 47 tag must not cost us the number.
    return format('en');
  }
}

/**
 * A value of a decision or a note, formatted by the unit that its name ends with: `rise_bytes`, `age_ns`, `wait_s`.
 */
export function valueByName(name: string, value: number | string, locale?: string): string {
  if (typeof value === 'string') return value;
  if (name.endsWith('_bytes')) return bytes(value, locale);
  if (name.endsWith('_ns')) return duration(value, locale);
  if (name.endsWith('_ms')) return duration(value * NS_PER_MS, locale);
  if (name.endsWith('_s')) return duration(value * NS_PER_S, locale);
  if (name.endsWith('_share')) return coreShare(value, locale);
  if (name.endsWith('_mb')) return bytes(value * 1e6, locale);
  return Number.isInteger(value) ? String(value) : number(value, 2, locale);
}
