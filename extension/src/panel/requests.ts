// The panel's door: a message from the webview is outside input, checked once here before anything acts on it. What
// a query means is checked by the core; here it must be small, plain data of the right outer shape.
import type { PanelCommand, PanelMethod, PanelRequest } from '../../shared/panel';

const MOST_BYTES = 256 * 1024;
const MOST_DEPTH = 4;
const COMMANDS: readonly PanelCommand[] = [
  'captureHeapNow',
  'enableDebugServer',
  'saveProfileAs',
  'deleteIncidents',
  'exportReport',
  'exportTrace',
  'compareTraces',
  'openLog',
  'copyAsIssue',
  'restartGopls',
  'togglePause',
  'cancelCapture',
  'openGoplsSettings',
  'exportVerification',
  'deleteVerification',
  'applyChange',
  'undoChange',
  'diagnose',
  'openFinding',
  'openSetting',
  'openServerLog',
  'applyFix',
  'copyFix',
  'undoFix',
  'cleanCache',
  'emptyOwnCache',
  'measureWarmLoad',
  'copyGoCommand',
  'clearHistory',
  'whoHolds',
  'keepHeap',
  'compareHeap',
  'forgetHeap',
  'exportHeapJson',
  'exportHeapProfile',
  'exportHeapPage',
  'closeHeap',
];

type Check = (value: unknown) => boolean;

const text = (value: unknown, most: number) => typeof value === 'string' && value.length <= most;
const count: Check = (value) => Number.isSafeInteger(value) && (value as number) >= 0;
/** A folder name, never a path. */
const incidentId: Check = (value) => typeof value === 'string' && /^[\w-][\w.-]{0,127}$/.test(value);
const query: Check = (value) => isRecord(value) && isPlain(value, MOST_DEPTH);
const optional =
  (check: Check): Check =>
  (value) =>
    value === undefined || check(value);
const orNull =
  (check: Check): Check =>
  (value) =>
    value === null || check(value);
const record =
  (shape: Record<string, Check>): Check =>
  (value) =>
    isRecord(value) &&
    Object.keys(value).every((key) => Object.hasOwn(shape, key)) &&
    Object.entries(shape).every(([key, check]) => check(value[key]));
const verificationId: Check = (value) => typeof value === 'string' && /^[\w-]{1,64}$/.test(value);
const GOALS = ['waits', 'memory', 'growth', 'peak'];
const SETTINGS = ['memory-limit', 'go-mem-limit', 'gogc', 'go-max-procs'];
const SIDES = ['before', 'after'];
const oneOf =
  (values: readonly unknown[]): Check =>
  (value) =>
    values.includes(value);
const ofVerification = { step: oneOf(['look', 'end-run', 'give-up-run']), id: verificationId };
const STEPS: readonly Check[] = [
  record({
    step: oneOf(['start']),
    start: record({
      title: (value) => text(value, 200),
      goal: oneOf(GOALS),
      change: optional(record({ setting: oneOf(SETTINGS), value: count })),
    }),
  }),
  record({ step: oneOf(['begin-run']), id: verificationId, side: oneOf(SIDES) }),
  record(ofVerification),
];
const verifyStep: Check = (value) => STEPS.some((check) => check(value));
const profileRef = record({ incident: incidentId, capture: count });

const among = { offset: count, limit: count };
/** Way down a tree: no heap is that deep for a person. */
const way: Check = (value) => Array.isArray(value) && value.length <= 200 && value.every(count);
/** No file is named by the page: what reads or writes one is not among these. */
const HEAP_QUESTIONS: readonly Check[] = [
  record({ ask: oneOf(['summary', 'packages']) }),
  record({
    ask: oneOf(['types']),
    search: (value) => text(value, 500),
    sort: oneOf(['retained', 'bytes', 'count', 'name']),
    reversed: (value) => typeof value === 'boolean',
    ...among,
  }),
  record({ ask: oneOf(['paths']), id: count }),
  record({ ask: oneOf(['instances']), id: count, ...among }),
  record({ ask: oneOf(['holds']), object: optional(count), id: optional(count), way }),
  record({ ask: oneOf(['chain']), object: count }),
];

const ARGUMENTS: { readonly [M in PanelMethod]: Check } = {
  hello: record({ protocol: count }),
  incidents: record({}),
  incident: record({ id: incidentId }),
  stallSummary: record({}),
  waitDays: record({ query }),
  history: record({ query }),
  timeline: record({ query }),
  memory: record({}),
  gc: record({}),
  patterns: record({}),
  incidentMemory: record({ id: incidentId }),
  incidentAllocation: record({ id: incidentId }),
  incidentPatterns: record({ id: incidentId }),
  sampleTypes: record({ ref: profileRef }),
  heapTable: record({ ref: profileRef, query }),
  flame: record({ ref: profileRef, query }),
  subsystems: record({ ref: profileRef, query }),
  icicle: record({ ref: profileRef, query }),
  heapCaptures: record({ limit: count }),
  heapDiff: record({ ref: profileRef, query, base: orNull(profileRef) }),
  flameDiff: record({ ref: profileRef, query, base: orNull(profileRef) }),
  verifications: record({}),
  verify: record({ step: verifyStep }),
  logOverview: record({ readOn: (value) => typeof value === 'boolean' }),
  logRequests: record({ query }),
  traceComparison: record({}),
  doctor: record({ again: (value) => typeof value === 'boolean' }),
  cache: record({}),
  goCaches: record({}),
  liveHeap: record({}),
  askHeap: record({ question: (value) => HEAP_QUESTIONS.some((check) => check(value)) }),
  keptHeap: record({ id: incidentId }),
  decisions: record({ limit: count }),
  openSource: record({ file: (value) => text(value, 4096), line: count }),
  command: record({
    id: (value) => COMMANDS.some((command) => command === value),
    incident: optional(incidentId),
    capture: optional(count),
    verification: optional(verificationId),
    fix: optional(record({ report: count, finding: count, fix: (value) => text(value, 64) })),
    goCache: optional((value) => text(value, 16)),
    setting: optional(record({ report: count, setting: count })),
    report: optional(count),
  }),
};

/** The request in a message; undefined when it is not one. */
export function checkedRequest(message: unknown): PanelRequest | undefined {
  if (!isRecord(message) || message['type'] !== 'request' || !count(message['id'])) return undefined;
  const { method, args } = message;
  if (typeof method !== 'string' || !Object.hasOwn(ARGUMENTS, method)) return undefined;
  if (!ARGUMENTS[method as PanelMethod](args) || JSON.stringify(args).length > MOST_BYTES) return undefined;
  return message as unknown as PanelRequest;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Numbers, strings, booleans, null, and lists and records of them. */
function isPlain(value: unknown, depth: number): boolean {
  if (value === null || ['string', 'boolean'].includes(typeof value)) return true;
  if (typeof value === 'number') return Number.isFinite(value);
  if (depth === 0 || typeof value !== 'object') return false;
  return Object.values(value).every((inner) => isPlain(inner, depth - 1));
}
