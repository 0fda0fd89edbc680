import * as fmt from '../base/format';

/** A value of the core, whose name tells its unit. */
export function valueByName(name: string, value: number | string): string {
  if (typeof value !== 'number') return value;
  if (name.endsWith('_bytes')) return fmt.bytes(value);
  if (name.endsWith('_ns')) return fmt.duration(value);
  if (name.endsWith('_ms')) return fmt.duration(value * 1e6);
  if (name.endsWith('_s')) return fmt.duration(value * 1e9);
  if (name.endsWith('_share')) return fmt.share(value);
  return name === 'pid' ? String(value) : fmt.plain(value);
}
