/**
 * What the native core offers to the extension. The shapes it passes are generated (`model.ts`); this is the list
 * of calls. `native/addon` implements it and `test/addon` holds it to its word.
 *
 * Every call either returns at once (a stamp, a copy of a small struct) or is a promise worked off by the core's own
 * threads: nothing here blocks the extension host. Expected failures are data (`Outcome`), never exceptions.
 */
import type {
  CacheCleaned,
  CacheDoing,
  CacheMoved,
  CacheRequest,
  CacheView,
  DoctorReport,
  DoctorRequest,
  GoCache,
} from './doctor';
import type { HeapAnswer, HeapQuestion, HeapRequest, HeapStep, KeptHeap, OpenedHeap } from './heap';
import type {
  CaptureRequest,
  AllocationRate,
  CapturedMemory,
  Decision,
  GcView,
  GoplsProcess,
  DiffPage,
  DiffQuery,
  ExportSettings,
  ExportStatus,
  HeapCapture,
  HistoryQuery,
  HistoryView,
  HeapQuery,
  HeapPage,
  FlameTree,
  FlameQuery,
  Incident,
  IncidentSummary,
  LogOverview,
  LogProgress,
  LogQuery,
  LogRequestPage,
  MemoryView,
  Patterns,
  SampleType,
  SpansView,
  StallSummary,
  ReportPreview,
  ReportRequest,
  Status,
  SubsystemQuery,
  SubsystemTable,
  Timeline,
  TimelineQuery,
  TraceComparison,
  TraceFormat,
  TraceOther,
  Verification,
  VerificationView,
  VerifyStep,
  WaitDays,
  WaitDaysQuery,
  WatchEvent,
  WatchSettings,
  Adjustment,
} from './model';

/** An expected failure as data: what went wrong, with which input, and what to do about it. */
export interface Failure {
  /** Kebab-case, stable, e.g. `incident-not-found`, `profile-invalid`, `disk-full`. */
  code: string;
  /** English sentence that names the input and the remedy, for logs and as a fallback. */
  message: string;
}

/** The result of a call that can fail in expected ways. */
export type Outcome<T> = { ok: true; value: T } | { ok: false; error: Failure };

/** How a core is set up. Fixed for its life. */
export interface CoreOptions {
  /** Folder for incidents, limits and load history. Created when missing. */
  storage_dir: string;
  /** Workspace folders of this window, as paths. */
  workspace: string[];
  /** The process whose descendants are searched for gopls: the extension host's own pid. */
  host_pid: number;
  /** Log folders of other extensions, where a gopls server log may name its debug address. */
  log_dirs: string[];
  /** The version of the Go extension; null where there is none. */
  go_extension: string | null;
  settings: WatchSettings;
}

/** Which profile of an incident to look at. */
export interface ProfileRef {
  incident: string;
  /** `Capture.number`. */
  capture: number;
}

/** What gopls answered about its workspace, each as JSON; null when it did not. */
export interface WorkspaceAnswers {
  /** The gopls that was asked. */
  pid: number;
  /** Of `gopls.workspace_stats`. */
  workspace_stats: string | null;
  /** Of `gopls.views`. */
  views: string | null;
}

/** What is removed from gopls's cache: directories that are nobody's any more, or only what an earlier removal has left. */
export type CacheWhat = 'orphans' | 'leftovers';

/** How a report is saved. */
export interface SaveReportAs {
  /** The page alone; else the whole as a zip. */
  page_only: boolean;
  /** Names of files that stay out of the zip. */
  leave_out: string[];
}

/** What the addon exports. */
export interface CoreModule {
  createCore(options: CoreOptions): Core;
}

export interface Core {
  /** Starts the watcher's threads. `onEvent` is called on the JS thread. */
  start(onEvent: (event: WatchEvent) => void): Outcome<null>;
  /** Ends them; resolves when everything captured is on disk. */
  stop(): Promise<Outcome<null>>;
  /** New settings, from now on. Returns what had to be adjusted. */
  configure(settings: WatchSettings): Adjustment[];
  /** Exports incidents as they end (`docs/fleet`), or no longer. Nothing is sent before this is called. */
  configureExport(settings: ExportSettings): void;
  /** Where these settings would export to: scheme, host, port, protocol. Fails with `export-config`. */
  exportDestinations(settings: ExportSettings): Outcome<string[]>;
  /** How the export stands. */
  exportStatus(): ExportStatus;
  pause(): void;
  resume(): void;

  /** The editor was seen to ask for something, right now. */
  observed(method: string, uri: string | null, line: number | null): void;
  /** The observed request is being asked again through the editor, right now (only while `latency_source` is `echo`). */
  echoBegan(method: string, uri: string): void;
  /** That echo was answered (or given up), right now. */
  echoEnded(method: string, uri: string): void;
  /** The extension host's JavaScript thread was busy for so long (whole ms, a day at most), until now: a lag of its heartbeat. */
  hostLagged(lagMs: number): void;
  saveBegan(uri: string): void;
  saveEnded(uri: string): void;

  /**
   * Gives the watcher what gopls answered about its workspace: leak patterns are judged on it from now on, and it is written
   * into an incident that was closed just before, when this resolves. Fails with `not-facts`, `another-gopls`.
   */
  workspaceAnswered(answers: WorkspaceAnswers): Promise<Outcome<null>>;
  /** Receives gopls's own spans (`-otel`, `docs/spans.md`) on a port of this machine; null ends that. */
  recordSpans(port: number | null): Outcome<null>;
  /** Whether they come, and how many have. */
  spans(): SpansView;

  status(): Status;
  goplsProcesses(): Promise<Outcome<GoplsProcess[]>>;
  /**
   * Captures now, into an incident of its own; a plain heap and goroutines into the running one. Resolves when it is safe
   * on disk. What each costs the editor: `docs/capturing.md`.
   */
  captureNow(request: CaptureRequest): Promise<Outcome<IncidentSummary>>;
  /** Ends the captures on request that are under way: they fail with `capture-cancelled`, and what had come is kept. */
  cancelCapture(): void;

  /**
   * Examines settings, environment, workspace and cache of a folder. It only looks: nothing is downloaded or changed. Fails with
   * `doctor-folder`.
   */
  doctor(request: DoctorRequest): Promise<Outcome<DoctorReport>>;

  /** What is in gopls's cache and whose it is (`docs/cache.md`). Fails with `cache-unreadable`. */
  cache(request: CacheRequest): Promise<Outcome<CacheView>>;
  /** How large Go's own caches are: seconds, where they are large. */
  goCaches(request: CacheRequest): Promise<Outcome<GoCache[]>>;
  /** Removes what nobody will read again; each directory is judged once more before. One at a time, else `cache-busy`. */
  cleanCache(request: CacheRequest, what: CacheWhat): Promise<Outcome<CacheCleaned>>;
  /**
   * Moves the directory of this window's gopls aside, in the moment after that gopls has ended. Restart it when `cacheProgress`
   * says `waiting`. Fails, with nothing changed, with `cache-not-running`, `cache-shared`, `cache-remote`, `cache-unseen`,
   * `cache-gopls-stays`, `cache-gopls-back`, `cache-cancelled`, `cache-busy`.
   */
  moveOwnCacheAside(request: CacheRequest): Promise<Outcome<CacheMoved>>;
  /** What of the two above is being done; null when nothing is. */
  cacheProgress(): CacheDoing | null;
  /** Gives it up: what is moved aside by then is finished by the next removal. */
  cancelCache(): void;

  /**
   * Copies the living heap of a gopls of this window, which stands still for that, and analyses the copy in a process of its own
   * (`docs/retention.md`). An earlier one is closed. Fails with `heap-` and why it is refused (`native/retain/src/capture/refusal.rs`),
   * and with `heap-busy`, `heap-cancelled`, `heap-unread`, `heap-system`, `heap-helper`.
   */
  openHeap(request: HeapRequest, onStep: (step: HeapStep) => void): Promise<Outcome<OpenedHeap>>;
  /** Gives up the one that is being opened. */
  cancelHeap(): void;
  /** Asks about the one that is open; the type of the answer is that of `HeapAnswers`. Fails with `no-heap-open`, `heap-question`. */
  askHeap(question: HeapQuestion): Promise<Outcome<HeapAnswer>>;
  /** Ends the process that has it in memory. */
  closeHeap(): Promise<Outcome<null>>;
  /**
   * Reads it for an incident that has ended, and keeps with that what there is to tell, also why nothing was read. gopls is left
   * alone while somebody waits for it or anything is captured (`heap-not-at-rest`), and while a heap is open. Fails when the incident
   * is not there, or nothing can be written.
   */
  keepHeapAfter(incident: string, request: HeapRequest): Promise<Outcome<KeptHeap>>;
  /** What was kept so; null when nothing was. Fails with `heap-kept` when it cannot be read. */
  keptHeap(incident: string): Promise<Outcome<KeptHeap | null>>;
  /** Saves what was kept with an incident as a page, atomically; of the heap that is open when `incident` is null. */
  saveHeapPage(incident: string | null, destination: string): Promise<Outcome<null>>;

  incidents(): Promise<Outcome<IncidentSummary[]>>;
  incident(id: string): Promise<Outcome<Incident>>;
  /** What the waits of the newest 500 incidents come to together: per cause and per method. */
  stallSummary(): Promise<Outcome<StallSummary>>;
  /** The same incidents per day, for the days that the query names. */
  waitDays(query: WaitDaysQuery): Promise<Outcome<WaitDays>>;
  /** What was kept of waits and memory over weeks, for the days that the query names. */
  history(query: HistoryQuery): Promise<Outcome<HistoryView>>;
  /** Forgets all of that. */
  clearHistory(): Promise<Outcome<null>>;
  deleteIncidents(ids: string[]): Promise<Outcome<number>>;
  /** Copies a capture's raw file to `destination`, atomically. */
  saveProfile(ref: ProfileRef, destination: string): Promise<Outcome<null>>;

  /** Builds the report of an incident in memory, redacted as asked. The latest one is kept for the two calls below. */
  buildReport(request: ReportRequest): Promise<Outcome<ReportPreview>>;
  /** A file of the report as it is saved, a profile as the list of its strings; `null` is the Markdown of an issue. */
  reportText(report: number, file: string | null): Promise<Outcome<string>>;
  /** Saves it, byte for byte as it was built, atomically. */
  saveReport(report: number, how: SaveReportAs, destination: string): Promise<Outcome<null>>;

  /**
   * Reads a message log of gopls and keeps it open for the calls below; one that was open before is given up. What its
   * messages mean is told in a language: `en`, `zh-cn`.
   */
  openLog(path: string, language: string): Promise<Outcome<LogOverview>>;
  /** The open log; with `readOn` what was written to it meanwhile is read before. */
  logOverview(readOn: boolean, language: string): Promise<Outcome<LogOverview>>;
  logRequests(query: LogQuery): Promise<Outcome<LogRequestPage>>;
  /** How far it was read; null when none is open. */
  logProgress(): LogProgress | null;
  /** Gives it up, also while it is read: `openLog` then fails with `log-cancelled`. */
  closeLog(): void;
  /** Saves a trace for Perfetto or speedscope, atomically; of the open log when `incident` is null. */
  saveTrace(incident: string | null, format: TraceFormat, destination: string): Promise<Outcome<null>>;
  /**
   * How long each method and phase took in an incident (the open log when `incident` is null) and in another one, a log or a
   * trace of whomever. Fails with `not-a-trace`, `trace-unreadable`, `not-a-log`, `not-an-incident`.
   */
  compareTraces(incident: string | null, other: TraceOther): Promise<Outcome<TraceComparison>>;

  timeline(query: TimelineQuery): Promise<Outcome<Timeline>>;
  /** Where gopls's memory is, as last read; null before the first reading. Asked every few seconds, it stays fresh. */
  memory(): Promise<Outcome<MemoryView | null>>;
  /**
   * What garbage collection costs it and what is advised (`docs/gc.md`); null before the first reading.
   * `memoryLimitBytes` is the user's setting `gopls.memoryLimit`, null when there is none.
   */
  gc(memoryLimitBytes: number | null): Promise<Outcome<GcView | null>>;
  /**
   * Which leak patterns (`docs/leak-patterns.md`) the watched gopls shows, by its GC cycles with as many documents open as
   * now; what is not known of its workspace is left open.
   */
  patterns(language: string): Promise<Outcome<Patterns>>;
  /** Where it was at the captures of an incident that had the runtime's statistics with them. */
  incidentMemory(id: string): Promise<Outcome<CapturedMemory[]>>;
  /** Who allocated between its first heap (the baseline, if there is one) and its last; null without two to compare. */
  incidentAllocation(id: string): Promise<Outcome<AllocationRate | null>>;
  /** Which leak patterns its heaps show (`docs/leak-patterns.md`), with the rules' texts in a language: `en`, `zh-cn`. */
  incidentPatterns(id: string, language: string): Promise<Outcome<Patterns>>;
  /** Verifications of fixes, the newest first. */
  verifications(): Promise<Outcome<Verification[]>>;
  /**
   * Does a step of a verification. `begin-run` and `end-run` force a collection and take as long as a capture;
   * `cancelCapture` ends that.
   */
  verify(step: VerifyStep): Promise<Outcome<VerificationView>>;
  /** Deletes a verification; its heaps stay in their incidents. */
  deleteVerification(id: string): Promise<Outcome<null>>;
  /** What a captured profile counts, and in which units, in its own order. */
  sampleTypes(ref: ProfileRef): Promise<Outcome<SampleType[]>>;
  heapTable(ref: ProfileRef, query: HeapQuery): Promise<Outcome<HeapPage>>;
  flame(ref: ProfileRef, query: FlameQuery): Promise<Outcome<FlameTree>>;
  /** What each part of gopls holds (`native/core/rules/subsystems.json`). */
  subsystems(ref: ProfileRef, query: SubsystemQuery): Promise<Outcome<SubsystemTable>>;
  /** The same as frames: subsystem, package, function. `path` holds an id, a package, a function. */
  icicle(ref: ProfileRef, query: FlameQuery): Promise<Outcome<FlameTree>>;
  /** Heap captures and baselines of all incidents, the newest first: what there is to compare with. */
  heapCaptures(limit: number): Promise<Outcome<HeapCapture[]>>;
  /** `ref` minus `base`, a capture of any incident; `null` is the baseline of `ref`'s incident. */
  heapDiff(ref: ProfileRef, query: DiffQuery, base: ProfileRef | null): Promise<Outcome<DiffPage>>;
  /** The flame tree of `ref` and `base` together; `base` as in `heapDiff`. */
  flameDiff(ref: ProfileRef, query: FlameQuery, base: ProfileRef | null): Promise<Outcome<FlameTree>>;
  /** Latest decisions, newest last. */
  decisions(limit: number): Decision[];
}
