// Environment variables in settings: what bears on gopls's memory and speed is told, of the rest only that it is set. A
// proxy's address can hold a password.

/** Variables whose value may be read by anybody. */
const TOLD = new Set([
  'CGO_ENABLED',
  'GO111MODULE',
  'GOAMD64',
  'GOARCH',
  'GODEBUG',
  'GOEXPERIMENT',
  'GOFLAGS',
  'GOGC',
  'GOMEMLIMIT',
  'GOMODCACHE',
  'GOOS',
  'GOPACKAGESDRIVER',
  'GOPLSCACHE',
  'GOROOT',
  'GOTOOLCHAIN',
  'GOWORK',
]);

/** Names of settings that hold variables, wherever they are in an object. */
const HOLDS_VARIABLES = /^(go\.toolsEnvVars|(build\.)?env)$/;
const LEFT_OUT = '(set; its value is left out)';
const MOST_DEPTH = 8;

/** A setting as it can be shown to others. */
export function shareable(name: string, value: unknown, depth = MOST_DEPTH): unknown {
  if (typeof value !== 'object' || value === null || depth === 0) return value;
  if (Array.isArray(value)) return value.map((entry) => shareable('', entry, depth - 1));
  const isVariables = HOLDS_VARIABLES.test(name);
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [
      key,
      isVariables ? (TOLD.has(key.toUpperCase()) ? inner : LEFT_OUT) : shareable(key, inner, depth - 1),
    ]),
  );
}
