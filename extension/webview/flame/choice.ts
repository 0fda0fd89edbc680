// How the flame graph is looked at: the user's choice, and what it means to the core.
import type { FlameChoice } from '../../shared/panel';

export const FLAME_VIEWS: FlameChoice['view'][] = ['top-down', 'inverted', 'sandwich'];
export const DEFAULT_FLAME: FlameChoice = { view: 'top-down', function: null, colour: 'package' };
/** Go writes generic functions with all their types; longer names are none that we kept. */
const LONGEST_NAME = 20_000;

/** A choice out of whatever an older state holds. */
export function restoreFlame(kept: unknown): FlameChoice {
  const old = (typeof kept === 'object' && kept !== null ? kept : {}) as Record<string, unknown>;
  const name = old.function;
  return {
    view: FLAME_VIEWS.find((view) => view === old.view) ?? DEFAULT_FLAME.view,
    function: typeof name === 'string' && name !== '' && name.length <= LONGEST_NAME ? name : null,
    colour: old.colour === 'subsystem' ? 'subsystem' : DEFAULT_FLAME.colour,
  };
}
