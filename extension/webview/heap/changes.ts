import type { DiffRow } from '../../shared/model';

export type Change = 'new' | 'gone' | 'grown' | 'shrunk';

/** How a function changed, judged by what it is sorted under: its own value, or what it called when that is unchanged. */
export function changeOf(row: DiffRow): Change {
  if (row.base_flat === 0 && row.base_cum === 0) return 'new';
  if (row.base_flat + row.flat === 0 && row.base_cum + row.cum === 0) return 'gone';
  return (row.flat !== 0 ? row.flat : row.cum) > 0 ? 'grown' : 'shrunk';
}
