/**
 * The panel protocol, typed and versioned: the webview asks, the extension answers; the extension also pushes.
 * Types only. The extension validates every message before it acts on it: a webview is outside.
 */
import type { Outcome, ProfileRef } from './core';
import type { CacheView, DoctorReport, GoCache } from './doctor';
import type { ComparedType, HeapAnswer, HeapPageQuestion, KeptHeap, OpenedHeap } from './heap';
import type {
  AllocationRate,
  CapturedMemory,
  Decision,
  FlameTree,
  FlameQuery,
  GcView,
  DiffBy,
  DiffPage,
  DiffQuery,
  HeapCapture,
  HistoryQuery,
  HistoryView,
  HeapQuery,
  HeapPage,
  Incident,
  IncidentSummary,
  LogOverview,
  LogQuery,
  LogRequestPage,
  MemoryView,
  PastLoad,
  Patterns,
  SampleType,
  StallSummary,
  SpansView,
  Status,
  SubsystemQuery,
  SubsystemTable,
  Timeline,
  TimelineQuery,
  TraceComparison,
  Verification,
  VerificationView,
  VerifyStep,
  WaitDays,
  WaitDaysQuery,
} from './model';

/** Raised with every incompatible change; a webview restored from an older version asks for a reload. */
export const PANEL_PROTOCOL = 1;

/** What the webview may ask for: argument and answer of each. */
export interface PanelApi {
  /** First call: everything the first paint needs. */
  hello(args: { protocol: number }): {
    protocol: number;
    status: Status;
    /** How gopls's own spans come; null when nothing is known of that. */
    spans: SpansView | null;
    incidents: IncidentSummary[];
    /** The incident the panel was opened for, if one. */
    select: string | null;
    /** The page the panel was opened for, if one. */
    page: PanelPage | null;
    /** BCP 47 tag for number and date formats. */
    locale: string;
  };
  incidents(args: Record<string, never>): Outcome<IncidentSummary[]>;
  incident(args: { id: string }): Outcome<Incident>;
  stallSummary(args: Record<string, never>): Outcome<StallSummary>;
  waitDays(args: { query: WaitDaysQuery }): Outcome<WaitDays>;
  history(args: { query: HistoryQuery }): Outcome<HistoryView>;
  timeline(args: { query: TimelineQuery }): Outcome<Timeline>;
  memory(args: Record<string, never>): Outcome<MemoryView | null>;
  /** The extension adds the settings of gopls. */
  gc(args: Record<string, never>): Outcome<GcView | null>;
  /** Of the gopls that is watched, in the language of the editor. */
  patterns(args: Record<string, never>): Outcome<Patterns>;
  incidentMemory(args: { id: string }): Outcome<CapturedMemory[]>;
  incidentAllocation(args: { id: string }): Outcome<AllocationRate | null>;
  /** In the language of the editor. */
  incidentPatterns(args: { id: string }): Outcome<Patterns>;
  sampleTypes(args: { ref: ProfileRef }): Outcome<SampleType[]>;
  heapTable(args: { ref: ProfileRef; query: HeapQuery }): Outcome<HeapPage>;
  flame(args: { ref: ProfileRef; query: FlameQuery }): Outcome<FlameTree>;
  subsystems(args: { ref: ProfileRef; query: SubsystemQuery }): Outcome<SubsystemTable>;
  icicle(args: { ref: ProfileRef; query: FlameQuery }): Outcome<FlameTree>;
  heapCaptures(args: { limit: number }): Outcome<HeapCapture[]>;
  /** `base` null: the baseline of the incident of `ref`. */
  heapDiff(args: { ref: ProfileRef; query: DiffQuery; base: ProfileRef | null }): Outcome<DiffPage>;
  flameDiff(args: { ref: ProfileRef; query: FlameQuery; base: ProfileRef | null }): Outcome<FlameTree>;
  verifications(args: Record<string, never>): Outcome<Verification[]>;
  /** The extension adds the settings of gopls to a run that begins. */
  verify(args: { step: PanelVerifyStep }): Outcome<VerificationView>;
  /** The log that was opened by a command; with `readOn` what was written to it meanwhile is read before. */
  logOverview(args: { readOn: boolean }): Outcome<LogOverview>;
  logRequests(args: { query: LogQuery }): Outcome<LogRequestPage>;
  /** The latest one that was asked for by a command; null before the first. */
  traceComparison(args: Record<string, never>): Outcome<TraceComparison | null>;
  /** What the doctor found in each folder of the window; with `again` it looks once more. */
  doctor(args: { again: boolean }): Outcome<DoctorView>;
  /** gopls's cache, as it is now. */
  cache(args: Record<string, never>): Outcome<CachePage>;
  /** Go's own; counting them takes seconds. */
  goCaches(args: Record<string, never>): Outcome<GoCache[]>;
  /** The living heap that is open, if one is. */
  liveHeap(args: Record<string, never>): Outcome<LiveHeapView>;
  askHeap(args: { question: HeapPageQuestion }): Outcome<HeapAnswer>;
  /** What was kept of a heap that was read after an incident. */
  keptHeap(args: { id: string }): Outcome<KeptHeap | null>;
  decisions(args: { limit: number }): Decision[];
  /** Opens a frame's source, when the file is on this machine. */
  openSource(args: { file: string; line: number }): Outcome<null>;
  /** Runs one of our own commands; the extension knows the list of allowed ones. */
  command(args: CommandTarget & { id: PanelCommand }): Outcome<null>;
}

/** What a command is about. */
export interface CommandTarget {
  incident?: string;
  capture?: number;
  verification?: string;
  fix?: FixTarget;
  /** A cache of Go, by its name. */
  goCache?: string;
  setting?: SettingTarget;
  /** Number of a report of the doctor, as `doctor` answered them. */
  report?: number;
}

/** What the doctor found in each folder of the window, and for which wait it was asked: what explains that comes first. */
export interface DoctorView {
  reports: DoctorReport[];
  wait: DoctorWait | null;
}

/** A wait that findings are held against. */
export interface DoctorWait {
  incident: string;
  method: string;
  /** Its causes and phases that took a notable part of it, by their names. */
  took: string[];
}

/** A fix of a finding of the doctor, as `doctor` answered it. */
export interface FixTarget {
  /** Number of the report in that answer. */
  report: number;
  /** Number of the finding in it. */
  finding: number;
  /** The fix's id; empty for the finding itself. */
  fix: string;
}

/** A setting that the doctor saw, as `doctor` answered it. */
export interface SettingTarget {
  /** Number of the report in that answer. */
  report: number;
  /** Number of the setting in it. */
  setting: number;
}

/** What is shown of gopls's cache. */
export interface CachePage {
  view: CacheView;
  work: CacheWork;
  /** What this window has emptied last. */
  emptied: CacheEmptied | null;
}

/** What this window is doing with the cache. */
export type CacheWork = 'none' | 'removing' | 'emptying' | 'loading-cold' | 'loading-warm';

/** The cache of a gopls that was emptied, and the loads after it as far as they were seen. */
export interface CacheEmptied {
  name: string;
  bytes: number;
  cold: PastLoad | null;
  warm: PastLoad | null;
}

/** The living heap of the gopls of this window, as far as one was read. */
export interface LiveHeapView {
  heap: OpenedHeap | null;
  /** Why none is open any more. */
  closed: 'gopls-ended' | 'idle' | 'asked' | null;
  reading: boolean;
  /** When one was taken that a later one is to be compared with. */
  earlier_unix_ms: number | null;
  compared: { earlier_unix_ms: number; total: number; rows: ComparedType[] } | null;
}

/** What the panel shows: stalls and memory, a fix that is being verified, a message log of gopls, two traces compared, what the
 * doctor found, gopls's cache, or who holds its memory. */
export type PanelPage = 'stalls' | 'verify' | 'log' | 'traces' | 'doctor' | 'cache' | 'history' | 'retain';

type WithoutSettings<S> = S extends { step: 'begin-run' } ? Omit<S, 'settings'> : S;
export type PanelVerifyStep = WithoutSettings<VerifyStep>;

export type PanelCommand =
  | 'captureHeapNow'
  | 'enableDebugServer'
  | 'saveProfileAs'
  | 'deleteIncidents'
  | 'exportReport'
  | 'exportTrace'
  | 'compareTraces'
  | 'openLog'
  | 'copyAsIssue'
  | 'restartGopls'
  | 'togglePause'
  | 'cancelCapture'
  | 'openGoplsSettings'
  | 'exportVerification'
  | 'deleteVerification'
  | 'applyChange'
  | 'undoChange'
  | 'diagnose'
  | 'openFinding'
  | 'openSetting'
  | 'openServerLog'
  | 'applyFix'
  | 'copyFix'
  | 'undoFix'
  | 'cleanCache'
  | 'emptyOwnCache'
  | 'measureWarmLoad'
  | 'copyGoCommand'
  | 'clearHistory'
  | 'whoHolds'
  | 'keepHeap'
  | 'compareHeap'
  | 'forgetHeap'
  | 'exportHeapJson'
  | 'exportHeapProfile'
  | 'exportHeapPage'
  | 'closeHeap';

export type PanelMethod = keyof PanelApi;

/** webview → extension */
export type PanelRequest = {
  [M in PanelMethod]: { type: 'request'; id: number; method: M; args: Parameters<PanelApi[M]>[0] };
}[PanelMethod];

/** extension → webview */
export type PanelMessage =
  | { type: 'response'; id: number; value: unknown }
  | { type: 'failure'; id: number; message: string }
  | { type: 'status'; status: Status; spans: SpansView | null }
  | { type: 'incidents'; incidents: IncidentSummary[] }
  | { type: 'select'; incident: string }
  | { type: 'page'; page: PanelPage }
  /** A verification was begun, went on or was deleted by somebody else than the page. */
  | { type: 'verifications' }
  /** The doctor has looked again. */
  | { type: 'doctor' }
  /** Something was done to gopls's cache. */
  | { type: 'cache' }
  /** The history was cleared. */
  | { type: 'history' }
  /** A living heap was read, closed or compared. */
  | { type: 'heap' };

/** How the flame graph is looked at. */
export interface FlameChoice {
  view: 'top-down' | 'inverted' | 'sandwich';
  /** The function in the sandwich; null until one is chosen. */
  function: string | null;
  colour: FlameColour;
}

/** What the colours of the flame graph stand for; in a comparison they stand for growth. */
export type FlameColour = 'package' | 'subsystem';

/** What a capture is compared with, and how. */
export interface CompareChoice {
  as: 'table' | 'flame';
  by: DiffBy;
  normalize: boolean;
  /** The one part of gopls whose functions or packages are shown; null for all. */
  subsystem: string | null;
  /** Null: the incident's own baseline. */
  base: ProfileRef | null;
}

/** What the webview keeps across a reload (vscode.setState). */
export interface PanelState {
  protocol: number;
  page: PanelPage;
  /** The verification looked at. */
  verification: string | null;
  incident: string | null;
  tab: 'overview' | 'heap' | 'subsystems' | 'flame' | 'diff' | 'decisions';
  query: Partial<HeapQuery>;
  flame: FlameChoice;
  compare: CompareChoice;
}
