// What can be captured on request, and what each costs the editor. The figures are those of docs/capturing.md, measured on
// a real gopls; what grows with gopls's size is scaled to the present one.
import { l10n } from 'vscode';
import type { CaptureWhat } from '../../shared/model';
import * as words from '../texts/wording';

const MS = 1e6;

/** The gopls of the measurement. */
const MEASURED = {
  rss_bytes: 697e6,
  heap_ns: 110 * MS,
  after_gc_ns: 450 * MS,
  allocs_ns: 90 * MS,
  goroutines_ns: 30 * MS,
  text_ns: 1500 * MS,
  text_bytes: 59e6,
};

export interface Choice {
  what: CaptureWhat;
  label: string;
  /** What it costs. */
  cost: string;
  /** The question it answers. */
  answers: string;
  /** Whether gopls records for some seconds, which the user chooses. */
  recorded: boolean;
}

/** The gopls at hand, as far as it is known. */
export interface Present {
  rss_bytes: number | undefined;
  /** How long its last heap capture took. */
  last_heap_ns: number | undefined;
}

export function choices(present: Present): Choice[] {
  const plain = { recorded: false };
  const recorded = { recorded: true };
  return [
    {
      ...plain,
      what: 'heap',
      label: l10n.t('Heap as it is'),
      cost: heapCost(present),
      answers: l10n.t('Where is the memory? What was in use at the last garbage collection.'),
    },
    {
      ...plain,
      what: 'heap-after-gc',
      label: l10n.t('Heap after a forced collection'),
      cost: collectionCost(present),
      answers: l10n.t('What does gopls really keep? Without garbage; for a fair before and after.'),
    },
    {
      ...recorded,
      what: 'heap-delta',
      label: l10n.t('Heap difference over some seconds'),
      cost: l10n.t('two heaps, nothing in between'),
      answers: l10n.t(
        'What does an action leave behind? Gained and lost, as of the collections before both ends; nothing if none fell between.',
      ),
    },
    {
      ...plain,
      what: 'allocs',
      label: l10n.t('Allocations since the start'),
      cost: measured(MEASURED.allocs_ns),
      answers: l10n.t('What makes the most garbage? Everything ever allocated, kept or not.'),
    },
    {
      ...plain,
      what: 'goroutines',
      label: l10n.t('Goroutines'),
      cost: measured(MEASURED.goroutines_ns),
      answers: l10n.t('What does gopls do or wait for at this moment?'),
    },
    {
      ...recorded,
      what: 'cpu',
      label: l10n.t('CPU time over some seconds'),
      cost: l10n.t('hovers were not slower by it when measured'),
      answers: l10n.t('What is gopls busy with? Do what is slow while it is recorded.'),
    },
    {
      ...plain,
      what: 'heap-text',
      label: l10n.t('Heap as text'),
      cost: l10n.t('{duration} and {size} when measured on a gopls of {rss}', {
        duration: words.duration(MEASURED.text_ns),
        size: words.bytes(MEASURED.text_bytes),
        rss: words.bytes(MEASURED.rss_bytes),
      }),
      answers: l10n.t('To search in: every stack, and memory statistics at the end. Opens in an editor.'),
    },
  ];
}

const measured = (ns: number): string =>
  l10n.t('{duration} when measured; hovers go on', { duration: words.duration(ns) });

/** An earlier capture of this very gopls tells more than a measurement on another one. */
function heapCost({ last_heap_ns }: Present): string {
  if (last_heap_ns === undefined) return measured(MEASURED.heap_ns);
  return l10n.t('the last one of this gopls took {duration}; hovers go on', {
    duration: words.duration(last_heap_ns),
  });
}

/** A collection looks at all that is alive: its work grows with gopls's memory, roughly in proportion. */
export function collectionCost({ rss_bytes }: Present): string {
  const size = rss_bytes ?? MEASURED.rss_bytes;
  return l10n.t('about {duration} of work at {rss}, more when gopls is busy; hovers slow down', {
    duration: words.duration(tenths((MEASURED.after_gc_ns * size) / MEASURED.rss_bytes)),
    rss: words.bytes(size),
  });
}

/** An estimate is not given to the millisecond. */
const tenths = (ns: number): number => Math.max(1, Math.round(ns / (100 * MS))) * 100 * MS;
