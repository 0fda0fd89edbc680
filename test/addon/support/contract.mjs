// `extension/shared/core.ts` read as what it is: the list of calls, each with its parameters and what it returns.
import fs from 'node:fs';
import path from 'node:path';
import ts from 'typescript';
import { repo } from '../../tools/lib/paths.mjs';

/** The calls of a class or interface `Core`: name → parameter names with their types, and the type returned, as text. */
export function callsOfCore(file) {
  const full = path.join(repo, file);
  const source = ts.createSourceFile(full, fs.readFileSync(full, 'utf8'), ts.ScriptTarget.Latest, true);
  const core = source.statements.find(
    (s) => (ts.isInterfaceDeclaration(s) || ts.isClassDeclaration(s)) && s.name?.text === 'Core',
  );
  const calls = core.members.filter((m) => ts.isMethodSignature(m) || ts.isMethodDeclaration(m));
  return new Map(
    calls.map((call) => [
      call.name.getText(),
      {
        parameters: call.parameters.map((p) => p.name.getText()),
        types: call.parameters.map((p) => p.type.getText()),
        returns: call.type.getText(),
      },
    ]),
  );
}

export const CONTRACT = callsOfCore('extension/shared/core.ts');

const REF = { incident: 'no-such', capture: 1 };
const ROWS = {
  sample_type: null,
  sort: 'flat',
  descending: true,
  filter: '',
  subsystem: null,
  with_subsystems: false,
  offset: 0,
  limit: 10,
};
const TREE = { sample_type: null, path: [], min_share: 0.001, max_nodes: 100 };

/** A request for a report without its page. */
export const reportRequest = (incident, changes = {}) => ({
  incident,
  redact: true,
  hide_names: false,
  also_hide: [],
  homes: [],
  user_names: [],
  host_names: [],
  page: null,
  about: {},
  ...changes,
});

/** Arguments for each call that are right, about an incident that is not there. */
export const RIGHT = {
  start: [() => {}],
  stop: [],
  configure: [{ stall_after_ms: 300 }],
  configureExport: [{ enabled: false }],
  exportDestinations: [{ endpoint: 'http://127.0.0.1:9' }],
  exportStatus: [],
  pause: [],
  resume: [],
  observed: ['textDocument/hover', 'file:///a.go', 1],
  hostLagged: [120],
  echoBegan: ['textDocument/hover', 'file:///a.go'],
  echoEnded: ['textDocument/hover', 'file:///a.go'],
  saveBegan: ['file:///a.go'],
  saveEnded: ['file:///a.go'],
  workspaceAnswered: [{ pid: 1, workspace_stats: null, views: null }],
  recordSpans: [null],
  spans: [],
  status: [],
  goplsProcesses: [],
  captureNow: [{ what: 'heap', seconds: null }],
  cancelCapture: [],
  doctor: [{ folder: '/no-such', language: 'en' }],
  cache: [{ variables: { GOPLSCACHE: '/nowhere' }, gopls: null }],
  goCaches: [{ variables: {}, gopls: null }],
  cleanCache: [{ variables: { GOPLSCACHE: '/nowhere' }, gopls: null }, 'orphans'],
  moveOwnCacheAside: [{ variables: { GOPLSCACHE: '/nowhere' }, gopls: null }],
  cacheProgress: [],
  cancelCache: [],
  openHeap: [
    {
      pid: 1,
      started_unix_ms: 0,
      bound_ms: 500,
      memory_limit_bytes: null,
      helper: '/nowhere/stallscope-retain',
      language: 'en',
    },
    () => {},
  ],
  cancelHeap: [],
  askHeap: [{ ask: 'summary' }],
  closeHeap: [],
  keepHeapAfter: [
    'no-such',
    {
      pid: 1,
      started_unix_ms: 0,
      bound_ms: 500,
      memory_limit_bytes: null,
      helper: '/nowhere/stallscope-retain',
      language: 'en',
    },
  ],
  keptHeap: ['no-such'],
  saveHeapPage: ['no-such', '/nowhere/held.html'],
  incidents: [],
  incident: ['no-such'],
  stallSummary: [],
  waitDays: [{ midnights_unix_ms: [0, 86_400_000], method: null, cause: null }],
  history: [{ midnights_unix_ms: [0, 86_400_000], workspace: null, method: null }],
  clearHistory: [],
  deleteIncidents: [['no-such']],
  saveProfile: [REF, '/nowhere/x.pb.gz'],
  buildReport: [reportRequest('no-such')],
  reportText: [1, null],
  saveReport: [1, { page_only: false, leave_out: [] }, '/nowhere/report.zip'],
  openLog: ['/nowhere/gopls.log', 'en'],
  logOverview: [false, 'en'],
  logRequests: [
    { sort: 'waited', descending: true, filter: '', state: null, from: null, offset: 0, limit: 10 },
  ],
  logProgress: [],
  closeLog: [],
  saveTrace: ['no-such', 'chrome', '/nowhere/trace.json'],
  compareTraces: ['no-such', { file: '/nowhere/trace.json' }],
  timeline: [{ incident: null, from_ns: null, to_ns: null, points: 100 }],
  memory: [],
  gc: [null],
  incidentMemory: ['no-such'],
  incidentAllocation: ['no-such'],
  patterns: ['en'],
  incidentPatterns: ['no-such', 'en'],
  verifications: [],
  verify: [{ step: 'look', id: 'no-such' }],
  deleteVerification: ['no-such'],
  sampleTypes: [REF],
  heapTable: [REF, ROWS],
  flame: [REF, TREE],
  subsystems: [REF, { sample_type: null }],
  icicle: [REF, TREE],
  heapCaptures: [10],
  heapDiff: [REF, ROWS, null],
  flameDiff: [REF, TREE, null],
  decisions: [10],
};

/** Whether a call answers with an `Outcome`; the others have nothing to fail at, or throw. */
export const answersOutcome = (call) => CONTRACT.get(call).returns.includes('Outcome<');
