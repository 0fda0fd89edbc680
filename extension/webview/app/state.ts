// What survives a reload of the panel.
import { PANEL_PROTOCOL, type FlameColour, type PanelState } from '../../shared/panel';
import type { VsCodeApi } from '../base/rpc';
import { restoreQuery, type TableQuery } from '../heap/useTableQuery';

export type TabKey = PanelState['tab'];
export const TAB_KEYS: TabKey[] = ['overview', 'heap', 'subsystems', 'flame', 'diff', 'decisions'];

export interface Kept {
  incident: string | null;
  tab: TabKey;
  query: TableQuery;
  colour: FlameColour;
}

/** A state of another version, or none, gives the defaults. */
export function restore(vscode: VsCodeApi): Kept {
  const state = vscode.getState();
  const old = (typeof state === 'object' && state !== null ? state : {}) as Record<string, unknown>;
  const usable = old.protocol === PANEL_PROTOCOL;
  return {
    incident: usable && typeof old.incident === 'string' ? old.incident : null,
    tab: (usable && TAB_KEYS.find((tab) => tab === old.tab)) || 'overview',
    query: restoreQuery(usable ? old.query : undefined),
    colour: usable && old.colour === 'subsystem' ? 'subsystem' : 'package',
  };
}

export function keep(vscode: VsCodeApi, kept: Kept): void {
  vscode.setState({ protocol: PANEL_PROTOCOL, ...kept } satisfies PanelState);
}
