// What a capture is compared with, and how: the user's choice, kept across a reload.
import type { ProfileRef } from '../../shared/core';
import type { DiffBy } from '../../shared/model';
import type { CompareChoice } from '../../shared/panel';

export const DEFAULT_COMPARE: CompareChoice = {
  as: 'table',
  by: 'function',
  normalize: false,
  subsystem: null,
  base: null,
};
const ROWS: DiffBy[] = ['function', 'package', 'subsystem'];

/** A choice out of whatever an older state holds. */
export function restoreCompare(kept: unknown): CompareChoice {
  const old = recordOf(kept);
  return {
    as: old.as === 'flame' ? 'flame' : 'table',
    by: ROWS.find((by) => by === old.by) ?? DEFAULT_COMPARE.by,
    normalize: old.normalize === true,
    subsystem: restoreSubsystem(old.subsystem),
    base: restoreRef(old.base),
  };
}

/** Whether there is one of this name, the core knows. */
const restoreSubsystem = (kept: unknown): string | null =>
  typeof kept === 'string' && /^[a-z-]{1,40}$/.test(kept) ? kept : null;

function restoreRef(kept: unknown): ProfileRef | null {
  const { incident, capture } = recordOf(kept);
  return typeof incident === 'string' && Number.isSafeInteger(capture)
    ? { incident, capture: capture as number }
    : null;
}

const recordOf = (value: unknown): Record<string, unknown> =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
