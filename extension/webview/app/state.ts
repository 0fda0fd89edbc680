// What survives a reload of the panel.
import {
  PANEL_PROTOCOL,
  type CompareChoice,
  type FlameChoice,
  type PanelPage,
  type PanelState,
} from '../../shared/panel';
import type { VsCodeApi } from '../base/rpc';
import { restoreFlame } from '../flame/choice';
import { restoreCompare } from '../heap/compareChoice';
import { restoreQuery, type TableQuery } from '../heap/useTableQuery';

export type TabKey = PanelState['tab'];
export const TAB_KEYS: TabKey[] = ['overview', 'heap', 'subsystems', 'flame', 'diff', 'decisions'];

const PAGES: PanelPage[] = ['stalls', 'verify', 'log', 'traces', 'doctor', 'cache', 'history', 'retain'];

export interface Kept {
  page: PanelPage;
  verification: string | null;
  incident: string | null;
  tab: TabKey;
  query: TableQuery;
  flame: FlameChoice;
  compare: CompareChoice;
}

/** A state of another version, or none, gives the defaults. */
export function restore(vscode: VsCodeApi): Kept {
  const state = vscode.getState();
  const old = (typeof state === 'object' && state !== null ? state : {}) as Record<string, unknown>;
  const usable = old.protocol === PANEL_PROTOCOL;
  return {
    page: (usable && PAGES.find((page) => page === old.page)) || 'stalls',
    verification: usable && typeof old.verification === 'string' ? old.verification : null,
    incident: usable && typeof old.incident === 'string' ? old.incident : null,
    tab: (usable && TAB_KEYS.find((tab) => tab === old.tab)) || 'overview',
    query: restoreQuery(usable ? old.query : undefined),
    flame: restoreFlame(usable ? old.flame : undefined),
    compare: restoreCompare(usable ? old.compare : undefined),
  };
}

export function keep(vscode: VsCodeApi, kept: Kept): void {
  vscode.setState({ protocol: PANEL_PROTOCOL, ...kept } satisfies PanelState);
}
