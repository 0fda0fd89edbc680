// Edits the list of flags gopls is started with (`go.languageServerFlags`). Pure: what the list means is Go's `flag`
// package and gopls's own flags, and a mistake here leaves a user without a language server.

/** A port of gopls's own choice that only this machine can reach. */
export const SAFE_ADDRESS = '127.0.0.1:0';
export const OUR_FLAG = `-debug=${SAFE_ADDRESS}`;
/** With `-remote` the gopls that holds the memory is a daemon, which is started with this as its `-debug`. */
export const OUR_REMOTE_FLAG = `-remote.debug=${SAFE_ADDRESS}`;

/** Flags of `gopls` and `gopls serve` that take a value: `-logfile F` hides F from the search for flags. */
const WITH_VALUE = new Set([
  'debug',
  'listen',
  'listen.timeout',
  'logfile',
  'mcp.listen',
  'mode',
  'ocagent',
  'otel',
  'port',
  'profile.alloc',
  'profile.block',
  'profile.cpu',
  'profile.mem',
  'profile.trace',
  'remote',
  'remote.debug',
  'remote.listen.timeout',
  'remote.logfile',
]);

/** A flag found in the list. */
interface Found {
  /** Index of its first element. */
  at: number;
  /** 1 for `-debug=ADDR`, 2 for `-debug ADDR`. */
  length: number;
  value: string;
}

/** The last flag of that name: Go lets later ones win. */
function find(flags: readonly string[], wanted: string): Found | undefined {
  let found: Found | undefined;
  for (let at = 0; at < flags.length; at++) {
    const match = /^--?([a-z][\w.]*)(?:=(.*))?$/s.exec(flags[at] ?? '');
    // Not a flag: the `serve` subcommand, which has flags of its own behind it.
    if (!match) continue;
    const [, name, inline] = match;
    if (name === undefined) continue;
    const apart = inline === undefined && WITH_VALUE.has(name);
    if (name === wanted) found = { at, length: apart ? 2 : 1, value: inline ?? flags[at + 1] ?? '' };
    if (apart) at++;
  }
  return found;
}

/** The value that counts of a flag; undefined when it is not there. */
export function flagValue(flags: readonly string[], name: string): string | undefined {
  return find(flags, name)?.value;
}

/** The address of the debug server these flags ask for; undefined when they ask for none. */
export function debugAddress(flags: readonly string[]): string | undefined {
  return find(flags, 'debug')?.value || undefined;
}

/** The flags with a debug server added; the same list when they ask for one already. */
export function withDebugFlag(flags: readonly string[]): string[] {
  // In front, because there it counts with and without a subcommand behind it.
  const wanted = find(flags, 'remote')?.value ? ['debug', 'remote.debug'] : ['debug'];
  let result = [...flags];
  for (const name of wanted.reverse()) {
    const found = find(result, name);
    if (found?.value) continue;
    // `-debug=` switches it off and would win over ours.
    if (found) result = without(result, found);
    result = [`-${name}=${SAFE_ADDRESS}`, ...result];
  }
  return result;
}

/** The flags without what `withDebugFlag` added. A debug flag of the user's own stays. */
export function withoutOurFlags(flags: readonly string[]): string[] {
  return flags.filter((flag) => flag !== OUR_FLAG && flag !== OUR_REMOTE_FLAG);
}

/** The flags with the debug server on the same port, but reachable from this machine only. */
export function withLoopbackOnly(flags: readonly string[]): string[] {
  const result = [...flags];
  for (const name of ['debug', 'remote.debug']) {
    const found = find(result, name);
    if (!found?.value || isLoopback(found.value)) continue;
    result.splice(found.at, found.length, `-${name}=127.0.0.1:${portOf(found.value)}`);
  }
  return result;
}

/** Whether only this machine can reach a server that listens on this address, as Go reads `host:port`. */
export function isLoopback(address: string): boolean {
  const host = address
    .slice(0, Math.max(0, address.lastIndexOf(':')))
    .replace(/^\[|\]$/g, '')
    .toLowerCase();
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}

function portOf(address: string): string {
  return /:(\d{1,5})$/.exec(address)?.[1] ?? '0';
}

function without(flags: readonly string[], found: Found): string[] {
  return [...flags.slice(0, found.at), ...flags.slice(found.at + found.length)];
}
