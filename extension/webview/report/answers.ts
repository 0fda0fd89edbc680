// Answers the panel's questions from the content of a report. What the content cannot answer is a failure like any other.
import type { Failure, Outcome, ProfileRef } from '../../shared/core';
import type {
  Capture,
  HeapCapture,
  Incident,
  PackedChange,
  PackedKind,
  ReportPage,
  Timeline,
} from '../../shared/model';
import type { PanelRequest } from '../../shared/panel';
import { t } from '../base/l10n';
import { diffPage, flameTree, heapPage } from './unpack';

export function answer(page: ReportPage, { method, args }: PanelRequest): Outcome<unknown> {
  const { functions } = page;
  const of = (ref: ProfileRef, sampleType: string | null | undefined) =>
    page.heaps
      .find(({ capture }) => capture === ref.capture)
      ?.kinds.find((kind) => kind.sample_type === (sampleType ?? 'inuse_space'));
  const about = <T>(kind: PackedKind | undefined, ask: (kind: PackedKind) => T | undefined) =>
    known(kind && ask(kind));
  const changed = <T>(
    kind: PackedKind | undefined,
    ask: (kind: PackedKind, change: PackedChange) => T | undefined,
  ) => known(kind?.change ? ask(kind, kind.change) : undefined);
  switch (method) {
    case 'incident':
      return known(withWhatIsHere(page));
    case 'timeline':
      return known(span(page.timeline, args.query.from_ns, args.query.to_ns));
    case 'incidentMemory':
      return known(page.memory);
    case 'incidentPatterns':
      return known(page.patterns ?? undefined);
    case 'heapCaptures':
      return known(baselines(page));
    case 'sampleTypes': {
      const heap = page.heaps.find(({ capture }) => capture === args.ref.capture);
      return known(heap?.kinds.map(({ sample_type, unit }) => ({ sample_type, unit })));
    }
    case 'heapTable':
      return about(of(args.ref, args.query.sample_type), (kind) => heapPage(functions, kind, args.query));
    case 'subsystems':
      return about(of(args.ref, args.query.sample_type), (kind) => kind.subsystems);
    case 'icicle':
      return about(of(args.ref, args.query.sample_type), (kind) =>
        flameTree(functions, kind, kind.icicle, args.query),
      );
    case 'flame':
      return about(of(args.ref, args.query.sample_type), (kind) =>
        flameTree(
          functions,
          kind,
          args.query.direction === 'callers' ? kind.inverted : kind.flame,
          args.query,
        ),
      );
    case 'heapDiff':
      return changed(of(args.ref, args.query.sample_type), (kind, change) =>
        diffPage(functions, kind, change, args.query),
      );
    case 'flameDiff':
      return changed(of(args.ref, args.query.sample_type), (kind, change) =>
        flameTree(
          functions,
          kind,
          args.query.direction === 'callers' ? change.inverted : change.flame,
          args.query,
        ),
      );
    default:
      return known(undefined);
  }
}

function known<T>(value: T | undefined): Outcome<T> {
  if (value !== undefined) return { ok: true, value };
  const error: Failure = { code: 'not-in-report', message: t('That is not in this report.') };
  return { ok: false, error };
}

/** The incident, with files only for what the page can show: other profiles are in the zip beside it. */
function withWhatIsHere({ incident, heaps }: ReportPage): Incident {
  const here = ({ kind, number }: Capture) =>
    kind === 'goroutines' || kind === 'memory' || heaps.some(({ capture }) => capture === number);
  const captures = incident.captures.map((one) => (here(one) ? one : { ...one, file: '' }));
  return { ...incident, captures };
}

/** What there is to compare with: the incident's own baseline. */
function baselines({ incident }: ReportPage): HeapCapture[] {
  const origin_ms = Number(incident.origin_unix_ns) / 1e6;
  return incident.captures
    .filter(({ kind, file }) => kind === 'baseline' && file !== '')
    .map((capture) => ({
      incident: incident.id,
      capture: capture.number,
      kind: capture.kind,
      after_gc: false,
      method: incident.request.method,
      taken_unix_ms: origin_ms + (capture.received_ns ?? capture.trigger_ns) / 1e6,
      inuse_space_bytes: capture.inuse_space_bytes,
      gopls_version: incident.gopls.version,
    }));
}

/** A span of the time line, with a point beyond each edge so that the line reaches it. */
function span(timeline: Timeline, from: number | null, to: number | null): Timeline {
  const [from_ns, to_ns] = [from ?? timeline.from_ns, to ?? timeline.to_ns];
  const first = timeline.rss.findLastIndex(({ at_ns }) => at_ns <= from_ns);
  const last = timeline.rss.findIndex(({ at_ns }) => at_ns >= to_ns);
  const rss = timeline.rss.slice(Math.max(0, first), last < 0 ? undefined : last + 1);
  return { ...timeline, from_ns, to_ns, rss };
}
