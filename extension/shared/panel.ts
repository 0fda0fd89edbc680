/**
 * The panel protocol, typed and versioned: the webview asks, the extension answers; the extension also pushes.
 * Types only. The extension validates every message before it acts on it: a webview is outside.
 */
import type { Outcome, ProfileRef } from './core';
import type {
  AllocationRate,
  CapturedMemory,
  Decision,
  FlameTree,
  FlameQuery,
  DiffBy,
  DiffPage,
  DiffQuery,
  HeapCapture,
  HeapQuery,
  HeapPage,
  Incident,
  IncidentSummary,
  MemoryView,
  Patterns,
  Status,
  SubsystemQuery,
  SubsystemTable,
  Timeline,
  TimelineQuery,
} from './model';

/** Raised with every incompatible change; a webview restored from an older version asks for a reload. */
export const PANEL_PROTOCOL = 1;

/** What the webview may ask for: argument and answer of each. */
export interface PanelApi {
  /** First call: everything the first paint needs. */
  hello(args: { protocol: number }): {
    protocol: number;
    status: Status;
    incidents: IncidentSummary[];
    /** The incident the panel was opened for, if one. */
    select: string | null;
    /** BCP 47 tag for number and date formats. */
    locale: string;
  };
  incidents(args: Record<string, never>): Outcome<IncidentSummary[]>;
  incident(args: { id: string }): Outcome<Incident>;
  timeline(args: { query: TimelineQuery }): Outcome<Timeline>;
  memory(args: Record<string, never>): Outcome<MemoryView | null>;
  /** Of the gopls that is watched, in the language of the editor. */
  patterns(args: Record<string, never>): Outcome<Patterns>;
  incidentMemory(args: { id: string }): Outcome<CapturedMemory[]>;
  incidentAllocation(args: { id: string }): Outcome<AllocationRate | null>;
  /** In the language of the editor. */
  incidentPatterns(args: { id: string }): Outcome<Patterns>;
  heapTable(args: { ref: ProfileRef; query: HeapQuery }): Outcome<HeapPage>;
  flame(args: { ref: ProfileRef; query: FlameQuery }): Outcome<FlameTree>;
  subsystems(args: { ref: ProfileRef; query: SubsystemQuery }): Outcome<SubsystemTable>;
  icicle(args: { ref: ProfileRef; query: FlameQuery }): Outcome<FlameTree>;
  heapCaptures(args: { limit: number }): Outcome<HeapCapture[]>;
  /** `base` null: the baseline of the incident of `ref`. */
  heapDiff(args: { ref: ProfileRef; query: DiffQuery; base: ProfileRef | null }): Outcome<DiffPage>;
  flameDiff(args: { ref: ProfileRef; query: FlameQuery; base: ProfileRef | null }): Outcome<FlameTree>;
  decisions(args: { limit: number }): Decision[];
  /** Opens a frame's source, when the file is on this machine. */
  openSource(args: { file: string; line: number }): Outcome<null>;
  /** Runs one of our own commands; the extension knows the list of allowed ones. */
  command(args: { id: PanelCommand; incident?: string; capture?: number }): Outcome<null>;
}

export type PanelCommand =
  | 'captureHeapNow'
  | 'enableDebugServer'
  | 'saveProfileAs'
  | 'deleteIncidents'
  | 'restartGopls'
  | 'togglePause';

export type PanelMethod = keyof PanelApi;

/** webview → extension */
export type PanelRequest = {
  [M in PanelMethod]: { type: 'request'; id: number; method: M; args: Parameters<PanelApi[M]>[0] };
}[PanelMethod];

/** extension → webview */
export type PanelMessage =
  | { type: 'response'; id: number; value: unknown }
  | { type: 'failure'; id: number; message: string }
  | { type: 'status'; status: Status }
  | { type: 'incidents'; incidents: IncidentSummary[] }
  | { type: 'select'; incident: string };

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
  /** Null: the incident's own baseline. */
  base: ProfileRef | null;
}

/** What the webview keeps across a reload (vscode.setState). */
export interface PanelState {
  protocol: number;
  incident: string | null;
  tab: 'overview' | 'heap' | 'subsystems' | 'flame' | 'diff' | 'decisions';
  query: Partial<HeapQuery>;
  flame: FlameChoice;
  compare: CompareChoice;
}
