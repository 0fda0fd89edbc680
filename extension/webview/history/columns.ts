// The calendar days of the charts, each with what is known of it.
import type { HistoryChange, HistoryDay, HistoryView, WorkspaceHistory } from '../../shared/model';

export interface Column {
  from_unix_ms: number;
  /** Null for a day on which nothing was seen. */
  day: HistoryDay | null;
  /** Of the workspace that was watched longest. */
  memory: { average_bytes: number; peak_bytes: number } | null;
  changes: HistoryChange[];
}

/** One for each day from the first that has something on. */
export function columns(view: HistoryView, midnights: readonly number[]): Column[] {
  const days = new Map(view.days.map((day) => [day.from_unix_ms, day]));
  const memory = new Map(view.workspaces[0]?.days.map((day) => [day.from_unix_ms, day]));
  const all = midnights.slice(0, -1).map((from_unix_ms, index): Column => {
    const until = midnights[index + 1]!;
    const rss = memory.get(from_unix_ms);
    return {
      from_unix_ms,
      day: days.get(from_unix_ms) ?? null,
      memory: rss ? { average_bytes: rss.rss_average_bytes, peak_bytes: rss.rss_peak_bytes } : null,
      changes: view.changes.filter(({ at_unix_ms }) => at_unix_ms >= from_unix_ms && at_unix_ms < until),
    };
  });
  const first = all.findIndex(({ day, memory: rss }) => day !== null || rss !== null);
  return first < 0 ? [] : all.slice(first);
}

/** The workspace that the memory of the columns is of. */
export const watchedLongest = ({ workspaces }: HistoryView): WorkspaceHistory | null => workspaces[0] ?? null;
