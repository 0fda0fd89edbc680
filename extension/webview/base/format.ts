// Numbers as people read them. Units are decimal (MB = 10^6 bytes), as everywhere in Stallscope.

let locale: string | undefined;
let cache = new Map<string, Intl.NumberFormat | Intl.DateTimeFormat>();

/** Sets the locale of all later formatting. One that Intl does not know leaves the browser's own. */
export function setLocale(tag: string): void {
  try {
    locale = Intl.getCanonicalLocales(tag)[0];
  } catch {
    locale = undefined;
  }
  cache = new Map();
}

function numbers(options: Intl.NumberFormatOptions): Intl.NumberFormat {
  const key = JSON.stringify(options);
  let format = cache.get(key) as Intl.NumberFormat | undefined;
  if (!format) cache.set(key, (format = new Intl.NumberFormat(locale, options)));
  return format;
}

function dates(options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `date ${JSON.stringify(options)}`;
  let format = cache.get(key) as Intl.DateTimeFormat | undefined;
  if (!format) cache.set(key, (format = new Intl.DateTimeFormat(locale, options)));
  return format;
}

const digits = (value: number, decimals: number) =>
  numbers({ minimumFractionDigits: decimals, maximumFractionDigits: decimals }).format(value);

/** No-break space between a number and its unit. */
const NBSP = '\u00a0';
const MINUS = '\u2212';

const BYTE_UNITS: [limit: number, scale: number, unit: string, decimals: (scaled: number) => number][] = [
  [1e3, 1, 'B', () => 0],
  // The limits are where rounding would show "1,000".
  [999.5e3, 1e3, 'kB', (kb) => (kb < 9.95 ? 1 : 0)],
  [999.5e6, 1e6, 'MB', (mb) => (mb < 9.95 ? 1 : 0)],
  [Infinity, 1e9, 'GB', () => 2],
];

/** `612 MB`, `1.24 GB`. */
export function bytes(value: number): string {
  const size = Math.abs(value);
  for (const [limit, scale, unit, decimals] of BYTE_UNITS) {
    if (size < limit) {
      const scaled = size / scale;
      return `${value < 0 ? MINUS : ''}${digits(scaled, decimals(scaled))}${NBSP}${unit}`;
    }
  }
  return String(value);
}

/** `+412 MB`, `−3 MB`, `0 B`. */
export const signed = (value: number, format: (value: number) => string): string =>
  value > 0 && !/^0\D/.test(format(value)) ? `+${format(value)}` : format(value);

/** `0.4 ms`, `340 ms`, `5.21 s`, `2 min 05 s`. */
export function duration(ns: number): string {
  const ms = ns / 1e6;
  // What would be shown as zero has no sign.
  if (Math.abs(ms) < 0.05) return `0${NBSP}ms`;
  if (ms < 0) return `${MINUS}${duration(-ns)}`;
  if (ms < 9.95) return `${digits(ms, 1)}${NBSP}ms`;
  if (ms < 999.5) return `${digits(ms, 0)}${NBSP}ms`;
  const s = ms / 1e3;
  if (s < 9.995) return `${digits(s, 2)}${NBSP}s`;
  if (s < 59.95) return `${digits(s, 1)}${NBSP}s`;
  const whole = Math.round(s);
  const rest = String(whole % 60).padStart(2, '0');
  if (whole < 3600) return `${Math.floor(whole / 60)}${NBSP}min${NBSP}${rest}${NBSP}s`;
  const minutes = Math.round(whole / 60);
  return `${Math.floor(minutes / 60)}${NBSP}h${NBSP}${String(minutes % 60).padStart(2, '0')}${NBSP}min`;
}

/** A whole number with group separators. */
export const count = (value: number): string =>
  numbers({ maximumFractionDigits: 0 }).format(value).replace('-', MINUS);

/** A share of 1 as `12.3 %` in the locale's way. */
export const share = (value: number, decimals = 1): string =>
  numbers({ style: 'percent', minimumFractionDigits: decimals, maximumFractionDigits: decimals }).format(
    Number.isFinite(value) ? value : 0,
  );

/** A plain number, as exact as it needs to be. */
export const plain = (value: number): string => numbers({ maximumSignificantDigits: 4 }).format(value);

/** A value of a profile in the profile's unit. */
export const amount = (value: number, unit: string): string =>
  unit === 'bytes' ? bytes(value) : unit === 'nanoseconds' ? duration(value) : count(value);

/** `04:19:02`, with milliseconds on request. */
export const clock = (unixMs: number, fractionalSecondDigits?: 1 | 2 | 3): string =>
  dates({
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
    fractionalSecondDigits,
  }).format(unixMs);

/** `Nov 24, 04:19:02`; today without the day. */
export function when(iso: string, now = Date.now()): string {
  const time = Date.parse(iso);
  if (!Number.isFinite(time)) return iso;
  const sameDay = new Date(time).toDateString() === new Date(now).toDateString();
  if (sameDay) return clock(time);
  return dates({
    month: 'short',
    day: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
  }).format(time);
}

/** `Nov 24`; of another year with the year. */
export function day(unixMs: number, now = Date.now()): string {
  const sameYear = new Date(unixMs).getFullYear() === new Date(now).getFullYear();
  return dates({ month: 'short', day: 'numeric', year: sameYear ? undefined : 'numeric' }).format(unixMs);
}

/** Date and time in full, for tooltips. */
export function fullDate(iso: string): string {
  const time = Date.parse(iso);
  return Number.isFinite(time) ? dates({ dateStyle: 'full', timeStyle: 'long' }).format(time) : iso;
}
