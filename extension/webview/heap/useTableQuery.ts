import type { HeapSort } from '../../shared/model';
import { useSettled } from '../base/dom';
import { isSampleType } from './names';

/** What the user chose for the tables; kept across reloads and shared by table, flame graph and comparison. */
export interface TableQuery {
  sample_type: string;
  sort: HeapSort;
  descending: boolean;
  filter: string;
}

const SORTS: HeapSort[] = ['flat', 'cum', 'name'];
const LONGEST_FILTER = 200;
const TYPING_MS = 150;

/** A query out of whatever an older state holds. */
export function restoreQuery(kept: unknown): TableQuery {
  const old = (typeof kept === 'object' && kept !== null ? kept : {}) as Record<string, unknown>;
  return {
    sample_type: isSampleType(old.sample_type) ? old.sample_type : 'inuse_space',
    sort: SORTS.find((sort) => sort === old.sort) ?? 'flat',
    descending: typeof old.descending === 'boolean' ? old.descending : true,
    filter: typeof old.filter === 'string' ? old.filter.slice(0, LONGEST_FILTER) : '',
  };
}

/** The filter once the user pauses typing. */
export const useFilter = (filter: string): string =>
  useSettled(filter.trim().slice(0, LONGEST_FILTER), TYPING_MS);
