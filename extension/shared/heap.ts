/**
 * What is said of the living heap of a gopls (`native/retain`): written by hand, and held to what the core answers of a real gopls
 * by `test/addon/heap.test.mjs`. Not the heap profile, which says where memory was allocated: this is who still holds it.
 */

/** Which heap is to be read. */
export interface HeapRequest {
  pid: number;
  /** As `goplsProcesses` has it: with the pid it is this process and no other. */
  started_unix_ms: number;
  /** How long gopls may stand still; past it gopls goes on, and there is no heap. */
  bound_ms: number;
  /** What copy and analysis may take together; null: what is free. */
  memory_limit_bytes: number | null;
  /** The executable `stallscope-retain`. */
  helper: string;
  /** In which language its types are told: `en`, `zh-cn`. */
  language: string;
}

/** What is being done, in this order. Between `stopping` and `went-on` gopls stands still. */
export type HeapStep =
  | { at: 'checking' | 'planning' | 'guarded' | 'stopping' | 'stopped' | 'copied' | 'went-on' | 'ready' }
  | { at: 'preparing'; done_bytes: number; all_bytes: number }
  | { at: 'analysing'; step: 'reading' | 'marking' | 'edges' | 'typing' | 'dominators' };

/** What was done to gopls for it. */
export interface HeapFacts {
  /** How long it stood still, and what for. */
  pause_ns: number;
  pause: { stop_ns: number; notes_ns: number; objects_ns: number; rest_ns: number; end_ns: number };
  /** It had slept all the time in which it was copied before that. Not in what older versions kept. */
  slept?: boolean;
  prepare_ns: number;
  copied_bytes: number;
  unreadable_bytes: number;
  pieces: number;
  threads: number;
  /** Threads that computed just then and whose registers could not be read: what nothing else holds is missing. */
  registers_unread: number;
  planned_bytes: number;
  /** What copy and analysis were expected to need together at most. */
  need_bytes: number;
}

export interface OpenedHeap {
  pid: number;
  taken_unix_ms: number;
  facts: HeapFacts;
}

export type HeldSort = 'retained' | 'bytes' | 'count' | 'name';

/** What the page may ask; `id` is the number of a type in this heap, `object` that of an object. */
export type HeapPageQuestion =
  | { ask: 'summary' }
  | { ask: 'types'; search: string; sort: HeldSort; reversed: boolean; offset: number; limit: number }
  | { ask: 'paths'; id: number }
  | { ask: 'instances'; id: number; offset: number; limit: number }
  /** What hangs below everything, an object or all objects of a type; from there below those types. */
  | { ask: 'holds'; object?: number; id?: number; way: number[] }
  | { ask: 'chain'; object: number }
  | { ask: 'packages' };

export type HeapQuestion =
  | HeapPageQuestion
  | { ask: 'report' }
  /** `file` is a new one for `save` and `profile`. */
  | { ask: 'save' | 'compare' | 'profile'; file: string };

interface ObjectsAndBytes {
  objects: number;
  bytes: number;
}

/** What was found, against what gopls's own last collection found alive. */
export interface HeapCheck {
  survivors: ObjectsAndBytes;
  survivors_found: ObjectsAndBytes;
  /** What of the survivors has died since for sure. */
  died: ObjectsAndBytes;
  /** `HeapObjects` and `HeapAlloc`: what has become garbage since is among them. */
  in_use: ObjectsAndBytes;
  /** How much of the survivors that have not died was not found, 0 to 1. */
  missed: number;
  reliable: boolean;
  inexact_roots: number;
  /** Why it is not reliable, an English sentence. */
  reason?: string;
}

export interface HeapSummary {
  objects_marked: number;
  bytes_marked: number;
  check: HeapCheck;
  /** By the ids of `subsystems.json`. */
  parts: { part: string; count: number; bytes: number }[];
  types: number;
}

export interface HeldType {
  type: string;
  id: number;
  count: number;
  /** Of their own. */
  bytes: number;
  /** What would be freed if all of them were gone. */
  retained_bytes: number;
}

/** A chain that holds objects. */
export interface HeldBy {
  root: { kind: string; name: string };
  /** The type of what the root refers to. */
  first: string;
  /** `.views[0].snapshot` */
  path: string;
  /** The last object on the chain of a type that lasts (a session), and the fields from it on: who holds it, for people. */
  owner?: { type: string; path: string };
  objects: number;
  bytes: number;
  retained_bytes: number;
  /** Goroutines beside the one of the chain, if it is one, that have some of the objects on their stack. */
  goroutines: number;
}

export interface HeapInstance {
  object: number;
  /** What tells it from others, such as the number of a snapshot. */
  label?: number;
  bytes: number;
  retained_bytes: number;
  held_by: HeldBy;
}

/** Objects of one type that hang in the same place of the tree. */
export interface HeldRow {
  id: number | null;
  type: string;
  count: number;
  bytes: number;
  retained_bytes: number;
  /** The object, when it is one. */
  object?: number;
  words?: string;
  /** In what was kept: what hangs below was not. */
  leaf?: boolean;
  /** For an object on the first level: the chain to it that lasts. It hangs there when there are several. */
  held_by?: HeldBy;
}

export interface ChainStep {
  text: string;
  type: string;
  /** Null for the root. */
  object: number | null;
  retained_bytes: number;
}

/** By how much a type has changed between two heaps of the same gopls. */
export interface ComparedType {
  type: string;
  before: number;
  after: number;
  survivors: number;
  new: number;
  gone: number;
  bytes_grown: number;
}

/** The answer to each question. */
export interface HeapAnswers {
  summary: HeapSummary;
  types: { total: number; rows: (HeldType & { words?: string; part?: string })[] };
  paths: HeldBy[];
  instances: { total: number; rows: HeapInstance[] };
  holds: { rows: HeldRow[]; others: number; others_retained_bytes: number };
  chain: ChainStep[];
  packages: { total: number; rows: { package: string; count: number; bytes: number }[] };
  report: Omit<HeapSummary, 'types'> & { types: HeldType[] };
  save: { file: string };
  compare: { total: number; rows: ComparedType[] };
  profile: { file: string };
}

/** What hangs in one place of a tree that was kept. */
export interface KeptBelow {
  /** `below` is not there for what holds too little to be opened. */
  rows: (HeldRow & { below?: KeptBelow })[];
  others: number;
  others_retained_bytes: number;
}

/** What is kept of a heap when the heap is not: answers to what somebody would have asked. */
export interface HeapRecord {
  format: number;
  pid: number;
  taken_unix_ms: number;
  facts: HeapFacts;
  summary: HeapSummary;
  /** The largest. */
  types: HeapAnswers['types']['rows'];
  tree: KeptBelow;
  details: { id: number; paths: HeldBy[]; instances: (HeapInstance & { chain: ChainStep[] })[] }[];
  packages: HeapAnswers['packages'];
}

/** What is kept with an incident: the heap that was read after it, or why none was. */
export interface KeptHeap {
  taken_unix_ms: number;
  record: HeapRecord | null;
  problem: { code: string; message: string } | null;
}

export type HeapAnswer = HeapAnswers[keyof HeapAnswers];
