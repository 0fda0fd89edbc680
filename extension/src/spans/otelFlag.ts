// The flag that makes gopls post its own spans, in the list of flags it is started with. Pure. The path in the address
// tells a flag that we wrote from one of the user's own, so that only ours is ever taken away.
import { flagValue } from '../debugServer/flags';

/** As in `native/probe/src/spans`. */
const OURS = /^-otel=http:\/\/127\.0\.0\.1:(\d{1,5})\/stallscope$/;

export const otelFlag = (port: number) => `-otel=http://127.0.0.1:${port}/stallscope`;

/** The port that our flag names; undefined when these flags have none of ours, or one that does not count. */
export function ourPort(flags: readonly string[]): number | undefined {
  const port = Number(OURS.exec(`-otel=${otelAddress(flags) ?? ''}`)?.[1]);
  return port > 0 && port < 65_536 ? port : undefined;
}

/** Where these flags make gopls post to; undefined for nowhere. */
export function otelAddress(flags: readonly string[]): string | undefined {
  return flagValue(flags, 'otel') || undefined;
}

/** With a daemon, the gopls that the flag counts for is the forwarder, which has nothing to tell. */
export function isForwarder(flags: readonly string[]): boolean {
  return Boolean(flagValue(flags, 'remote'));
}

/** The flags with ours in front, where it counts with and without a subcommand behind it. */
export function withOtelFlag(flags: readonly string[], port: number): string[] {
  return [otelFlag(port), ...withoutOtelFlag(flags)];
}

/** The flags without ours. */
export function withoutOtelFlag(flags: readonly string[]): string[] {
  return flags.filter((flag) => !isOurs(flag));
}

export function isOurs(flag: unknown): boolean {
  return typeof flag === 'string' && OURS.test(flag);
}
